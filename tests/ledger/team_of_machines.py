"""A team on one machine: a gateway with books, several machines as processes, each on a line of its own, and chaos."""

import asyncio
import multiprocessing
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from buying_machine import run_machine
from line_proxy import LineProxy, LoopThread
from postgres_fixtures import PostgresServer

from hailuo_batch.errors import Exit
from hailuo_batch.testing.ledger_samples import make_intent

_PROCESSES = multiprocessing.get_context("forkserver")  # from one warm process: starting Python costs more than a life
_PROCESSES.set_forkserver_preload(["buying_machine"])
_EXPECTED_ENDS = {0, int(Exit.LEDGER), -signal.SIGKILL}
_DISTURBED = 0.4  # of the moments: a machine must also get somewhere
_LINES = ("cut", "reset", "hang", "lose an answer", "away")


class BookGateway(LoopThread):
    """Sells takes on loopback and keeps books: who asked for what, when a submit arrived and which task it got."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.books: list[tuple[str, str]] = []  # fingerprint and task, in order
        self.is_holding = False  # every answer, until it no longer is
        self._seconds = seconds

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        fingerprint = (await reader.readline()).decode().strip()
        if fingerprint:
            task = f"task-{len(self.books)}"
            self.books.append((fingerprint, task))
            await asyncio.sleep(random.uniform(self._seconds / 2, self._seconds))  # noqa: S311 - no secret
            while self.is_holding:
                await asyncio.sleep(0.01)
            with suppress(OSError):
                writer.write(f"{task}\n".encode())
                await writer.drain()
        writer.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamResult:
    """What gateway, ledger and budget say in the end."""

    posts: int
    bought_twice: list[str]
    lost: list[str]  # bought, and the ledger could buy it again
    unknown_tasks: int  # bought, in doubt: a person has its task found
    doubts: int
    stored: int
    highest_use: Decimal  # under the cap, at any commit
    kills: int
    cuts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine's process, and whether it has begun to buy."""

    process: Any
    begun: Any


class Team:
    """Machines that buy the same takes, while what they run on is killed and cut."""

    def __init__(self, server: PostgresServer, gateway: BookGateway, *, takes: int, machines: int, **more: Any) -> None:
        self._server, self._gateway, self._takes = server, gateway, takes
        self._names = [f"desk-{number}" for number in range(machines)]
        self._more = {"flight": 8, **more}
        self.database = server.create_database()
        self.kills, self.cuts = 0, Counter[str]()
        self._chance = random.Random(1)  # noqa: S311 - no secret
        self._machines: dict[str, Machine] = {}
        self.errors: list[str] = []
        self.doubts_while_away = 0
        with server.connect(self.database) as owner:
            owner.execute(_WATCH_CAPS)

    def run(self, *, kills: int, seconds: float, pause: float = 0.3) -> TeamResult:
        """Lets the machines buy, kills and cuts off, until so many were killed and nothing is left to buy."""
        end = time.monotonic() + seconds
        with self._lines_to_server():
            while time.monotonic() < end and (self.kills < kills or not self._is_done()):
                self._heal()
                self._start_missing()
                time.sleep(self._chance.uniform(0, pause))
                if self._chance.random() < _DISTURBED:
                    self._disturb(self._lines[self._chance.choice(self._names)])
                    time.sleep(self._chance.uniform(0, pause))
                if self.kills < kills:
                    self._kill_one()
            self._heal()
            self._end_by_themselves(end)
        return self._compare()

    def run_once(self, *, seconds: float) -> TeamResult:
        """Lets each machine buy once, undisturbed."""
        with self._lines_to_server():
            self._start_missing()
            self._end_by_themselves(time.monotonic() + seconds)
        return self._compare()

    def run_cut(self, *, away: float, seconds: float) -> TeamResult:
        """Cuts one machine off in the middle of all its submits; another comes, and takes it for dead."""
        end = time.monotonic() + seconds
        with self._lines_to_server():
            first, second = self._names[:2]
            self._gateway.is_holding = True  # else a slow machine would have its answers before the cut
            self._machines[first] = self._start(first)
            while len(self._gateway.books) < self._takes // 2 and time.monotonic() < end:
                time.sleep(0.02)
            back = time.monotonic() + away
            self._lines[first].go_away()
            self._machines[second] = self._start(second)
            while time.monotonic() < min(end, back if self.doubts_while_away else end):
                time.sleep(0.05)
                self.doubts_while_away = max(self.doubts_while_away, self._count_doubts())
                self._gateway.is_holding = not self.doubts_while_away
            self._gateway.is_holding = False
            self._heal()
            self._end_by_themselves(end)
        return self._compare()

    @contextmanager
    def _lines_to_server(self) -> Iterator[None]:
        with ExitStack() as stack:
            self._lines = {name: stack.enter_context(LineProxy(self._server.port)) for name in self._names}
            stack.callback(self._end_all)
            yield

    def _start_missing(self) -> None:
        for name in self._names:
            machine = self._machines.get(name)
            if machine is None or not machine.process.is_alive():
                self._note_end(machine)
                self._machines[name] = self._start(name)

    def _note_end(self, machine: "Machine | None") -> None:
        if machine is None:
            return
        machine.process.join()
        if machine.process.exitcode not in _EXPECTED_ENDS:
            self.errors.append(f"a machine ended with {machine.process.exitcode}")
        machine.process.close()

    def _start(self, name: str) -> "Machine":
        url = f"postgresql://producer@127.0.0.1:{self._lines[name].port}/{self.database}"
        given = {"url": url, "gateway": self._gateway.port, "takes": self._takes, "name": name, **self._more}
        begun = _PROCESSES.RawValue("b", 0)  # no lock: a kill could leave it taken
        process = _PROCESSES.Process(target=run_machine, args=(given, begun), daemon=True)
        process.start()
        return Machine(process=process, begun=begun)

    def _kill_one(self) -> None:
        """Kills a machine that has begun to buy, at any moment of what it does."""
        begun = [each for each in self._machines.values() if each.begun.value and each.process.is_alive()]
        if begun:
            self._chance.choice(begun).process.kill()
            self.kills += 1

    def _heal(self) -> None:
        for line in self._lines.values():
            line.resume()
            line.come_back()

    def _end_by_themselves(self, end: float) -> None:
        """Every machine ends; then one more follows what the last of the killed had submitted."""
        for machine in self._machines.values():
            machine.process.join(max(1.0, end - time.monotonic()))
        machine = self._machines["the last"] = self._start(self._names[0])
        machine.process.join(max(10.0, end - time.monotonic()))

    def _end_all(self) -> None:
        for machine in self._machines.values():
            if machine.process.is_alive():
                self.errors.append("a machine did not end")
                machine.process.kill()
            self._note_end(machine)

    def _disturb(self, line: LineProxy) -> None:
        what = self._chance.choice(_LINES)
        self.cuts[what] += 1
        match what:
            case "cut":
                line.cut()
            case "reset":
                line.cut(reset=True)
            case "hang":
                line.hang()
            case "away":
                line.go_away()
            case _:
                line.lose_answer(after=self._chance.randint(1, 3))

    def _is_done(self) -> bool:
        with self._server.connect(self.database) as owner:
            row = owner.execute("SELECT count(DISTINCT fingerprint) FROM hailuo.attempts").fetchone()
        return bool(row and row[0] >= self._takes)

    def _count_doubts(self) -> int:
        with self._server.connect(self.database) as owner:
            row = owner.execute("SELECT count(*) FROM hailuo.attempts WHERE stage = 'in_doubt'").fetchone()
        return int(row[0]) if row else 0

    def _compare(self) -> TeamResult:
        with self._server.connect(self.database) as owner:
            owner.execute("SET search_path = hailuo")
            rows = owner.execute("SELECT fingerprint, stage, task FROM attempts").fetchall()
            ((highest,),) = owner.execute("SELECT coalesce(max(used), 0) FROM cap_watch").fetchall()
            ((wrong,),) = owner.execute(_WRONG_SUMS).fetchall()
        assert wrong == 0, "a cap's sum is not that of its attempts"
        live = {mark for mark, stage, _ in rows if stage not in {"failed", "cancelled"}}
        tasks = {task for _, _, task in rows if task}
        counted = Counter(mark for mark, _ in self._gateway.books)
        return TeamResult(
            posts=len(self._gateway.books),
            bought_twice=[mark for mark, times in counted.items() if times > 1],
            lost=[mark for mark in counted if mark not in live],
            unknown_tasks=sum(task not in tasks for _, task in self._gateway.books),
            doubts=sum(stage == "in_doubt" for _, stage, _ in rows),
            stored=sum(stage == "stored" for _, stage, _ in rows),
            highest_use=highest,
            kills=self.kills,
            cuts=dict(self.cuts),
        )


_WATCH_CAPS = """\
SET search_path = hailuo;
CREATE TABLE cap_watch (used numeric);
CREATE FUNCTION watch_caps() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
BEGIN
    INSERT INTO cap_watch SELECT used FROM caps WHERE id = NEW.id;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER watch AFTER INSERT OR UPDATE ON caps DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION watch_caps();"""
_WRONG_SUMS = """\
SELECT count(*) FROM caps WHERE used <> (SELECT coalesce(sum(count_amount(a, caps.currency)), 0) FROM attempts a)"""


@contextmanager
def gateway_with_books(seconds: float = 0.02) -> Iterator[BookGateway]:
    """A gateway that answers after some time up to so many seconds."""
    with BookGateway(seconds) as found:
        yield found


def mark_of(take: int) -> str:
    """The fingerprint of a take."""
    return make_intent(take).fingerprint

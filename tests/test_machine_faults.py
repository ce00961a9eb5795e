"""What else a machine does to a run: other programs in the ledger, clocks that jump, names that nobody knows, old and
damaged ledgers, two runs at once. Nothing is charged twice, nothing is lost, and the message explains.

Slow downloads and gateways that answer for another task are in `test_fault_matrix.py`, disks in `test_disk_faults.py`.
"""

import asyncio
import itertools
import os
import socket
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import forking
import pytest
from crashing import ENVIRONMENT, MOCK_SPEED, Film, new_mock
from forking import Forks
from rehearsal import SPEED, Studio, film

from hailuo_batch.app.costs import audit
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.recovery.repair import repair_ledger
from hailuo_batch.app.resolve import list_open_attempts, settle
from hailuo_batch.app.running.drivers import DriverContext, _past_render_times
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.in_doubt import Verdict
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.request.fingerprint import preimage
from hailuo_batch.core.world import World
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import DamagedLedgerError, Exit, LedgerError
from hailuo_batch.ledger import migrate
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.rule import Script
from hailuo_batch.mock.script import parse_rule
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.local import LocalStore
from hailuo_batch.testing.clips import CLIP

DAY = 86_400.0
Open = Callable[..., Any]

in_session = pytest.mark.asyncio(loop_scope="session")  # in which the server of the forks lives
unforked = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    @asynccontextmanager
    async def opened(*prompts: str, gateway: str = "minimax") -> AsyncIterator[Studio]:
        async with Mock(speed=SPEED, clip=CLIP) as mock:
            found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
            found.write(film(gateway, *prompts))
            yield found

    return opened


def ledger_of(found: Studio) -> Path:
    return found.base / ".hailuo" / "ledger.db"


def locked(file: Path) -> sqlite3.Connection:
    """A connection of another program that nobody else can write beside."""
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    return connection


async def test_a_ledger_that_another_program_keeps_locked_is_told_before_anything_is_sent(
    studio: Open, monkeypatch: pytest.MonkeyPatch
):
    for name in ("_PATIENCE", "_JOURNAL_PATIENCE"):
        monkeypatch.setattr(f"hailuo_batch.ledger.open.{name}", 0.05)
    async with studio("a kite") as found:
        await found.run()
        found.write(film("minimax", "a kite", "a boat"))
        with closing(locked(ledger_of(found))), pytest.raises(LedgerError) as error:
            await found.run()
        assert error.value.summary == "the ledger is in use by another program"
        assert "Close that program" in error.value.remedy
        assert len(found.mock.charges) == 1
        assert await found.tell() == "stored, 2 charged, exit 0"


@pytest.mark.parametrize("gateway", ["minimax", "odkkk", "mindvideo"])
async def test_a_task_whose_id_cannot_be_written_down_is_printed_and_brought_home_by_its_id(
    gateway: str, studio: Open, monkeypatch: pytest.MonkeyPatch
):
    for name in ("_PATIENCE", "_JOURNAL_PATIENCE"):
        monkeypatch.setattr(f"hailuo_batch.ledger.open.{name}", 0.05)
    others: list[sqlite3.Connection] = []

    def lock(moment: HookEvent) -> None:
        if moment.kind == "charged" and not others:
            others.append(locked(ledger_of(found)))

    async with studio("a kite", gateway=gateway) as found:
        found.mock.listeners.append(lock)
        ran = await found.run()
        found.mock.listeners.remove(lock)
        others[0].close()
        ((_, failure),) = ran.outcome.failed
        task = found.mock.charges[0].task
        assert failure.kind is FailureKind.UNRECORDED
        assert f"accepted it as task {task}" in failure.why
        assert failure.command[:4] == ("resolve", "s1#1", "--task", task)
        assert (ran.exit, found.stages()) == (Exit.NEEDS_PERSON, ["intended"])

        if gateway != "mindvideo":  # which is asked again under the same key
            assert await found.tell() == "held intended, 1 charged, exit 8"
            left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)
            (doubt,) = left.in_doubt
            await settle(left, [doubt], Verdict.FOUND, reason="it was printed", tasks={doubt.attempt: task})
        assert await found.tell() == "stored, 1 charged, exit 0"
        booked = await audit(found.folder, world=World.REHEARSAL, deep=True)
        assert (booked.findings, booked.purchases) == ((), 1)


class Jumping(SystemClock):
    """A clock that somebody turns back and forward by a day, again and again."""

    def __init__(self) -> None:
        self._days = itertools.cycle((0.0, 1.0, -1.0, 0.0, -1.0, 1.0))

    def now(self) -> float:
        return time.time() + DAY * next(self._days)


async def test_a_clock_that_jumps_by_a_day_changes_nothing(studio: Open, monkeypatch: pytest.MonkeyPatch):
    prompts = [f"kite number {number}" for number in range(12)]
    async with studio(*prompts) as found:
        with monkeypatch.context() as mad:
            jumping = Jumping()
            for room in ("run", "running.context", "running.setup", "planning.plan"):
                mad.setattr(f"hailuo_batch.app.{room}.SystemClock", lambda: jumping)
            assert await found.tell() == "stored, 12 charged, exit 0"
        assert await found.tell() == "nothing to do, 12 charged, exit 0"
        booked = await audit(found.folder, world=World.REHEARSAL, deep=True)
        assert (booked.findings, booked.purchases, booked.clips) == ((), 12, 12)
        assert (await found.run(max_cost="100 USD")).exit is Exit.DONE


async def test_a_clips_time_that_a_jump_of_the_clock_made_is_not_believed(tmp_path: Path):
    """A machine that slept, too: the run after it must not wait for hours before its first look."""
    (tmp_path / "film.yaml").write_text(film("minimax", "a kite"))
    planned = await plan(tmp_path / "film.yaml")
    (step,) = planned.selected
    assert step.request is not None
    question = preimage(step.request).decode()
    other = preimage(replace(step.request, model="hailuo-2.3")).decode()  # another model may be much faster
    circumstances = DriverContext(
        project=planned.validation.project,
        data_plane=LocalDataPlane(workers=1),
        store=LocalStore(tmp_path / "store"),
        stop=Stop(),
        render_times=(
            ("minimax", other, 3.0),
            *(("minimax", question, 90.0 + jump) for jump in (-DAY, 0.0, DAY)),
        ),
    )
    assert list(_past_render_times(planned.validation.providers[0], circumstances)) == [(("768p", 6), 90.0)]


@unforked
@in_session
async def test_two_runs_that_are_started_together_buy_once_and_one_names_the_other(
    tmp_path: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch
):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    slow = Script(rules=(parse_rule(fault="slow", seconds=3 * MOCK_SPEED, call="submit", nth=1),))
    async with new_mock(script=slow) as mock:  # the first holds the ledger until the second has come
        found = Film.begun(tmp_path, forks, mock, "minimax")
        runs = [await started(tmp_path, mock) for _ in range(2)]
        said = [(await run.communicate())[0].decode() for run in runs]
        ends = {run.returncode: (run, words) for run, words in zip(runs, said, strict=True)}
        assert set(ends) == {0, 9}, said
        assert f"process {ends[0][0].pid} on {socket.gethostname()}" in ends[9][1]
        assert "another run is working in this project" in ends[9][1]
        await found.assert_kept()


async def started(folder: Path, mock: Mock) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        forking.__file__,
        "once",
        str(folder),
        mock.base_url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(os.environ),
    )


@pytest.fixture
def unknown_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """GCC AI is at a name that nobody knows."""
    at, look_up = vars(Mock)["urls"].fget, socket.getaddrinfo

    def unknown(host: Any, *more: Any, **named: Any) -> Any:
        if host == "gccai.invalid":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *more, **named)

    monkeypatch.setattr(Mock, "urls", property(lambda mock: {**at(mock), "gccai": "http://gccai.invalid/v1"}))
    monkeypatch.setattr(socket, "getaddrinfo", unknown)


@pytest.mark.usefixtures("unknown_host")
async def test_a_name_that_nobody_knows_proves_that_nothing_was_sent(studio: Open):
    async with studio("a kite", gateway="gccai") as found:
        assert await found.tell() == "not_sent failed, 0 charged, exit 4"
        ((_, failure),) = found.ran.outcome.failed
        assert failure.why == "gccai.invalid cannot be reached: cannot resolve host"
        assert await found.tell() == "not_sent failed, 0 charged, exit 4", "it may be asked for again"


@pytest.mark.usefixtures("unknown_host")
async def test_another_provider_is_asked_when_the_name_of_the_first_is_not_known(studio: Open):
    async with studio("a kite", gateway="gccai, minimax") as found:
        assert await found.tell() == "stored, 1 charged, exit 0"
        assert Counter(charge.gateway for charge in found.mock.charges) == {"minimax": 1}


def overwrite(file: Path, *, at: int) -> None:
    """What a failing disk may do: zeros from somewhere on."""
    whole = file.read_bytes()
    file.write_bytes(whole[:at] + bytes(len(whole) - at))


@unforked
@in_session
@pytest.mark.parametrize(
    ("at", "renders"), [(0, True), (4096, False)], ids=["from the beginning", "behind the header, without renders"]
)
async def test_a_damaged_ledger_says_what_can_be_saved_and_nothing_is_bought_again(
    *, at: int, renders: bool, tmp_path: Path, forks: Forks
):
    async with new_mock() as mock:
        found = Film.begun(tmp_path, forks, mock, "minimax")
        assert await found.run() == 0
        ledger = tmp_path / ".hailuo" / "ledger.db"
        overwrite(ledger, at=at)
        (tmp_path / "film.yaml").write_text((tmp_path / "film.yaml").read_text() + "# looked at again\n")

        with pytest.raises(DamagedLedgerError) as error:
            await plan(tmp_path / "film.yaml")
        assert "The store has 5 clips. The lock names 5 takes" in error.value.why
        assert "the clips of 5 are in the store" in error.value.why
        assert f"mv {ledger} {ledger}.damaged" in error.value.remedy
        assert error.value.exit is Exit.LEDGER
        assert await forks.run(tmp_path, mock.base_url) == 70, "a run is refused too"
        assert len(mock.charges) == 5

        for file in (ledger, ledger.with_name("ledger.db-wal")):
            if file.exists():
                file.rename(f"{file}.damaged")
        if not renders:
            (tmp_path / "renders").rename(tmp_path / "elsewhere")
        steps = (await plan(tmp_path / "film.yaml")).selected
        assert {step.why for step in steps} == {StepReason.IN_RENDERS if renders else StepReason.LOCKED}
        assert (await repair_ledger(tmp_path)).clips == 5
        await found.assert_kept()
        assert len(mock.charges) == 5


async def test_a_newer_ledger_is_refused_before_anything_is_sent(studio: Open):
    async with studio("a kite") as found:
        await found.run()
        with closing(sqlite3.connect(ledger_of(found))) as ledger:
            ledger.execute("PRAGMA user_version = 99")
        found.write(film("minimax", "a kite", "a boat"))
        with pytest.raises(LedgerError) as error:
            await found.run()
        assert error.value.summary == "the ledger is newer than this tool"
        assert "pip install --upgrade" in error.value.remedy
        assert len(found.mock.charges) == 1


async def test_an_older_ledger_is_copied_and_brought_up_to_date_before_anything_is_sent(
    studio: Open, monkeypatch: pytest.MonkeyPatch
):
    older = migrate.migrations()
    seen: list[tuple[int, bool]] = []

    def look(moment: HookEvent) -> None:
        if moment.kind == "received" and moment.call == "submit":
            with closing(sqlite3.connect(ledger_of(found))) as ledger:
                version = ledger.execute("PRAGMA user_version").fetchone()[0]
            seen.append((version, copy.exists()))

    async with studio("a kite") as found:
        await found.run()
        found.write(film("minimax", "a kite", "a boat"))
        copy = ledger_of(found).with_name(f"ledger.v{len(older)}.db")
        monkeypatch.setattr(migrate, "migrations", lambda: (*older, "CREATE TABLE moods (mood TEXT) STRICT;"))
        found.mock.listeners.append(look)
        assert await found.tell() == "stored, 2 charged, exit 0"
        assert seen == [(len(older) + 1, True)]
        with closing(sqlite3.connect(copy)) as ledger:
            assert ledger.execute("SELECT count(*), max(stage) FROM attempts").fetchone() == (1, "stored")

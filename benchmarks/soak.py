"""Ten thousand shots over the mock, with 2 % of every fault at once: nothing bought twice, nothing lost.

    python benchmarks/soak.py [--shots 10000] [--rate 0.02] [--seed 1] [--in-flight 1000]

A manifest per gateway in one project, each with another to fall back on. Each is run until nothing changes; then
what needs a person is done as one would who has the gateway's books: doubts are settled, tasks that never end are given
up, what was refused is asked for again. So on until every clip is stored. Faults that close a gateway for the rest of a
run (a key, the balance, a right) come twice at each call of each gateway, since at 2 % nothing else would be tried.
"""

import argparse
import asyncio
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from crashing import ENVIRONMENT
from forking import work_at
from rehearsal import FRAME, GATEWAYS

import hailuo_batch.drivers.stall_guard
import hailuo_batch.drivers.transport
from hailuo_batch.app.costs import audit
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.resolve import OpenAttempts, list_open_attempts, settle
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.app.verify import verify
from hailuo_batch.core.attempt.in_doubt import DoubtState, OpenAttempt, Verdict
from hailuo_batch.mock.fault import ALLOWED_CALLS, TASK_FAULTS, Fault, FaultKind
from hailuo_batch.mock.messages import CallKind

MOCK_SPEED = 100.0
ROUNDS = 40
CLOSING = (FaultKind.BAD_KEY, FaultKind.NOT_ALLOWED, FaultKind.NO_BALANCE)
CALLS = (CallKind.SUBMIT, CallKind.POLL, CallKind.FILE, CallKind.DOWNLOAD)
Bought = tuple[str, str, str, bool]  # gateway, task, prompt, whether its clip is there to be fetched


def faults(rate: float, shots: int) -> Iterator[dict[str, Any]]:
    """Every fault wherever it may stand; a submit's before and after it is accepted, where both can be."""
    for kind, calls in ALLOWED_CALLS.items():
        for call in (each for each in calls if each in CALLS):
            if kind in CLOSING:
                later = 3 * CLOSING.index(kind)  # the first rule that strikes is the one
                yield {"fault": kind, "call": call, "nth": [shots // 60 + later, shots // 20 + later]}
                continue
            both = call is CallKind.SUBMIT and kind not in TASK_FAULTS | {FaultKind.BAD_PARAMETER, FaultKind.THROTTLED}
            for accepted in {Fault(kind=kind).charges_submit, True} if both else {None}:
                yield {
                    "fault": kind,
                    "call": call,
                    "rate": rate,
                    **({} if accepted is None else {"accepted": accepted}),
                }


def serve(pipe: Connection, script: dict[str, Any]) -> None:
    """The mock in a process of its own, until the pipe says stop; asked before, it tells its books."""
    from hailuo_batch.mock.script import parse_script
    from hailuo_batch.mock.server import Mock
    from hailuo_batch.testing.clips import CLIP

    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)  # a client that gives up is no news here

    async def listen() -> None:
        async with Mock(parse_script(script), speed=MOCK_SPEED, clip=CLIP) as mock:
            pipe.send(mock.base_url)
            while await asyncio.to_thread(pipe.recv):
                ends = {
                    task.id: task.running < 1e9 and not task.failure for each in GATEWAYS for task in mock.tasks(each)
                }
                struck = Counter(entry.fault for entry in mock.log if entry.fault)
                bought = [(each.gateway, each.task, each.prompt, ends[each.task]) for each in mock.charges]
                pipe.send((bought, len(mock.log), struck.total(), len(struck)))

    asyncio.run(listen())


@dataclass(kw_only=True)
class Soak:
    """The project, and what became of it so far."""

    folder: Path
    pipe: Connection
    terms: RunOptions
    codes: Counter[int] = field(default_factory=Counter)
    settled: Counter[str] = field(default_factory=Counter)
    doubts: int = 0

    @property
    def films(self) -> list[Path]:
        return [self.folder / f"film-{gateway}.yaml" for gateway in GATEWAYS]

    async def to_the_end(self) -> None:
        """Runs and decides until everything is stored, or nothing changes any more."""
        before: object = None
        for _ in range(ROUNDS):
            for film in self.films:
                await self._until_nothing_changes(film, Scope.ALL)
            await self._decide()
            for film in self.films:
                await self._until_nothing_changes(film, Scope.FAILED)
            now = await self.standing()
            if now == before or set(now) == {"reuse"}:
                return
            before = now

    async def standing(self) -> Counter[str]:
        """How many takes the plan would reuse, resume, hold …"""
        found: Counter[str] = Counter()
        for film in self.films:
            found.update(str(step.action) for step in (await plan(film)).selected)
        return found

    async def books(self) -> tuple[list[Bought], int, int, int]:
        self.pipe.send(True)
        while not self.pipe.poll():
            await asyncio.sleep(0.01)
        told: tuple[list[Bought], int, int, int] = self.pipe.recv()
        return told

    async def _until_nothing_changes(self, film: Path, scope: Scope) -> None:
        while True:
            ran = await run(film, RunOptions(scope=scope))
            if not (ran.outcome.stored or ran.outcome.failed or ran.outcome.named):
                return
            self.codes[int(ran.exit)] += 1
            if scope is Scope.FAILED or not ran.outcome.stored:
                return

    async def _decide(self) -> None:
        """What a person does who has the gateways' books."""
        found, bought = await list_open_attempts(folder=self.folder), (await self.books())[0]
        known = {task for _, task in found.known_tasks}
        unclaimed = {(gateway, prompt): task for gateway, task, prompt, _ in bought if task not in known}
        self.doubts += len(found.in_doubt)
        tasks = {each.attempt: unclaimed.get((each.provider, _prompt(each))) for each in found.in_doubt}
        ids = {attempt: task for attempt, task in tasks.items() if task}
        endless = {task for _, task, _, ends in bought if not ends}
        running = [each for each in found.attempts if each.state is DoubtState.RUNNING and each.task in endless]
        await self._settle(found, [each for each in found.in_doubt if each.attempt in ids], Verdict.FOUND, ids)
        await self._settle(found, [each for each in found.in_doubt if each.attempt not in ids], Verdict.NEVER_SENT)
        await self._settle(found, running, Verdict.WRITTEN_OFF)

    async def _settle(
        self, found: OpenAttempts, chosen: list[OpenAttempt], verdict: Verdict, tasks: dict[int, str] | None = None
    ) -> None:
        self.settled[verdict] += len(await settle(found, chosen, verdict, reason="by the books", tasks=tasks))


def _prompt(doubt: OpenAttempt) -> str:
    return f"kite {doubt.shot[1:]}"


def write(folder: Path, shots: int) -> None:
    """The manifests: each shot a prompt of its own."""
    limits = ", ".join(f"{gateway}: {{per_minute: 10000000, at_once: 100000}}" for gateway in GATEWAYS)
    (folder / "hailuo.yaml").write_text(f"version: 1\nlimits: {{{limits}}}\n")
    os.environ["HAILUO_STATE"] = str(folder / "user")  # its purchases are known to no other measurement
    for place, gateway in enumerate(GATEWAYS):
        other = GATEWAYS[place - 1]
        mine = range(shots * place // len(GATEWAYS), shots * (place + 1) // len(GATEWAYS))
        head = f"version: 1\ncampaign: film-{gateway}\nproviders: [{gateway}, {other}]\n"
        frame = f", {FRAME}" if "vtrix" in {gateway, other} else ""
        rows = "".join(f"  - {{id: s{number}, prompt: kite {number}{frame}}}\n" for number in mine)
        defaults = "defaults: {duration: short, resolution: 768p}\n"
        (folder / f"film-{gateway}.yaml").write_text(f"{head}{defaults}shots:\n{rows}")


async def report(soak: Soak, shots: int, before: float) -> str:
    stored = (await soak.standing())["reuse"]
    bought, requests, struck, kinds = await soak.books()
    good = Counter(prompt for _, _, prompt, ends in bought if ends)
    known = {task for _, task in (await list_open_attempts(folder=soak.folder)).known_tasks}
    homeless = sum(task not in known for _, task, _, ends in bought if ends)
    booked = await audit(soak.folder, deep=True)
    found = [finding for film in soak.films for finding in (await verify(film, deep=True)).findings]
    codes = ", ".join(f"{code} ({times})" for code, times in sorted(soak.codes.items()))
    settled = ", ".join(f"{times:,} {verdict}" for verdict, times in soak.settled.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return f"""\
{shots:,} shots at {len(GATEWAYS)} gateways, {struck:,} faults of {kinds} kinds in {requests:,} requests
runs          {soak.codes.total()} in {time.perf_counter() - before:.0f} s; exit codes: {codes}
fingerprints  {booked.requests:,}, of which {stored:,} are stored
charges       {len(bought):,}, of which {sum(not ends for *_, ends in bought):,} were for tasks that failed or never end
bought twice  {sum(times > 1 for times in good.values())} by the mock's books, {booked.double_purchases} by ours
lost          {shots - stored} takes, {homeless} paid clips that no attempt has
doubts        {soak.doubts:,}; settled: {settled}
audit         {len(booked.findings)} findings; verify: {len(found)}
memory        {peak / 1e6:.0f} MB at most"""


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=10_000)
    parser.add_argument("--rate", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=1000)
    given = parser.parse_args()
    here, there = multiprocessing.Pipe()
    script = {"seed": given.seed, "faults": list(faults(given.rate, given.shots))}
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(there, script), daemon=True)
    process.start()
    with tempfile.TemporaryDirectory(prefix="hailuo-soak-") as folder:
        write(Path(folder), given.shots)
        hurry(here.recv())
        soak, before = Soak(folder=Path(folder), pipe=here, terms=RunOptions(jobs=given.in_flight)), time.perf_counter()
        await soak.to_the_end()
        print(await report(soak, given.shots, before))
    here.send(False)
    process.join()


def hurry(base: str) -> None:
    """Gateways at `base`, and a client that soon gives up on silence."""
    hailuo_batch.drivers.transport.STALLED_SECONDS = 1
    hailuo_batch.drivers.stall_guard.WINDOW_SECONDS = 0.5
    os.environ.update(ENVIRONMENT)  # keys for the mock, which takes any
    work_at(base, answer=3.0)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main())

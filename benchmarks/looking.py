"""How many polls find a clip, and how long it waits for the last of them: what is learnt against a fixed interval.

    python benchmarks/looking.py [--clips 4000] [--takes 300] [--fast]

The simulation follows clips one after the other through `drivers/poll_scheduler.py`, which knows nothing in the
beginning and learns from what its own looks see; the first tenth is not counted. "At least" is what no schedule that
knows the law can stay below at that mean delay, if the gateway tells nothing: (∫√(f·S))² / (2 · delay), f being the
density of the clips' times and S the share that is not ready. The runs on the mock are whole ones, with time sped up.
`--fast` prints only the table of clips that take a few seconds: of the first dozen, and of those after.
"""

import argparse
import asyncio
import math
import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from measure import table

from hailuo_batch.core.pacing.progress_eta import ProgressSample
from hailuo_batch.core.world import World
from hailuo_batch.drivers.poll_scheduler import ClipKind, PollScheduler
from hailuo_batch.mock.server import Mock

EVERY = 10.0
TASK, FAST_TASK = "queued: 18, running: 162, spread: 0.6667", "queued: 0.3, running: 2.7, spread: 0.5"
SPEED = 60.0  # more, and the work of this machine itself takes seconds of the mock's
AT_ONCE = 40
FAST_SPEED, FAST_AT_ONCE = 4.0, 8  # a second of delay has to be longer than what this machine takes
DOZEN = 12
KIN: ClipKind = ("768p", 6)
Law = Callable[[random.Random], float]
Words = Callable[[random.Random], Callable[[float, float], float | None]]  # (age, whole time) → progress


def _about(spread: float) -> Law:
    return lambda chance: 150 * math.exp(chance.gauss(0, spread))


def _between(chance: random.Random) -> float:
    return chance.uniform(60, 300)


def _silent(_: random.Random) -> Callable[[float, float], None]:
    return lambda _age, _whole: None


def _even(_: random.Random) -> Callable[[float, float], float]:
    return lambda age, whole: int(100 * age / whole) / 100


def _queued(chance: random.Random) -> Callable[[float, float], float]:
    queue = chance.uniform(0, 30)
    return lambda age, whole: int(100 * max(0.0, age - queue) / (whole - queue)) / 100


def _tenths(_: random.Random) -> Callable[[float, float], float]:
    return lambda age, whole: int(10 * age / whole) / 10


def _slowing(_: random.Random) -> Callable[[float, float], float]:
    return lambda age, whole: int(100 * (1 - (1 - age / whole) ** 2)) / 100


def _invented(_: random.Random) -> Callable[[float, float], float]:
    return lambda age, _whole: min(0.99, age / 100)


LAWS: tuple[tuple[str, Law], ...] = (
    *((f"150 s, spread {spread} %", _about(spread / 100)) for spread in (5, 10, 15, 20, 30)),
    ("60 to 300 s, any", _between),
)
FAST_LAWS: tuple[tuple[str, Law], ...] = (
    *((f"3 s, spread {spread} %", lambda c, s=spread: 3 * math.exp(c.gauss(0, s / 100))) for spread in (5, 15, 30, 50)),
    ("1.5 to 6 s, any", lambda chance: chance.uniform(1.5, 6)),
)
WORDS: tuple[tuple[str, Words], ...] = (
    ("even", _even),
    ("even, after a queue of 0 to 30 s", _queued),
    ("in tenths", _tenths),
    ("ever slower", _slowing),
    ("invented: 1 % a second, then 99 %", _invented),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Means over clips: looks and seconds of delay, learnt and at a fixed interval; `least` is the bound on looks."""

    looks: float
    delay: float
    fixed_looks: float
    fixed_delay: float
    least: float


def report(folder: Path, *, clips: int = 4000, takes: int = 300) -> str:
    """The tables of what looks find."""
    return f"{simulated(clips)}\n\n{on_the_mock(folder, takes)}\n\n{fast_clips(folder, clips=clips, takes=takes // 3)}"


def fast_clips(folder: Path, *, clips: int, takes: int) -> str:
    """Clips that take a few seconds: polls, delay, and how many are seen within a second of being ready."""
    rows = []
    for usual in (None, 3.0):
        for law, draw in FAST_LAWS:
            chance, known = random.Random(3), PollScheduler(every=EVERY, elapsed=lambda: 0.0, usual=usual)
            seen = [_follow(known, draw(chance), lambda _age, _whole: None) for _ in range(DOZEN + clips)]
            rows.append((law, "" if usual is None else f"{usual:.0f} s", *_fast_columns(seen)))
    own = folder / "fast"
    own.mkdir()
    mock = asyncio.run(_rehearsed(own, "mindvideo", takes, task=FAST_TASK, speed=FAST_SPEED, at_once=FAST_AT_ONCE))
    polls: dict[str, list[float]] = {}
    for entry in mock.log:
        if entry.call == "poll":
            polls.setdefault(entry.task, []).append(entry.at)
    tasks = sorted(mock.tasks("mindvideo"), key=lambda task: task.created)
    seen = [(len(polls[task.id]), polls[task.id][-1] - task.end_time) for task in tasks]
    rows.append((f"1.5 to 4.5 s, any: a run of {takes} takes on the mock", "", *_fast_columns(seen)))
    head = (
        "clips take",
        "usual_seconds",
        f"first {DOZEN}: polls",
        "delay s",
        "after: polls (target 6)",
        "delay s",
        "95 of 100 within, s (target 1)",
    )
    return f"Clips of a few seconds, fixed interval {EVERY:.0f} s\n\n" + table(head, rows)


def _fast_columns(seen: list[tuple[int, float]]) -> tuple[str, ...]:
    first, later = seen[:DOZEN], seen[DOZEN:]
    late = sorted(delay for _, delay in later)
    means = [f"{sum(pair[place] for pair in part) / len(part):.1f}" for part in (first, later) for place in (0, 1)]
    return (*means, f"{late[int(0.95 * len(late))]:.2f}")


def simulated(clips: int) -> str:
    """The simulation, over laws and ways to tell progress."""
    rows = [_row(law, "none", found, least=True) for law, draw in LAWS for found in [_followed(draw, _silent, clips)]]
    for words, tell in WORDS:
        for law, draw in (LAWS[2], LAWS[-1]):
            rows.append(_row(law, words, _followed(draw, tell, clips)))
    head = (
        "clips take",
        "reported progress",
        "polls",
        "fixed",
        "ratio (target 0.25)",
        "at least",
        "delay s",
        "fixed s",
    )
    return f"Looks a clip, simulated, fixed interval {EVERY:.0f} s\n\n" + table(head, rows)


def _row(law: str, words: str, found: Found, *, least: bool = False) -> tuple[str, ...]:
    ratio, bound = found.looks / found.fixed_looks, found.least / found.fixed_looks
    return (
        law,
        words,
        f"{found.looks:.1f}",
        f"{found.fixed_looks:.1f}",
        f"{ratio:.2f}",
        f"{bound:.2f}" if least else "",
        f"{found.delay:.1f}",
        f"{found.fixed_delay:.1f}",
    )


def _followed(draw: Law, tell: Words, clips: int) -> Found:
    chance = random.Random(3)
    known, seen, times = PollScheduler(every=EVERY, elapsed=lambda: 0.0), [], []
    for number in range(clips + clips // 10):
        whole, progress = draw(chance), tell(chance)
        one = _follow(known, whole, progress)
        if number >= clips // 10:
            seen.append(one)
            times.append(whole)
    fixed = [math.ceil(whole / EVERY) for whole in times]
    delay = sum(late for _, late in seen) / clips
    return Found(
        looks=sum(looks for looks, _ in seen) / clips,
        delay=delay,
        fixed_looks=sum(fixed) / clips,
        fixed_delay=sum(looks * EVERY - whole for looks, whole in zip(fixed, times, strict=True)) / clips,
        least=_least(sorted(times), delay),
    )


def _follow(known: PollScheduler, whole: float, progress: Callable[[float, float], float | None]) -> tuple[int, float]:
    told: list[ProgressSample] = []
    age = known.poll_delay(KIN, 0.0)
    while age < whole:
        told.append(ProgressSample(age=age, progress=progress(age, whole)))
        age += known.poll_delay(KIN, age, told)
    known.record_completion(KIN, age, told)
    return len(told) + 1, age - whole


def _least(times: list[float], delay: float) -> float:
    """The bound for these times, by a histogram of forty bins of equal share."""
    bins = 40
    edges = [times[round(place * (len(times) - 1) / bins)] for place in range(bins + 1)]
    part = sum(
        math.sqrt(1 / bins * (1 - (place + 0.5) / bins) * (edges[place + 1] - edges[place])) for place in range(bins)
    )
    return max(1.0, part**2 / (2 * delay))


def on_the_mock(folder: Path, takes: int) -> str:
    """Whole runs on the mock with clips of 60 to 300 s: one gateway tells its progress, the other nothing."""
    rows = []
    for gateway, words in (("mindvideo", "none"), ("highwayapi", "even, after a queue of a tenth")):
        own = folder / gateway
        own.mkdir()
        rows.append((gateway, *_row("60 to 300 s, any", words, _ran(own, gateway, takes))))
    head = ("gateway", "clips take", "reported progress", "polls", "fixed", "ratio", "at least", "delay s", "fixed s")
    return f"Looks a clip, runs of {takes} takes on the mock, time {SPEED:.0f} times as fast\n\n" + table(head, rows)


def _ran(folder: Path, gateway: str, takes: int) -> Found:
    """One run; its first third is not counted, when nothing is known."""
    mock = asyncio.run(_rehearsed(folder, gateway, takes))
    looks: dict[str, list[float]] = {}
    for entry in mock.log:
        if entry.call == "poll":
            looks.setdefault(entry.task, []).append(entry.at)
    tasks = sorted(mock.tasks(gateway), key=lambda task: task.created)[takes // 3 :]
    fixed = [math.ceil((task.end_time - task.created) / EVERY) for task in tasks]
    late = [task.created + number * EVERY - task.end_time for task, number in zip(tasks, fixed, strict=True)]
    return Found(
        looks=sum(len(looks[task.id]) for task in tasks) / len(tasks),
        delay=sum(looks[task.id][-1] - task.end_time for task in tasks) / len(tasks),
        fixed_looks=sum(fixed) / len(tasks),
        fixed_delay=sum(late) / len(tasks),
        least=0.0,
    )


async def _rehearsed(
    folder: Path, gateway: str, takes: int, *, task: str = TASK, speed: float = SPEED, at_once: int = AT_ONCE
) -> Mock:
    """The mock of a whole run, which tells when each task was ready and looked at."""
    import hailuo_batch.mock.server as server
    from hailuo_batch.app.run import run
    from hailuo_batch.app.running.options import Rehearsal, RunOptions

    found: list[Mock] = []

    class Kept(Mock):
        def __init__(self, *args: object, **rest: object) -> None:
            super().__init__(*args, **rest)  # type: ignore[arg-type]
            found.append(self)

    server.Mock = Kept  # type: ignore[misc]
    try:
        (folder / "script.yaml").write_text(f"task: {{{task}}}\n")
        shots = "".join(f"  - {{id: s{number}, prompt: kite {number}}}\n" for number in range(takes))
        head = f"version: 1\ncampaign: looks\nproviders: [{gateway}]\ndefaults: {{duration: short}}\nshots:\n"
        (folder / "looks.yaml").write_text(head + shots)
        (folder / "hailuo.yaml").write_text("version: 1\n")
        rehearsal = Rehearsal(script=folder / "script.yaml", speed=speed)
        ran = await run(folder / "looks.yaml", RunOptions(world=World.REHEARSAL, jobs=at_once, rehearsal=rehearsal))
    finally:
        server.Mock = Mock  # type: ignore[misc]
    if ran.outcome.stored != takes:
        raise SystemExit(f"{ran.outcome.stored} of {takes} takes were stored: {ran.outcome.failed[:1]}")
    return found[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=4000)
    parser.add_argument("--takes", type=int, default=300)
    parser.add_argument("--fast", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hailuo-bench-") as folder:
        if given.fast:
            print(fast_clips(Path(folder), clips=given.clips, takes=given.takes // 3))
        else:
            print(report(Path(folder), clips=given.clips, takes=given.takes))


if __name__ == "__main__":
    main()

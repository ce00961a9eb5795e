"""What buying a clip costs this machine beside a bare program that is as careful about the disk.

    python benchmarks/buying.py [--shots 1000] [--runs 5] [--decode] [--profile FILE]
    python benchmarks/buying.py --connections [--tls]

Both ask the same server on loopback (`loopback.py`: POST, two polls, 200 kB), each in a process of its own, one after
the other in pairs. Ours is the command `run --yes -j 200` with all that belongs to it; its time runs so fast
that polls come without waiting, and no limit of the gateway's holds it back. `--decode` counts the look at both ends of
every clip, too, which is PyAV's time in threads, and the measures, which worker processes take; `--profile` runs ours
once under cProfile. `--connections` measures both with a new connection for each submit and with kept ones
(`limits.NAME.keep_connections`), `--tls` over https.

Files that were deleted in the last seconds make new ones dear on ext4: on a machine with other work, TMPDIR=/dev/shm
tells more about CPU, and nothing about fsync.
"""

import argparse
import asyncio
import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from bare import buy
from certificate import make_certificate, trust
from loopback import gateway
from measure import table, use_own_machine

from hailuo_batch.core.measures import ClipMeasures

AT_ONCE = 200
SPEED = 20_000.0  # looks are counted here, not timed: what is learnt of times must not hold them back
HEAD = """\
version: 1
campaign: bench
providers: [mindvideo]
defaults: {duration: 5, resolution: 768p}
shots:
"""
SHOT = (
    '  - {{id: shot-{n:06d}, prompt: "take {n}: a frosted glass bottle with a copper cap rises out of morning mist"}}\n'
)
SETTINGS = """\
version: 1
regions: {{mindvideo: "{base}"}}
limits: {{mindvideo: {{at_once: {at_once}, polls_per_second: 1000000, keep_connections: {keeps}}}}}
"""
HELD = ("CPU 1.3 x the anchor", "0.3 commits a shot", "800 shots/s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one way of buying cost: seconds, and of them those between the first shot and the last."""

    cpu: float
    wall: float
    buying_cpu: float
    buying_wall: float
    commits: int
    megabytes: float


def report(folder: Path, *, runs: int, shots: int = 1000, decode: bool = False) -> str:
    """The table of what buying costs."""
    pairs = []
    with gateway() as base:
        for number in range(runs + 1):  # the first is not counted
            own = folder / str(number)
            pairs.append((_bare(base, own, shots), _ours(base, own, shots, decode=decode)))
    return _drawn(pairs[1:], shots, decode=decode)


def _drawn(pairs: Sequence[tuple[Cost, Cost]], shots: int, *, decode: bool) -> str:
    rows = []
    for name, place in (("bare loop", 0), ("ours", 1)):
        each = [pair[place] for pair in pairs]
        rows.append(
            (
                name,
                f"{1e3 * _median(cost.buying_cpu for cost in each) / shots:.2f}",
                f"{1e3 * _median(cost.cpu for cost in each) / shots:.2f}",
                f"{shots / _median(cost.buying_wall for cost in each):,.0f}",
                f"{_median(cost.commits for cost in each) / shots:.3f}",
                f"{max(cost.megabytes for cost in each):.0f}",
            )
        )
    rows.append(
        (
            "ratio, pair by pair",
            f"{_median(ours.buying_cpu / bare.buying_cpu for bare, ours in pairs):.2f}",
            f"{_median(ours.cpu / bare.cpu for bare, ours in pairs):.2f}",
            f"{_median(bare.buying_wall / ours.buying_wall for bare, ours in pairs):.2f}",
            "",
            "",
        )
    )
    head = ("what", "CPU ms a shot", "of the whole process", "shots/s", "commits a shot", "MB")
    looks = "both ends of each clip decoded" if decode else "clips checked by their boxes"
    return f"Buying {shots:,} clips, {looks} (target {', '.join(HELD)})\n\n" + table(head, rows)


def report_connections(folder: Path, *, runs: int, shots: int, tls: bool) -> str:
    """The table of what submits over new and over kept connections cost."""
    certificate = ""
    if tls:
        make_certificate(folder)
        certificate = str(folder)
    os.environ.update(trust(certificate))
    taken = []
    with gateway(certificate=certificate) as base:
        for number in range(runs + 1):  # the first is not counted
            own = folder / str(number)
            taken.append(
                [
                    cost
                    for keeps in (False, True)
                    for cost in (
                        _bare(base, own / f"{keeps}", shots, fresh=not keeps),
                        _ours(base, own / f"{keeps}", shots, keeps=keeps),
                    )
                ]
            )
    rows = []
    for place, name in enumerate(("bare loop, new", "ours, new", "bare loop, kept", "ours, kept")):
        each = [run[place] for run in taken[1:]]
        rows.append(
            (
                name,
                f"{1e3 * _median(cost.buying_cpu for cost in each) / shots:.2f}",
                f"{_median(run[place].buying_cpu / run[place - place % 2].buying_cpu for run in taken[1:]):.2f}",
                f"{_median(run[place].buying_cpu / run[2].buying_cpu for run in taken[1:]):.2f}",
                f"{shots / _median(cost.buying_wall for cost in each):,.0f}",
            )
        )
    head = ("submits", "CPU ms a shot", "x bare of its kind", "x bare, kept", "shots/s")
    return f"Buying {shots:,} clips over {'https' if tls else 'http'}\n\n" + table(head, rows)


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _bare(base: str, folder: Path, shots: int, *, fresh: bool = False) -> Cost:
    return _child("bare", base, str(folder / "bare"), str(shots), "fresh" if fresh else "")


def _ours(base: str, folder: Path, shots: int, *, decode: bool = False, keeps: bool = False, profile: str = "") -> Cost:
    project = folder / "ours"
    project.mkdir(parents=True)
    (project / "hailuo.yaml").write_text(SETTINGS.format(base=base, at_once=AT_ONCE, keeps=str(keeps).lower()))
    use_own_machine(project)
    (project / "bench.yaml").write_text(HEAD + "".join(SHOT.format(n=n) for n in range(shots)))
    return _child("ours", str(project / "bench.yaml"), "decode" if decode else "", profile)


def _child(*args: str) -> Cost:
    command = [sys.executable, __file__, "--child", *args]
    environment = {**os.environ, "MINDVIDEO_API_KEY": "sk-bench"}
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if ended.returncode:
        raise SystemExit(f"{args[0]} ended with {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return Cost(**json.loads(ended.stdout.splitlines()[-1]))


@dataclass(slots=True)
class _Watch:
    """CPU and wall seconds of this process around what is measured."""

    begun: float = field(default_factory=time.perf_counter)
    cpu: float = 0.0
    wall: float = 0.0
    commits: int = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        cpu, wall = _cpu(), time.perf_counter()
        yield
        self.cpu, self.wall = _cpu() - cpu, time.perf_counter() - wall

    def tell(self) -> None:
        unit = 1 if sys.platform == "darwin" else 1024
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
        whole = Cost(
            cpu=_cpu(),
            wall=time.perf_counter() - self.begun,
            buying_cpu=self.cpu,
            buying_wall=self.wall,
            commits=self.commits,
            megabytes=peak,
        )
        print(json.dumps({name: getattr(whole, name) for name in whole.__dataclass_fields__}))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def child_bare(base: str, folder: str, shots: str, fresh: str) -> None:
    """The anchor, in this process."""
    watch = _Watch()
    with watch.running():
        watch.commits = asyncio.run(buy(base, Path(folder), shots=int(shots), at_once=AT_ONCE, fresh=bool(fresh)))
    watch.tell()


async def _probe_boxes(_: object, file: Path, digest: str, *, decode: bool) -> object:  # noqa: ARG001
    from hailuo_batch.drivers.data_plane import probe_clip

    return probe_clip(file, digest)


async def _measure_nothing(*_: object) -> ClipMeasures:
    return ClipMeasures()


def child_ours(manifest: str, decode: str, profile: str) -> None:
    """`hailuo-batch run`, in this process, with its time sped up."""
    import hailuo_batch.app.measuring as measuring
    import hailuo_batch.app.run as rendering
    import hailuo_batch.app.running.context as equipping
    from hailuo_batch.cli.main import run_command_line
    from hailuo_batch.drivers import data_plane
    from hailuo_batch.runner.limiter import Tempo
    from hailuo_batch.runner.runner import run_plan

    watch = _Watch()

    async def watched(plan: Any, steps: Any, bench: Any, **rest: Any) -> Any:
        with watch.running(), _profiled(profile):
            outcome = await run_plan(plan, steps, bench, **rest)
        watch.commits = bench.ledger.commits
        return outcome

    patch.object(rendering, "run_plan", watched).start()
    patch.object(equipping, "make_scaled_clock", lambda _: Tempo(elapsed=time.monotonic, speed=SPEED)).start()
    if not decode:
        patch.object(data_plane.LocalDataPlane, "probe", _probe_boxes).start()
        patch.object(measuring.ClipMeasurer, "measure", _measure_nothing).start()
    os.chdir(Path(manifest).parent)
    gc.disable()  # as the entry point does
    with Path("said.txt").open("w") as said, redirect_stdout(said), redirect_stderr(said):
        code = run_command_line(["run", Path(manifest).name, "--yes", "--progress", "lines", "-j", str(AT_ONCE)])
    if code:
        raise SystemExit(Path("said.txt").read_text()[-3000:])
    watch.tell()


@contextmanager
def _profiled(file: str) -> Iterator[None]:
    if not file:
        yield
        return
    import cProfile

    profile = cProfile.Profile()
    profile.enable()
    yield
    profile.disable()
    profile.dump_stats(file)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        children: dict[str, Callable[..., None]] = {"bare": child_bare, "ours": child_ours}
        children[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--decode", action="store_true")
    parser.add_argument("--profile", metavar="FILE", default="")
    parser.add_argument("--connections", action="store_true")
    parser.add_argument("--tls", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hailuo-bench-") as folder:
        if given.profile:
            with gateway() as base:
                _ours(base, Path(folder), given.shots, decode=given.decode, profile=str(Path(given.profile).resolve()))
        elif given.connections or given.tls:
            print(report_connections(Path(folder), runs=given.runs, shots=given.shots, tls=given.tls))
        else:
            print(report(Path(folder), runs=given.runs, shots=given.shots, decode=given.decode))


if __name__ == "__main__":
    main()

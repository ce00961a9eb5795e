"""A7: sketches drawn by a farm of four workers, one of which is killed and one stopped, and by one machine alone.

    python benchmarks/team_farm.py [--sketches 2000] [--seconds 1] [--resolution 512p]

CPU seconds are those of all processes: run, workers, their drawing processes and PostgreSQL. Each side is a process of
its own that adopts what its killed worker leaves behind. Needs PostgreSQL.
"""

import argparse
import asyncio
import ctypes
import hashlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "farm"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ledger"))

from farm_samples import WorkerProcess, make_sketches
from measure import table
from postgres_fixtures import WORKER, start_postgres

from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.farm.plane import FarmDataPlane
from hailuo_batch.farm.queue import STALE_SECONDS, DatabaseQueue
from hailuo_batch.farm.tables import apply_farm_schema
from hailuo_batch.ports import DataPlane
from hailuo_batch.store.exchange import Exchange

WORKERS = 4
MOST = 1.1  # times the CPU of one machine
_SUBREAPER = 36  # of Linux's prctl


def report(sketches: int = 2000, *, seconds: float = 1, resolution: str = "512p") -> str:
    """The table, and whether every sketch is there with the same bytes."""
    choice = json.dumps([sketches, seconds, resolution])
    here, farm = (_measure_side(side, choice) for side in ("here", "farm"))
    same = sum(one == other for one, other in zip(here["digests"], farm["digests"], strict=True))
    ratio = farm["cpu"] / here["cpu"]
    rows = [
        ("one machine", f"{here['cpu']:.1f}", f"{1000 * here['cpu'] / sketches:.0f}", "1.00", ""),
        (
            f"{WORKERS} workers, one killed, one stopped",
            f"{farm['cpu']:.1f}",
            f"{1000 * farm['cpu'] / sketches:.0f}",
            f"{ratio:.2f}",
            farm["words"],
        ),
    ]
    head = ("by", "CPU s", "CPU ms a sketch", "ratio", "")
    title = f"{sketches:,} sketches of {seconds:g} s at {resolution} (target {MOST} x): {same:,} with the same bytes"
    return f"{title}\n\n" + table(head, rows)


def _measure_side(side: str, choice: str) -> dict[str, Any]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    out = subprocess.run([sys.executable, __file__, "--side", side, choice], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(out.stdout.splitlines()[-1]), "cpu": cpu}


def _run_side(side: str, sketches: int, seconds: float, resolution: str) -> None:
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    with tempfile.TemporaryDirectory(prefix="hailuo-farm-") as folder:
        draw = _draw_here if side == "here" else _draw_at_farm
        print(json.dumps(asyncio.run(draw(Path(folder), sketches, seconds, resolution))))
    while True:  # those of the killed worker end with it, and are ours now
        try:
            os.wait()
        except ChildProcessError:
            return


async def _draw_here(folder: Path, sketches: int, seconds: float, resolution: str) -> dict[str, Any]:
    async with LocalDataPlane(workers=os.cpu_count() or 1) as plane:
        return {"digests": await _draw_all(plane, folder, sketches, seconds, resolution), "words": ""}


async def _draw_at_farm(folder: Path, sketches: int, seconds: float, resolution: str) -> dict[str, Any]:
    shared = folder / "shared"
    shared.mkdir()
    with start_postgres() as server:
        name = server.create_database()
        with server.connect(name) as owner:
            apply_farm_schema(owner)
        address = server.url(name, WORKER)
        workers = [WorkerProcess(address, shared.as_uri(), stale=STALE_SECONDS) for _ in range(WORKERS)]
        for worker in workers:
            worker.wait_until_ready()
        async with LocalDataPlane(workers=1) as local, DatabaseQueue(server.url(name)) as queue:
            plane = FarmDataPlane(local, queue, Exchange(shared.as_uri()))
            disturbing = asyncio.create_task(_disturb(workers, plane, sketches))
            digests = await _draw_all(plane, folder, sketches, seconds, resolution)
            await disturbing
        for worker in workers:
            worker.end()
    return {"digests": digests, "words": str(plane.tally)}


async def _disturb(workers: list[WorkerProcess], plane: FarmDataPlane, sketches: int) -> None:
    """Kills one worker after a tenth of the work, and stops one after a fifth."""
    for share, number, worker in ((0.1, signal.SIGKILL, workers[0]), (0.2, signal.SIGSTOP, workers[1])):
        while plane.tally.farmed < share * sketches:
            await asyncio.sleep(0.05)
        worker.send(number)


async def _draw_all(plane: DataPlane, folder: Path, sketches: int, seconds: float, resolution: str) -> list[str]:
    async def draw(place: int, sketch: object) -> str:
        target = folder / f"{place}.mp4"
        assert await plane.draw(sketch, target) is None  # type: ignore[arg-type]
        digest = hashlib.sha256(target.read_bytes()).hexdigest()
        target.unlink()
        return digest

    made = make_sketches(sketches, seconds=seconds, resolution=resolution)
    return list(await asyncio.gather(*(draw(place, sketch) for place, sketch in enumerate(made))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sketches", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--resolution", default="512p")
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        side, choice = given.side
        _run_side(side, *json.loads(choice))
        return
    begun = time.monotonic()
    print(report(given.sketches, seconds=given.seconds, resolution=given.resolution))
    print(f"\n{time.monotonic() - begun:.0f} s in all")


if __name__ == "__main__":
    main()

"""A worker in a process of its own, as `hailuo-batch work` is, with a shorter patience; and sketches to draw."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.farm.jobs import JobKind
from hailuo_batch.farm.worker import Workshop, serve
from hailuo_batch.store.exchange import Exchange

STALE = 6.0  # seconds without a heartbeat, after which a worker counts as gone


def make_sketches(
    count: int, still: Path | None = None, *, seconds: float = 0.5, resolution: str = "512p"
) -> list[Sketch]:
    """Short sketches that are all different, each second one with a still."""
    return [
        Sketch(
            campaign="farm",
            shot=f"shot_{number}",
            take=1,
            prompt=f"A lamp in the rain, number {number}. [Push in]",
            seconds=seconds,
            resolution=resolution,
            first=Still(path=str(still)) if still is not None and number % 2 else None,
        )
        for number in range(count)
    ]


class WorkerProcess:
    """One worker, at one job at a time."""

    def __init__(self, database: str, shared: str, *, at_once: int = 1, stale: float = STALE) -> None:
        program = [sys.executable, __file__, database, shared, str(at_once), str(stale)]
        self._process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)

    def wait_until_ready(self) -> None:
        """Returns when it takes jobs."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("ready for draw, check, proxy")

    def send(self, number: signal.Signals) -> None:
        """Sends it a signal."""
        self._process.send_signal(number)

    def end(self) -> int:
        """Its exit code, after it is terminated."""
        self._process.send_signal(signal.SIGCONT)
        self._process.terminate()
        code = self._process.wait(timeout=30)
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


async def work(database: str, shared: str, at_once: int, stale: float) -> None:
    """Serves until it is ended."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with LocalDataPlane(workers=at_once) as plane:
        workshop = Workshop(
            kinds=list(JobKind),
            plane=plane,
            exchange=Exchange(shared),
            at_once=at_once,
            report=lambda words: print(words, flush=True),
            stale=stale,
        )
        await serve(database, workshop, stop)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])))

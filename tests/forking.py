"""Runs in processes of their own that start at once: a warm Python that forks for each run, and the run it forks.

    python forking.py serve                 a line in is a run, a line out its process, then how it ended
    python forking.py once FOLDER BASE      one run by the command line, with all its threads but the ledger's in one

The process that is killed is a real one; only the imports were made before. What is tested is what is on the disk.
"""

import asyncio
import concurrent.futures
import gc
import importlib
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from rehearsal import GATEWAYS, SPEED, Pauses, drivers_at

from hailuo_batch.app.run import run
from hailuo_batch.app.running import context
from hailuo_batch.app.running.drivers import DriverContext
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.world import World
from hailuo_batch.ports import Driver
from hailuo_batch.runner.limiter import Tempo

KILLED = -9  # by its number: Windows has no name for it
HANDS = 8
# What a run imports while it works. Without `av` and PIL a fork would spend longer on them than on its work.
LATE = (
    "aiohttp.web", "aiosqlite", "av", "jsonschema_rs", "PIL.ExifTags", "PIL.JpegImagePlugin", "PIL.PngImagePlugin",
    "secrets",
    "hailuo_batch.gateways.minimax", "hailuo_batch.gateways.registry", "hailuo_batch.ledger.sqlite",
    "hailuo_batch.ledger.run_lock", "hailuo_batch.load.inputs", "hailuo_batch.media.frames", "hailuo_batch.media.probe",
    "hailuo_batch.mock.server", "hailuo_batch.store.listing", "hailuo_batch.store.local", "hailuo_batch.store.renders",
)  # fmt: skip
NEW_LEDGER = "new-ledger"  # a file of this name: the run is called with that option
SKETCH = "sketch"  # in the place of an address: nobody is asked
REHEARSAL = "rehearsal"  # in the place of an address: the mock is inside; it delivers the folder's `clip.mp4`
REHEARSAL_SPEED = 400.0  # a clip takes 10 ms, and a pause of a limiter 150 ms, in which a kill can meet it


def work_at(base: str, *, answer: float = 10.0) -> None:
    """Lets this process, which does nothing else, find its gateways at `base`, where time flies; `answer` is how many
    seconds of the world it waits for one.
    """
    urls = {gateway: f"{base}/{gateway}" for gateway in GATEWAYS}

    @asynccontextmanager
    async def drivers(providers: Any, circumstances: DriverContext) -> AsyncIterator[Mapping[str, Driver]]:
        async with drivers_at(urls, providers, circumstances, answer=answer, pauses=Pauses()) as found:
            yield found

    if base not in {SKETCH, REHEARSAL}:
        patch.object(context, "open_drivers", drivers).start()
        patch.object(context, "make_scaled_clock", lambda _: Tempo(elapsed=time.monotonic, speed=SPEED)).start()


async def go_on(folder: Path, base: str, answer: float) -> int:
    """One run of the folder's film; its exit code."""
    work_at(base, answer=answer)
    return int((await run(folder / "film.yaml", _options(folder, base))).exit)


def _options(folder: Path, base: str) -> RunOptions:
    if base == SKETCH:
        return RunOptions(world=World.SKETCH, jobs=1)
    if base == REHEARSAL:
        clip = (folder / "clip.mp4").read_bytes()
        mock = Rehearsal(speed=REHEARSAL_SPEED, sketches=False, clip=clip)
        return RunOptions(world=World.REHEARSAL, jobs=HANDS, rehearsal=mock)
    return RunOptions(jobs=HANDS, new_ledger=(folder / NEW_LEDGER).exists())


class Inline(ThreadPoolExecutor):
    """Works where it is called: the n-th call of a kind is then the n-th of one thread."""

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        try:
            future.set_result(work(*given, **named))
        except Exception as error:  # noqa: BLE001 - it goes to whoever waits
            future.set_exception(error)
        return future


def _once(folder: Path, base: str) -> int:
    """One run as a user calls it."""
    work_at(base)
    concurrent.futures.ThreadPoolExecutor = Inline  # type: ignore[misc]
    os.chdir(folder)
    how = ("--sketch", "-j", "1") if base == SKETCH else ("--yes", "-j", str(HANDS))
    return run_command_line(("run", "film.yaml", "--progress", "none", *how))


def _serve() -> None:
    """Forks for each line. The child waits for the next one, so that its number is known before it begins; it is
    forgotten only after one more, so that nobody ever kills a stranger of the same number.
    """
    for name in LATE:
        importlib.import_module(name)
    gc.freeze()  # a fork that collects nothing of this copies no pages
    for line in sys.stdin:
        folder, base, answer, os.environ["HAILUO_STATE"] = json.loads(line)
        waiting, begin = os.pipe()
        living, alive = os.pipe()
        process = os.fork()
        if not process:
            os.close(living)
            os.read(waiting, 1)
            os._exit(_ended(Path(folder), base, answer))
        os.close(alive)
        print(process, flush=True)
        sys.stdin.readline()
        os.write(begin, b"!")
        os.read(living, 1)  # ends when the child does
        print("over", flush=True)
        sys.stdin.readline()
        _, status = os.waitpid(process, 0)
        for number in (waiting, begin, living):
            os.close(number)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _ended(folder: Path, base: str, answer: float) -> int:
    with (folder / "told").open("w") as told:
        os.dup2(told.fileno(), 2)
        try:
            return asyncio.run(go_on(folder, base, answer))
        except BaseException as error:  # noqa: BLE001 - the child must never go on as its parent
            print(f"Traceback: {error!r}", file=sys.stderr, flush=True)
            return 70


@dataclass(slots=True)
class Fork:
    """A run that goes on."""

    number: int
    over: bool = False

    def kill(self) -> None:
        """Ends it at once, if it has not ended."""
        if not self.over:
            os.kill(self.number, signal.SIGKILL)


def _unheard(_: Fork) -> None:
    """Tells nobody."""


class Forks:
    """The server, as those who start runs see it: one run at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._server: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            assert self._server.stdin is not None
            self._server.stdin.close()
            await self._server.wait()

    async def run(
        self, folder: Path, base: str, *, begun: Callable[[Fork], None] = _unheard, answer: float = 10.0
    ) -> int:
        """One run; `begun` is given it before it does anything. Its exit code, negative for a signal."""
        server = self._server or await self._start()
        try:
            order = json.dumps([str(folder), base, answer, os.environ["HAILUO_STATE"]])
            fork = Fork(int(await _answer(server, order)))
            begun(fork)
            await _answer(server, "begin")
            fork.over = True
            return int(await _answer(server, "end"))
        except BaseException:
            server.kill()  # it still has the run of a test that failed: the next test gets another server
            await server.wait()
            self._server = None
            raise

    async def _start(self) -> asyncio.subprocess.Process:
        self._server = await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            "serve",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **self._environment},
        )
        return self._server


async def _answer(server: asyncio.subprocess.Process, line: str) -> bytes:
    """What the server answers to a line."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(f"{line}\n".encode())
    return await asyncio.wait_for(server.stdout.readline(), 120)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        _serve()
    else:
        sys.exit(_once(Path(sys.argv[2]), sys.argv[3]))

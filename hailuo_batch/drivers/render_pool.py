"""The worker processes that draw and measure: started when there is something to do, handed one piece of work at a
time, replaced.

They are programs of their own (`render_worker.py`) and not `multiprocessing`: its workers import the caller's script
again, and a script without a guard around its last line would start the whole run again in each of them.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.drivers import render_worker

if TYPE_CHECKING:
    from hailuo_batch.core.measures import ClipMeasures, GivenImage
    from hailuo_batch.core.plan.render_names import StillAt
    from hailuo_batch.core.sketch import Sketch

_PACKAGE_PARENT = str(Path(__file__).parents[2])  # the folder that this package is imported from
_LONGEST_ANSWER = 2**20  # bytes of an answer; it may name a file, and a path has up to 4096
_STDERR_LINES = 3  # lines of a dead worker's last words: the place and what happened
_STDERR_BYTES = 4096  # bytes of them that are kept


class WorkerDiedError(Exception):
    """A worker ended over its work; the text is its last words."""


class NoWorkerError(WorkerDiedError):
    """No worker could be started, so that nothing was tried."""


class RenderPool:
    """Up to `workers` processes; any number of sketches may be requested at once."""

    def __init__(self, workers: int) -> None:
        self._slots = asyncio.Semaphore(workers)
        self._free: list[_Worker] = []
        self._workers: list[_Worker] = []
        self._closed = False

    async def draw(self, sketch: "Sketch", target: Path) -> None:
        """Draws at `target` as soon as a worker is free.

        Raises the worker's HailuoError or OSError, or WorkerDiedError when two workers in a row ended over it.
        """
        render_worker.check_answer(await self._work(render_worker.encode_request(sketch, target)))

    async def measure(
        self, clip: Path, given: "Iterable[GivenImage]", stills: "Mapping[StillAt, Path]", *, seconds: float
    ) -> "ClipMeasures":
        """Measures a clip as soon as a worker is free.

        Raises WorkerDiedError as `draw` does, and TimeoutError when a worker was busy with it for so many seconds.
        """
        question = render_worker.encode_measuring(clip, given, stills)
        return render_worker.parse_measured(await self._work(question, seconds=seconds))

    async def check(self, clip: Path) -> str:
        """Why a clip does not decode, as soon as a worker is free; "" when it does. Raises as `draw` does."""
        return render_worker.parse_checked(await self._work(render_worker.encode_checking(clip)))

    async def _work(self, question: bytes, *, seconds: float | None = None) -> bytes:
        async with self._slots, asyncio.timeout(seconds):
            try:
                return await self._exchange(await self._get_free_worker(), question)
            except WorkerDiedError:  # the work is free; a new one, since those who wait may have died unnoticed as well
                return await self._exchange(await self._start_worker(), question)

    async def close(self, *, at_once: bool) -> None:
        """Ends the workers, after the sketch under way or at once. None is started any more."""
        self._closed = True
        for worker in self._workers:
            worker.end(at_once=at_once)
        try:
            await _wait_all(self._workers)
        except asyncio.CancelledError:
            for worker in self._workers:
                worker.end(at_once=True)
            await _wait_all(self._workers)
            raise

    async def _exchange(self, worker: "_Worker", question: bytes) -> bytes:
        try:
            answer = await worker.exchange(question)
        except BaseException:
            worker.end(at_once=True)  # dead, or in the middle of a sketch that no caller waits for
            raise
        self._free.append(worker)
        return answer

    async def _get_free_worker(self) -> "_Worker":
        while self._free and not self._closed:
            worker = self._free.pop()
            if worker.is_alive:
                return worker
        return await self._start_worker()

    async def _start_worker(self) -> "_Worker":
        if self._closed:
            raise NoWorkerError("the run has ended")
        worker = await _start_process()
        self._register(worker)
        return worker

    def _register(self, worker: "_Worker") -> None:
        self._workers.append(worker)
        if self._closed:  # while it started
            worker.end(at_once=True)


class _Worker:
    """One process, seen from outside."""

    def __init__(self, process: Process) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - they are pipes
        self._process, self._questions, self._answers = process, process.stdin, process.stdout
        self._last_words = asyncio.create_task(_read_last_words(process.stderr))
        self._is_killed = False

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def exchange(self, question: bytes) -> bytes:
        answer = await self._read_answer(question)
        if answer is None:
            await self.wait()
            raise WorkerDiedError(await asyncio.shield(self._last_words) or self._exit_reason())
        return answer

    async def _read_answer(self, question: bytes) -> bytes | None:
        with suppress(ConnectionError):  # it is gone
            self._questions.write(question)
            await self._questions.drain()
            while line := await self._answers.readline():
                if render_worker.is_answer(line):
                    return line
        return None

    def end(self, *, at_once: bool) -> None:
        self._questions.close()
        # Never twice: `kill` checks whether the process is dead, and what it sees the loop's own watch would then miss.
        if at_once and self.is_alive and not self._is_killed:
            self._is_killed = True
            with suppress(ProcessLookupError):  # it just went by itself
                self._process.kill()

    async def wait(self) -> None:
        await asyncio.shield(self._last_words)  # shielded: others may wait for them too
        await self._process.wait()

    def _exit_reason(self) -> str:
        code = self._process.returncode or 0
        return f"it was killed by signal {-code}" if code < 0 else f"it ended with {code}"


async def _start_process() -> _Worker:
    # SIGINT is ignored by the worker itself and not kept away by a session of its own: a closed terminal and Ctrl-Z
    # shall reach it. One that Ctrl-C meets before it can ignore it is replaced.
    program = (sys.executable, "-P", "-m", render_worker.__name__)
    try:
        process = await asyncio.create_subprocess_exec(
            *program, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LONGEST_ANSWER, env=_environment()
        )
    except OSError as error:
        raise NoWorkerError(f"{sys.executable} could not be started: {error.strerror}") from error
    return _Worker(process)


async def _wait_all(workers: Iterable[_Worker]) -> None:
    await asyncio.gather(*(worker.wait() for worker in workers))


async def _read_last_words(stderr: asyncio.StreamReader) -> str:
    """The last lines a process wrote, in one; returns when it ends. Without a reader the process would block."""
    tail = b""
    while some := await stderr.read(_STDERR_BYTES):
        tail = (tail + some)[-_STDERR_BYTES:]
    lines = (line.strip() for line in tail.decode(errors="replace").splitlines())
    return " / ".join([line for line in lines if line][-_STDERR_LINES:])


def _environment() -> dict[str, str]:
    """Ours, with the way on which a worker finds every module where this process finds it, in the same order.

    The whole way: with this package's folder alone in front, an old backport beside it (`pathlib`, `enum34`) would hide
    a module of Python itself. The current folder is on it only when this package is there: a `json.py` of the user's
    would hide one too.
    """
    try:
        here = str(Path.cwd())
    except OSError:  # it was removed
        here = ""
    entries = [entry or here for entry in sys.path if isinstance(entry, str)]
    kept = [entry for entry in entries if entry == _PACKAGE_PARENT or entry != here]
    path = kept if _PACKAGE_PARENT in kept else [*kept, _PACKAGE_PARENT]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}

"""The worker processes that draw: started when there is something to draw, handed one drawing at a time, replaced.

They are programs of their own (`render_worker.py`) and not `multiprocessing`: its workers import the caller's script
again, and a script without a guard around its last line would start the whole run again in each of them.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.drivers import render_worker

if TYPE_CHECKING:
    from hailuo_batch.media.animatic.values import Sketch

_HOME = str(Path(__file__).parents[2])  # the folder that this package is imported from
_LONGEST = 2**20  # bytes of an answer; it may name a file, and a path has up to 4096
_WORDS = 3  # lines of a dead worker's last words: the place and what happened
_TAIL = 4096  # bytes of them that are kept


class WorkerDiedError(Exception):
    """A worker ended over a drawing; the text is its last words."""


class Studio:
    """Up to `workers` processes; as many drawings as one likes may be asked for at once."""

    def __init__(self, workers: int) -> None:
        self._seats = asyncio.Semaphore(workers)
        self._free: list[_Worker] = []
        self._hired: list[_Worker] = []
        self._closed = False

    async def draw(self, sketch: "Sketch", target: Path) -> None:
        """Draws at `target` as soon as a worker is free.

        Raises the worker's HailuoError or OSError, or WorkerDiedError when two workers in a row ended over it.
        """
        question = render_worker.question(sketch, target)
        async with self._seats:
            try:
                answer = await self._ask(await self._free_worker(), question)
            except WorkerDiedError:  # drawing is free; a new one, since those who wait may have died unnoticed as well
                answer = await self._ask(await self._new_worker(), question)
        render_worker.hear(answer)

    async def close(self, *, at_once: bool) -> None:
        """Ends the workers: after the drawing in hand, or at once. Nobody is hired any more."""
        self._closed = True
        for worker in self._hired:
            worker.end(at_once=at_once)
        try:
            await _all_ended(self._hired)
        except asyncio.CancelledError:
            for worker in self._hired:
                worker.end(at_once=True)
            await _all_ended(self._hired)
            raise

    async def _ask(self, worker: "_Worker", question: bytes) -> bytes:
        try:
            answer = await worker.ask(question)
        except BaseException:
            worker.end(at_once=True)  # dead, or in the middle of a drawing that nobody waits for any more
            raise
        self._free.append(worker)
        return answer

    async def _free_worker(self) -> "_Worker":
        while self._free and not self._closed:
            worker = self._free.pop()
            if worker.alive:
                return worker
        return await self._new_worker()

    async def _new_worker(self) -> "_Worker":
        if self._closed:
            raise WorkerDiedError("the run has ended")
        worker = await _start()
        self._hire(worker)
        return worker

    def _hire(self, worker: "_Worker") -> None:
        self._hired.append(worker)
        if self._closed:  # while it started
            worker.end(at_once=True)


class _Worker:
    """One process, seen from outside."""

    def __init__(self, process: Process) -> None:
        assert process.stdin and process.stdout and process.stderr  # noqa: S101, PT018 - they are asked for below
        self._process, self._questions, self._answers = process, process.stdin, process.stdout
        self._words = asyncio.create_task(_last_words(process.stderr))
        self._killed = False

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    async def ask(self, question: bytes) -> bytes:
        answer = await self._answer(question)
        if answer is None:
            await self.ended()
            raise WorkerDiedError(await asyncio.shield(self._words) or self._cause())
        return answer

    async def _answer(self, question: bytes) -> bytes | None:
        with suppress(ConnectionError):  # it is gone
            self._questions.write(question)
            await self._questions.drain()
            while line := await self._answers.readline():
                if render_worker.is_answer(line):
                    return line
        return None

    def end(self, *, at_once: bool) -> None:
        self._questions.close()
        # Never twice: `kill` looks whether the process is dead, and what it sees the loop's own watch would then miss.
        if at_once and self.alive and not self._killed:
            self._killed = True
            with suppress(ProcessLookupError):  # it just went by itself
                self._process.kill()

    async def ended(self) -> None:
        await asyncio.shield(self._words)  # shielded: others may wait for them too
        await self._process.wait()

    def _cause(self) -> str:
        code = self._process.returncode or 0
        return f"it was killed by signal {-code}" if code < 0 else f"it ended with {code}"


async def _start() -> _Worker:
    # SIGINT is ignored by the worker itself and not kept away by a session of its own: a closed terminal and Ctrl-Z
    # shall reach it. One that Ctrl-C meets before it can ignore it is replaced.
    program = (sys.executable, "-P", "-m", render_worker.__name__)
    try:
        process = await asyncio.create_subprocess_exec(
            *program, stdin=PIPE, stdout=PIPE, stderr=PIPE, limit=_LONGEST, env=_environment()
        )
    except OSError as error:
        raise WorkerDiedError(f"{sys.executable} could not be started: {error.strerror}") from error
    return _Worker(process)


async def _all_ended(workers: Iterable[_Worker]) -> None:
    await asyncio.gather(*(worker.ended() for worker in workers))


async def _last_words(stderr: asyncio.StreamReader) -> str:
    """The last lines a process wrote, in one; comes back when it ends. Somebody must read, or it would stand still."""
    tail = b""
    while some := await stderr.read(_TAIL):
        tail = (tail + some)[-_TAIL:]
    lines = (line.strip() for line in tail.decode(errors="replace").splitlines())
    return " / ".join([line for line in lines if line][-_WORDS:])


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
    kept = [entry for entry in entries if entry == _HOME or entry != here]
    path = kept if _HOME in kept else [*kept, _HOME]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path)}

"""Writes each accepted task to the manifest's tasks file while a run works, behind the ledger.

Tasks that are accepted while the disk is busy share the next write, so that ten thousand of them cost a few hundred.
The ledger comes first and decides. What cannot be written is tried again with the next tasks, and when the run ends.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.models import is_local
from hailuo_batch.ports import Facts, Intent, LedgerWriter

if TYPE_CHECKING:
    from hailuo_batch.core.plan.task_entries import TaskEntry

_NO_FACTS = Facts()


@asynccontextmanager
async def record_tasks(
    ledger: LedgerWriter, file: Path | None, written: "Iterable[TaskEntry]" = ()
) -> AsyncIterator[LedgerWriter]:
    """The ledger, which also writes accepted tasks to a file; `written` are those that are there already."""
    if file is None:
        yield ledger
        return
    appender = _Appender(file, written)
    try:
        yield cast("LedgerWriter", _TaskRecorder(ledger, appender))
    finally:
        await appender.close()


class _TaskRecorder:
    """Implements `ports.LedgerWriter`: passes every call to a ledger, and writes down what was accepted."""

    def __init__(self, ledger: LedgerWriter, appender: "_Appender") -> None:
        self._ledger, self._appender = ledger, appender
        self._intents: dict[int, Intent] = {}

    async def record_intent(self, intent: Intent) -> int:
        attempt = await self._ledger.record_intent(intent)
        if not is_local(intent.provider):
            self._intents[attempt] = intent
        return attempt

    async def move(self, attempt: int, move: Move, facts: Facts = _NO_FACTS) -> Stage:
        stage = await self._ledger.move(attempt, move, facts)
        if move is Move.ACCEPT and facts.task and attempt in self._intents:
            # Money: returns when the file has the task, so that whatever was polled once is known to git.
            await self._write(self._intents.pop(attempt), facts.task)
        return stage

    async def adopt_task(self, intent: Intent, task: str, reason: str) -> int:
        attempt = await self._ledger.adopt_task(intent, task, reason)
        await self._write(intent, task)
        return attempt

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)

    async def _write(self, intent: Intent, task: str) -> None:
        from hailuo_batch.core.plan.task_entries import TaskEntry

        entry = TaskEntry(
            shot=intent.shot, take=intent.take, provider=intent.provider, task=task, fingerprint=intent.fingerprint
        )
        await self._appender.append(entry)


class _Appender:
    """The queue in front of the file."""

    def __init__(self, file: Path, written: "Iterable[TaskEntry]") -> None:
        self._file = file
        self._entries = set(written)  # that the file has, or gets now
        self._queue: list[TaskEntry] = []
        self._batch: asyncio.Future[None] | None = None  # of those in the queue
        self._drain_task: asyncio.Task[None] | None = None
        self._is_torn = False

    async def append(self, entry: "TaskEntry") -> None:
        """Returns when the entry is in the file, or cannot be written there now."""
        if entry in self._entries:
            return
        self._entries.add(entry)
        self._queue.append(entry)
        if self._batch is None:
            self._batch = asyncio.get_running_loop().create_future()
        batch = self._batch
        if self._drain_task is None or self._drain_task.done():
            self._drain_task = asyncio.create_task(self._drain(), name="tasks file")
        await asyncio.shield(batch)

    async def close(self) -> None:
        """Returns when all queued entries are written, even if the closer is cancelled."""
        cancelled: asyncio.CancelledError | None = None
        while self._drain_task is not None and not self._drain_task.done():
            try:
                await asyncio.wait({self._drain_task})
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def _drain(self) -> None:
        while self._batch is not None:
            entries, self._queue = self._queue, []
            batch, self._batch = self._batch, None
            try:
                await self._append_entries(entries)
            except Exception as error:  # noqa: BLE001 - a bug goes to those who wait, none of whom may wait for ever
                batch.set_exception(error)
            except BaseException:
                batch.cancel()
                raise
            else:
                batch.set_result(None)

    async def _append_entries(self, entries: "list[TaskEntry]") -> None:
        from hailuo_batch.load import tasks_file

        try:
            if not self._is_torn:
                await asyncio.to_thread(tasks_file.append_tasks, self._file, entries)
                return
        except OSError:
            self._is_torn = True  # a line may be cut off, and no other may follow it
        with suppress(OSError):  # else it is tried with the next tasks, and at the end of the run, which says why not
            await asyncio.to_thread(tasks_file.replace_tasks, self._file, tuple(self._entries))
            self._is_torn = False

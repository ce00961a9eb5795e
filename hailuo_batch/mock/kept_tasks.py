"""The tasks of a mock in a file, one line each, so that the mock of a later process goes on with them.

A line is handed to the system before the submit is answered: a killed process loses no task that anyone knows of. It
is not forced to the disk. What a task is worth is in the ledger of the rehearsal, which is.
"""

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from decimal import Decimal
from hashlib import sha256
from io import FileIO
from pathlib import Path
from typing import Any

from hailuo_batch.core.money import Money
from hailuo_batch.files.folder import Folder
from hailuo_batch.mock.clock import Clock
from hailuo_batch.mock.task import ClipSpec, Task, TaskFailure
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptTask:
    """A task, and the digest of the idempotency key that it was submitted with; empty without one."""

    task: Task
    key: str = ""


class KeptTasks:
    """Reads the tasks of earlier mocks from `file`, and adds new ones; its folder is there, and below `trusted`."""

    def __init__(self, file: Path, trusted: Path) -> None:
        self._folder, self._name = Folder(file.parent, trusted), file.name
        self._file: FileIO | None = None

    def open(self, clock: Clock) -> Iterator[KeptTask]:
        """The tasks that are there, as old by this clock as the time that has passed makes them."""
        with self._folder.open() as folder:
            self._file = folder.open_for_update(self._name)
        for line in self._file.readall().splitlines():
            # A killed process may have left half a line; its submit was never answered.
            with suppress(ValueError, KeyError, TypeError, ArithmeticError):
                yield _parse_line(json.loads(line), clock)

    def add(self, kept: KeptTask) -> None:
        """Keeps a task; an OSError when it cannot be written."""
        if self._file is not None:
            line = json.dumps({"at": time.time(), **asdict(kept)}, default=str)
            self._file.write(f"\n{line}\n".encode())  # the first end is that of half a line

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def key_digest(*parts: str) -> str:
    """What stands for an idempotency key and its owner in the file: no key of anyone is written."""
    return sha256(json.dumps(parts).encode()).hexdigest()


def _parse_line(line: dict[str, Any], clock: Clock) -> KeptTask:
    members = line["task"]
    failure = members["failure"]
    task = Task(
        **{
            **members,
            "shape": tuple(members["shape"]),
            "clip": ClipSpec(**{**members["clip"], "shape": tuple(members["clip"]["shape"])}),
            "price": Money(amount=Decimal(members["price"]["amount"]), currency=members["price"]["currency"]),
            "failure": None if failure is None else TaskFailure(**failure),
        }
    )
    age = _age(task, max(0.0, time.time() - line["at"]), clock.speed)
    return KeptTask(task=replace(task, created=clock.now() - age), key=line["key"])


def _age(task: Task, elapsed: float, speed: float) -> float:
    """How old a task is in the mock's seconds, so many of the world's after its submit.

    Its rendering is as fast as the mock. After that, time passes as in the world: a link that is good for a day is
    good for a day, and not for an hour at twenty times the speed.
    """
    return min(elapsed * speed, max(elapsed, task.queued + task.running))

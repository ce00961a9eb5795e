"""The tasks file of a manifest: what it says, what it should say after a plan, and writing that.

Only the real world has one. Money: a checkout without the ledger follows these tasks instead of buying them again.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.snapshot import LedgerSnapshot
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.workspace.paths import tasks_path
from hailuo_batch.core import rules
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Plan
from hailuo_batch.core.problem import Place, Problem
from hailuo_batch.core.world import World

if TYPE_CHECKING:
    from hailuo_batch.core.plan.known_task import KnownTask
    from hailuo_batch.core.plan.task_entries import TaskEntry

_WITHOUT_SHOT_REMEDY = (
    "Restore the request and run it: the clip is downloaded. If nobody needs it, delete the task's line."
)


def has_tasks_file(validation: Validation) -> bool:
    """Whether a manifest in this world may have a tasks file: where something can be bought."""
    return validation.world is World.REAL and not validation.model.is_local


def read_task_entries(validation: Validation) -> "tuple[TaskEntry, ...]":
    """What the manifest's tasks file says."""
    path = tasks_path(validation.file)
    if not has_tasks_file(validation) or not os.path.lexists(path):
        return ()
    from hailuo_batch.load.tasks_file import read_tasks

    return read_tasks(path)


def write_task_entries(path: Path, entries: "tuple[TaskEntry, ...]") -> None:
    """Writes the file anew where it says something else; `StoreError` when it cannot be written."""
    if entries or os.path.lexists(path):
        from hailuo_batch.load.tasks_file import write_tasks

        write_tasks(path, entries)


def find_known_tasks(
    entries: "tuple[TaskEntry, ...]", snapshot: LedgerSnapshot, validation: Validation
) -> "dict[str, KnownTask]":
    """The tasks of the file that this ledger does not have, by fingerprint."""
    if not entries:
        return {}
    from hailuo_batch.core.plan.task_entries import make_known_tasks

    return make_known_tasks(entries, snapshot.recorded_tasks, source=tasks_path(validation.file).name)


def find_tasks_without_shot(
    entries: "tuple[TaskEntry, ...]", snapshot: LedgerSnapshot, plan: Plan, lock: Lockfile, *, name: str
) -> tuple[Problem, ...]:
    """A warning of tasks that nobody here can follow, since no shot has the request that they were submitted for."""
    planned = {step.fingerprint for step in plan.steps}
    if not entries or "" in planned:  # a shot that waits for a frame may be the one
        return ()
    strange = [
        each
        for each in entries
        if each.fingerprint not in planned
        and each.fingerprint not in lock.clips
        and (each.provider, each.task) not in snapshot.recorded_tasks
    ]
    if not strange:
        return ()
    first = strange[0]
    more = f" and {len(strange) - 1:,} more" if len(strange) > 1 else ""
    whose = f"{first.shot}#{first.take}"
    why = f"task {first.task} at {first.provider}{more} was submitted for another request than {whose} has now."
    place = Place(file=name, line=1, column=1)
    return (Problem(rule=rules.TASK_WITHOUT_SHOT, why=why, remedy=_WITHOUT_SHOT_REMEDY, place=place),)


def list_current_entries(
    entries: "tuple[TaskEntry, ...]", snapshot: LedgerSnapshot, plan: Plan, lock: Lockfile
) -> "tuple[TaskEntry, ...]":
    """What the tasks file should say, by the ledger, a plan and the lock."""
    from hailuo_batch.core.plan.task_entries import TaskFacts, list_pending_entries, update_entries

    pending = list_pending_entries(snapshot.pending_attempts, plan.steps)
    if not entries and not pending:
        return ()
    facts = TaskFacts(
        locked=lock.clips.keys(),
        planned={step.fingerprint for step in plan.steps},
        recorded=snapshot.recorded_tasks,
        standings=snapshot.standings,
        pending=pending,
    )
    return update_entries(entries, facts)

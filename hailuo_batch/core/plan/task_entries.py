"""What a manifest's tasks file says, as values: accepted tasks whose clips the lock does not name yet.

The file is in git, so that a checkout without the ledger follows these tasks instead of buying them again. It is read
and written in `load/tasks_file.py`.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage, Standing
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.plan.known_task import KnownTask, pick_known_task
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.values import dataclass

_PENDING_ACTIONS = frozenset({Action.RESUME, Action.FETCH})
_PENDING_STAGES = frozenset({Stage.SUBMITTED, Stage.PRODUCED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEntry:
    """One accepted task: the take that it was submitted for, its provider, its id there, and the request."""

    shot: str
    take: int
    provider: str
    task: str
    fingerprint: str


def make_known_tasks(
    entries: Iterable[TaskEntry], recorded: AbstractSet[tuple[str, str]], *, source: str
) -> dict[str, KnownTask]:
    """The tasks that the ledger does not have, by fingerprint; `recorded` are provider and id of those that it has."""
    known: dict[str, KnownTask] = {}
    for entry in sort_entries(entries):
        if (entry.provider, entry.task) not in recorded:
            found = KnownTask(provider=entry.provider, task=entry.task, source=source)
            known.setdefault(entry.fingerprint, found)
    return known


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaskFacts:
    """What decides which entries stay.

    `locked` are the fingerprints whose clips the lock names, `planned` those of the plan, `recorded` provider and id of
    every task that the ledger has, `pending` its own tasks whose clips are not in the store.
    """

    locked: AbstractSet[str]
    planned: AbstractSet[str]
    recorded: AbstractSet[tuple[str, str]]
    standings: Mapping[str, Standing]
    pending: AbstractSet[TaskEntry]


def update_entries(entries: Iterable[TaskEntry], facts: TaskFacts) -> tuple[TaskEntry, ...]:
    """What the file should say: entries that are not settled, and the ledger's own pending tasks. Sorted."""
    kept = {entry for entry in entries if not _is_settled(entry, facts)}
    return sort_entries(kept | facts.pending)


def list_pending_entries(attempts: Iterable[AttemptRecord], steps: Iterable[Step]) -> frozenset[TaskEntry]:
    """The ledger's own pending tasks: those of the campaign (`attempts`), and those of steps that share a request with
    another manifest, which submitted it.
    """
    mine = {(each.provider, each.task): _attempt_entry(each) for each in attempts if each.task}
    for step in steps:
        standing = step.standing if step.action in _PENDING_ACTIONS else None
        if standing is not None and standing.task and standing.stage in _PENDING_STAGES:
            mine.setdefault((standing.provider, standing.task), _step_entry(step, standing))
    return frozenset(mine.values())


def sort_entries(entries: Iterable[TaskEntry]) -> tuple[TaskEntry, ...]:
    """The entries in the order of the file: by shot and take, then by task."""
    return tuple(sorted(entries, key=lambda each: (each.shot, each.take, each.provider, each.task, each.fingerprint)))


def _step_entry(step: Step, standing: Standing) -> TaskEntry:
    name = step.take_names[0]
    return TaskEntry(
        shot=name.shot,
        take=name.take,
        provider=standing.provider,
        task=standing.task or "",
        fingerprint=step.fingerprint,
    )


def _attempt_entry(attempt: AttemptRecord) -> TaskEntry:
    return TaskEntry(
        shot=attempt.shot,
        take=attempt.take,
        provider=attempt.provider,
        task=attempt.task or "",
        fingerprint=attempt.fingerprint,
    )


def _is_settled(entry: TaskEntry, facts: TaskFacts) -> bool:
    """Whether nobody needs to follow the task: its clip is in the lock, or this ledger knows how it ended."""
    standing = facts.standings.get(entry.fingerprint)
    if entry.fingerprint in facts.locked:
        return True
    if (entry.provider, entry.task) not in facts.recorded:
        known = KnownTask(provider=entry.provider, task=entry.task, source="")
        is_open = standing is not None and standing.stage in LIVE_STAGES - {Stage.STORED}
        return not is_open and pick_known_task(known, standing) is None
    if standing is None or standing.task != entry.task:
        return True
    # Money: until the lock names a stored clip, this line is all that git has of it.
    is_unlocked = standing.stage is Stage.STORED and entry.fingerprint in facts.planned
    return standing.stage not in _PENDING_STAGES and not is_unlocked

"""Shots that the lock names and the manifest no longer has: removed, or renamed with the same request."""

from collections.abc import Collection

from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedShot:
    """A shot of the lock without an entry in the manifest; `renamed_to` is the new shot with its request, or ""."""

    shot: str
    renamed_to: str = ""


def find_dropped_shots(lock: Lockfile, steps: Collection[Step], shot_ids: Collection[str]) -> tuple[DroppedShot, ...]:
    """What left the manifest since the lock was written; `shot_ids` are all ids of the manifest."""
    known = set(shot_ids)
    gone = [shot for shot in lock.shots if shot not in known]
    if not gone:
        return ()
    new: dict[str, dict[str, None]] = {}  # by fingerprint, the new shots in their order
    for step in steps:
        for use in step.uses if step.fingerprint else ():
            if use.shot.id not in lock.shots:
                new.setdefault(step.fingerprint, {})[use.shot.id] = None
    return tuple(DroppedShot(shot=shot, renamed_to=_take_new_name(lock, shot, new)) for shot in gone)


def _take_new_name(lock: Lockfile, shot: str, new: dict[str, dict[str, None]]) -> str:
    """The first new shot with a request of the one that is gone; each is the new name of one, while there are more."""
    marks = [take.fingerprint for take in lock.shots[shot].takes.values()]
    found = next((name for mark in marks for name in new.get(mark, ())), "")
    for names in (new[mark] for mark in marks if mark in new):
        if len(names) > 1:
            names.pop(found, None)
    return found

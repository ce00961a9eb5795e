"""Shots that the lock names and the manifest no longer has: removed, or renamed with the same request."""

from collections.abc import Collection
from dataclasses import dataclass

from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Step


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
    new = {
        step.fingerprint: use.shot.id
        for step in steps
        for use in reversed(step.uses)
        if step.fingerprint and use.shot.id not in lock.shots
    }
    return tuple(DroppedShot(shot=shot, renamed_to=_new_name(lock, shot, new)) for shot in gone)


def _new_name(lock: Lockfile, shot: str, new: dict[str, str]) -> str:
    takes = lock.shots[shot].takes.values()
    return next((new[take.fingerprint] for take in takes if take.fingerprint in new), "")

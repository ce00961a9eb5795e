"""The lock as a value: which clips are the campaign, shot by shot.

Sorted, without times, addresses or paths: the same run gives the same bytes, and two branches that touch different
shots merge. The file itself is read and written in `load/lockfile.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import NamedClip, Past, Plan, Step, Use


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTake:
    """One chosen clip: the question, the answer, who made it and for how much (None: unknown or free).

    `made_for` is the question that the clip really answers, where it was accepted for another.
    """

    fingerprint: str
    artifact: str
    provider: str
    cost: Money | None = None
    made_for: str = ""

    @property
    def answers(self) -> str:
        """The fingerprint that the clip was made for."""
        return self.made_for or self.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedShot:
    """A shot's version and its takes by number."""

    version: int
    takes: Mapping[int, LockedTake]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """One manifest's lock."""

    campaign: str
    shots: Mapping[str, LockedShot]

    @property
    def artifacts(self) -> dict[str, NamedClip]:
        """Every clip that is named here, by the fingerprint that it answers."""
        return {
            take.answers: NamedClip(file="", digest=take.artifact, provider=take.provider, cost=take.cost)
            for shot in self.shots.values()
            for take in shot.takes.values()
        }

    @property
    def past(self) -> dict[str, Past]:
        """What each shot was when it was locked; a take whose clip answers its own question tells it best."""
        return {
            shot_id: Past(version=shot.version, take=take, fingerprint=shot.takes[take].answers)
            for shot_id, shot in self.shots.items()
            if (take := min(shot.takes, key=lambda number: (bool(shot.takes[number].made_for), number), default=0))
        }


def locked_after(lock: Lock, plan: Plan, everything: Iterable[str]) -> Lock:
    """The lock after a run: stored takes in, shots that left the manifest (`everything` has all ids) out.

    A shot whose new version is not stored yet keeps its old clips. What was accepted once is said anew or not at all.
    """
    shots = {shot_id: _unaccepted(lock.shots[shot_id]) for shot_id in everything if shot_id in lock.shots}
    # An earlier clip that was accepted begins no version: it comes last, to one that has a clip of its own.
    for step in sorted(plan.steps, key=lambda step: step.accepted is not None):
        taken = _taken(step)
        for use in step.uses if taken else ():
            if step.accepted is None or not _is_new(shots.get(use.shot.id), use):
                shots[use.shot.id] = _with(shots.get(use.shot.id), use, taken)
    return Lock(campaign=plan.campaign, shots=shots)


def _taken(step: Step) -> LockedTake | None:
    standing = step.standing
    if standing is None or standing.stage is not Stage.STORED or standing.digest is None:
        return None
    return LockedTake(
        fingerprint=step.fingerprint,
        artifact=standing.digest,
        provider=standing.provider,
        cost=standing.cost,
        made_for="" if step.accepted is None else step.accepted.made_for,
    )


def _unaccepted(shot: LockedShot) -> LockedShot:
    """The shot with every clip under the question that it was made for."""
    if not any(take.made_for for take in shot.takes.values()):
        return shot
    takes = {number: replace(take, fingerprint=take.answers, made_for="") for number, take in shot.takes.items()}
    return replace(shot, takes=takes)


def _is_new(shot: LockedShot | None, use: Use) -> bool:
    return shot is not None and shot.version != use.version


def _with(shot: LockedShot | None, use: Use, taken: LockedTake | None) -> LockedShot:
    assert taken is not None  # noqa: S101 - the caller asks only for stored takes
    if shot is None or shot.version != use.version:
        return LockedShot(version=use.version, takes={use.take: taken})
    kept = {number: take for number, take in shot.takes.items() if number <= use.shot.takes}
    return replace(shot, takes={**kept, use.take: taken})

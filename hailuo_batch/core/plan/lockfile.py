"""The lock as a value: which clips are the campaign, shot by shot.

Sorted, without times, addresses or paths: the same run gives the same bytes, and two branches that touch different
shots merge. The file itself is read and written in `load/lockfile.py`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, NamedClip, Plan, Step, Use
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.judgement import Selection


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedTake:
    """One chosen clip: the question, the answer, who made it and for how much (None: unknown or free).

    `made_for` is the question that the clip really answers, where it was accepted for another.
    """

    fingerprint: str
    digest: str
    provider: str
    cost: Money | None = None
    made_for: str = ""

    @property
    def clip_fingerprint(self) -> str:
        """The fingerprint that the clip was made for."""
        return self.made_for or self.fingerprint


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedShot:
    """A shot's version and its takes by number; `selected` is the take that is used (0: nobody selected one)."""

    version: int
    takes: Mapping[int, LockedTake]
    selected: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockfile:
    """One manifest's lock."""

    campaign: str
    shots: Mapping[str, LockedShot]
    source: str | None = field(default=None, compare=False)  # tells which file it was read from, "": there was none

    @property
    def clips(self) -> dict[str, NamedClip]:
        """Every clip that is named here, by the fingerprint that it answers."""
        return {
            take.clip_fingerprint: NamedClip(file="", digest=take.digest, provider=take.provider, cost=take.cost)
            for shot in self.shots.values()
            for take in shot.takes.values()
        }

    @property
    def last_renders(self) -> dict[str, LastRender]:
        """What each shot was when it was locked; a take whose clip was made for its own request is the best source."""
        return {
            shot_id: LastRender(version=shot.version, take=take, fingerprint=shot.takes[take].clip_fingerprint)
            for shot_id, shot in self.shots.items()
            if (take := min(shot.takes, key=lambda number: (bool(shot.takes[number].made_for), number), default=0))
        }


def update_lockfile(lock: Lockfile, plan: Plan, shot_ids: Iterable[str]) -> Lockfile:
    """The lock after a run: stored takes in, shots that left the manifest (`shot_ids` has all ids) out.

    A shot whose new version is not stored yet keeps its old clips. What was accepted once is said anew or not at all.
    """
    shots = {shot_id: _drop_acceptances(lock.shots[shot_id]) for shot_id in shot_ids if shot_id in lock.shots}
    # An earlier clip that was accepted begins no version: it comes last, to one that has a clip of its own.
    for step in sorted(plan.steps, key=lambda step: step.accepted is not None):
        taken = _lock_take(step)
        for use in step.uses if taken else ():
            if step.accepted is None or not _is_other_version(shots.get(use.shot.id), use):
                shots[use.shot.id] = _put_take(shots.get(use.shot.id), use, taken)
    return replace(lock, campaign=plan.campaign, shots=_mark_selected(shots, plan))


def _mark_selected(shots: dict[str, LockedShot], plan: Plan) -> dict[str, LockedShot]:
    """The shots with the takes that are selected now; an omitted shot is not planned, and stays as it is."""
    selections = plan.inputs.selections
    if not selections and not any(shot.selected for shot in shots.values()):
        return shots
    planned = {use.shot.id for step in plan.steps for use in step.uses}
    return {
        shot_id: replace(shot, selected=_find_selected(shot, selections.get(shot_id))) if shot_id in planned else shot
        for shot_id, shot in shots.items()
    }


def _find_selected(shot: LockedShot, selection: "Selection | None") -> int:
    """The selected take, while the lock has the clip that was selected."""
    there = None if selection is None else shot.takes.get(selection.take)
    return selection.take if selection is not None and there is not None and there.digest == selection.clip else 0


def _lock_take(step: Step) -> LockedTake | None:
    standing = step.standing
    if standing is None or standing.stage is not Stage.STORED or standing.digest is None:
        return None
    return LockedTake(
        fingerprint=step.fingerprint,
        digest=standing.digest,
        provider=standing.provider,
        cost=standing.cost,
        made_for="" if step.accepted is None else step.accepted.made_for,
    )


def _drop_acceptances(shot: LockedShot) -> LockedShot:
    """The shot with every clip under the question that it was made for."""
    if not any(take.made_for for take in shot.takes.values()):
        return shot
    takes = {
        number: replace(take, fingerprint=take.clip_fingerprint, made_for="") for number, take in shot.takes.items()
    }
    return replace(shot, takes=takes)


def _is_other_version(shot: LockedShot | None, use: Use) -> bool:
    return shot is not None and shot.version != use.version


def _put_take(shot: LockedShot | None, use: Use, new_take: LockedTake | None) -> LockedShot:
    assert new_take is not None  # noqa: S101 - the caller passes only stored takes
    if shot is None or shot.version != use.version:
        return LockedShot(version=use.version, takes={use.take: new_take})
    kept = {number: take for number, take in shot.takes.items() if number <= use.shot.takes}
    return replace(shot, takes={**kept, use.take: new_take})

"""What people decided about shots, as values: additional takes, earlier clips that they kept, and judgements.

`load/review.py` reads and writes the file. This module knows neither the user nor the time.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace

from hailuo_batch.core.attempt.attempt import Standing
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.judgement import Judgement, Omission, ReviewNote, Selection, Verdict
from hailuo_batch.core.request.request import Request
from hailuo_batch.values import dataclass

MAX_TAKES = 99  # of a shot; as many as a manifest allows, and as file names have digits for


@dataclass(frozen=True, slots=True, kw_only=True)
class Retake:
    """One more take under the same request: its number, who requested it, when (UTC, ISO 8601) and why."""

    take: int
    by: str
    at: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """An earlier clip that is used for a changed request.

    `request` is the fingerprint that it was accepted for, `made_for` the one that it answers. A request that changes
    once more is another fingerprint: the acceptance says nothing about it.
    """

    take: int
    request: str
    clip: str
    made_for: str
    by: str
    at: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotReview:
    """What was decided about one shot, in the order in which it was."""

    retakes: tuple[Retake, ...] = ()
    acceptances: tuple[Acceptance, ...] = ()
    selection: Selection | None = None
    judgements: tuple[Judgement, ...] = ()
    omission: Omission | None = None
    notes: tuple[ReviewNote, ...] = ()

    @property
    def wanted_clips(self) -> Iterator[str]:
        """The digests of the clips that somebody wants to keep."""
        yield from (acceptance.clip for acceptance in self.acceptances)
        yield from (each.clip for each in self.judgements if each.verdict is Verdict.APPROVED)
        if self.selection is not None:
            yield self.selection.clip

    def find_judgement(self, take: int, clip: str) -> Judgement | None:
        """What was decided about this clip of a take."""
        return next((each for each in self.judgements if (each.take, each.clip) == (take, clip)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One manifest's review, by shot id; an id that the manifest does not have keeps its entry."""

    shots: Mapping[str, ShotReview]
    source: str | None = field(default=None, compare=False)  # tells which file it was read from, "": there was none

    @property
    def acceptances(self) -> Iterator[Acceptance]:
        """Every acceptance. A fingerprint identifies the request, whatever the shot is called now."""
        return (acceptance for shot in self.shots.values() for acceptance in shot.acceptances)

    @property
    def clips(self) -> frozenset[str]:
        """The digests of all clips that were accepted, selected or approved."""
        return frozenset(clip for shot in self.shots.values() for clip in shot.wanted_clips)

    @property
    def selections(self) -> dict[str, Selection]:
        """What is selected, by shot id."""
        return {name: shot.selection for name, shot in self.shots.items() if shot.selection is not None}

    @property
    def omitted(self) -> frozenset[str]:
        """The ids of shots that are left out."""
        return frozenset(name for name, shot in self.shots.items() if shot.omission is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedClip:
    """An acceptance with what is known of its clip: the attempt that made it, and its request.

    `standing` is the attempt as the ledger has it; one that only the lock knows has number 0. `request` is None when
    the ledger that knew it is gone.
    """

    standing: Standing
    made_for: str
    request: Request | None
    why: str


EMPTY_REVIEW = ShotReview()
NO_REVIEW = Review(shots={}, source="")  # there is no file


def with_retakes(shots: Sequence[Shot], review: Review) -> tuple[Shot, ...]:
    """The shots with as many takes as the highest retake of each asks for; more in the manifest are not counted twice.

    The takes that were there keep their numbers, and with that their fingerprints.
    """
    most = {
        shot_id: max(retake.take for retake in shot.retakes) for shot_id, shot in review.shots.items() if shot.retakes
    }
    return tuple(replace(shot, takes=most[shot.id]) if most.get(shot.id, 0) > shot.takes else shot for shot in shots)


def add_retakes(review: Review, retakes: Mapping[str, Retake]) -> Review:
    """The review with one more retake for each of these shots."""
    before = {shot: shot_review(review, shot) for shot in retakes}
    return update_shots(
        review, {shot: replace(before[shot], retakes=(*before[shot].retakes, new)) for shot, new in retakes.items()}
    )


def add_acceptances(review: Review, acceptances: Mapping[str, Iterable[Acceptance]]) -> Review:
    """The review with these acceptances; one for the same request takes the place of the earlier one."""
    shots = {}
    for shot, added in acceptances.items():
        new = {acceptance.request: acceptance for acceptance in added}
        kept = (acceptance for acceptance in shot_review(review, shot).acceptances if acceptance.request not in new)
        shots[shot] = replace(shot_review(review, shot), acceptances=(*kept, *new.values()))
    return update_shots(review, shots)


def remove_acceptances(review: Review, withdrawals: Mapping[str, Collection[Acceptance]]) -> Review:
    """The review without these acceptances, by shot."""
    kept = {
        shot: tuple(each for each in shot_review(review, shot).acceptances if each not in withdrawn)
        for shot, withdrawn in withdrawals.items()
    }
    return update_shots(
        review, {shot: replace(shot_review(review, shot), acceptances=left) for shot, left in kept.items()}
    )


def shot_review(review: Review, shot: str) -> ShotReview:
    """What was decided about a shot, if anything."""
    return review.shots.get(shot, EMPTY_REVIEW)


def update_shots(review: Review, shots: Mapping[str, ShotReview]) -> Review:
    """The review with these entries in the place of earlier ones; one that is empty leaves it."""
    merged = {**review.shots, **shots}
    return replace(review, shots={shot: entry for shot, entry in merged.items() if entry != EMPTY_REVIEW})

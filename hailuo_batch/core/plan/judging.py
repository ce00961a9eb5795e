"""A decision about a shot → the shot's entry of the review: put into it, or taken back.

Which clip a take has, and whether it may be judged, is known before (`app/judging`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.judgement import Judgement, Omission, ReviewNote, Selection, Verdict
from hailuo_batch.core.plan.review import Retake, ShotReview
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedChoice:
    """A choice with all that is written down of it: who, when, and the clip that it is about.

    `take` of the choice is a number where it is about a clip. `next_take` is the number of a requested take.
    `selects` has an approval select the take as well.
    """

    choice: Choice
    by: str
    at: str
    clip: str = ""
    next_take: int = 0
    selects: bool = False

    @property
    def take(self) -> int:
        """The take that it is about; 0: it is about the shot."""
        return self.choice.take or 0


def decide(shot: ShotReview, decision: DatedChoice) -> ShotReview:
    """A shot's entry with one decision more."""
    return _PUT[decision.choice.kind](shot, decision)


def take_back(shot: ShotReview, choice: Choice) -> ShotReview | None:
    """A shot's entry without the newest decision of that kind; None where there is none.

    A choice of a take means decisions about that take only; without one, of whichever take it is.
    """
    return _TAKE_BACK[choice.kind](shot, choice)


def _put_selection(shot: ShotReview, made: DatedChoice) -> ShotReview:
    return replace(shot, selection=Selection(take=made.take, clip=made.clip, by=made.by, at=made.at))


def _put_approval(shot: ShotReview, made: DatedChoice) -> ShotReview:
    return _put_judgement(_put_selection(shot, made) if made.selects else shot, made, Verdict.APPROVED)


def _put_rejection(shot: ShotReview, made: DatedChoice) -> ShotReview:
    return _put_judgement(shot, made, Verdict.REJECTED)


def _put_judgement(shot: ShotReview, made: DatedChoice, verdict: Verdict) -> ShotReview:
    """Of each take, the last word counts."""
    new = Judgement(take=made.take, clip=made.clip, verdict=verdict, by=made.by, at=made.at, why=made.choice.why)
    return replace(shot, judgements=(*(each for each in shot.judgements if each.take != made.take), new))


def _put_omission(shot: ShotReview, made: DatedChoice) -> ShotReview:
    return replace(shot, omission=Omission(by=made.by, at=made.at, why=made.choice.why))


def _put_note(shot: ShotReview, made: DatedChoice) -> ShotReview:
    note = ReviewNote(by=made.by, at=made.at, text=made.choice.text, take=made.take)
    return shot if note in shot.notes else replace(shot, notes=(*shot.notes, note))


def _put_retake(shot: ShotReview, made: DatedChoice) -> ShotReview:
    new = Retake(take=made.next_take, by=made.by, at=made.at, why=made.choice.why)
    with_retake = replace(shot, retakes=(*shot.retakes, new))
    return _put_note(with_retake, made) if made.choice.text else with_retake


_PUT: Mapping[ChoiceKind, Callable[[ShotReview, DatedChoice], ShotReview]] = {
    ChoiceKind.SELECT: _put_selection,
    ChoiceKind.APPROVE: _put_approval,
    ChoiceKind.REJECT: _put_rejection,
    ChoiceKind.OMIT: _put_omission,
    ChoiceKind.NOTE: _put_note,
    ChoiceKind.RETAKE: _put_retake,
}


def _drop_selection(shot: ShotReview, choice: Choice) -> ShotReview | None:
    there = shot.selection
    return None if there is None or choice.take not in {None, there.take} else replace(shot, selection=None)


def _drop_approval(shot: ShotReview, choice: Choice) -> ShotReview | None:
    """Without the approval, and without the selection that came with it."""
    found = _newest_judgement(shot, choice, Verdict.APPROVED)
    if found is None:
        return None
    there = shot.selection
    came_with_it = there is not None and (there.take, there.clip, there.at) == (found.take, found.clip, found.at)
    left = tuple(each for each in shot.judgements if each != found)
    return replace(shot, judgements=left, selection=None if came_with_it else there)


def _drop_rejection(shot: ShotReview, choice: Choice) -> ShotReview | None:
    found = _newest_judgement(shot, choice, Verdict.REJECTED)
    return None if found is None else replace(shot, judgements=tuple(each for each in shot.judgements if each != found))


def _newest_judgement(shot: ShotReview, choice: Choice, verdict: Verdict) -> Judgement | None:
    mine = (each for each in shot.judgements if each.verdict is verdict and choice.take in {None, each.take})
    return max(mine, key=lambda each: (each.at, each.take), default=None)


def _drop_omission(shot: ShotReview, _: Choice) -> ShotReview | None:
    return None if shot.omission is None else replace(shot, omission=None)


def _drop_note(shot: ShotReview, choice: Choice) -> ShotReview | None:
    mine = [each for each in shot.notes if choice.take in {None, each.take}]
    if not mine:
        return None
    newest = max(reversed(mine), key=lambda each: each.at)
    return replace(shot, notes=tuple(each for each in shot.notes if each is not newest))


def _drop_retake(shot: ShotReview, _: Choice) -> ShotReview | None:
    newest = max(shot.retakes, key=lambda each: each.take, default=None)
    return None if newest is None else replace(shot, retakes=tuple(each for each in shot.retakes if each != newest))


_TAKE_BACK: Mapping[ChoiceKind, Callable[[ShotReview, Choice], ShotReview | None]] = {
    ChoiceKind.SELECT: _drop_selection,
    ChoiceKind.APPROVE: _drop_approval,
    ChoiceKind.REJECT: _drop_rejection,
    ChoiceKind.OMIT: _drop_omission,
    ChoiceKind.NOTE: _drop_note,
    ChoiceKind.RETAKE: _drop_retake,
}

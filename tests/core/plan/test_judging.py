"""`core/plan/judging.py`: decisions put into a shot's entry of the review, and taken back."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.core.plan.judging import DatedChoice, decide, take_back
from hailuo_batch.core.plan.review import EMPTY_REVIEW, ShotReview

CLIPS = {1: "sha256:aa", 2: "sha256:bb", None: ""}


def made(kind: ChoiceKind, take: int | None = None, at: int = 1, **how: Any) -> DatedChoice:
    text, selects, next_take = how.pop("text", ""), how.pop("selects", False), how.pop("next_take", 2)
    choice = Choice(kind=kind, shot="open", take=take, text=text, **how)
    return DatedChoice(
        choice=choice, by="ann", at=f"2026-11-{at:02}", clip=CLIPS[take], selects=selects, next_take=next_take
    )


def put(*decisions: DatedChoice, shot: ShotReview = EMPTY_REVIEW) -> ShotReview:
    for each in decisions:
        shot = decide(shot, each)
    return shot


def test_of_a_take_the_last_verdict_counts_and_others_stay() -> None:
    shot = put(
        made(ChoiceKind.APPROVE, 1), made(ChoiceKind.REJECT, 2), made(ChoiceKind.REJECT, 1, at=2, why="too dark")
    )
    found = {each.take: (each.verdict, each.why) for each in shot.judgements}
    assert found == {1: (Verdict.REJECTED, "too dark"), 2: (Verdict.REJECTED, "")}
    assert shot.selection is None


def test_an_approval_takes_its_own_selection_back_and_no_other() -> None:
    chosen = put(made(ChoiceKind.APPROVE, 1, selects=True))
    assert chosen.selection is not None
    assert take_back(chosen, Choice(kind=ChoiceKind.APPROVE, shot="open")) == EMPTY_REVIEW
    other = put(made(ChoiceKind.SELECT, 1, at=1), made(ChoiceKind.APPROVE, 1, at=2))
    left = take_back(other, Choice(kind=ChoiceKind.APPROVE, shot="open"))
    assert left == put(made(ChoiceKind.SELECT, 1))


def test_a_retake_may_bring_a_note() -> None:
    shot = put(made(ChoiceKind.RETAKE, 1, text="slower", why="jumps", next_take=3))
    assert [(each.take, each.why) for each in shot.retakes] == [(3, "jumps")]
    assert [(each.take, each.text) for each in shot.notes] == [(1, "slower")]


@pytest.mark.parametrize("kind", ChoiceKind)
def test_where_nothing_was_decided_nothing_is_taken_back(kind: ChoiceKind) -> None:
    assert take_back(EMPTY_REVIEW, Choice(kind=kind, shot="open")) is None


@given(
    st.lists(st.tuples(st.sampled_from(ChoiceKind), st.sampled_from([1, 2])), max_size=5),
    st.sampled_from(ChoiceKind),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_what_was_decided_last_is_taken_back_and_all_else_stays(
    before: list[tuple[ChoiceKind, int]], kind: ChoiceKind, take: int, named: bool
) -> None:
    shot = put(*(made(each, number, at=day, text="x") for day, (each, number) in enumerate(before, 1)))
    last = made(kind, take, at=20, text="last" if kind is ChoiceKind.NOTE else "", next_take=9)
    undone = take_back(decide(shot, last), replace(last.choice, take=take if named else None))
    expected = shot
    if kind is ChoiceKind.SELECT:
        expected = replace(shot, selection=None)
    if kind is ChoiceKind.OMIT:
        expected = replace(shot, omission=None)
    if kind in {ChoiceKind.APPROVE, ChoiceKind.REJECT}:
        expected = replace(shot, judgements=tuple(each for each in shot.judgements if each.take != take))
    assert undone == expected

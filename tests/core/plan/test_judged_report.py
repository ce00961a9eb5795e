"""Where a shot stands follows from its takes and from what people decided."""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import planned, shot, standing, stored

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.judged_report import add_review, find_state
from hailuo_batch.core.plan.judgement import Judgement, Omission, ShotState, Verdict
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.plan.review import EMPTY_REVIEW, Retake, Review, ShotReview

STEP = planned(shot()).steps[0]
DONE = planned(shot(), **stored(planned(shot()))).steps[0]
RUNNING = planned(shot(), standings={STEP.fingerprint: standing(Stage.SUBMITTED, digest=None)}).steps[0]
CLIP, OTHER = "sha256:aa", "sha256:bb"


def said(verdict: Verdict, take: int = 1, clip: str = CLIP, at: str = "2026-11-20") -> ShotReview:
    return replace(EMPTY_REVIEW, judgements=(Judgement(take=take, clip=clip, verdict=verdict, by="ann", at=at),))


def again(take: int, at: str, **members: Any) -> ShotReview:
    return replace(EMPTY_REVIEW, retakes=(Retake(take=take, by="ann", at=at),), **members)


GOOD, BAD = said(Verdict.APPROVED), said(Verdict.REJECTED)


@pytest.mark.parametrize(
    ("takes", "review", "state"),
    [
        ([STEP], EMPTY_REVIEW, ShotState.TODO),
        ([RUNNING], EMPTY_REVIEW, ShotState.WIP),
        ([DONE, RUNNING], EMPTY_REVIEW, ShotState.WIP),
        ([DONE], EMPTY_REVIEW, ShotState.WFA),
        ([DONE, STEP], EMPTY_REVIEW, ShotState.WFA),
        ([DONE], GOOD, ShotState.DONE),
        ([DONE], said(Verdict.APPROVED, clip=OTHER), ShotState.WFA),
        ([DONE], BAD, ShotState.RETAKE),
        ([DONE, DONE], BAD, ShotState.WFA),
        ([DONE, STEP], BAD, ShotState.RETAKE),
        ([DONE, STEP], again(2, "2026-11-21"), ShotState.RETAKE),
        ([DONE, RUNNING], again(2, "2026-11-21"), ShotState.RETAKE),
        ([DONE, DONE], again(2, "2026-11-21"), ShotState.WFA),
        ([DONE, STEP], again(2, "2026-11-21", judgements=GOOD.judgements), ShotState.RETAKE),
        ([DONE, STEP], again(2, "2026-11-19", judgements=GOOD.judgements), ShotState.DONE),
        ([DONE], replace(GOOD, omission=Omission(by="ann", at="2026-11-20")), ShotState.OMITTED),
    ],
)
def test_the_state_of_a_shot(takes: list[Any], review: ShotReview, state: ShotState) -> None:
    numbers = range(1, len(takes) + 1)
    clips = {take: CLIP if step is DONE else "" for take, step in zip(numbers, takes, strict=True)}
    assert find_state(dict(zip(numbers, takes, strict=True)), clips, review) is state


def test_states_are_in_the_order_of_the_manifest_with_omitted_shots_among_them() -> None:
    plan = planned(shot("a"), shot("c"))
    report = make_report(plan, manifest="film.yaml", sketch=False, clip_sizes={})
    report = replace(report, omitted=("b",))
    review = Review(shots={"b": replace(EMPTY_REVIEW, omission=Omission(by="ann", at="2026-11-20"))})
    assert list(add_review(report, plan, review, ("a", "b", "c")).states.items()) == [
        ("a", ShotState.TODO),
        ("b", ShotState.OMITTED),
        ("c", ShotState.TODO),
    ]

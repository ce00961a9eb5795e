"""A selected take feeds the chain: what that changes, what it costs, and when a selection says nothing."""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import after_shot, buys, planned, shot, stored
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.plan.chains import find_links
from hailuo_batch.core.plan.frame_givers import list_other_givers, list_selected
from hailuo_batch.core.plan.judgement import Selection
from hailuo_batch.core.plan.plan import Action, Plan, StepReason
from hailuo_batch.core.plan.planner import find_unlocked_steps
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.request.fingerprint import preimage

FILM = (shot("a", takes=3), shot("b", index=1, frames=after_shot("a")), shot("c", index=2, frames=after_shot("b")))


def select(plan: Plan, name: str, take: int, clip: str | None = None) -> dict[str, Any]:
    digests = {(use.shot.id, use.take): f"sha256:{step.fingerprint[3:]}" for step in plan.steps for use in step.uses}
    found = clip or digests.get((name, take), "sha256:none")
    return {"selections": {name: Selection(take=take, clip=found, by="ann", at="2026-11-20T08:00:00Z")}}


@pytest.fixture
def bought() -> tuple[dict[str, Any], Plan]:
    """What the inputs are after the whole chain was bought from the first take, and its plan."""
    facts = stored(planned(*FILM))
    for _ in range(2):
        facts = stored(planned(*FILM, **facts))
    return facts, planned(*FILM, **facts)


def step_of(plan: Plan, name: str) -> Any:
    return next(step for step in plan.steps for use in step.uses if (use.shot.id, use.take) == (name, 1))


def test_a_selected_take_feeds_the_chain_and_the_follower_is_bought_again(bought: tuple[dict[str, Any], Plan]) -> None:
    facts, before = bought
    assert {step.action for step in before.steps} == {Action.REUSE}
    after = planned(*FILM, **facts, **select(before, "a", 2))
    b, c = step_of(after, "b"), step_of(after, "c")
    assert (b.why, b.request.first.digest) == (StepReason.CHANGED, select(before, "a", 2)["selections"]["a"].clip)
    assert (c.action, c.waits_for) == (Action.WAIT, ("b",))
    assert buys(after).clips == 2
    report = make_report(
        after,
        manifest="film.yaml",
        sketch=False,
        clip_sizes={},
        requests={step.fingerprint: preimage(step.request).decode() for step in before.steps if step.request},
    )
    (change,) = next(row for row in report.rows if row.shot == "b").changes
    assert (change.label_before, change.label) == ("last frame of a#1", "last frame of a#2")
    assert next(row for row in report.rows if row.shot == "c").why == "chain: b changed"


@pytest.mark.parametrize(
    ("take", "clip"), [(1, None), (2, "sha256:other"), (9, None)], ids=["the first", "another clip", "no such take"]
)
def test_a_selection_that_changes_nothing_or_does_not_hold_changes_no_fingerprint(
    bought: tuple[dict[str, Any], Plan], take: int, clip: str | None
) -> None:
    facts, before = bought
    after = planned(*FILM, **facts, **select(before, "a", take, clip))
    assert [step.fingerprint for step in after.steps] == [step.fingerprint for step in before.steps]
    assert {step.action for step in after.steps} == {Action.REUSE}
    assert [(name, number) for _, name, number in list_selected(after)] == ([("a", 1)] if take == 1 else [])
    assert list_other_givers(after.steps) == {}


def test_a_chain_is_explained_by_the_take_that_gives_its_frames(bought: tuple[dict[str, Any], Plan]) -> None:
    facts, before = bought
    after = planned(*FILM, **facts, **select(before, "a", 3))
    assert list_other_givers(after.steps) == {"a": 3}
    assert next(link.step.uses[0].take for link in find_links(after.steps, "b") if link.shot == "a") == 3


def test_a_selected_clip_that_the_store_lost_keeps_its_chain_waiting_for_that_take(
    bought: tuple[dict[str, Any], Plan],
) -> None:
    facts, before = bought
    chosen = select(before, "a", 2)
    clip = chosen["selections"]["a"].clip
    lost = {**facts, "stored_digests": facts["stored_digests"] - {clip}}
    after = planned(*FILM, **lost, **chosen)
    assert step_of(after, "b").waits_for == ("a",)
    gone = next(step for step in after.steps if step.uses[0].shot.id == "a" and step.uses[0].take == 2)
    assert (gone.why, gone.uses[0].gives_frames) == (StepReason.CLIP_GONE, True)
    (unlocked,) = find_unlocked_steps([step_of(after, "b")], after.inputs, {"a": clip})
    assert (unlocked.action, unlocked.fingerprint) == (Action.SUBMIT, step_of(after, "b").fingerprint)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_exactly_one_take_of_a_shot_gives_its_frames(takes: int, selected: int, of: int) -> None:
    film = (shot("a", takes=takes), replace(FILM[1], takes=of))
    facts = stored(planned(*film))
    facts = stored(planned(*film, **facts))
    after = planned(*film, **facts, **select(planned(*film, **facts), "a", selected))
    giving = [use.take for step in after.steps for use in step.uses if use.shot.id == "a" and use.gives_frames]
    assert giving == [selected if selected <= takes else 1]

"""`core/plan/review.py`, and what it means for a plan and a lock."""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import FREE, PAID, after_shot, buys, grounds, planned, shot, standing, stored, usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.explain import explain_take
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile, update_lockfile
from hailuo_batch.core.plan.plan import Action, LastRender, NamedClip, Plan, ShotVersions, StepReason
from hailuo_batch.core.plan.planner import make_plan, resolve_versions
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.plan.review import (
    EMPTY_REVIEW,
    Acceptance,
    AcceptedClip,
    Retake,
    Review,
    ShotReview,
    add_acceptances,
    add_retakes,
    remove_acceptances,
    with_retakes,
)

EMPTY = Review(shots={})
OLD, NEW = "a bottle in mist", "a bottle in fog"


def again(take: int, **members: Any) -> Retake:
    return Retake(**{"take": take, "by": "ann", "at": "2026-11-20T08:00:00Z", **members})


def acceptance(request: str = "v1-b", clip: str = "sha256:aa", **members: Any) -> Acceptance:
    plain = {"take": 1, "made_for": "v1-a", "by": "ann", "at": "2026-11-20T08:00:00Z", "why": "a typo"}
    return Acceptance(**{"request": request, "clip": clip, **plain, **members})


def marks(*shots: Shot) -> list[str]:
    return [step.fingerprint for step in planned(*shots).steps]


def facts(*shots: Shot) -> dict[str, Any]:
    """What the grounds are after these shots were rendered."""
    return stored(planned(*shots))


def kept(old: Shot, new: Shot, known: dict[str, Any], *takes: int) -> dict[str, AcceptedClip]:
    """Acceptances of the old shot's clips for the new shot's request."""
    now, before = planned(new).steps, planned(old).steps
    return {
        now[take - 1].fingerprint: AcceptedClip(
            standing=known["standings"][before[take - 1].fingerprint],
            made_for=before[take - 1].fingerprint,
            request=before[take - 1].request,
            why="a typo",
        )
        for take in takes
    }


def changed(takes: int = 1, *accepted: int, **members: Any) -> Plan:
    """The plan of a shot whose prompt changed after it was rendered, with the earlier clips of these takes accepted."""
    old, new = shot(prompt=OLD, takes=takes), shot(prompt=NEW, takes=takes)
    known = {**facts(old), **members}
    return make_plan((new,), grounds(new, **known, accepted_clips=kept(old, new, known, *accepted)), campaign="teaser")


def test_a_retake_is_a_take_more_and_the_others_keep_their_fingerprints() -> None:
    (grown,) = with_retakes([shot(takes=2)], add_retakes(EMPTY, {"open": again(3)}))
    assert grown.takes == 3
    assert marks(grown)[:2] == marks(shot(takes=2))


def test_a_manifest_that_asks_for_the_retake_itself_counts_it_once() -> None:
    review = add_retakes(EMPTY, {"open": again(2)})
    for takes, then in ((1, 2), (2, 2), (3, 3)):
        assert with_retakes([shot(takes=takes)], review)[0].takes == then


def test_shots_without_retakes_are_left_alone() -> None:
    shots = (shot("a"), shot("b"))
    found = with_retakes(shots, add_retakes(EMPTY, {"b": again(2), "gone": again(7)}))
    assert found[0] is shots[0]
    assert [each.takes for each in found] == [1, 2]


def test_retakes_add_up_and_forget_nothing() -> None:
    review = add_retakes(add_retakes(EMPTY, {"open": again(2, why="too dark")}), {"open": again(3), "pack": again(2)})
    assert [each.take for each in review.shots["open"].retakes] == [2, 3]
    assert review.shots["open"].retakes[0].why == "too dark"
    assert set(review.shots) == {"open", "pack"}


def test_an_acceptance_for_the_same_request_takes_the_place_of_the_earlier_one() -> None:
    first = add_acceptances(EMPTY, {"open": [acceptance(why="one"), acceptance("v1-c", take=2)]})
    second = add_acceptances(first, {"open": [acceptance(why="two")]})
    assert [(each.request, each.why) for each in second.shots["open"].acceptances] == [
        ("v1-c", "a typo"),
        ("v1-b", "two"),
    ]
    assert second.clips == {"sha256:aa"}


def test_what_was_accepted_can_be_taken_back_whole_or_take_by_take() -> None:
    review = add_acceptances(
        add_retakes(EMPTY, {"open": again(3)}), {"open": [acceptance(), acceptance("v1-c", take=2)]}
    )
    every = {"open": review.shots["open"].acceptances}
    assert [each.take for each in remove_acceptances(review, {"open": [acceptance()]}).shots["open"].acceptances] == [2]
    assert remove_acceptances(review, every).shots["open"] == ShotReview(retakes=(again(3),))
    assert remove_acceptances(add_acceptances(EMPTY, {"open": [acceptance()]}), {"open": [acceptance()]}) == EMPTY
    assert remove_acceptances(EMPTY, {"open": []}) == EMPTY
    assert EMPTY_REVIEW not in remove_acceptances(review, every).shots.values()


def test_an_accepted_clip_is_reused_and_the_version_stays() -> None:
    (step,) = changed(1, 1).steps
    assert (step.why, step.action, step.uses[0].version, step.previous_fingerprint) == (
        StepReason.ACCEPTED,
        Action.REUSE,
        1,
        "",
    )
    assert step.standing is not None
    assert step.standing.digest in changed().inputs.stored_digests


def test_an_accepted_clip_that_the_store_does_not_have_is_held_and_never_bought() -> None:
    plan = changed(1, 1, stored_digests=frozenset())
    assert [(step.why, step.action) for step in plan.steps] == [(StepReason.ACCEPTED_ELSEWHERE, Action.HOLD)]
    assert (buys(plan).cost, buys(plan).unpriced) == ((), 0)


def test_an_accepted_clip_that_its_name_still_has_is_taken_from_there() -> None:
    old = shot(prompt=OLD)
    (mark,) = marks(old)
    digest = facts(old)["standings"][mark].digest
    named = {mark: NamedClip(file="teaser_open_v001_t01.mp4", digest=digest, provider="minimax")}
    (step,) = changed(1, 1, stored_digests=frozenset(), named_clips=named).steps
    assert (step.why, step.named_clip) == (StepReason.IN_RENDERS, named[mark])
    other = {mark: replace(named[mark], digest="sha256:other")}
    assert changed(1, 1, stored_digests=frozenset(), named_clips=other).steps[0].why is StepReason.ACCEPTED_ELSEWHERE


def test_where_only_some_takes_are_accepted_the_version_goes_up_for_all() -> None:
    plan = changed(2, 1)
    assert [(step.why, step.uses[0].version) for step in plan.steps] == [
        (StepReason.ACCEPTED, 2),
        (StepReason.CHANGED, 2),
    ]
    versions = {"open": ShotVersions(by_fingerprint={"v1-x": 6}, highest=6)}
    assert [step.uses[0].version for step in resolve_versions(plan, replace(plan.inputs, versions=versions)).steps] == [
        7,
        7,
    ]


def test_a_request_that_changes_once_more_is_no_longer_covered() -> None:
    old, new, third = shot(prompt=OLD), shot(prompt=NEW), shot(prompt="a bottle in rain")
    known = facts(old)
    plan = make_plan((third,), grounds(third, **known, accepted_clips=kept(old, new, known, 1)), campaign="teaser")
    assert plan.steps[0].why is StepReason.CHANGED


@pytest.mark.parametrize("stage", Stage)
def test_money_that_is_out_for_the_new_request_comes_before_the_earlier_clip(stage: Stage) -> None:
    old, new = shot(prompt=OLD), shot(prompt=NEW)
    known = facts(old)
    known["standings"] = {**known["standings"], marks(new)[0]: standing(stage, digest="sha256:new")}
    plan = make_plan((new,), grounds(new, **known, accepted_clips=kept(old, new, known, 1)), campaign="teaser")
    assert (plan.steps[0].why is StepReason.ACCEPTED) == (stage not in LIVE_STAGES)


def test_what_is_chained_from_an_accepted_clip_asks_the_same_as_before() -> None:
    old, new, link = shot("a", prompt=OLD), shot("a", prompt=NEW), shot("b", frames=after_shot("a"))
    known = facts(old)
    before = make_plan((old, link), grounds(old, link, **known), campaign="teaser").steps[1]
    everything = {**known, "accepted_clips": kept(old, new, known, 1)}
    after = make_plan((new, link), grounds(new, link, **everything), campaign="teaser").steps[1]
    assert (after.fingerprint, after.why) == (before.fingerprint, StepReason.NEW)
    gone = make_plan(
        (new, link), grounds(new, link, **{**everything, "stored_digests": frozenset()}), campaign="teaser"
    )
    assert (gone.steps[1].why, gone.steps[1].waits_for) == (StepReason.NEEDS_FRAME, ("a",))


def locked(plan: Plan, lock: Lockfile | None = None) -> Lockfile:
    return update_lockfile(lock or Lockfile(campaign="teaser", shots={}), plan, ["open"])


def test_the_lock_names_an_accepted_clip_under_the_new_request_and_says_what_it_was_made_for() -> None:
    old, new = shot(prompt=OLD), shot(prompt=NEW)
    before = locked(make_plan((old,), grounds(old, **facts(old)), campaign="teaser"))
    after = locked(changed(1, 1), before)
    (was,), (now,) = marks(old), marks(new)
    take = LockedTake(fingerprint=now, made_for=was, digest=before.clips[was].digest, provider="minimax")
    assert after.shots == {"open": LockedShot(version=1, takes={1: take})}
    assert after.clips == before.clips, "what was paid for is known by what it answers"
    assert after.last_renders == {"open": LastRender(version=1, take=1, fingerprint=was)}


def test_what_is_no_longer_accepted_stands_in_the_lock_under_its_own_request_again() -> None:
    old = shot(prompt=OLD)
    before = locked(make_plan((old,), grounds(old, **facts(old)), campaign="teaser"))
    assert locked(changed(), locked(changed(1, 1), before)) == before


def test_a_take_that_answers_its_own_request_tells_best_what_a_shot_was() -> None:
    takes = {
        1: LockedTake(fingerprint="v1-b1", made_for="v1-a1", digest="sha256:aa", provider="minimax"),
        2: LockedTake(fingerprint="v1-b2", digest="sha256:bb", provider="minimax"),
    }
    lock = Lockfile(campaign="teaser", shots={"open": LockedShot(version=2, takes=takes)})
    assert lock.last_renders == {"open": LastRender(version=2, take=2, fingerprint="v1-b2")}


def test_report_and_explanation_say_that_an_earlier_clip_stands_for_it_and_what_differs() -> None:
    plan = changed(1, 1)
    report = make_report(plan, manifest="teaser.yaml", sketch=False, clip_sizes={}, clips={})
    (row,) = report.rows
    assert (row.why, row.changed) == ("an earlier clip was accepted for it: a typo", ("prompt",))
    assert row.remarks == ("an earlier clip was accepted for it: a typo",)
    assert report.accepted == 1
    explained = explain_take(plan, "open", 1, {})
    assert explained is not None
    assert [(each.name, each.before, each.now) for each in explained.members if each.changed] == [("prompt", OLD, NEW)]
    assert [explained.previous_fingerprint] == marks(shot(prompt=OLD))


def test_a_clip_that_stands_for_two_requests_was_paid_for_once() -> None:
    old, new, other = shot("a", prompt=OLD), shot("b", prompt=NEW), shot("c", prompt="a bottle in rain")
    known = facts(old)
    (mark,) = marks(old)
    known["standings"][mark] = replace(known["standings"][mark], cost=usd("0.28"))
    covered = {**kept(old, new, known, 1), **kept(old, other, known, 1)}
    for shots in ((old, new, other), (new, other)):
        plan = make_plan(shots, grounds(*shots, **known, accepted_clips=covered), campaign="teaser")
        assert make_report(plan, manifest="", sketch=False, clip_sizes={}).spent == (usd("0.28"),)


@given(st.integers(1, 4), st.sets(st.integers(1, 4)), st.booleans(), st.sampled_from([PAID, FREE]))
def test_what_was_accepted_costs_nothing_and_everything_else_is_planned_as_without(takes, some, present, route) -> None:
    covered = sorted(take for take in some if take <= takes)
    old, new = shot(prompt=OLD, takes=takes), shot(prompt=NEW, takes=takes)
    known = facts(old)
    if not present:
        known["stored_digests"] = frozenset()
    plan = make_plan(
        (new,), grounds(new, route=route, **known, accepted_clips=kept(old, new, known, *covered)), campaign="teaser"
    )
    bare = make_plan((new,), grounds(new, route=route, **known), campaign="teaser")
    for take, (step, without) in enumerate(zip(plan.steps, bare.steps, strict=True), 1):
        if take in covered:
            assert step.action is (Action.REUSE if present else Action.HOLD)
        else:
            assert (step.why, step.fingerprint) == (without.why, without.fingerprint)
    assert len({step.uses[0].version for step in plan.steps}) == 1


def test_an_earlier_clip_begins_no_version_in_the_lock_and_joins_one_that_has_a_clip_of_its_own() -> None:
    old, new = shot(prompt=OLD, takes=2), shot(prompt=NEW, takes=2)
    known = facts(old)
    before = locked(make_plan((old,), grounds(old, **known), campaign="teaser"))
    assert locked(changed(2, 1), before) == before, "the second take is not rendered yet"
    second = marks(new)[1]
    known["standings"] = {**known["standings"], second: standing(digest="sha256:new")}
    known["stored_digests"] = known["stored_digests"] | {"sha256:new"}
    plan = make_plan((new,), grounds(new, **known, accepted_clips=kept(old, new, known, 1)), campaign="teaser")
    after = locked(plan, before)
    assert (after.shots["open"].version, sorted(after.shots["open"].takes)) == (2, [1, 2])
    assert after.shots["open"].takes[1].made_for == marks(old)[0]
    assert after.last_renders["open"] == LastRender(version=2, take=2, fingerprint=second)

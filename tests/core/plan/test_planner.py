import time
from dataclasses import replace
from typing import Any

import pytest
from core_samples import (
    FREE,
    PAID,
    PICTURE,
    SEEN,
    after_shot,
    buys,
    grounds,
    planned,
    shot,
    standing,
    stored,
    usd,
)
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind
from hailuo_batch.core.manifest.document import FileFrame, FrameRole, Frames, ShotFrame, UrlFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.money import sum_by_currency
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.plan import Action, LastRender, NamedClip, Plan, ShotVersions, Step, StepReason
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.planner import find_unlocked_steps, make_plan, resolve_versions
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.request import ImageRef

CHAIN = (shot("a"), shot("b", frames=after_shot("a")), shot("c", frames=after_shot("b")))


def only(plan: Plan) -> Step:
    (step,) = plan.steps
    return step


def digest_of(step: Step) -> str:
    assert step.standing is not None
    assert step.standing.digest is not None
    return step.standing.digest


MARK = only(planned(shot())).fingerprint
ELSEWHERE = NamedClip(file="", digest="sha256:elsewhere", provider="minimax")


def test_every_action_has_a_why() -> None:
    assert {why.action for why in StepReason} == set(Action)


@pytest.mark.parametrize(
    ("stage", "digest", "why", "action"),
    [
        (Stage.INTENDED, None, StepReason.IN_DOUBT, Action.HOLD),
        (Stage.SUBMITTED, None, StepReason.RUNNING, Action.RESUME),
        (Stage.PRODUCED, None, StepReason.PRODUCED, Action.FETCH),
        (Stage.PRODUCED, "sha256:here", StepReason.PRODUCED, Action.FETCH),
        (Stage.STORED, "sha256:here", StepReason.STORED, Action.REUSE),
        (Stage.STORED, "sha256:gone", StepReason.CLIP_GONE, Action.FETCH),
        (Stage.IN_DOUBT, None, StepReason.IN_DOUBT, Action.HOLD),
        (Stage.FAILED, None, StepReason.FAILED, Action.SUBMIT),
        (Stage.CANCELLED, None, StepReason.CANCELLED, Action.SUBMIT),
    ],
)
@pytest.mark.parametrize("route", [PAID, FREE])
def test_what_the_ledger_says_decides_what_is_done(stage, digest, why, action, route) -> None:
    now = {MARK: standing(stage, digest=digest)}
    step = only(planned(shot(), route=route, standings=now, stored_digests=frozenset({"sha256:here"})))
    assert (step.why, step.action, step.standing) == (why, action, now[MARK])


@pytest.mark.parametrize(
    ("stage", "digest", "why", "action"),
    [
        (Stage.INTENDED, None, StepReason.HELD, Action.HOLD),
        (Stage.SUBMITTED, None, StepReason.HELD, Action.HOLD),
        (Stage.PRODUCED, None, StepReason.HELD, Action.HOLD),
        (Stage.IN_DOUBT, None, StepReason.IN_DOUBT, Action.HOLD),
        (Stage.STORED, "sha256:here", StepReason.STORED, Action.REUSE),
        (Stage.STORED, "sha256:there", StepReason.STORED_ELSEWHERE, Action.HOLD),
        (Stage.FAILED, None, StepReason.FAILED, Action.SUBMIT),
    ],
)
def test_what_another_machine_works_on_is_left_to_it_with_all_that_follows(stage, digest, why, action) -> None:
    holder, first = "ana on desk-2 since 14:02 UTC", planned(*CHAIN).steps[0].fingerprint
    kept_by = "ana on desk-2" if digest else None
    now = {first: standing(stage, digest=digest, holder=holder, kept_by=kept_by)}
    plan = planned(*CHAIN, standings=now, stored_digests=frozenset({"sha256:here"}))
    step, second = plan.steps[0], plan.steps[1]
    assert (step.why, step.action, step.submits) == (why, action, action is Action.SUBMIT)
    assert second.action is (Action.SUBMIT if why is StepReason.STORED else Action.WAIT)
    if why is StepReason.HELD:
        assert describe_reason(step) == f"being made by {holder}"
        assert list_purchases(plan.steps) == ()


def test_every_stage_is_in_the_table_above() -> None:
    for stage in Stage:
        assert only(planned(shot(), standings={MARK: standing(stage)})).action in Action


KNOWN = KnownTask(provider="minimax", task="t-7", source="film.tasks.yaml")
DOUBT = replace(KNOWN, task="")


@pytest.mark.parametrize("known", [KNOWN, DOUBT])
@pytest.mark.parametrize(
    ("now", "follows"),
    [
        (None, True),
        (standing(Stage.FAILED, digest=None), True),  # refused here, bought elsewhere
        (standing(Stage.FAILED, digest=None, task="t-1"), True),  # another task failed here
        (standing(Stage.FAILED, digest=None, task="t-7"), "doubt only"),  # this one ended here
        (standing(Stage.CANCELLED, kind=FailureKind.NEVER_SENT), False),
        (standing(Stage.CANCELLED, kind=FailureKind.WRITTEN_OFF), False),
        (standing(Stage.CANCELLED, kind=FailureKind.WRITTEN_OFF, task="t-7"), False),
        (standing(Stage.CANCELLED, kind=FailureKind.DISCARDED, task="t-7"), False),
        (standing(Stage.CANCELLED, kind=FailureKind.WRITTEN_OFF, task="t-1"), "task only"),
        *[(standing(stage, task="t-1"), False) for stage in sorted(LIVE_STAGES)],
    ],
)
def test_a_task_that_is_known_elsewhere_is_followed_unless_this_ledger_knows_better(now, known, follows) -> None:
    standings = {} if now is None else {MARK: now}
    step = only(planned(shot(), standings=standings, known_tasks={MARK: known}, stored_digests={"sha256:aa"}))
    if follows is True or follows == ("task only" if known.task else "doubt only"):
        why = StepReason.TASK_KNOWN if known.task else StepReason.DOUBT_ELSEWHERE
        assert (step.why, step.standing, step.known_task) == (why, None, known)
        assert not step.submits
    else:
        assert (step.why, step.known_task) == (
            only(planned(shot(), standings=standings, stored_digests={"sha256:aa"})).why,
            None,
        )


def test_a_known_task_is_at_its_own_provider_for_its_price_there() -> None:
    route = replace(PAID, fallbacks=(Route(provider="vtrix", estimate=usd("0.20")),))
    for known, expected in [
        (KNOWN, PAID),
        (replace(KNOWN, provider="vtrix"), Route(provider="vtrix", estimate=usd("0.20"))),
        (replace(KNOWN, provider="gone"), Route(provider="gone", estimate=None)),
        (replace(KNOWN, estimate=usd("0.31")), replace(PAID, estimate=usd("0.31"))),
    ]:
        assert only(planned(shot(), route=route, known_tasks={MARK: known})).route == expected


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ({"named_clips": {MARK: ELSEWHERE}}, StepReason.IN_RENDERS),
        ({"locked_clips": {MARK: ELSEWHERE}}, StepReason.LOCKED_ELSEWHERE),
    ],
)
def test_a_clip_that_is_named_comes_before_a_known_task(members: dict[str, Any], why: StepReason) -> None:
    step = only(planned(shot(), known_tasks={MARK: KNOWN}, **members))
    assert (step.why, step.known_task) == (why, None)


def test_what_was_never_asked_is_submitted() -> None:
    step = only(planned(shot()))
    assert (step.why, step.action, step.uses[0].version) == (StepReason.NEW, Action.SUBMIT, 1)


def test_an_intent_without_an_answer_may_be_asked_again_only_where_that_is_free() -> None:
    free = planned(shot(), route=FREE, standings={MARK: standing(Stage.INTENDED, provider="animatic")})
    assert only(free).why is StepReason.INTERRUPTED
    keyed = Route(provider="mindvideo", estimate=None, idempotent=True)
    again = planned(shot(), route=keyed, standings={MARK: standing(Stage.INTENDED, provider="mindvideo")})
    assert only(again).why is StepReason.INTERRUPTED
    elsewhere = planned(shot(), route=keyed, standings={MARK: standing(Stage.INTENDED, provider="vtrix")})
    assert only(elsewhere).why is StepReason.IN_DOUBT
    other = planned(shot(), route=FREE, standings={MARK: standing(Stage.INTENDED, provider="minimax")})
    assert only(other).why is StepReason.IN_DOUBT


@pytest.mark.parametrize("now", [None, standing(Stage.FAILED, digest=None), standing(Stage.CANCELLED, digest=None)])
def test_a_clip_that_only_the_lock_names_is_held_and_never_bought_again(now) -> None:
    standings = {MARK: now} if now else {}
    assert only(planned(shot(), standings=standings, locked_clips={MARK: ELSEWHERE})).why is StepReason.LOCKED_ELSEWHERE
    drawn_here = only(planned(shot(), route=FREE, standings=standings, locked_clips={MARK: ELSEWHERE}))
    assert drawn_here.why is StepReason.LOCKED_SKETCH


standings = st.none() | st.builds(
    standing,
    st.sampled_from(Stage),
    digest=st.sampled_from([None, "sha256:here", "sha256:gone"]),
    provider=st.sampled_from(["minimax", "vtrix", "animatic"]),
)


@given(standings, st.booleans(), st.booleans())
def test_what_may_have_been_paid_for_is_never_submitted(now, locked: bool, changed: bool) -> None:
    past = {"open": LastRender(version=1, take=1, fingerprint="v1-other" if changed else MARK)}
    step = only(
        planned(
            shot(), standings={MARK: now} if now else {}, last_renders=past,
            locked_clips={MARK: ELSEWHERE} if locked else {}, stored_digests=frozenset({"sha256:here"}),
        )
    )  # fmt: skip
    if locked or (now is not None and now.stage not in {Stage.FAILED, Stage.CANCELLED}):
        assert step.action is not Action.SUBMIT


def test_a_clip_that_the_lock_names_and_the_store_has_is_known_again_without_the_ledger() -> None:
    step = only(planned(shot(), locked_clips={MARK: ELSEWHERE}, stored_digests=frozenset({"sha256:elsewhere"})))
    assert (step.why, step.action, step.named_clip) == (StepReason.LOCKED, Action.FETCH, ELSEWHERE)


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (FailureKind.NEVER_SENT, StepReason.CANCELLED),
        (FailureKind.WRITTEN_OFF, StepReason.WRITTEN_OFF),
        (FailureKind.DISCARDED, StepReason.DISCARDED),
    ],
)
def test_what_a_person_decided_is_the_reason_to_ask_again_also_where_the_lock_names_the_clip(kind, why) -> None:
    now = {MARK: standing(Stage.CANCELLED, kind=kind)}
    assert only(planned(shot(), standings=now, locked_clips={MARK: ELSEWHERE})).why is why


KEYED = Route(provider="mindvideo", estimate=None, idempotent=True)


@pytest.mark.parametrize(
    ("route", "age", "why"),
    [
        (KEYED, 3600, StepReason.INTERRUPTED),
        (Route(provider="minimax", estimate=None, fallbacks=(KEYED,)), 3600, StepReason.INTERRUPTED),
        (KEYED, 25 * 3600, StepReason.IN_DOUBT),  # the gateway may have forgotten the key
        (KEYED, -3600, StepReason.IN_DOUBT),  # the clock was turned back: nobody knows how old it is
        (Route(provider="minimax", estimate=None), 3600, StepReason.IN_DOUBT),
    ],
)
def test_what_a_crash_cut_off_is_sent_again_only_under_a_key_that_is_known_still(route, age, why) -> None:
    now = 1_800_000_000.0
    cut_off = standing(Stage.INTENDED, provider="mindvideo", since=now - age)
    step = only(planned(shot(), route=route, standings={MARK: cut_off}, now=now))
    assert step.why is why
    if why is StepReason.INTERRUPTED:
        assert (step.route.provider, step.route.fallbacks) == ("mindvideo", ())


def test_what_was_refused_is_asked_again_only_when_somebody_insists() -> None:
    now = {MARK: standing(Stage.FAILED, kind=FailureKind.PROMPT_REFUSED)}
    assert only(planned(shot(), standings=now)).why is StepReason.REFUSED
    assert only(planned(shot(), standings=now, force_refused=True)).why is StepReason.FORCED


def test_shots_that_ask_the_same_share_one_step() -> None:
    step = only(planned(shot("a"), shot("b", tags=("hero",), notes="x"), shot("c")))
    assert [use.shot.id for use in step.uses] == ["a", "b", "c"]
    assert step.action is Action.SUBMIT


def test_shots_that_share_some_takes_have_the_rest_alone() -> None:
    plan = planned(shot("a", takes=1), shot("b", takes=3))
    assert [[f"{use.shot.id}#{use.take}" for use in step.uses] for step in plan.steps] == [
        ["a#1", "b#1"], ["b#2"], ["b#3"],
    ]  # fmt: skip


def test_raising_the_takes_submits_only_the_new_ones() -> None:
    before = planned(shot(takes=2))
    after = make_plan((shot(takes=4),), grounds(shot(), **stored(before)), campaign="teaser")
    assert [step.action for step in after.steps] == [Action.REUSE, Action.REUSE, Action.SUBMIT, Action.SUBMIT]
    assert {use.version for step in after.steps for use in step.uses} == {1}


def test_lowering_the_takes_leaves_the_others_out() -> None:
    before = planned(shot(takes=4))
    after = make_plan((shot(takes=1),), grounds(shot(), **stored(before)), campaign="teaser")
    assert [step.action for step in after.steps] == [Action.REUSE]


def test_a_version_goes_up_only_when_the_request_changes() -> None:
    facts = stored(planned(shot()))
    same = only(make_plan((shot(tags=("hero",)),), grounds(shot(), **facts), campaign="teaser"))
    assert (same.uses[0].version, same.previous_fingerprint, same.action) == (1, "", Action.REUSE)
    other = shot(prompt="another")
    changed = only(make_plan((other,), grounds(other, **facts), campaign="teaser"))
    assert (changed.uses[0].version, changed.why, changed.previous_fingerprint) == (2, StepReason.CHANGED, MARK)


def test_going_back_to_an_old_request_is_a_new_version_that_costs_nothing() -> None:
    facts = stored(planned(shot()))
    now = {**facts, "last_renders": {"open": LastRender(version=2, take=1, fingerprint="v1-between")}}
    step = only(make_plan((shot(),), grounds(shot(), **now), campaign="teaser"))
    assert (step.action, step.uses[0].version) == (Action.REUSE, 3)


def test_a_version_is_compared_by_the_take_that_is_remembered() -> None:
    plan = planned(shot(takes=3))
    second = plan.steps[1]
    past = {"open": LastRender(version=4, take=2, fingerprint=second.fingerprint)}
    assert {use.version for step in planned(shot(takes=3), last_renders=past).steps for use in step.uses} == {4}


def test_renaming_a_shot_renders_nothing() -> None:
    facts = stored(planned(shot("open")))
    step = only(make_plan((shot("renamed"),), grounds(shot(), **facts), campaign="teaser"))
    assert (step.action, step.uses[0].version) == (Action.REUSE, 1)


def test_a_chain_waits_for_its_givers() -> None:
    plan = planned(*CHAIN)
    assert [(step.action, step.waits_for, step.fingerprint != "") for step in plan.steps] == [
        (Action.SUBMIT, (), True), (Action.WAIT, ("a",), False), (Action.WAIT, ("b",), False),
    ]  # fmt: skip


def test_a_chain_unlocks_link_by_link() -> None:
    facts = stored(planned(*CHAIN))
    ground = grounds(*CHAIN, **facts)
    plan = make_plan(CHAIN, ground, campaign="teaser")
    assert [step.action for step in plan.steps] == [Action.REUSE, Action.SUBMIT, Action.WAIT]
    second = plan.steps[1]
    assert second.request is not None
    assert second.request.first == ImageRef(digest=digest_of(plan.steps[0]), frame=FrameRole.LAST)
    waiting = plan.select_steps(Action.WAIT)
    assert find_unlocked_steps(waiting, ground, {"a": "sha256:aa"}) == ()
    (third,) = find_unlocked_steps(waiting, ground, {"a": "sha256:aa", "b": "sha256:bb"})
    assert (third.action, third.uses[0].shot.id) == (Action.SUBMIT, "c")
    assert third.request is not None
    assert third.request.first == ImageRef(digest="sha256:bb", frame=FrameRole.LAST)


def test_all_takes_of_a_waiting_shot_are_unlocked_together() -> None:
    link = shot("b", frames=after_shot("a"), takes=3)
    plan = planned(shot("a"), link)
    assert [step.action for step in plan.steps] == [Action.SUBMIT, Action.WAIT, Action.WAIT, Action.WAIT]
    free = find_unlocked_steps(plan.select_steps(Action.WAIT), plan.inputs, {"a": "sha256:aa"})
    assert [step.uses[0].take for step in free] == [1, 2, 3]


def test_a_shot_between_two_others_waits_for_both_and_names_each_once() -> None:
    ends = Frames(first=ShotFrame(shot="a", frame=FrameRole.LAST), last=ShotFrame(shot="b", frame=FrameRole.FIRST))
    same = Frames(first=ShotFrame(shot="a", frame=FrameRole.LAST), last=ShotFrame(shot="a", frame=FrameRole.FIRST))
    plan = planned(shot("a"), shot("b", prompt="q"), shot("c", frames=ends), shot("d", frames=same))
    assert [step.waits_for for step in plan.steps] == [(), (), ("a", "b"), ("a",)]
    assert find_unlocked_steps(plan.select_steps(Action.WAIT), plan.inputs, {"b": "sha256:bb"}) == ()


def test_the_first_take_stands_for_its_shot_even_when_others_are_missing() -> None:
    giver, link = shot("a", takes=2), shot("b", frames=after_shot("a"))
    facts = stored(planned(giver))
    first_only = dict(list(facts["standings"].items())[:1])
    plan = make_plan((giver, link), grounds(giver, link, **{**facts, "standings": first_only}), campaign="teaser")
    assert [step.action for step in plan.steps] == [Action.REUSE, Action.SUBMIT, Action.SUBMIT]


def test_of_several_takes_the_first_is_the_one_that_a_chain_starts_from() -> None:
    giver, link = shot("a", takes=3), shot("b", frames=after_shot("a"))
    plan = make_plan((giver, link), grounds(giver, link, **stored(planned(giver))), campaign="teaser")
    last = plan.steps[-1]
    assert last.request is not None
    assert last.request.first is not None
    assert last.request.first.digest == f"sha256:{plan.steps[0].fingerprint[3:]}"


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.STORED])
def test_a_giver_that_is_not_stored_keeps_its_chain_waiting(stage: Stage) -> None:
    plan = planned(*CHAIN[:2], standings={MARK: standing(stage)}, stored_digests=frozenset({"sha256:aa"}))
    assert plan.steps[1].action is Action.WAIT


def test_the_steps_keep_the_order_of_the_manifest_when_frames_turn_it_round() -> None:
    shots = (
        shot("x", prompt="x"), shot("late", frames=after_shot("giver")), shot("b", prompt="same"),
        shot("giver", prompt="same"), shot("y", prompt="y", takes=2),
    )  # fmt: skip
    plan = planned(*shots)
    assert [[use.shot.id for use in step.uses] for step in plan.steps] == [
        ["x"], ["late"], ["b", "giver"], ["y"], ["y"],
    ]  # fmt: skip
    assert [step.uses[0].take for step in plan.steps][-2:] == [1, 2]


def test_a_web_picture_that_nobody_has_seen_is_held() -> None:
    unseen = shot(frames=Frames(first=UrlFrame(url="https://a.example/a.png")))
    step = only(planned(unseen))
    assert (step.why, step.action, step.fingerprint) == (StepReason.IMAGE_UNKNOWN, Action.HOLD, "")


def test_another_picture_under_the_same_name_is_another_request() -> None:
    with_picture = shot(frames=PICTURE)
    facts = stored(planned(with_picture))
    other = {FileFrame(path="open.png"): ImageRef(digest="sha256:other")}
    step = only(make_plan((with_picture,), grounds(with_picture, **facts, images=other), campaign="teaser"))
    assert (step.why, step.uses[0].version) == (StepReason.CHANGED, 2)


def test_a_chain_of_twenty_thousand_is_planned_in_bounded_time() -> None:
    began = time.process_time()
    links = [shot(f"s{n}", index=n, frames=after_shot(f"s{n - 1}")) for n in range(1, 20_000)]
    plan = planned(shot("s0"), *links)
    assert [len(plan.select_steps(action)) for action in (Action.SUBMIT, Action.WAIT)] == [1, 19_999]
    assert time.process_time() - began < 8


names = st.sampled_from("abcdef")
shots_of_all_kinds = st.lists(
    st.builds(
        shot,
        names,
        prompt=st.sampled_from(["mist", "dawn"]),
        takes=st.integers(1, 3),
        duration=st.sampled_from([6, "short"]),
        frames=st.sampled_from([Frames(), PICTURE]),
    ),
    unique_by=lambda each: each.id,
    max_size=6,
)


def chained(shots: list[Shot], givers: list[int]) -> list[Shot]:
    """The same shots, some of which start from one before them."""
    return [
        replace(each, frames=after_shot(shots[giver].id)) if giver < place else each
        for place, (each, giver) in enumerate(zip(shots, givers, strict=False))
    ]


webs = st.builds(chained, shots_of_all_kinds, st.lists(st.integers(0, 12), min_size=6, max_size=6))


@given(webs)
def test_when_everything_is_stored_nothing_is_submitted(shots: list[Shot]) -> None:
    facts: dict[str, Any] = {"standings": {}, "stored_digests": frozenset(), "last_renders": {}}
    for _ in range(len(shots) + 1):
        plan = make_plan(shots, grounds(*shots, **facts), campaign="teaser")
        facts = stored(plan)
    assert not plan.pending_steps
    assert buys(plan).cost == ()
    assert buys(plan).unpriced == 0
    assert {use.version for step in plan.steps for use in step.uses} <= {1}


@given(webs)
def test_every_take_of_every_shot_is_in_exactly_one_step(shots: list[Shot]) -> None:
    plan = planned(*shots)
    takes = [(use.shot.id, use.take) for step in plan.steps for use in step.uses]
    assert sorted(takes) == sorted((each.id, take) for each in shots for take in range(1, each.takes + 1))
    marks = [step.fingerprint for step in plan.steps if step.fingerprint]
    assert len(marks) == len(set(marks))


@given(webs)
def test_steps_and_their_uses_stand_in_the_order_of_the_manifest(shots: list[Shot]) -> None:
    order = {each.id: place for place, each in enumerate(shots)}
    plan = planned(*shots)
    firsts = [(order[step.uses[0].shot.id], step.uses[0].take) for step in plan.steps]
    assert firsts == sorted(firsts)
    for step in plan.steps:
        places = [order[use.shot.id] for use in step.uses]
        assert places == sorted(places)


prices = st.none() | st.integers(0, 99).map(lambda cents: usd(f"0.{cents:02d}"))


@given(webs, prices, prices)
def test_the_cost_of_a_plan_is_the_sum_of_what_it_would_submit(shots: list[Shot], text_price, frame_price) -> None:
    routes = {
        key: Route(provider="minimax", estimate=text_price if key[2] == 6 else frame_price)
        for key in grounds(*shots).routes
    }
    plan = make_plan(shots, grounds(*shots, routes=routes), campaign="teaser")
    paid = [step for step in plan.steps if step.action in {Action.SUBMIT, Action.WAIT}]
    assert buys(plan).cost == sum_by_currency(step.estimate for step in paid if step.estimate is not None)
    assert buys(plan).unpriced == sum(step.estimate is None for step in paid)


def test_what_is_there_or_held_or_running_costs_nothing_more() -> None:
    for stage in (Stage.STORED, Stage.SUBMITTED, Stage.PRODUCED, Stage.IN_DOUBT, Stage.INTENDED):
        plan = planned(shot(), standings={MARK: standing(stage)}, stored_digests=frozenset({"sha256:aa"}))
        assert (buys(plan).cost, buys(plan).unpriced) == ((), 0)


def test_free_work_is_not_unpriced() -> None:
    plan = planned(shot(), route=FREE)
    assert (buys(plan).cost, buys(plan).unpriced, len(plan.pending_steps)) == ((), 0, 1)
    assert buys(planned(shot(), route=Route(provider="vtrix", estimate=None))).unpriced == 1


def test_a_plan_of_no_shots_is_empty() -> None:
    assert planned().steps == ()


def test_the_pictures_seen_are_those_of_the_samples() -> None:
    step = only(planned(shot(frames=PICTURE)))
    assert step.request is not None
    assert step.request.first == SEEN[FileFrame(path="open.png")]


def test_what_is_chained_from_a_clip_that_the_store_lost_is_known_and_costs_nothing_again() -> None:
    facts = stored(planned(*CHAIN[:2]))
    facts = stored(make_plan(CHAIN[:2], grounds(*CHAIN[:2], **facts), campaign="teaser"))
    lost = digest_of(make_plan(CHAIN[:2], grounds(*CHAIN[:2], **facts), campaign="teaser").steps[0])
    plan = make_plan(
        CHAIN[:2],
        grounds(*CHAIN[:2], **{**facts, "stored_digests": facts["stored_digests"] - {lost}}),
        campaign="teaser",
    )
    assert [step.why for step in plan.steps] == [StepReason.CLIP_GONE, StepReason.STORED]
    assert buys(plan).cost == ()


def test_what_must_be_rendered_from_a_clip_that_the_store_lost_waits_for_it() -> None:
    facts = stored(planned(*CHAIN))
    plan = make_plan(CHAIN[:2], grounds(*CHAIN[:2], **{**facts, "stored_digests": frozenset()}), campaign="teaser")
    assert [(step.why, step.waits_for) for step in plan.steps] == [
        (StepReason.CLIP_GONE, ()),
        (StepReason.NEEDS_FRAME, ("a",)),
    ]
    assert plan.steps[1].submits_later


def test_a_request_that_had_a_version_gets_it_back_and_a_new_one_gets_the_next_that_no_clip_has() -> None:
    past = {"open": LastRender(version=2, take=1, fingerprint="v1-second")}
    first = planned(shot(), last_renders=past)
    assert only(first).uses[0].version == 3
    had = resolve_versions(
        first,
        replace(first.inputs, versions={"open": ShotVersions(by_fingerprint={MARK: 1, "v1-second": 2}, highest=5)}),
    )
    assert only(had).uses[0].version == 1
    new = resolve_versions(
        first, replace(first.inputs, versions={"open": ShotVersions(by_fingerprint={"v1-second": 2}, highest=5)})
    )
    assert only(new).uses[0].version == 6


def test_a_clip_that_its_name_still_has_is_fetched_from_there() -> None:
    named = {MARK: NamedClip(file="teaser_open_v001_t01.mp4", digest="sha256:gone", provider="minimax")}
    for standings in ({}, {MARK: standing(Stage.STORED, digest="sha256:gone")}):
        step = only(planned(shot(), standings=standings, named_clips=named))
        assert (step.why, step.action) == (StepReason.IN_RENDERS, Action.FETCH)


def test_a_name_with_other_bytes_than_the_ledger_has_is_no_clip_of_ours() -> None:
    named = {MARK: NamedClip(file="teaser_open_v001_t01.mp4", digest="sha256:other", provider="minimax")}
    facts = {MARK: standing(Stage.STORED, digest="sha256:gone")}
    assert only(planned(shot(), standings=facts, named_clips=named)).why is StepReason.CLIP_GONE


@pytest.mark.parametrize("kind", [kind for kind in FailureKind if FAILURE_POLICIES[kind].final])
def test_what_was_refused_for_good_is_held_until_the_request_changes(kind: FailureKind) -> None:
    ended = {MARK: replace(standing(Stage.FAILED, digest=None), kind=kind)}
    assert only(planned(shot(), standings=ended)).why is StepReason.REFUSED
    assert only(planned(shot(), standings=ended, route=FREE)).action is Action.SUBMIT


BOTH_WAYS = replace(PAID, fallbacks=(Route(provider="vtrix", estimate=usd("0.20")),))


@pytest.mark.parametrize(
    ("last", "force", "why", "providers"),
    [
        ({"provider": "minimax"}, False, StepReason.REFUSED_ELSEWHERE, ["vtrix"]),
        ({"provider": "gone"}, False, StepReason.REFUSED_ELSEWHERE, ["minimax", "vtrix"]),
        ({"provider": "vtrix", "refused_by": ("minimax",)}, False, StepReason.REFUSED, ["minimax", "vtrix"]),
        ({"provider": "vtrix", "refused_by": ("minimax",)}, True, StepReason.FORCED, ["minimax", "vtrix"]),
        ({"provider": "minimax", "task": "t-1"}, False, StepReason.REFUSED, ["minimax", "vtrix"]),  # it may be charged
        (
            {"provider": "vtrix", "refused_by": ("minimax",), "kind": FailureKind.UNPAID},
            False, StepReason.FAILED, ["vtrix"],
        ),
        ({"provider": "minimax", "kind": FailureKind.UNABLE}, False, StepReason.FAILED, ["minimax", "vtrix"]),
    ],
)  # fmt: skip
def test_a_refused_submit_goes_to_those_of_the_list_that_have_not_refused_it(last, force, why, providers) -> None:
    ended = standing(Stage.FAILED, digest=None, **{"kind": FailureKind.PROMPT_REFUSED, **last})
    step = only(planned(shot(), route=BOTH_WAYS, standings={MARK: ended}, force_refused=force))
    assert step.why is why
    assert [way.provider for way in (step.route, *step.route.fallbacks)] == providers


def test_a_plan_knows_the_most_that_its_list_may_cost_and_what_is_unknown_there() -> None:
    dearer = replace(PAID, fallbacks=(Route(provider="a", estimate=usd("0.41")), Route(provider="b", estimate=None)))
    for route, most, unknown in [(PAID, "0.28", 0), (BOTH_WAYS, "0.28", 0), (dearer, "0.41", 1)]:
        found = buys(planned(shot(), route=route))
        assert (found.cost, found.most, found.unpriced_fallbacks) == ((usd("0.28"),), (usd(most),), unknown)

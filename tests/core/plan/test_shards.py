"""A plan in parts for several machines: together they are the plan, and nothing is bought on two of them."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from core_samples import after_shot, grounds, planned, shot, stored
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest.document import NO_FRAMES
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Plan, TakeName
from hailuo_batch.core.plan.planner import make_plan
from hailuo_batch.core.plan.shards import PlannedCampaign, Shard, choose_takes, find_groups, parse_shard
from hailuo_batch.errors import InputError


@st.composite
def shot_lists(draw: st.DrawFn) -> list[Shot]:
    """Shots with few prompts, so that some share a request, and with chains to earlier shots."""
    made: list[Shot] = []
    for number in range(draw(st.integers(0, 12))):
        giver = draw(st.none() | st.sampled_from(made)) if made else None
        frames = NO_FRAMES if giver is None else after_shot(giver.id)
        prompt = draw(st.sampled_from(["mist", "sea", f"p{number}"]))
        made.append(shot(f"s{number}", prompt=prompt, takes=draw(st.integers(1, 3)), frames=frames))
    return made


def divide(count: int, *plans: Plan) -> list[tuple[frozenset[TakeName], ...]]:
    campaigns = [PlannedCampaign(shots=shots_of(plan), plan=plan) for plan in plans]
    return [choose_takes(campaigns, Shard(number=each + 1, count=count)) for each in range(count)]


def shots_of(plan: Plan) -> Sequence[Shot]:
    return list({use.shot.id: use.shot for step in plan.steps for use in step.uses}.values())


def takes_of(plan: Plan) -> set[TakeName]:
    return {TakeName(use.shot.id, use.take) for step in plan.steps for use in step.uses}


@given(shot_lists(), st.integers(1, 7))
def test_all_parts_together_are_the_plan_and_no_take_is_in_two(shots: list[Shot], count: int) -> None:
    plan = planned(*shots)
    parts = [part for (part,) in divide(count, plan)]
    assert sum(map(len, parts)) == len(takes_of(plan))
    assert frozenset[TakeName]().union(*parts) == takes_of(plan)


@given(shot_lists(), st.integers(2, 7))
def test_no_request_and_no_chain_is_in_two_parts(shots: list[Shot], count: int) -> None:
    plan = planned(*shots)
    place = {name: number for number, (part,) in enumerate(divide(count, plan)) for name in part}
    for step in plan.steps:
        names = [TakeName(use.shot.id, use.take) for use in step.uses]
        givers = [TakeName(giver, 1) for giver in step.waits_for]
        assert len({place[name] for name in (*names, *givers)}) == 1


@given(shot_lists(), st.integers(2, 7))
def test_what_this_machine_has_already_moves_no_take(shots: list[Shot], count: int) -> None:
    fresh = planned(*shots)
    later = make_plan(shots, grounds(*shots, **stored(fresh)), campaign="teaser")
    assert divide(count, fresh) == divide(count, later)


@given(shot_lists(), st.integers(0, 12), st.integers(2, 7))
def test_a_new_shot_moves_no_other(shots: list[Shot], place: int, count: int) -> None:
    new = shot("new", prompt="nobody else has this")
    before, after = planned(*shots), planned(*shots[:place], new, *shots[place:])
    for (old,), (now,) in zip(divide(count, before), divide(count, after), strict=True):
        assert now - {TakeName("new", 1)} == old


def test_one_request_of_two_manifests_is_in_one_part() -> None:
    first = planned(shot("a", prompt="mist"), shot("b", prompt="sea"))
    other = replace(planned(shot("x", prompt="sea"), shot("y", prompt="fog")), campaign="other")
    groups = find_groups([PlannedCampaign(shots=shots_of(plan), plan=plan) for plan in (first, other)])
    assert groups == {
        ("teaser", "a"): ("teaser", "a"),
        ("teaser", "b"): ("teaser", "b"),
        ("other", "x"): ("teaser", "b"),
        ("other", "y"): ("other", "y"),
    }


def test_a_long_chain_is_one_group() -> None:
    chain = [shot("s0"), *(shot(f"s{n + 1}", frames=after_shot(f"s{n}")) for n in range(2_000))]
    plan = planned(*chain)
    groups = find_groups([PlannedCampaign(shots=chain, plan=plan)])
    assert set(groups.values()) == {("teaser", "s0")}


@pytest.mark.parametrize("text", ["", "2", "0/3", "4/3", "1/0", "a/b", "-1/3", "1/1001", "1/2/3", "²/3"])
def test_what_is_no_part_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is no part of a plan"):
        parse_shard(text)

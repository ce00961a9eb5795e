"""What clips have cost: what was told and what a price list says are two things, and what neither says is a third."""

from dataclasses import replace
from decimal import Decimal

import pytest
from core_samples import ANIMATIC, FREE, PAID, after_shot, buys, planned, shot, standing, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Plan, StepReason
from hailuo_batch.core.plan.plan_cost import PlanCost, PurchaseSum, list_purchases, sum_plan_cost
from hailuo_batch.core.plan.review import AcceptedClip
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.request import Request

CREDITS = Money(amount=Decimal(55), currency="credits")
WAYS = replace(PAID, fallbacks=(Route(provider="mindvideo", estimate=CREDITS), Route(provider="vtrix", estimate=None)))


def bought(*standings, route: Route = WAYS, **members) -> Plan:
    """A plan of as many shots, each with its standing."""
    shots = [shot(f"s{number}", prompt=str(number)) for number in range(len(standings))]
    marks = [step.fingerprint for step in planned(*shots).steps]
    kept = dict(zip(marks, standings, strict=True))
    return planned(
        *shots, standings=kept, route=route, stored_digests=frozenset(each.digest for each in standings), **members
    )


def clip(number: int, **members):
    return standing(digest=f"sha256:{number}", **members)


def test_what_is_told_is_one_sum_and_what_is_not_told_is_another_by_the_list():
    plan = bought(clip(1, cost=usd("0.30")), clip(2), clip(3))
    assert sum_plan_cost(plan) == PlanCost(
        actual=(usd("0.30"),), estimated=(usd("0.56"),), silent_providers=("minimax",)
    )


def test_currencies_stay_apart_and_each_clip_has_the_price_of_who_made_it():
    found = sum_plan_cost(bought(clip(1), clip(2, provider="mindvideo"), clip(3, provider="mindvideo")))
    assert found.estimated == (usd("0.28"), Money(amount=Decimal(110), currency="credits"))
    assert (found.actual, found.unknown, found.silent_providers) == ((), 0, ("mindvideo", "minimax"))


@pytest.mark.parametrize("provider", ["vtrix", "one-that-the-manifest-names-no-more"])
def test_without_a_price_a_clip_is_counted_and_is_in_no_sum(provider: str):
    assert sum_plan_cost(bought(clip(1, provider=provider))) == PlanCost(unknown=1, silent_providers=(provider,))


def test_a_clip_that_is_made_and_not_kept_yet_counts_and_what_is_running_or_failed_does_not():
    plan = bought(clip(1, stage=Stage.PRODUCED), clip(2, stage=Stage.SUBMITTED), clip(3, stage=Stage.FAILED))
    assert sum_plan_cost(plan).estimated == (usd("0.28"),)


def test_sketches_cost_nothing():
    drawn = bought(clip(1, provider="animatic"), route=FREE, model=ANIMATIC)
    assert sum_plan_cost(drawn) == PlanCost()


def test_a_clip_under_two_names_was_paid_for_once():
    one = planned(shot("a")).steps[0].fingerprint
    plan = planned(shot("a"), shot("b"), standings={one: clip(1)}, stored_digests=frozenset({"sha256:1"}))
    assert sum_plan_cost(plan).estimated == (usd("0.28"),)


(ASKED,) = (step.request for step in planned(shot()).steps)
assert ASKED is not None


@pytest.mark.parametrize(
    ("made_for", "found"),
    [
        (replace(ASKED, prompt="as it was before"), PlanCost(estimated=(usd("0.28"),), silent_providers=("minimax",))),
        (replace(ASKED, resolution="1080p"), PlanCost(unknown=1, silent_providers=("minimax",))),
        (None, PlanCost(unknown=1, silent_providers=("minimax",))),
    ],
    ids=["of the same size", "of another size", "not known any more"],
)
def test_an_accepted_clip_costs_what_was_asked_when_it_was_made(made_for: Request | None, found: PlanCost):
    (step,) = planned(shot()).steps
    earlier = AcceptedClip(standing=clip(1), made_for="v1-before", request=made_for, why="it is fine")
    kept = replace(step, why=StepReason.ACCEPTED, standing=clip(1), accepted=earlier)
    plan = planned(shot())
    assert sum_plan_cost(replace(plan, steps=(kept,))) == found
    twice = replace(plan, steps=(kept, replace(step, standing=clip(1, cost=usd("0.30")))))
    assert sum_plan_cost(twice) == PlanCost(actual=(usd("0.30"),)), "the clip's own step has it already"


def test_takes_with_one_request_are_bought_once() -> None:
    found = buys(planned(shot("a", takes=2), shot("b"), route=PAID))
    assert (found.takes, found.clips, found.cost, found.most) == (3, 2, (usd("0.56"),), (usd("0.56"),))


def test_the_most_that_a_list_of_providers_may_cost_is_its_dearest_price_and_the_rest_is_counted() -> None:
    dear = replace(PAID, fallbacks=(Route(provider="dear", estimate=usd("0.70")),))
    assert (buys(planned(shot(), route=dear)).cost, buys(planned(shot(), route=dear)).most) == (
        (usd("0.28"),), (usd("0.70"),),
    )  # fmt: skip
    ways = buys(planned(shot(), route=WAYS))
    assert (ways.most, ways.unpriced_fallbacks) == ((usd("0.28"), CREDITS), 1), "currencies are not compared"
    unknown = buys(planned(shot(), route=Route(provider="vtrix", estimate=None, fallbacks=(PAID,))))
    assert (unknown.cost, unknown.most, unknown.unpriced, unknown.unpriced_fallbacks) == ((), (usd("0.28"),), 1, 0)


def test_what_starts_from_a_shot_that_is_not_made_in_the_same_run_is_not_bought() -> None:
    chain = (shot("c", frames=after_shot("b")), shot("b", frames=after_shot("a")), shot("a"))
    mark = planned(shot("a")).steps[0].fingerprint
    assert [step.uses[0].shot.id for step in list_purchases(planned(*chain).steps)] == ["a", "b", "c"]
    held = planned(*chain, standings={mark: standing(Stage.IN_DOUBT, digest=None)})
    assert buys(held) == PurchaseSum()
    assert buys(planned(*chain, standings={mark: standing(Stage.SUBMITTED, digest=None)})).clips == 2
    assert not list_purchases(tuple(step for step in planned(*chain).steps if step.uses[0].shot.id != "a"))

"""The purse against books that are kept by hand: whatever happens in whatever order, both agree to the cent."""

import asyncio
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule
from run_samples import PAID, shot

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.plan import Step, StepReason, Use
from hailuo_batch.core.spending.budget import Cap, CountedAttempt
from hailuo_batch.core.spending.charge import Charge, ChargeState
from hailuo_batch.runner.reservations import Reservations

NOW, LONG_AGO = 1000.0, 10.0


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def cap(most: str, **members: object) -> Cap:
    return Cap(description=f"the cap of {most} USD", limit=usd(most), **members)  # type: ignore[arg-type]


def step_of(name: str, *tags: str, attempt: int | None = None, stage: Stage = Stage.SUBMITTED) -> Step:
    """A step; `attempt` is that of an earlier run."""
    standing = None if attempt is None else Standing(attempt=attempt, stage=stage, provider="minimax")
    why = (
        StepReason.NEW
        if standing is None
        else StepReason.RUNNING
        if stage is Stage.SUBMITTED
        else StepReason.INTERRUPTED
    )
    uses = (Use(shot=shot(name, tags=tags), take=1, version=1),)
    return Step(why=why, uses=uses, route=PAID, fingerprint=name, standing=standing)


def earlier(
    attempt: int, amount: str, claim: ChargeState, *tags: str, at: float = LONG_AGO, campaign: str = "spring"
) -> CountedAttempt:
    charge = Charge(state=claim, money=usd(amount))
    return CountedAttempt(attempt=attempt, campaign=campaign, tags=tags, at=at, charge=charge)


def purse(*caps: Cap, attempts: tuple[CountedAttempt, ...] = ()) -> Reservations:
    return Reservations(caps, attempts, campaign="spring", now=NOW)


def test_what_a_shared_cap_refuses_gives_its_room_back_and_makes_nobody_try_again():
    found = purse(cap("1.00"))
    assert found.reserve(step_of("a"), usd("0.80"), "minimax") is None
    found.cancel(step_of("a"))
    assert not found.pop_release_flag(), "each step that was left out would be tried for ever"
    assert found.reserve(step_of("b"), usd("1.00"), "minimax") is None


def test_what_was_counted_before_is_counted():
    found = purse(cap("1.00"), attempts=(earlier(1, "0.80", ChargeState.SPENT),))
    assert found.reserve(step_of("a"), usd("0.21"), "minimax") is not None
    assert found.reserve(step_of("b"), usd("0.20"), "minimax") is None


def test_what_was_bought_elsewhere_counts_once_and_is_not_what_this_run_may_buy():
    known = KnownTask(provider="minimax", task="t-7", source="film.tasks.yaml")
    route = replace(PAID, estimate=usd("0.80"))
    step = replace(step_of("a"), why=StepReason.TASK_KNOWN, route=route, known_task=known)
    for most, fits in [(cap("1.00"), False), (cap("1.00", is_per_run=True, since=NOW), True)]:
        found = Reservations((most,), (), campaign="spring", now=NOW, planned=(step, step_of("b")))
        found.count_known_task(step)
        assert (found.reserve(step_of("b"), usd("0.21"), "minimax") is None) is fits
        assert found.reserve(step_of("c"), usd("0.20"), "minimax") is None
    found = Reservations((cap("1.00"),), (), campaign="spring", now=NOW, planned=(step,))
    found.record_actual_cost(step, usd("0.70"))
    assert found.reserve(step_of("b"), usd("0.30"), "minimax") is None


def test_what_is_given_back_can_be_spent_again_and_only_once():
    found, a = purse(cap("0.30")), step_of("a")
    assert found.reserve(a, usd("0.28"), "minimax") is None
    found.release(a)
    found.release(a)
    assert found.reserve(step_of("b"), usd("0.28"), "minimax") is None
    assert found.reserve(step_of("c"), usd("0.28"), "minimax") is not None


def test_a_refused_step_holds_nothing_of_any_cap():
    found = purse(cap("1.00"), cap("0.10", tag="hero"))
    for number in range(10):
        assert found.reserve(step_of(f"h{number}", "hero"), usd("0.28"), "minimax") is not None
    assert [found.reserve(step_of(f"s{n}"), usd("0.28"), "minimax") is None for n in range(4)] == [True] * 3 + [False]


def test_what_the_provider_told_counts_instead_of_the_estimate():
    found, a = purse(cap("0.50")), step_of("a")
    assert found.reserve(a, usd("0.40"), "minimax") is None
    found.record_actual_cost(a, usd("0.10"))
    assert found.reserve(step_of("b"), usd("0.40"), "minimax") is None
    found.record_actual_cost(step_of("b"), None)
    assert found.reserve(step_of("c"), usd("0.01"), "minimax") is not None


def test_a_cost_that_is_told_in_another_currency_leaves_the_estimate_where_it_is():
    found, a = purse(cap("0.50")), step_of("a")
    assert found.reserve(a, usd("0.40"), "gccai") is None
    found.record_actual_cost(a, Money(amount=Decimal(3), currency="credits"))
    assert found.reserve(step_of("b"), usd("0.28"), "minimax") is not None


def test_a_cheap_task_of_an_earlier_run_makes_no_room_under_the_limit_of_this_one():
    """What it was to cost was never counted there."""
    running = earlier(7, "0.50", ChargeState.RUNNING)
    found = purse(cap("0.30", since=NOW), attempts=(running,))
    found.record_actual_cost(step_of("old", attempt=7), usd("0.10"))
    assert found.reserve(step_of("a"), usd("0.28"), "minimax") is None
    assert found.reserve(step_of("b"), usd("0.28"), "minimax") is not None


def test_a_cheap_task_that_had_another_tag_makes_no_room_for_the_tag_of_now():
    found = purse(cap("0.30", tag="acme"), attempts=(earlier(7, "0.50", ChargeState.RUNNING, "other"),))
    found.record_actual_cost(step_of("old", "acme", attempt=7), usd("0.10"))
    assert found.reserve(step_of("a", "acme"), usd("0.28"), "minimax") is None
    assert found.reserve(step_of("b", "acme"), usd("0.28"), "minimax") is not None


def test_what_a_crash_interrupted_is_counted_once_by_each_cap_that_has_it_and_by_the_limit_of_this_run():
    interrupted = step_of("old", attempt=7, stage=Stage.INTENDED)
    found = purse(cap("0.60"), cap("0.30", since=NOW), attempts=(earlier(7, "0.28", ChargeState.IN_DOUBT),))
    assert found.reserve(interrupted, usd("0.28"), "mindvideo") is None
    refused = found.reserve(step_of("a"), usd("0.28"), "minimax")
    assert refused is not None
    assert "the cap of 0.30 USD" in refused.why
    found.release(interrupted)  # it was not accepted this time: the first sending still may have been
    assert found.reserve(step_of("b"), usd("0.28"), "minimax") is None
    refused = found.reserve(step_of("c"), usd("0.02"), "minimax")
    assert refused is None
    refused = found.reserve(step_of("d"), usd("0.05"), "minimax")
    assert refused is not None
    assert "the cap of 0.60 USD has 0.02 USD left" in refused.why


@pytest.mark.parametrize(
    ("quote", "left"),
    [(usd("0.60"), "0.40"), (usd("0.20"), "0.50"), (Money(amount=Decimal("0.60"), currency="CNY"), "0.50")],
    ids=["higher", "lower", "in CNY"],
)
def test_a_higher_quote_counts_from_the_submit_on_and_the_actual_cost_corrects_it(quote: Money, left: str):
    found, a = purse(cap("1.00")), step_of("a")
    assert found.reserve(a, usd("0.50"), "mindvideo") is None
    found.record_quote(a, quote, "mindvideo")
    assert found.reserve(step_of("b"), usd(str(Decimal(left) + Decimal("0.01"))), "minimax") is not None
    assert found.reserve(step_of("c"), usd(left), "minimax") is None
    found.record_actual_cost(a, usd("0.45"))
    assert found.reserve(step_of("d"), usd(str(Decimal("0.56") - Decimal(left))), "minimax") is not None
    assert found.reserve(step_of("e"), usd(str(Decimal("0.55") - Decimal(left))), "minimax") is None


def test_a_quote_that_breaks_a_cap_ends_submits_under_it():
    found, a = purse(cap("0.60")), step_of("a")
    assert found.reserve(a, usd("0.28"), "mindvideo") is None
    found.record_quote(a, usd("0.90"), "mindvideo")
    refused = found.reserve(step_of("b"), usd("0.01"), "minimax")
    assert refused is not None
    assert "the cap of 0.60 USD has 0.00 USD left" in refused.why


def test_the_same_at_the_same_provider_is_expected_at_the_highest_price_that_it_named():
    found, b = purse(cap("1.00")), step_of("b")
    assert found.reserve(step_of("a"), usd("0.28"), "mindvideo") is None
    found.record_quote(step_of("a"), usd("0.60"), "mindvideo")
    found.record_quote(step_of("a"), usd("0.50"), "mindvideo")
    assert found.expected_price(b, usd("0.28"), "mindvideo") == usd("0.60")
    assert found.expected_price(b, usd("0.70"), "mindvideo") == usd("0.70")
    assert found.expected_price(b, usd("0.28"), "minimax") == usd("0.28")
    longer = replace(b, uses=(Use(shot=replace(shot("b"), duration=10), take=1, version=1),))
    assert found.expected_price(longer, usd("0.56"), "mindvideo") == usd("0.56")


def test_a_quote_counts_in_the_caps_that_have_the_attempt_since_an_earlier_run():
    interrupted = step_of("old", attempt=7, stage=Stage.INTENDED)
    found = purse(cap("1.00"), attempts=(earlier(7, "0.28", ChargeState.IN_DOUBT),))
    assert found.reserve(interrupted, usd("0.28"), "mindvideo") is None
    found.record_quote(interrupted, usd("0.80"), "mindvideo")
    assert found.reserve(step_of("a"), usd("0.21"), "minimax") is not None
    assert found.reserve(step_of("b"), usd("0.20"), "minimax") is None
    found.record_actual_cost(interrupted, usd("0.30"))
    assert found.reserve(step_of("c"), usd("0.50"), "minimax") is None


@pytest.mark.parametrize("price", [None, Money(amount=Decimal("0.01"), currency="CNY")], ids=["unknown", "in CNY"])
def test_without_a_cap_any_price_will_do_and_under_one_only_what_it_can_count(price: Money | None):
    assert purse().reserve(step_of("a"), price, "vtrix") is None
    refused = purse(cap("100")).reserve(step_of("a"), price, "vtrix")
    assert refused is not None
    assert refused.kind is FailureKind.OVER_CAP


@pytest.mark.parametrize("hands", [1, 10, 200])
async def test_no_number_of_hands_oversteps_a_cap(hands: int):
    found, chance = purse(cap("1.00")), random.Random(hands)  # noqa: S311 - it has to be repeatable, not secret
    spent = held = most = 0

    async def buy(number: int) -> None:
        nonlocal spent, held, most
        await asyncio.sleep(0)
        if found.reserve(step_of(f"s{number}"), usd("0.28"), "minimax"):
            return
        held += 1
        most = max(most, held + spent)
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
        held -= 1
        if chance.random() < 0.3:
            found.release(step_of(f"s{number}"))
        else:
            spent += 1

    await asyncio.gather(*(buy(number) for number in range(hands)))
    assert 1 <= most <= 3


CAPS = (
    cap("2.00"),
    cap("0.90", tag="hero"),
    cap("1.20", since=NOW),
    cap("5.00", campaign="autumn"),
    cap("1.50", campaign="spring", tag="a*"),
)
PAST = (
    earlier(1, "0.30", ChargeState.SPENT, "hero"),
    earlier(2, "0.20", ChargeState.NOTHING),
    earlier(3, "0.28", ChargeState.RUNNING, "acme"),
    earlier(4, "0.28", ChargeState.RUNNING, campaign="autumn"),
    earlier(5, "0.28", ChargeState.IN_DOUBT, "hero"),
)
TAGS = ((), ("hero",), ("acme",), ("hero", "acme"), (), ("hero",))
STEPS = {
    **{f"new{number}": step_of(f"new{number}", *tags) for number, tags in enumerate(TAGS)},
    "cut": step_of("cut", "acme", attempt=5, stage=Stage.INTENDED),
    "run3": step_of("run3", "hero", attempt=3),
    "run4": step_of("run4", attempt=4),
}
RUNNING = {"run3", "run4"}
TO_SEND, ALL = st.sampled_from(sorted(STEPS.keys() - RUNNING)), st.sampled_from(sorted(STEPS))
CENTS = st.integers(1, 60).map(lambda cents: Money(amount=Decimal(cents) / 100, currency="USD"))


class Books(RuleBasedStateMachine):
    """Every cap kept by hand: which attempt stands in it, and with how much."""

    def __init__(self) -> None:
        super().__init__()
        self.purse = purse(*CAPS, attempts=PAST)
        self.held: list[dict[object, Decimal]] = [
            {
                each.attempt: each.charge.money.amount
                for each in PAST
                if each.charge.money
                and each.charge.state is not ChargeState.NOTHING
                and one.covers(campaign=each.campaign, tags=each.tags, at=each.at)
            }
            for one in CAPS
        ]
        self.open: set[str] = set()
        self.told: set[str] = set()

    @rule(name=TO_SEND, price=CENTS)
    def reserve(self, name: str, price: Money) -> None:
        if name in self.open | self.told:
            return
        mine = self._falls_under(STEPS[name])
        fits = all(sum(held.values()) + price.amount <= one.limit.amount for one, held in mine)
        assert (self.purse.reserve(STEPS[name], price, "minimax") is None) == fits
        if fits:
            self.open.add(name)
            for _, held in mine:
                held[name] = price.amount

    @rule(name=TO_SEND)
    def give_back(self, name: str) -> None:
        if name in self.open:
            self.open.remove(name)
            self.purse.release(STEPS[name])
            for held in self.held:
                held.pop(name, None)

    @rule(name=TO_SEND, quote=CENTS)
    def quote(self, name: str, quote: Money) -> None:
        if name not in self.open:
            return
        standing = STEPS[name].standing
        self.purse.record_quote(STEPS[name], quote, f"the provider of {name}")
        for held in self.held:
            for each in {name, standing.attempt if standing else None} & held.keys():
                held[each] = max(held[each], quote.amount)

    @rule(name=ALL, cost=CENTS)
    def correct(self, name: str, cost: Money) -> None:
        if name in self.told or name not in self.open | RUNNING:
            return
        self.told.add(name)
        self.open.discard(name)
        self.purse.record_actual_cost(STEPS[name], cost)
        standing = STEPS[name].standing
        for held in self.held:
            for each in {name, standing.attempt if standing else None} & held.keys():
                held[each] = cost.amount

    def _falls_under(self, step: Step) -> list[tuple[Cap, dict[object, Decimal]]]:
        tags, attempt = step.uses[0].shot.tags, step.standing.attempt if step.standing else None
        return [
            (one, held)
            for one, held in zip(CAPS, self.held, strict=True)
            if one.covers(campaign="spring", tags=tags, at=NOW) and attempt not in held
        ]


Books.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestTheBooksAgree = Books.TestCase

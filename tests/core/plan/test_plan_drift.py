"""Whatever a saved plan shows and a purchase depends on is compared: no value of it can be another unnoticed."""

from collections.abc import Iterator
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.approval import ApprovalRule, Person, Rejection
from hailuo_batch.core.plan.plan import StepReason, TakeName
from hailuo_batch.core.plan.plan_drift import CurrentStep, find_drift
from hailuo_batch.core.plan.saved_plan import PlanTotals, SavedPlan, plan_hash

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
PRICE = {"amount": "0.28", "currency": "USD", "read": "2026-07-10", "source": "https://prices.test"}
STEP: dict[str, Any] = {
    "takes": [{"shot": "kite", "take": 1, "version": 1}],
    "action": "submit",
    "why": "never rendered",
    "buys": True,
    "fingerprint": "v1-" + "0" * 64,
    "request": {
        "model": "hailuo-02",
        "prompt": "a kite…",
        "duration": 6,
        "resolution": "768p",
        "first": DIGEST,
        "last": DIGEST,
        "prompt_optimizer": True,
        "take": 1,
    },
    "prompt_digest": DIGEST,
    "frames": [
        {"end": "first", "file": "a.png", "digest": DIGEST},
        {"end": "last", "url": "https://a.test/?…", "url_digest": DIGEST, "digest": DIGEST},
    ],
    "routes": [{"provider": "minimax", "price": PRICE}, {"provider": "vtrix", "price": dict(PRICE)}],
    "standing": {"stage": "failed", "provider": "minimax", "task": None, "kind": None},
    "charged": 1,
}
PLAN: dict[str, Any] = {
    "tool": "1",
    "model": "hailuo-02",
    "fingerprint_version": 1,
    "caps": ["the manifest's budget of 5.00 USD"],
    "strip_metadata": False,
    "tables": {"model": DIGEST, "providers": {"minimax": DIGEST, "vtrix": DIGEST}},
    "steps": [STEP],
}
# What people read, and nothing is bought by: how it stood then, the name of a file, the date of an unchanged price.
READ_ONLY = {"version", "action", "why", "stage", "task", "kind", "file", "read", "source"}
# Said again in what is compared.
REPEATED = {("model",), ("steps", 0, "standing", "provider"), ("steps", 0, "request", "take")}


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(value, (*path, key))
    else:
        yield path


def changed(path: tuple[Any, ...]) -> SavedPlan:
    tree = deepcopy(PLAN)
    place: Any = tree
    for key in path[:-1]:
        place = place[key]
    value = place[path[-1]]
    match value:
        case bool():
            place[path[-1]] = not value
        case int():
            place[path[-1]] = value - 1
        case _:
            place[path[-1]] = "0.29" if path[-1] == "amount" else OTHER if value == DIGEST else f"{value}x"
    return SavedPlan(tree={**tree, "hash": plan_hash(tree)})


def find(saved: SavedPlan, now: dict[str, Any] | None = None, why: StepReason = StepReason.NEW) -> list[str]:
    step = CurrentStep(tree=now or STEP, why=why)
    return [drift.field for drift in find_drift(saved, {TakeName("kite", 1): step}, PLAN)]


COMPARED = [path for path in leaves(PLAN) if path[-1] not in READ_ONLY and path not in REPEATED]


def test_a_plan_that_is_as_it_was_has_no_difference() -> None:
    assert find(SavedPlan(tree=PLAN)) == []
    assert len(COMPARED) > 20


@pytest.mark.parametrize("path", COMPARED, ids=lambda path: ".".join(map(str, path)))
def test_no_value_that_decides_a_purchase_can_be_another_unnoticed(path: tuple[Any, ...]) -> None:
    assert find(changed(path)) != []


@pytest.mark.parametrize("why", [StepReason.STORED, StepReason.RUNNING, StepReason.PRODUCED, StepReason.IN_OTHER_STORE])
def test_what_was_done_meanwhile_is_no_difference_and_its_price_does_not_matter(why: StepReason) -> None:
    now = {**STEP, "buys": False, "routes": [], "charged": 2}
    assert find(changed(("strip_metadata",)), now, why) == []


def test_a_take_that_was_on_hold_or_running_is_not_bought_now() -> None:
    for action in ("hold", "resume"):
        saved = SavedPlan(tree={**PLAN, "steps": [{**STEP, "action": action, "buys": False}]})
        assert "ledger" in find(saved)
    running = SavedPlan(tree={**PLAN, "steps": [{**STEP, "action": "resume", "buys": False}]})
    assert find(running, {**STEP, "buys": False}, StepReason.REFUSED) == ["ledger"]
    assert find(running, {**STEP, "buys": False}, StepReason.IN_DOUBT) == []


def test_long_prompts_are_shown_around_the_first_letter_that_differs() -> None:
    before, now = ("a kite " + "rises and " * 20 + end for end in ("falls", "flies"))
    saved = SavedPlan(tree={**PLAN, "steps": [{**STEP, "request": {**STEP["request"], "prompt": before}}]})
    current = CurrentStep(tree={**STEP, "request": {**STEP["request"], "prompt": now}}, why=StepReason.NEW)
    (drift,) = find_drift(saved, {TakeName("kite", 1): current}, PLAN)
    assert str(drift) == (
        'kite#1: prompt: "…ises and rises and rises and falls" → "…ises and rises and rises and flies"'
    )


def test_what_somebody_wrote_begins_no_line_of_a_message() -> None:
    now = {**STEP, "request": {**STEP["request"], "prompt": "x\n  error: \x1b[31m\u202e"}}
    current = CurrentStep(tree=now, why=StepReason.NEW)
    (drift,) = find_drift(SavedPlan(tree=PLAN), {TakeName("kite", 1): current}, PLAN)
    assert str(drift) == 'kite#1: prompt: "a kite…" → "x\\n  error: \\x1b[31m\\u202e"'
    assert str(Rejection(who="Ana\nerror", why="it is not signed")) == "Ana\\nerror: it is not signed"


def usd(amount: str, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


@pytest.mark.parametrize(
    ("totals", "needed"),
    [
        (PlanTotals(), False),
        (PlanTotals(clips=1, most=(usd("20"),)), False),
        (PlanTotals(clips=1, most=(usd("20.01"),)), True),
        (PlanTotals(clips=1, cost=(usd("20"),), most=(usd("21"),)), True),  # if the dearest provider renders
        (PlanTotals(clips=2, most=(usd("1"), usd("1", "EUR"))), True),
        (PlanTotals(clips=1, unpriced=1), True),
        (PlanTotals(clips=1, most=(usd("1"),), unpriced_fallbacks=1), True),
        (PlanTotals(clips=1, most=(usd("1", "usd"),)), False),
    ],
)
def test_above_an_amount_an_approval_is_needed(totals: PlanTotals, needed: bool) -> None:
    assert ApprovalRule(above=usd("20")).needs_approval(totals) is needed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Person(name="Ana", email="a@x.test"), Person(name="Anna", email="A@X.test"), True),
        (Person(name="Ana", email="a@x.test"), Person(name="ana", email="home@x.test"), True),
        (Person(name="", email="a@x.test"), Person(name="a@x.test"), True),
        (Person(name="", email="a@x.test"), Person(name="", email="b@x.test"), False),
        (Person(name=""), Person(name=""), False),
    ],
)
def test_two_are_one_person_by_address_or_name(one: Person, other: Person, same: bool) -> None:
    assert one.is_same(other) is same

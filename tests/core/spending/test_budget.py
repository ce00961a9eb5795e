from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap, CountedAttempt, cap_usage, check_cap, make_caps, parse_amount
from hailuo_batch.core.spending.charge import Charge, ChargeState


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


def paid(
    amount: str | None, claim: ChargeState = ChargeState.SPENT, *, currency: str = "USD", **members: object
) -> CountedAttempt:
    money = None if amount is None else Money(amount=Decimal(amount), currency=currency)
    plain: dict[str, object] = {"attempt": 1, "campaign": "spring", "tags": ("client:acme",), "at": 100.0}
    return CountedAttempt(**{**plain, **members}, charge=Charge(state=claim, money=money))  # type: ignore[arg-type]


CAP = Cap(description="the cap of 1.00 USD", limit=usd("1.00"))


@pytest.mark.parametrize("claim", list(ChargeState))
def test_everything_counts_but_what_was_not_accepted(claim: ChargeState):
    assert cap_usage(CAP, [paid("0.28", claim)]) == (Decimal(0) if claim is ChargeState.NOTHING else Decimal("0.28"))


def test_other_currencies_and_unknown_prices_are_not_added():
    assert cap_usage(CAP, [paid("0.28"), paid("2.00", currency="CNY"), paid(None)]) == Decimal("0.28")


def test_what_was_told_in_another_currency_counts_as_it_was_estimated():
    told = paid("3", currency="credits", estimate=usd("0.28"))
    assert cap_usage(CAP, [told]) == Decimal("0.28")
    assert cap_usage(CAP, [paid("0.30", estimate=usd("0.28"))]) == Decimal("0.30"), "what was told goes first"
    assert cap_usage(CAP, [paid("3", ChargeState.NOTHING, currency="credits", estimate=usd("0.28"))]) == Decimal(0)


def test_a_quote_counts_where_it_is_higher_or_in_the_currency_of_the_cap():
    units = Money(amount=Decimal("0.40"), currency="Units")
    named = paid("0.28", ChargeState.RUNNING, estimate=usd("0.28"), quote=units)
    assert cap_usage(CAP, [named]) == Decimal("0.28")
    assert cap_usage(Cap(description="it", limit=replace(units, currency="units")), [named]) == Decimal("0.40")
    assert cap_usage(CAP, [replace(named, quote=usd("0.40"))]) == Decimal("0.40")
    actual = Charge(state=ChargeState.SPENT, money=usd("0.30"), is_actual=True)
    assert cap_usage(CAP, [replace(named, quote=usd("0.40"), charge=actual)]) == Decimal("0.30")


@pytest.mark.parametrize(
    ("cap", "counts"),
    [
        ({}, True),
        ({"campaign": "spring"}, True),
        ({"campaign": "autumn"}, False),
        ({"tag": "client:acme"}, True),
        ({"tag": "client:*"}, True),
        ({"tag": "client"}, False),
        ({"tag": "hero"}, False),
        ({"since": 100.0}, True),
        ({"since": 100.1}, False),
        ({"campaign": "spring", "tag": "hero"}, False),
    ],
)
def test_an_attempt_counts_by_campaign_tag_and_time(cap: dict[str, object], counts: bool):
    found = Cap(description="it", limit=usd("1"), **cap)  # type: ignore[arg-type]
    assert cap_usage(found, [paid("0.28")]) == (Decimal("0.28") if counts else Decimal(0))


def test_the_last_cent_may_be_spent_and_no_more():
    assert check_cap(CAP, Decimal("0.72"), usd("0.28"), "minimax") is None
    refused = check_cap(CAP, Decimal("0.73"), usd("0.28"), "minimax")
    assert refused is not None
    assert refused.kind is FailureKind.OVER_CAP
    assert refused.why == "it would cost 0.28 USD, and the cap of 1.00 USD has 0.27 USD left"


def test_a_cap_that_is_passed_already_has_nothing_left_rather_than_less():
    refused = check_cap(CAP, Decimal("1.40"), usd("0.28"), "minimax")
    assert refused is not None
    assert refused.why.endswith("has 0.00 USD left")


def test_what_is_free_may_be_had_under_a_cap_that_is_used_up():
    assert check_cap(CAP, Decimal("1.00"), usd("0"), "minimax") is None


@pytest.mark.parametrize(
    ("price", "why"),
    [
        (None, "its price at vtrix is unknown, and the cap of 1.00 USD allows only known prices"),
        (
            Money(amount=Decimal("0.01"), currency="CNY"),
            "its price at vtrix is in CNY, and the cap of 1.00 USD cannot count that",
        ),
    ],
    ids=["unknown", "another currency"],
)
def test_what_cannot_be_held_against_a_cap_is_refused_under_it(price: Money | None, why: str):
    refused = check_cap(CAP, Decimal(0), price, "vtrix")
    assert refused is not None
    assert (refused.kind, refused.why) == (FailureKind.OVER_CAP, why)
    assert refused.remedy


@given(st.lists(st.decimals("0.01", "2", places=2)), st.decimals("0", "10", places=2))
def test_whoever_asks_first_and_buys_only_what_is_not_refused_stays_under_the_cap(
    prices: Iterable[Decimal], most: Decimal
):
    cap, used = Cap(description="it", limit=Money(amount=most, currency="USD")), Decimal(0)
    for price in prices:
        if check_cap(cap, used, Money(amount=price, currency="USD"), "minimax") is None:
            used += price
    assert used <= most


NOW = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
MONTH = datetime(2026, 11, 1, tzinfo=UTC).timestamp()


def test_the_caps_of_a_run_are_its_own_the_manifests_and_the_projects():
    rows: list[dict[str, object]] = [
        {"max": 100, "currency": "USD"},
        {"max": "9.50", "currency": "EUR", "tag": "client:*", "per": "month"},
    ]
    caps = make_caps(budget=usd("40"), campaign="spring", settings=rows, limit=usd("5"), now=NOW, month_start=MONTH)
    assert [cap.description for cap in caps] == [
        "--max-cost of 5.00 USD",
        "the manifest's budget of 40.00 USD",
        "the project's cap of 100.00 USD",
        "the project's cap of 9.50 EUR for client:* a month",
    ]
    assert [(cap.campaign, cap.tag, cap.since) for cap in caps] == [
        (None, None, NOW),
        ("spring", None, 0.0),
        (None, None, 0.0),
        (None, "client:*", MONTH),
    ]


def test_without_caps_there_are_none():
    assert make_caps(budget=None, campaign="spring", settings=(), limit=None, now=NOW, month_start=MONTH) == ()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("12", "12.00 USD"), ("12.5", "12.50 USD"), ("3 eur", "3.00 EUR"), (" 0 ", "0.00 USD"), ("1e1", "10.00 USD")],
)
def test_an_amount_is_read_as_people_write_it(text: str, shown: str):
    assert str(parse_amount(text, currency="USD")) == shown


@pytest.mark.parametrize("text", ["", "-1", "nan", "inf", "ten", "12,50", "USD 12", "$12"])
def test_what_is_no_amount_is_none(text: str):
    assert parse_amount(text, currency="USD") is None

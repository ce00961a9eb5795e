from decimal import Decimal

import pytest
from core_samples import usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.money import Money, PriceRow, find_price, sum_by_currency

money = st.builds(Money, amount=st.decimals("0", "1000", places=3), currency=st.sampled_from(["USD", "CNY", "credits"]))


def row(amount: str, read: str = "2026-07-10", resolution: str = "768p", seconds: int = 6) -> PriceRow:
    return PriceRow(resolution=resolution, seconds=seconds, price=usd(amount), read=read, source="https://a.example")


def test_the_newest_row_wins_wherever_it_stands() -> None:
    rows = [row("0.30", "2026-01-01"), row("0.28", "2026-07-10"), row("0.40", "2025-12-31")]
    assert find_price(rows, resolution="768p", seconds=6) == usd("0.28")
    assert find_price(reversed(rows), resolution="768p", seconds=6) == usd("0.28")


@pytest.mark.parametrize(("resolution", "seconds"), [("768p", 10), ("1080p", 6), ("768P", 6)])
def test_a_price_without_a_row_is_unknown_and_never_zero(resolution: str, seconds: int) -> None:
    assert find_price([row("0.28")], resolution=resolution, seconds=seconds) is None


def test_no_rows_are_no_price() -> None:
    assert find_price([], resolution="768p", seconds=6) is None


@given(st.lists(money))
def test_currencies_are_never_added_together(amounts: list[Money]) -> None:
    sums = sum_by_currency(amounts)
    assert [each.currency for each in sums] == sorted({each.currency for each in amounts})
    for each in sums:
        assert each.amount == sum(one.amount for one in amounts if one.currency == each.currency)


def test_tenths_add_up_exactly() -> None:
    assert sum_by_currency([usd("0.1")] * 3) == (usd("0.3"),)


@pytest.mark.parametrize(
    ("amount", "words"),
    [("0.28", "0.28 USD"), ("40", "40.00 USD"), ("0.5", "0.50 USD"), ("0.225", "0.225 USD"), ("1E+2", "100.00 USD")],
)
def test_money_is_written_with_at_least_two_decimals(amount: str, words: str) -> None:
    assert str(Money(amount=Decimal(amount), currency="USD")) == words

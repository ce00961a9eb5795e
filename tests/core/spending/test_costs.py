from collections import Counter
from decimal import Decimal

import pytest
from account_samples import attempt, bare, failed, given_up
from core_samples import usd
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.charge import ChargeState
from hailuo_batch.core.spending.costs import (
    COLUMN_BY_STATE,
    UNKNOWN_CURRENCY,
    CostColumn,
    CostRow,
    Costs,
    GroupBy,
    charge_attempts,
    sum_costs,
)


def costs(*attempts: AttemptRecord, group_by: GroupBy = GroupBy.PROVIDER, **more) -> Costs:
    return sum_costs(charge_attempts(attempts), group_by=group_by, **more)


def sums(row: CostRow) -> dict[str, str]:
    return {str(column): str(amount) for column, amount in row.sums.items()}


def credits_(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="credits")


def test_what_an_attempt_counts_as_is_its_column() -> None:
    found = costs(
        attempt(1),
        bare(2, Stage.PRODUCED, task="t-2"),
        bare(3, Stage.SUBMITTED, task="t-3"),
        bare(4, Stage.IN_DOUBT),
        bare(5, Stage.INTENDED),
        failed(6),
        given_up(7, FailureKind.WRITTEN_OFF),
        given_up(8, FailureKind.DISCARDED),
    )
    (row,) = found.rows
    assert (row.group, row.currency, row.attempts, row.unknown) == ("minimax", "USD", 8, 0)
    assert sums(row) == {
        "estimate": "2.24", "spent": "0.84", "running": "0.28", "in doubt": "0.56", "unclaimed": "0.56",
    }  # fmt: skip


def test_what_was_not_accepted_is_counted_and_costs_nothing() -> None:
    (row,) = costs(bare(1, Stage.FAILED), given_up(2, FailureKind.NEVER_SENT)).rows
    assert (row.attempts, row.currency, sums(row)) == (2, "USD", {})
    assert row.amount(CostColumn.SPENT) == 0
    assert row.amount(CostColumn.ESTIMATE) is None


def test_what_the_provider_told_goes_before_the_estimate_and_differs_from_it() -> None:
    (row,) = costs(attempt(1, cost=usd("0.30")), attempt(2)).rows
    assert sums(row) == {"estimate": "0.56", "spent": "0.58", "told": "0.30", "difference": "0.02"}


def test_an_estimate_in_one_currency_and_a_cost_in_another_are_no_difference() -> None:
    found = costs(attempt(1, cost=credits_("30")))
    assert [(row.currency, row.attempts, sums(row)) for row in found.rows] == [
        ("USD", 0, {"estimate": "0.28"}),
        ("credits", 1, {"spent": "30", "told": "30"}),
    ]


def test_what_nobody_knows_the_price_of_is_in_no_sum_and_counted_by_what_it_is() -> None:
    found = costs(attempt(1, estimate=None), bare(2, Stage.IN_DOUBT, estimate=None), attempt(3))
    known, unknown = found.rows
    assert (known.currency, known.attempts, known.unknown) == ("USD", 1, 0)
    assert (unknown.currency, unknown.attempts, unknown.unknown, unknown.sums) == (UNKNOWN_CURRENCY, 2, 2, {})
    assert unknown.amount(CostColumn.SPENT) is None, "not known is not nothing"
    assert found.unknown == {ChargeState.SPENT: 1, ChargeState.IN_DOUBT: 1}


def test_drawings_of_this_machine_take_no_part() -> None:
    assert costs(attempt(1, provider="animatic", estimate=None)).totals == ()


def test_a_clip_that_was_brought_back_is_paid_once() -> None:
    """Its readable name had it still: the ledger has the purchase already, or it does not."""
    back = attempt(2, fingerprint="v1-1", task="", cost=usd("0.28"))
    found = charge_attempts([given_up(1, FailureKind.DISCARDED), back])
    assert [each.charge.state for each in found] == [ChargeState.SPENT, ChargeState.NOTHING]
    (alone,) = charge_attempts([back])
    assert (alone.charge.state, alone.charge.money) == (ChargeState.SPENT, usd("0.28"))


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (GroupBy.SHOT, ["aurora/open", "aurora/turn", "boreal/open"]),
        (GroupBy.PROVIDER, ["minimax", "vtrix"]),
        (GroupBy.MONTH, ["2026-09", "2026-10"]),
        (GroupBy.CAMPAIGN, ["aurora", "boreal"]),
        (GroupBy.TAG, ["client:acme", "hero", ""]),
    ],
)
def test_groups_are_by_name_and_what_has_none_is_at_the_end(by: GroupBy, groups: list[str]) -> None:
    found = costs(
        attempt(1, tags=("hero", "client:acme", "hero")),
        attempt(2, shot="turn", provider="vtrix", intended_at=1_793_000_000.0),
        attempt(3, campaign="boreal"),
        group_by=by,
    )
    assert [row.group for row in found.rows] == groups
    assert sums(found.totals[0])["spent"] == "0.84"


def test_by_tag_an_attempt_stands_under_each_and_once_in_the_total() -> None:
    found = costs(attempt(1, tags=("hero", "client:acme")), attempt(2), group_by=GroupBy.TAG)
    assert found.has_overlap
    assert [(row.group, sums(row)["spent"]) for row in found.rows] == [
        ("client:acme", "0.28"), ("hero", "0.28"), ("", "0.28"),
    ]  # fmt: skip
    assert [(row.attempts, sums(row)["spent"]) for row in found.totals] == [(2, "0.56")]


def test_what_no_clip_came_of_has_its_reason() -> None:
    written_off, broken = given_up(1), failed(2, estimate=None)
    silent = failed(3, failure=None)
    found = costs(written_off, broken, silent, attempt(4), reasons={1: "the client left"})
    assert [(each.attempt.id, each.money, each.why) for each in found.lost_money] == [
        (1, usd("0.28"), "the client left"),
        (2, None, "the model choked"),
        (3, usd("0.28"), "it ended without a clip"),
    ]


amounts = st.none() | st.builds(
    Money,
    amount=st.decimals(min_value=0, max_value=1000, places=4),
    currency=st.sampled_from(["USD", "EUR", "credits"]),
)
ledgers = st.lists(
    st.builds(
        attempt,
        number=st.integers(1, 10_000),
        fingerprint=st.sampled_from(["v1-a", "v1-b", "v1-c"]),
        provider=st.sampled_from(["minimax", "vtrix", "animatic"]),
        campaign=st.sampled_from(["aurora", "boreal"]),
        shot=st.sampled_from(["open", "turn"]),
        tags=st.lists(st.sampled_from(["hero", "client:acme"]), max_size=3).map(tuple),
        stage=st.sampled_from(Stage),
        task=st.sampled_from([None, "", "t-1"]),
        failure=st.none() | st.builds(Failure, kind=st.sampled_from(FailureKind), why=st.just("why")),
        estimate=amounts,
        cost=amounts,
        intended_at=st.floats(1.7e9, 1.9e9),
    ),
    max_size=12,
)


def together(rows: tuple[CostRow, ...]) -> tuple[dict[str, Counter[CostColumn]], Counter[str], Counter[str]]:
    """The sums of rows for each currency, and how many attempts they count."""
    found: dict[str, Counter[CostColumn]] = {}
    attempts: Counter[str] = Counter()
    unknown: Counter[str] = Counter()
    for row in rows:
        found.setdefault(row.currency, Counter()).update(row.sums)
        attempts[row.currency] += row.attempts
        unknown[row.currency] += row.unknown
    return found, attempts, unknown


@given(ledgers, st.sampled_from([GroupBy.SHOT, GroupBy.PROVIDER, GroupBy.MONTH, GroupBy.CAMPAIGN]))
def test_the_groups_of_any_ledger_come_to_its_totals(ledger: list[AttemptRecord], by: GroupBy) -> None:
    found = costs(*ledger, group_by=by)
    assert together(found.rows) == together(found.totals)


@given(ledgers, st.sampled_from(GroupBy))
def test_the_totals_of_any_ledger_are_what_its_attempts_come_to(ledger: list[AttemptRecord], by: GroupBy) -> None:
    found = costs(*ledger, group_by=by)
    whole: dict[tuple[str, CostColumn], Decimal] = {}
    for each in charge_attempts(ledger):
        if each.charge.state is not ChargeState.NOTHING and each.charge.money is not None:
            key = each.charge.money.currency, COLUMN_BY_STATE[each.charge.state]
            whole[key] = whole.get(key, Decimal(0)) + each.charge.money.amount
    shown = {
        (row.currency, column): row.sums[column]
        for row in found.totals
        for column in COLUMN_BY_STATE.values()
        if column in row.sums
    }
    assert shown == whole
    assert sum(row.attempts for row in found.totals) == sum(each.provider != "animatic" for each in ledger)


@given(ledgers)
def test_no_amount_is_in_the_row_of_what_is_not_known(ledger: list[AttemptRecord]) -> None:
    found = costs(*ledger, group_by=GroupBy.TAG)
    assert not [row for row in (*found.rows, *found.totals) if row.currency == UNKNOWN_CURRENCY and row.sums]
    assert not [row for row in (*found.rows, *found.totals) if row.currency != UNKNOWN_CURRENCY and row.unknown]

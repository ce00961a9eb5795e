"""What `costs` prints, whole, as text, as CSV and as JSON."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import pytest
from test_history_view import attempt
from view_samples import FORBIDDEN, HOSTILE, failure, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.costs import Costs, GroupBy, charge_attempts, sum_costs
from hailuo_batch.views.costs import costs_dict, draw_costs
from hailuo_batch.views.costs_csv import costs_csv
from hailuo_batch.views.json_report import json_text
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]

PLAIN = {"cost": None, "intended_at": 1_790_000_000.0}
CREDITS = Money(amount=Decimal(30), currency="credits")
ATTEMPTS = (
    attempt(1, **{**PLAIN, "fingerprint": "v1-1", "cost": usd("0.3125"), "tags": ("hero", "client:acme")}),
    attempt(2, **{**PLAIN, "fingerprint": "v1-2", "shot": "turn", "tags": ("hero",), "estimate": usd("1234.5")}),
    attempt(3, **{**PLAIN, "fingerprint": "v1-3", "stage": Stage.SUBMITTED, "digest": None}),
    attempt(4, **{**PLAIN, "fingerprint": "v1-4", "stage": Stage.IN_DOUBT, "task": None, "digest": None}),
    attempt(
        5,
        **{**PLAIN, "fingerprint": "v1-5", "stage": Stage.FAILED, "digest": None, "task": "t-5"},
        failure=failure("the model\nchoked", kind=FailureKind.BROKEN),
    ),
    attempt(
        6,
        **{**PLAIN, "fingerprint": "v1-6", "stage": Stage.CANCELLED, "digest": None, "task": None, "estimate": None},
        provider="vtrix",
        failure=failure("written off", kind=FailureKind.WRITTEN_OFF),
    ),
    attempt(7, **{**PLAIN, "fingerprint": "v1-7", "estimate": CREDITS}, provider="odkkk"),
    attempt(8, **{**PLAIN, "fingerprint": "v1-8", "estimate": None}, provider="vtrix"),
    attempt(9, **{**PLAIN, "fingerprint": "v1-9", "stage": Stage.FAILED, "task": None}, failure=failure()),
)  # fmt: skip


def costs(*attempts: AttemptRecord, group_by: GroupBy = GroupBy.PROVIDER) -> Costs:
    return sum_costs(charge_attempts(attempts), group_by=group_by, reasons={6: "the client left"})


def test_a_table_by_provider_with_what_is_not_in_its_sums(golden: Golden) -> None:
    found = costs(*ATTEMPTS)
    golden(draw_costs(found), "costs_provider.txt")
    golden(draw_costs(found, style=TextStyle(colour=True)).replace("\x1b", "ESC"), "costs_provider_colour.txt")
    golden(json_text(costs_dict(found), indent=2), "costs.json")


def test_by_tag_it_is_said_that_rows_overlap(golden: Golden) -> None:
    golden(
        draw_costs(costs(*ATTEMPTS, group_by=GroupBy.TAG), filters=("campaign teaser", "since 2026-09-01")),
        "costs_tag.txt",
    )


def test_a_plain_table_has_only_the_columns_that_somebody_needs(golden: Golden) -> None:
    golden(draw_costs(costs(ATTEMPTS[1], group_by=GroupBy.MONTH)), "costs_plain.txt")


def test_a_ledger_without_purchases_and_a_rehearsal_say_so(golden: Golden) -> None:
    golden(draw_costs(costs()), "costs_nothing.txt")
    golden(draw_costs(costs(ATTEMPTS[1]), rehearsal=True), "costs_rehearsed.txt")


@pytest.mark.parametrize("by", GroupBy)
def test_a_spreadsheet_gets_the_same_columns_whatever_the_rows_are(by: GroupBy, golden: Golden) -> None:
    text = costs_csv(costs(*ATTEMPTS, group_by=by))
    assert text.endswith("\r\n")
    golden(text.replace("\r\n", "\n").removesuffix("\n"), f"costs_{by}.csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {tuple(row) for row in rows} == {
        ("by", "group", "currency", "attempts", "unknown", "estimate", "quoted", "told", "difference", "spent",
         "running", "in_doubt", "unclaimed"),
    }  # fmt: skip


def test_the_groups_of_a_spreadsheet_come_to_its_totals() -> None:
    rows = list(csv.DictReader(io.StringIO(costs_csv(costs(*ATTEMPTS, group_by=GroupBy.SHOT)), newline="")))
    for column in (
        "attempts",
        "unknown",
        "estimate",
        "told",
        "difference",
        "spent",
        "running",
        "in_doubt",
        "unclaimed",
    ):
        for currency in ("USD", "credits", "unknown"):
            groups, totals = (
                sum(Decimal(row[column] or 0) for row in rows if row["currency"] == currency and row["by"] == by)
                for by in ("shot", "total")
            )
            assert groups == totals, f"{column} in {currency}"


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", " =1+1", "\uff1d1"])
def test_a_tag_is_never_a_formula(words: str) -> None:
    text = costs_csv(costs(attempt(1, tags=(words,)), group_by=GroupBy.TAG))
    _, row, _ = csv.reader(io.StringIO(text, newline=""))
    assert row[1] == f"'{words}"


def test_a_formula_does_not_hide_behind_what_parts_cells_elsewhere() -> None:
    assert "a;'=1+1" in costs_csv(costs(attempt(1, tags=("a;=1+1",)), group_by=GroupBy.TAG))


def test_hostile_words_move_no_cursor_and_begin_no_line() -> None:
    of = attempt(
        1, campaign=HOSTILE, shot=HOSTILE, tags=(HOSTILE,), task=HOSTILE, stage=Stage.FAILED, failure=failure(HOSTILE)
    )
    found = [sum_costs(charge_attempts([of]), group_by=by) for by in (GroupBy.TAG, GroupBy.SHOT)]
    drawn = [draw(each) for each in found for draw in (draw_costs, costs_csv)]
    for text in (*drawn, *(json_text(costs_dict(each)) for each in found)):
        assert not [each for each in FORBIDDEN if each in text.replace("\r\n", "\n")]
        assert not [line for line in text.splitlines() if line.startswith("lines")]
    assert "�[31mred" in drawn[0]

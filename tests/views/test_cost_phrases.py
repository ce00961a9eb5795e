"""What was spent in words: a bill and a price list are told apart, and what is not known is said."""

from decimal import Decimal

import pytest
from view_samples import draw_page, report, stored, usd

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.views.cost_phrases import spending_text
from hailuo_batch.views.github_summary import draw_step_summary
from hailuo_batch.views.report import draw_report
from hailuo_batch.views.run_summary import draw_run_summary

CREDITS = Money(amount=Decimal(55), currency="credits")


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, ""),
        ({"spent": (usd("0.56"),)}, "0.56 USD"),
        (
            {"estimated": (usd("1.12"),), "silent_providers": ("minimax",)},
            "1.12 USD (list price; minimax does not report actual cost)",
        ),
        (
            {
                "spent": (usd("0.56"),),
                "estimated": (usd("1.12"), CREDITS),
                "silent_providers": ("mindvideo", "minimax"),
            },
            "0.56 USD, and 1.12 USD and 55.00 credits (list price; mindvideo and minimax do not report actual cost)",
        ),
        (
            {"unknown_cost": 1, "silent_providers": ("vtrix",)},
            "unknown cost for 1 clip (vtrix does not report actual cost)",
        ),
        (
            {"spent": (usd("1"),), "unknown_cost": 2, "silent_providers": ("gccai", "odkkk", "vtrix")},
            "1.00 USD, and an unknown cost for 2 clips (gccai, odkkk and vtrix do not report actual cost)",
        ),
    ],
)
def test_what_was_spent_says_where_it_is_from(members, words: str):
    assert spending_text(report(**members)) == words


def test_every_view_of_a_report_says_it():
    listed = report(stored("open"), estimated=(usd("1.12"),), silent_providers=("minimax",))
    words = "1.12 USD (list price; minimax does not report actual cost)."
    assert draw_report(listed).endswith(f" Spent so far: {words}")
    assert f"\nSpent so far: {words}\n" in draw_step_summary(listed, Outcome(stored=1))
    assert f"\nSpent so far: {words}" in draw_run_summary(Outcome(stored=1), listed, lock=None, folder="renders/")


def test_no_view_says_that_a_rehearsal_spent_anything():
    listed = report(stored("open"), estimated=(usd("2.24"),), rehearsal=True)
    for text in (
        draw_report(listed),
        draw_step_summary(listed, Outcome(stored=1)),
        draw_run_summary(Outcome(stored=1), listed, lock=None, folder="renders/"),
        draw_page(listed),
    ):
        assert "estimated cost" in text.lower()
        assert "spent" not in text.lower()

"""The Markdown that CI shows of a job."""

from collections.abc import Callable

from view_samples import report, row, stored, usd

from hailuo_batch.views.github_summary import MAX_ROWS, draw_step_summary


def test_a_plan_with_work_is_a_table(golden: Callable[[str, str], None]) -> None:
    golden(draw_step_summary(report(stored("open"), row("turn"), to_spend=(usd("0.28"),))), "step_summary.md")


def test_a_campaign_with_nothing_to_do_has_no_table() -> None:
    assert "|" not in draw_step_summary(report(stored("open")))


def test_what_users_write_is_no_markup() -> None:
    drawn = draw_step_summary(report(row("a"), campaign="<b>[x](https://example.com)</b>"))
    assert "<b>" not in drawn
    assert "[x]" not in drawn


def test_a_long_table_is_cut() -> None:
    drawn = draw_step_summary(report(*(row(f"shot-{n}") for n in range(MAX_ROWS + 5))))
    assert "… and 5 more." in drawn
    assert drawn.count("\n|") == MAX_ROWS + 2

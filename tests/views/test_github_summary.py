"""The Markdown that CI shows of a job."""

import html
from collections.abc import Callable

import pytest
from markdown_it import MarkdownIt
from view_samples import HOSTILE, failure, report, row, step, stored, usd

from hailuo_batch.core import rules
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.marks import Mark, MarkKind
from hailuo_batch.core.plan.outcome import INTERRUPTED, Outcome
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.problem import Place, Problem
from hailuo_batch.core.world import World
from hailuo_batch.errors import LedgerMovedError, RefusedError
from hailuo_batch.views.github_summary import (
    MAX_ROWS,
    draw_cut_step_summary,
    draw_error_step_summary,
    draw_idle_step_summary,
    draw_report_markdown,
    draw_step_summary,
    draw_total_step_summary,
    draw_validation_step_summary,
)


def render(markdown: str) -> str:
    """As a page of GitHub shows it: CommonMark with tables, and HTML where we write it."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown))


def test_a_run_says_what_it_made_what_failed_and_what_is_left(golden: Callable[[str, str], None]) -> None:
    failed = ((step("turn"), failure()), (step("last"), failure(kind=FailureKind.UNKNOWN_OUTCOME)))
    now = report(stored("sq010_s010"), row("turn"), row("last"), spent=(usd("0.28"),))
    golden(draw_step_summary(now, Outcome(stored=1, failed=failed, seconds=75)), "step_summary.md")


def test_a_run_that_rendered_does_not_say_that_there_was_nothing_to_do() -> None:
    drawn = draw_step_summary(report(stored("open"), stored("turn")), Outcome(stored=2, seconds=9))
    assert "Rendered 2 clips in 9.0 s. 2 takes in the store." in drawn
    assert "Nothing" not in drawn
    assert "|" not in drawn


def test_a_run_with_nothing_to_do_says_so_planned_or_remembered() -> None:
    known: dict[str, int | float | str] = {
        "campaign": "sq_01",
        "takes": 1,
        "clips": 1,
        "seconds": 6.0,
        "bytes": 1_234_567,
    }
    now = report(stored(), campaign="sq_01", clips=1, seconds=6.0, bytes=1_234_567)
    long = draw_step_summary(now)
    assert long == draw_step_summary(now, Outcome()) == draw_idle_step_summary(known, World.REAL)
    assert "Nothing to do: 1 take in the store, 6.0 s of video, 1.2 MB." in long
    assert draw_idle_step_summary(known, World.SKETCH).startswith("### sq&#95;01 (sketches)\n")


def test_a_mark_that_is_a_remark_too_is_said_once() -> None:
    why = "requested 6 s, got 4.00 s"
    mark = Mark(kind=MarkKind.WRONG_LENGTH, measure=4, limit=0.5, unit="s", why=why)
    assert draw_report_markdown(report(stored(marks=(mark,), remarks=(why,)))).count(why) == 1


def test_a_rehearsal_is_called_one() -> None:
    drawn = draw_step_summary(report(stored(), rehearsal=True, estimated=(usd("2.24"),)))
    assert drawn.startswith("### teaser (rehearsal: nothing is bought)\n")


@pytest.mark.parametrize("name", ["sq010_s010", "<b>[x](https://example.com)</b>", "a&#95;b", "*|`~#"])
def test_what_users_write_is_no_markup_and_reads_as_written(name: str) -> None:
    drawn = draw_step_summary(report(row("a"), campaign=name))
    heading = drawn.splitlines()[0].removeprefix("### ")
    assert html.unescape(heading) == name
    assert not set("_<>[]*|`~") & set(heading)


def test_a_long_table_is_cut() -> None:
    drawn = draw_step_summary(report(*(row(f"shot-{n}") for n in range(MAX_ROWS + 5))))
    assert "… and 5 more." in drawn
    assert drawn.count("\n|") == MAX_ROWS + 2


def test_what_a_user_writes_is_text_in_each_part_once_it_is_rendered() -> None:
    hostile = f"{HOSTILE}|# `x` <img src=x> https://me:SECRET@cdn.test/a?sig=SECRET"
    error = RefusedError(hostile, why=hostile, remedy=f"{hostile}\n    hailuo-batch run '<b>'")
    problem = Problem(rule=rules.SHOT_LENGTH, why=hostile, shot=hostile, place=Place(file=hostile, line=1, column=1))
    now = report(row(hostile, why=hostile), campaign=hostile)
    page = "".join(
        (
            draw_step_summary(now, Outcome(failed=((step("a"), failure(hostile)),), stop_reason=hostile), error),
            draw_cut_step_summary(now, Outcome(), error),
            draw_error_step_summary(hostile, "run", error, World.SKETCH),
            draw_validation_step_summary([hostile], [problem]),
        )
    )
    shown = render(page)
    assert "SECRET" not in shown
    assert not [tag for tag in ("<script", "<img", "<b>", "<code>x") if tag in shown]
    assert shown.count("<h3>") == 4
    assert shown.count("<table>") == 2
    assert sorted({row.count("<td>") for row in shown.split("<tr>")[1:]}) == [0, 2, 3]
    assert "<pre><code>hailuo-batch run '&lt;b&gt;'\n</code></pre>" in shown


def test_a_long_table_is_folded_and_is_still_a_table() -> None:
    shown = render(draw_step_summary(report(*(row(f"shot-{n}") for n in range(MAX_ROWS + 5)))) + "### next\n")
    assert shown.count("<details>") == shown.count("</details>") == shown.count("<table>") == 1
    assert shown.count("<tr>") == MAX_ROWS + 1
    assert "<h3>next</h3>" in shown


def test_a_run_that_was_stopped_says_what_is_running_and_what_is_in_doubt() -> None:
    doubt = row("turn", action=Action.HOLD, stage=Stage.IN_DOUBT, why="outcome unknown")
    now = report(stored("open"), doubt, row("end"))
    shown = render(draw_step_summary(now, Outcome(stored=1, stop_reason=INTERRUPTED, left_running=2, seconds=3)))
    assert "Rendered 1 clip in 3.0 s. Stopped: interrupted. 1 take in the store; 2 still to do." in shown
    assert "2 tasks are still running and may be billed." in shown
    assert "<pre><code>hailuo-batch resolve manifests/teaser.yaml\n</code></pre>" in shown


def test_a_take_over_a_cap_is_left_out_in_the_plan_and_after_the_run() -> None:
    capped = report(row("turn", is_left_out=True), left_out={Action.SUBMIT: 1})
    over = Outcome(failed=((step("turn"), failure("5 USD would be exceeded", kind=FailureKind.OVER_CAP)),))
    assert "<strong>left out</strong> 6 s 768p: a cap leaves no room for it</td>" in render(draw_step_summary(capped))
    assert "768p: 5 USD would be exceeded</td>\n<td></td>" in render(draw_step_summary(report(row("turn")), over))


def test_a_row_has_its_price_and_what_follows_and_several_manifests_have_their_sum() -> None:
    bought = row("turn", is_bought=True, provider="minimax", estimate=usd("0.28"), followers=("end",), follower_count=1)
    one = report(bought, to_spend=(usd("0.28"),), counts={Action.SUBMIT: 1})
    shown = render(draw_step_summary(one))
    assert "followed by end</td>\n<td>minimax 0.28\xa0USD</td>" in shown
    planned = draw_total_step_summary([one, one], ())
    assert planned.startswith("### All 2 manifests\n\nPlan: 2 to render.")
    assert "0.56 USD" in planned
    ran = draw_total_step_summary([one, one], [Outcome(stored=1, seconds=2), Outcome(seconds=1)])
    assert "1 clip stored in 3.0 s." in ran


def test_a_run_whose_ledger_was_taken_away_promises_nothing_about_what_is_left() -> None:
    error = LedgerMovedError("the ledger was taken away", why="It is not the file that was opened.")
    drawn = draw_cut_step_summary(report(stored(), row("turn")), Outcome(stored=1, seconds=2), error)
    assert "Rendered 1 clip in 2.0 s. What is left to do is not known." in drawn
    assert "**the ledger was taken away**" in drawn
    assert "turn" not in drawn


def test_what_ended_early_has_its_code_or_its_problems() -> None:
    refused = draw_error_step_summary("film.yaml", "run", RefusedError("not approved", why="No."), World.REAL)
    assert "`run` ended with exit code 5.\n\n**not approved**\n\nNo.\n" in refused
    assert "in doubt" in draw_error_step_summary("film.yaml", "run", None, World.REAL)
    assert "in doubt" not in draw_error_step_summary("film.yaml", "run", None, World.SKETCH)

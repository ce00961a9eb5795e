"""The Markdown that CI shows of a job."""

import html
from collections.abc import Callable

import pytest
from view_samples import failure, report, row, step, stored, usd

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.world import World
from hailuo_batch.views.github_summary import MAX_ROWS, draw_idle_step_summary, draw_step_summary


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

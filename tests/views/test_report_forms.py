"""A report as Markdown, CSV and JUnit: each whole, and each safe where its readers would run or count what is in it."""

import csv
from collections.abc import Callable
from io import StringIO

from junit_form import read_junit
from view_samples import HOSTILE, clip, report, row, stored, usd

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.marks import Mark, MarkKind
from hailuo_batch.core.plan.judgement import ShotState, Verdict
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.views.github_summary import MAX_BYTES, draw_report_markdown
from hailuo_batch.views.junit import draw_junit, report_suite
from hailuo_batch.views.report_csv import HEADER, report_csv

Golden = Callable[[str, str], None]
MARK = Mark(kind=MarkKind.FROZEN, measure=1, limit=0.9, unit="share", why="all frames are the same")
FULL = report(
    stored("open", cost=usd("0.25"), is_selected=True, verdict=Verdict.APPROVED, tags=("hero", "a"), sequence="s1"),
    stored("twin", clip=clip(seconds=5.8767), marks=(MARK,), remarks=("requested 6 s, got 5.88 s",)),
    row("turn", why=StepReason.REFUSED, reason=StepReason.REFUSED, action=Action.HOLD, stage=Stage.FAILED),
    row("doubt", why=StepReason.IN_DOUBT, reason=StepReason.IN_DOUBT, action=Action.HOLD, stage=Stage.IN_DOUBT),
    row("new", reason=StepReason.NEW, notes="=1+1", estimate=None),
    clips=2,
    seconds=11.8767,
    spent=(usd("0.25"),),
    states={"open": ShotState.DONE},
)


def test_markdown(golden: Golden) -> None:
    golden(draw_report_markdown(FULL), "report.md")


def test_csv(golden: Golden) -> None:
    golden(report_csv(FULL).replace("\r\n", "\n"), "report.csv")


def test_junit(golden: Golden) -> None:
    text = draw_junit([report_suite(FULL)])
    read_junit(text)
    golden(text, "report.junit.xml")


def test_markdown_of_any_campaign_is_less_than_a_step_may_write() -> None:
    rows = [stored(f"shot-{at}", remarks=("ყ" * 300,)) for at in range(4000)]
    text = draw_report_markdown(report(*rows))
    assert MAX_BYTES - 10_000 < len(text.encode()) <= MAX_BYTES
    shown = text.count("| shot-")
    assert f"… and {4000 - shown:,} more." in text


def test_no_cell_is_a_formula_and_no_line_is_broken() -> None:
    text = report_csv(report(row("open", prompt=HOSTILE, notes="=HYPERLINK(1)", tags=("+1", "-2"))))
    head, cells = csv.reader(StringIO(text, newline=""))
    assert tuple(head) == HEADER
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]
    assert "\x1b" not in text

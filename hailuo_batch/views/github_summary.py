"""A run or a plan in Markdown, for the page that CI shows of a job."""

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spent_words
from hailuo_batch.views.format import clipped, length
from hailuo_batch.views.plan import sums, why
from hailuo_batch.views.style import PLAIN

SHOWN = 100


def draw_step_summary(report: Report) -> str:
    """A heading, the sums, and a table of the takes with work to do; what users wrote is text, never markup."""
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    kind = " (sketches)" if report.sketch else ""
    lines = [f"### {_plain(report.campaign)}{kind}", "", _plain(sums(report, PLAIN))]
    if spent := spent_words(report):
        lines.append(f"Spent: {_plain(spent)}.")
    if rows:
        lines += ["", "| take | asked | action | why |", "|---|---|---|---|", *map(_row, rows[:SHOWN])]
    if len(rows) > SHOWN:
        lines += ["", f"… and {len(rows) - SHOWN:,} more."]
    return "\n".join((*lines, "", ""))


def _row(row: TakeRow) -> str:
    asked = f"{length(row.duration)} {row.resolution}"
    return f"| {_plain(f'{row.shot}#{row.take}')} | {asked} | {row.action} | {_plain(clipped(why(row), 120))} |"


def _plain(words: str) -> str:
    """Words that Markdown and HTML leave as they are."""
    for mark in "\\`*_{}[]<>|#~":
        words = words.replace(mark, f"&#{ord(mark)};")
    return words

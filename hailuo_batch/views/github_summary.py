"""A run or a plan in Markdown, for the page that CI shows of a job."""

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spending_text
from hailuo_batch.views.format import shot_length, truncate
from hailuo_batch.views.plan import plan_totals, reason_text
from hailuo_batch.views.style import PLAIN

MAX_ROWS = 100


def draw_step_summary(report: Report) -> str:
    """A heading, the sums, and a table of the takes with work to do; what users wrote is text, never markup."""
    rows = [row for row in report.rows if row.action is not Action.REUSE]
    kind = " (sketches)" if report.sketch else ""
    lines = [f"### {_escape_markdown(report.campaign)}{kind}", "", _escape_markdown(plan_totals(report, PLAIN))]
    if spent := spending_text(report):
        lines.append(f"Spent: {_escape_markdown(spent)}.")
    if rows:
        lines += ["", "| take | asked | action | why |", "|---|---|---|---|", *map(_table_row, rows[:MAX_ROWS])]
    if len(rows) > MAX_ROWS:
        lines += ["", f"… and {len(rows) - MAX_ROWS:,} more."]
    return "\n".join((*lines, "", ""))


def _table_row(row: TakeRow) -> str:
    request = f"{shot_length(row.duration)} {row.resolution}"
    take, why = _escape_markdown(f"{row.shot}#{row.take}"), _escape_markdown(truncate(reason_text(row), 120))
    return f"| {take} | {request} | {row.action} | {why} |"


def _escape_markdown(words: str) -> str:
    """Words that Markdown and HTML leave as they are."""
    for mark in "\\`*_{}[]<>|#~":
        words = words.replace(mark, f"&#{ord(mark)};")
    return words

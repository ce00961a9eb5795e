"""A report as text: every take as it stands."""

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spending_text
from hailuo_batch.views.format import format_seconds, format_size, safe_text, single_line, truncate
from hailuo_batch.views.plan import dropped_lines, plan_heading, reason_text, state_totals
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.unfetched import next_steps, task_location


def draw_report(report: Report, style: TextStyle = PLAIN) -> str:
    """One line a take, in the order of the manifest, then the sums."""
    names = [safe_text(f"{row.shot}#{row.take}") for row in report.rows]
    wide = max(map(len, names), default=0)
    rows = [f"  {name:<{wide}}  {_take_status(row, style)}" for name, row in zip(names, report.rows, strict=True)]
    spent = f" Spent: {words}." if (words := spending_text(report)) else ""
    table = (*rows, "") if rows else ()
    return "\n".join(
        (
            plan_heading(report, style),
            "",
            *table,
            f"{state_totals(report, style)}{spent}",
            *dropped_lines(report, style),
            *next_steps(report),
        )
    )


def _take_status(row: TakeRow, style: TextStyle) -> str:
    clip = row.clip
    if row.action is not Action.REUSE or clip is None:
        whom = task_location(row)
        by = style.dim(f"  {whom}") if whom else ""
        return f"{style.warning(f'v{row.version:03d}')}  {truncate(reason_text(row), 80)}{by}{_remark_text(row, style)}"
    facts = f"{f'{clip.width}x{clip.height}':<9}  {format_seconds(clip.seconds):>6}  {format_size(clip.size):>7}"
    return f"{style.good(f'v{row.version:03d}')}  {facts}  {safe_text(row.file)}{_remark_text(row, style)}"


def _remark_text(row: TakeRow, style: TextStyle) -> str:
    return f"  {style.warning(single_line('; '.join(row.remarks)))}" if row.remarks else ""

"""A report as text: every take as it stands."""

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spent_words
from hailuo_batch.views.format import clipped, footage, megabytes, on_one_line, safe
from hailuo_batch.views.plan import heading, sums, why
from hailuo_batch.views.style import PLAIN, Ink
from hailuo_batch.views.unfetched import at_whom, what_to_do


def draw_report(report: Report, ink: Ink = PLAIN) -> str:
    """One line a take, in the order of the manifest, then the sums."""
    names = [safe(f"{row.shot}#{row.take}") for row in report.rows]
    wide = max(map(len, names), default=0)
    rows = [f"  {name:<{wide}}  {_state(row, ink)}" for name, row in zip(names, report.rows, strict=True)]
    spent = f" Spent: {words}." if (words := spent_words(report)) else ""
    table = (*rows, "") if rows else ()
    return "\n".join((heading(report, ink), "", *table, f"{sums(report, ink)}{spent}", *what_to_do(report)))


def _state(row: TakeRow, ink: Ink) -> str:
    clip = row.artifact
    if row.action is not Action.REUSE or clip is None:
        whom = at_whom(row)
        return f"{ink.care(f'v{row.version:03d}')}  {clipped(why(row), 80)}{ink.dim(f'  {whom}') if whom else ''}"
    facts = f"{f'{clip.width}x{clip.height}':<9}  {footage(clip.seconds):>6}  {megabytes(clip.size):>7}"
    remarks = f"  {ink.care(on_one_line('; '.join(row.remarks)))}" if row.remarks else ""
    return f"{ink.good(f'v{row.version:03d}')}  {facts}  {safe(row.file)}{remarks}"

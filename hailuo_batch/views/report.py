"""A report as text: every take as it stands."""

from collections import Counter
from collections.abc import Iterator

from hailuo_batch.core.plan.judgement import ReviewNote, ShotState
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spending_line
from hailuo_batch.views.format import format_seconds, format_size, safe_text, single_line
from hailuo_batch.views.headings import with_headings
from hailuo_batch.views.plan import dropped_lines, plan_heading, state_totals
from hailuo_batch.views.plan_lines import reason_text
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table
from hailuo_batch.views.unfetched import next_steps, task_location

_COLUMNS = (
    Column(fit=Fit.MIDDLE),
    Column(),
    Column(),
    Column(right=True),
    Column(right=True),
    Column(fit=Fit.MIDDLE, least=20),
    Column(fit=Fit.WRAP, least=16),
)


def draw_report(report: Report, style: TextStyle = PLAIN) -> str:
    """One line a take, in the order of the manifest, then the sums."""
    rows = tuple(draw_table(list(_list_lines(report, style)), _COLUMNS, width=style.width))
    spent = f" {words}" if (words := spending_line(report)) else ""
    table = (*rows, "") if rows else ()
    return "\n".join(
        (
            plan_heading(report, style),
            "",
            *table,
            f"{state_totals(report, style)}{spent}",
            *_shot_lines(report),
            *dropped_lines(report, style),
            *next_steps(report),
        )
    )


def _shot_lines(report: Report) -> Iterator[str]:
    """How many shots are in which state, once somebody judged; then what was noted about shots."""
    is_judged = report.omitted or report.shot_notes or any(map(_judged_words, report.rows))
    if not is_judged:
        return
    numbers = Counter(report.states.values())
    yield f"Shots: {', '.join(f'{numbers[state]:,} {state}' for state in ShotState if numbers[state])}."
    for shot, notes in report.shot_notes.items():
        for note in notes:
            yield f"  {safe_text(shot)}: {_note_text(note)}"


def _judged_words(row: TakeRow) -> str:
    """What people decided about a take, and wrote."""
    words = (["selected"] if row.is_selected else []) + ([str(row.verdict)] if row.verdict else [])
    return "; ".join((*filter(None, [", ".join(words)]), *map(_note_text, row.review_notes)))


def _note_text(note: ReviewNote) -> str:
    return f'"{single_line(note.text)}" ({single_line(note.by)})'


def _list_lines(report: Report, style: TextStyle) -> Iterator[tuple[Cell, ...]]:
    for heading, row in with_headings(report.rows, report, style):
        yield from heading
        yield from _rows(row, style)


def _rows(row: TakeRow, style: TextStyle) -> Iterator[tuple[Cell, ...]]:
    """A take's line; on a terminal its remarks are below it, since there is no room for both."""
    cells = _cells(row, style)
    if not style.width or not cells[-1].text or len(cells) < len(_COLUMNS):
        yield cells
        return
    *facts, remark = cells
    yield (*facts, Cell(""))
    yield (Cell(""), Cell(""), remark)


def _cells(row: TakeRow, style: TextStyle) -> tuple[Cell, ...]:
    name, clip = Cell(safe_text(f"{row.shot}#{row.take}")), row.clip
    remark = "; ".join(filter(None, (single_line("; ".join(row.remarks)), _judged_words(row))))
    if row.action is not Action.REUSE or clip is None:
        parts = (single_line(reason_text(row)), task_location(row), remark)
        return (name, Cell(f"v{row.version:03d}", style.warning), Cell("  ".join(filter(None, parts))))
    return (
        name,
        Cell(f"v{row.version:03d}", style.good),
        Cell(f"{clip.width}x{clip.height}"),
        Cell(format_seconds(clip.seconds)),
        Cell(format_size(clip.size)),
        Cell(safe_text(row.file)),
        Cell(remark, style.warning),
    )

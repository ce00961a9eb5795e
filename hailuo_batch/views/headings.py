"""Headings between the takes of a table: the sequence that they are in."""

from collections.abc import Iterable, Iterator

from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.format import safe_text
from hailuo_batch.views.style import TextStyle
from hailuo_batch.views.table import Cell

Heading = tuple[tuple[Cell], ...]  # one line, or none


def with_headings(rows: Iterable[TakeRow], report: Report, style: TextStyle) -> Iterator[tuple[Heading, TakeRow]]:
    """Each row, with the heading above it where another sequence begins."""
    before = None if report.sequence_titles else ""
    for row in rows:
        heading: Heading = ()
        if row.sequence != before:
            words = f"{row.sequence}  {report.sequence_titles.get(row.sequence, '')}".strip() or "no sequence"
            heading = ((Cell(safe_text(words), style.bold),),)
        before = row.sequence
        yield heading, row

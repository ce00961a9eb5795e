"""In which order the takes of a report are shown, where it is not that of the manifest."""

from dataclasses import replace

from hailuo_batch.core.marks import MarkKind
from hailuo_batch.core.plan.report import Report, TakeRow

_URGENCY = {kind: place for place, kind in enumerate(MarkKind)}


def sort_by_marks(report: Report) -> Report:
    """The report with the takes first that have most marks; of as many, those with the worst, then as they were."""
    return replace(report, rows=tuple(sorted(report.rows, key=_mark_order)), sequence_titles={})


def _mark_order(row: TakeRow) -> tuple[int, int]:
    return -len(row.marks), min((_URGENCY[mark.kind] for mark in row.marks), default=0)

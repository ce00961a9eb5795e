"""A report for a spreadsheet, by RFC 4180: a head, and a row for each take.

The head is the same whatever the campaign has. Amounts are plain decimals; what is not known is an empty cell.
"""

import csv
from io import StringIO

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.costs import decimal_text
from hailuo_batch.views.costs_csv import escape_formula
from hailuo_batch.views.sheet.states import shot_state, take_state

HEADER = (
    "sequence", "shot", "take", "version", "shot_state", "take_state", "selected", "action", "reason", "requested",
    "resolution", "provider", "task", "file", "seconds", "width", "height", "bytes", "estimate",
    "estimate_currency", "actual", "actual_currency", "tags", "notes", "prompt", "marks",
)  # fmt: skip


def report_csv(report: Report) -> str:
    """The takes as CSV, each line ended by CR LF. Tags and marks are separated by semicolons."""
    by_shot: dict[str, list[TakeRow]] = {}
    for row in report.rows:
        by_shot.setdefault(row.shot, []).append(row)
    states = {shot: shot_state(report, shot, rows).key for shot, rows in by_shot.items()}
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER)
    writer.writerows(_cells(row, states[row.shot]) for row in report.rows)
    return file.getvalue()


def _cells(row: TakeRow, shot: str) -> list[str | int]:
    state, clip = take_state(row), row.clip
    cells: list[str | int] = [
        row.sequence,
        row.shot,
        row.take,
        row.version,
        shot,
        state.key if state is not None else "stored",
        "yes" if row.is_selected else "",
        str(row.action),
        row.why,
        str(row.duration),
        row.resolution,
        row.provider,
        row.task,
        row.file,
        *(("", "", "", "") if clip is None else (f"{clip.seconds:.3f}", clip.width, clip.height, clip.size)),
        *_money(row.counted_estimate),
        *_money(row.cost),
        "; ".join(row.tags),
        row.notes,
        row.prompt,
        "; ".join(mark.why for mark in row.marks),
    ]
    return [escape_formula(cell) if isinstance(cell, str) else cell for cell in cells]


def _money(money: Money | None) -> tuple[str, str]:
    return ("", "") if money is None else (decimal_text(money.amount), money.currency)

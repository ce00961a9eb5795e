"""Costs for a spreadsheet, by RFC 4180: a head, a row for each group and currency, and the totals at the end.

The head is the same whatever costs are kept by. Amounts are plain decimals, and empty where they are not known.
"""

import csv
from collections.abc import Iterable
from io import StringIO

from hailuo_batch.core.spending.costs import Column, Costs, Row
from hailuo_batch.views.costs import NO_TAG, member, plain
from hailuo_batch.views.format import safe

HEAD = ("by", "group", "currency", "attempts", "unknown", *map(member, Column))
TOTAL = "total"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet computes instead of showing


def costs_csv(costs: Costs) -> str:
    """The rows as CSV, each line ended by CR LF. Rows whose `by` is `total` are the true totals."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEAD)
    writer.writerows(_cells(str(costs.by), row.group or NO_TAG, row) for row in costs.rows)
    writer.writerows(_cells(TOTAL, "", row) for row in costs.totals)
    return file.getvalue()


def _cells(by: str, group: str, row: Row) -> Iterable[str | int]:
    sums = (plain(row.amount(column)) for column in Column)
    return (by, _text(group), _text(row.currency or "unknown"), row.attempts, row.unknown, *sums)


def _text(words: str) -> str:
    """Words that no spreadsheet takes for a formula.

    >>> _text("=1+1"), _text("hero")
    ("'=1+1", 'hero')
    """
    return f"'{safe(words)}" if words.startswith(_FORMULA) else safe(words)

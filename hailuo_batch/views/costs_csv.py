"""Costs for a spreadsheet, by RFC 4180: a head, a row for each group and currency, and the totals at the end.

The head is the same whatever costs are kept by. Amounts are plain decimals, and empty where they are not known.
"""

import csv
import re
from collections.abc import Iterable
from io import StringIO

from hailuo_batch.core.spending.costs import CostColumn, CostRow, Costs
from hailuo_batch.views.costs import NO_TAG, column_key, decimal_text
from hailuo_batch.views.format import safe_text

HEADER = ("by", "group", "currency", "attempts", "unknown", *map(column_key, CostColumn))
TOTAL = "total"
# What a spreadsheet computes instead of showing, wide signs too; also where semicolons or tabs part cells.
_FORMULA = re.compile("(^|[;\t])([ \xa0]*)(?=[-=+@\t\r＝＋－＠])")


def costs_csv(costs: Costs) -> str:
    """The rows as CSV, each line ended by CR LF. Rows whose `by` is `total` are the true totals."""
    file = StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADER)
    writer.writerows(_cells(str(costs.group_by), row.group or NO_TAG, row) for row in costs.rows)
    writer.writerows(_cells(TOTAL, "", row) for row in costs.totals)
    return file.getvalue()


def _cells(by: str, group: str, row: CostRow) -> Iterable[str | int]:
    sums = (decimal_text(row.amount(column)) for column in CostColumn)
    return (by, escape_formula(group), escape_formula(row.currency or "unknown"), row.attempts, row.unknown, *sums)


def escape_formula(words: str) -> str:
    """Words that no spreadsheet takes for a formula.

    >>> escape_formula("=1+1"), escape_formula("hero"), escape_formula("a; =1")
    ("'=1+1", 'hero', "a;' =1")
    """
    return safe_text(_FORMULA.sub(r"\1'\2", words))

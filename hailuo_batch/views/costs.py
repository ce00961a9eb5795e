"""What was bought, as text and as JSON: a row for each group and currency, the totals, and what no clip came of."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.spending.charge import ChargeState
from hailuo_batch.core.spending.costs import COLUMN_BY_STATE, CostColumn, CostRow, Costs, LostMoney
from hailuo_batch.views.format import count, join_amounts, safe_text, single_line
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

NO_TAG = "(no tag)"
NOT_KNOWN = "not known"
_LABELS = {CostColumn.ACTUAL: "actual", CostColumn.LOST: "lost"}  # their keys in JSON and CSV stay as they were
REHEARSAL_NOTE = "Rehearsal: none of this was paid."


def draw_costs(costs: Costs, *, filters: Sequence[str] = (), rehearsal: bool = False, style: TextStyle = PLAIN) -> str:
    """The table, what is not in its sums, and lost money apart; `filters` says what the costs are limited to."""
    scope = "".join(f", {each}" for each in filters)
    heading = f"{style.bold(f'Costs by {costs.group_by}')}{safe_text(scope)}"
    lines = [style.warning(REHEARSAL_NOTE)] if rehearsal else []
    if not costs.totals:
        return "\n".join([*lines, f"{heading}: nothing was submitted to a provider."])
    lines += [heading, "", *_table(costs, style), ""]
    if costs.has_overlap:
        lines.append("An attempt with several tags is listed under each, but counted once in the total.")
    if costs.unknown:
        kinds = ", ".join(
            f"{costs.unknown[claim]:,} {column_label(column)}"
            for claim, column in COLUMN_BY_STATE.items()
            if claim in costs.unknown
        )
        number = count(sum(costs.unknown.values()), "attempt")
        lines.append(style.warning(f"{number} without a known price ({kinds}), not in the sums."))
    return "\n".join([*lines, *_lost_money_lines(costs.lost_money, style)]).rstrip()


def costs_dict(costs: Costs, *, rehearsal: bool = False) -> dict[str, object]:
    """The same as plain data; an amount that is null is not known."""
    return {
        "version": 1,
        "by": str(costs.group_by),
        "rehearsal": rehearsal,
        "overlapping": costs.has_overlap,
        "complete": not costs.problems,
        "rows": [{"group": row.group or None, **_row_dict(row)} for row in costs.rows],
        "totals": [_row_dict(row) for row in costs.totals],
        "unknown": {column_key(COLUMN_BY_STATE[claim]): costs.unknown.get(claim, 0) for claim in COLUMN_BY_STATE},
        "unclaimed": [
            {
                "campaign": each.attempt.campaign,
                "shot": each.attempt.shot,
                "take": each.attempt.take,
                "attempt": each.attempt.id,
                "provider": each.attempt.provider,
                "task": each.attempt.task,
                "money": money_dict(each.money),
                "why": each.why,
            }
            for each in costs.lost_money
        ],
    }


def column_label(column: CostColumn) -> str:
    """A column's name for people.

    >>> column_label(CostColumn.ACTUAL), column_label(CostColumn.LOST), column_label(CostColumn.SPENT)
    ('actual', 'lost', 'spent')
    """
    return _LABELS.get(column, str(column))


def column_key(column: CostColumn) -> str:
    """A column's name for programs.

    >>> column_key(CostColumn.IN_DOUBT)
    'in_doubt'
    """
    return column.replace(" ", "_")


def totals_by_charge_state(costs: Costs) -> dict[ChargeState, tuple[Money, ...]]:
    """The totals by what the money is, one amount for each currency; a claim that nothing has is left out."""
    found = {
        claim: sum_by_currency(
            Money(amount=row.sums[column], currency=row.currency) for row in costs.totals if column in row.sums
        )
        for claim, column in COLUMN_BY_STATE.items()
    }
    return {claim: sums for claim, sums in found.items() if sums}


def decimal_text(amount: Decimal | None) -> str:
    """An amount as a plain decimal for programs; nothing where it is not known.

    >>> decimal_text(Decimal("1E+2")), decimal_text(None)
    ('100', '')
    """
    return "" if amount is None else format(amount, "f")


def _row_dict(row: CostRow) -> dict[str, object]:
    sums = {
        column_key(column): None if (found := row.amount(column)) is None else decimal_text(found)
        for column in CostColumn
    }
    return {"currency": row.currency or None, "attempts": row.attempts, "unknown": row.unknown, **sums}


def _table(costs: Costs, style: TextStyle) -> Iterable[str]:
    """Lines of columns; those in which nobody has anything are left out."""
    every = (*costs.rows, *costs.totals)
    columns = [column for column in CostColumn if any(column in row.sums for row in every)]
    head = [str(costs.group_by), "currency", "attempts", *map(column_label, columns)]
    body = [_cells(safe_text(row.group or NO_TAG), row, columns) for row in costs.rows]
    foot = [_cells("" if place else "total", row, columns) for place, row in enumerate(costs.totals)]
    lines = [
        [Cell(cell, style.dim) for cell in head],
        *([Cell(cell) for cell in cells] for cells in body),
        *([Cell(cell, style.bold) for cell in cells] for cells in foot),
    ]
    sums = [Column(right=True)] * (len(head) - 2)
    return draw_table(lines, [Column(fit=Fit.MIDDLE), Column(), *sums], width=style.width)


def _cells(name: str, row: CostRow, columns: Sequence[CostColumn]) -> list[str]:
    return [
        name,
        safe_text(row.currency) or NOT_KNOWN,
        f"{row.attempts:,}",
        *(_cell(row, column) for column in columns),
    ]


def _cell(row: CostRow, column: CostColumn) -> str:
    """An amount with at least two decimals; a difference has its sign, and nothing is a dash."""
    amount = row.amount(column)
    if amount is None or (not amount and column is not CostColumn.DIFFERENCE):
        return "-"
    exponent = amount.as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:+,.{decimals}f}" if column is CostColumn.DIFFERENCE else f"{amount:,.{decimals}f}"


def _lost_money_lines(lost_money: Sequence[LostMoney], style: TextStyle) -> Iterable[str]:
    if not lost_money:
        return
    known = join_amounts(sum_by_currency(each.money for each in lost_money if each.money is not None))
    yield ""
    total = f" ({known})" if known else ""
    yield f"{style.bold('Lost money')}, charged or possibly charged, and no clip came of it{total}:"
    names = [safe_text(f"{each.attempt.campaign}/{each.attempt.shot}#{each.attempt.take}") for each in lost_money]
    rows = []
    for name, each in zip(names, lost_money, strict=True):
        task = f"task {each.attempt.task}" if each.attempt.task else "no task id"
        price = each.money or "price not known"
        facts = safe_text(f"{each.attempt.provider}, {task}, {price}")
        rows.append((Cell(name), Cell(f"{facts}: {single_line(each.why)}")))
    yield from draw_table(rows, (Column(fit=Fit.MIDDLE), Column(fit=Fit.WRAP, least=24)), width=style.width)

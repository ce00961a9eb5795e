"""What was bought, as text and as JSON: a row for each group and currency, the totals, and what no clip came of."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from hailuo_batch.core.money import Money, totals
from hailuo_batch.core.spending.charge import Claim
from hailuo_batch.core.spending.costs import CLAIMS, Column, Costs, Row, Unclaimed
from hailuo_batch.views.format import amounts, count, on_one_line, safe
from hailuo_batch.views.json_report import money_members
from hailuo_batch.views.style import PLAIN, Ink

NO_TAG = "(no tag)"
NOT_KNOWN = "not known"
REHEARSED = "Rehearsed: nothing of this was paid."


def draw_costs(costs: Costs, *, of: Sequence[str] = (), rehearsal: bool = False, ink: Ink = PLAIN) -> str:
    """The table, what is not in its sums, and unclaimed money apart; `of` says what the costs are limited to."""
    scope = "".join(f", {each}" for each in of)
    heading = f"{ink.bold(f'Costs by {costs.by}')}{safe(scope)}"
    lines = [ink.care(REHEARSED)] if rehearsal else []
    if not costs.totals:
        return "\n".join([*lines, f"{heading}: nothing was asked of a provider."])
    lines += [heading, "", *_table(costs, ink), ""]
    if costs.overlapping:
        lines.append("An attempt stands under each of its tags; the total has it once.")
    if costs.unknown:
        kinds = ", ".join(f"{costs.unknown[claim]:,} {CLAIMS[claim]}" for claim in CLAIMS if claim in costs.unknown)
        number = count(sum(costs.unknown.values()), "attempt")
        lines.append(ink.care(f"{number} at a price that is not known ({kinds}): in no sum."))
    return "\n".join([*lines, *_unclaimed(costs.unclaimed, ink)]).rstrip()


def costs_members(costs: Costs, *, rehearsal: bool = False) -> dict[str, object]:
    """The same as plain data; an amount that is null is not known."""
    return {
        "version": 1,
        "by": str(costs.by),
        "rehearsal": rehearsal,
        "overlapping": costs.overlapping,
        "rows": [{"group": row.group or None, **_members(row)} for row in costs.rows],
        "totals": [_members(row) for row in costs.totals],
        "unknown": {member(CLAIMS[claim]): costs.unknown.get(claim, 0) for claim in CLAIMS},
        "unclaimed": [
            {
                "campaign": each.attempt.campaign,
                "shot": each.attempt.shot,
                "take": each.attempt.take,
                "attempt": each.attempt.id,
                "provider": each.attempt.provider,
                "task": each.attempt.task,
                "money": money_members(each.money),
                "why": each.why,
            }
            for each in costs.unclaimed
        ],
    }


def member(column: Column) -> str:
    """A column's name for programs.

    >>> member(Column.DOUBT)
    'in_doubt'
    """
    return column.replace(" ", "_")


def sums_by_claim(costs: Costs) -> dict[Claim, tuple[Money, ...]]:
    """The totals by what the money is, one amount for each currency; a claim that nothing has is left out."""
    found = {
        claim: totals(
            Money(amount=row.sums[column], currency=row.currency) for row in costs.totals if column in row.sums
        )
        for claim, column in CLAIMS.items()
    }
    return {claim: sums for claim, sums in found.items() if sums}


def plain(amount: Decimal | None) -> str:
    """An amount as a plain decimal for programs; nothing where it is not known.

    >>> plain(Decimal("1E+2")), plain(None)
    ('100', '')
    """
    return "" if amount is None else format(amount, "f")


def _members(row: Row) -> dict[str, object]:
    sums = {member(column): None if (found := row.amount(column)) is None else plain(found) for column in Column}
    return {"currency": row.currency or None, "attempts": row.attempts, "unknown": row.unknown, **sums}


def _table(costs: Costs, ink: Ink) -> Iterable[str]:
    """Lines of columns; those in which nobody has anything are left out."""
    every = (*costs.rows, *costs.totals)
    columns = [column for column in Column if any(column in row.sums for row in every)]
    head = [str(costs.by), "currency", "attempts", *map(str, columns)]
    body = [_cells(safe(row.group or NO_TAG), row, columns) for row in costs.rows]
    foot = [_cells("" if place else "total", row, columns) for place, row in enumerate(costs.totals)]
    widths = [max(map(len, cells)) for cells in zip(head, *body, *foot, strict=True)]
    yield ink.dim(_line(head, widths))
    yield from (_line(cells, widths) for cells in body)
    yield from (ink.bold(_line(cells, widths)) for cells in foot)


def _cells(name: str, row: Row, columns: Sequence[Column]) -> list[str]:
    return [name, safe(row.currency) or NOT_KNOWN, f"{row.attempts:,}", *(_cell(row, column) for column in columns)]


def _cell(row: Row, column: Column) -> str:
    """An amount with at least two decimals; a difference has its sign, and nothing is a dash."""
    amount = row.amount(column)
    if amount is None or (not amount and column is not Column.DIFFERENCE):
        return "-"
    exponent = amount.as_tuple().exponent
    decimals = max(2, -exponent) if isinstance(exponent, int) else 2
    return f"{amount:+,.{decimals}f}" if column is Column.DIFFERENCE else f"{amount:,.{decimals}f}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Two columns of words, then numbers at their right ends."""
    pairs = enumerate(zip(cells, widths, strict=True))
    return "  " + "  ".join(f"{cell:<{wide}}" if place < 2 else f"{cell:>{wide}}" for place, (cell, wide) in pairs)


def _unclaimed(unclaimed: Sequence[Unclaimed], ink: Ink) -> Iterable[str]:
    if not unclaimed:
        return
    known = amounts(totals(each.money for each in unclaimed if each.money is not None))
    yield ""
    yield f"{ink.bold('Unclaimed')}, paid or maybe paid without a clip for it{f' ({known})' if known else ''}:"
    names = [safe(f"{each.attempt.campaign}/{each.attempt.shot}#{each.attempt.take}") for each in unclaimed]
    wide = max(map(len, names))
    for name, each in zip(names, unclaimed, strict=True):
        task = f"task {each.attempt.task}" if each.attempt.task else "no task id"
        price = each.money or "price not known"
        facts = safe(f"{each.attempt.provider}, {task}, {price}")
        yield f"  {name:<{wide}}  {facts}: {on_one_line(each.why)}"

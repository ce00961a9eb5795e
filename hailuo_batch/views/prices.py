"""Prices as text and as JSON: which row counts, whose word it is, since when, and what was charged."""

from collections.abc import Iterable, Iterator, Sequence

from hailuo_batch.core.money import PriceOrigin, PriceRow
from hailuo_batch.core.providers.own_prices import UsedPrice
from hailuo_batch.core.providers.price_list import PriceFact, PriceList
from hailuo_batch.core.spending.learnt_prices import LearntPrice
from hailuo_batch.core.world import command_line
from hailuo_batch.views.format import count, safe_lines, safe_text
from hailuo_batch.views.json_report import money_dict, price_dict
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

_USED_COLUMNS = (Column(fit=Fit.MIDDLE), Column(), Column(right=True), Column(fit=Fit.WRAP, least=24))


def price_words(row: PriceRow, now: float) -> str:
    """Whose word a price is, and since when; of an old one, that it should be checked."""
    age = ", which is old: check it" if row.is_old(now) else ""
    match row.origin:
        case PriceOrigin.USER:
            return f"your price of {row.read}{age}"
        case PriceOrigin.PROJECT:
            return f"hailuo.yaml's price of {row.read}{age}"
        case _:
            return f"read on {row.read}{age}"


def used_price_lines(prices: Iterable[UsedPrice], now: float, style: TextStyle = PLAIN) -> list[str]:
    """A line for each price of a plan that is somebody's own, or old; none where all are the tables' and fresh."""
    shown = [each for each in prices if each.row.origin is not PriceOrigin.TABLE or each.row.is_old(now)]
    if not shown:
        return []
    rows = [_used_cells(each, now, style) for each in shown]
    return [style.bold("Prices:"), *draw_table(rows, _USED_COLUMNS, width=style.width)]


def _used_cells(used: UsedPrice, now: float, style: TextStyle) -> Sequence[Cell]:
    row = used.row
    paint = style.warning if row.is_old(now) else style.dim
    other = "" if row.origin is PriceOrigin.TABLE else _other_words(used.instead_of)
    words = f"{price_words(row, now)}{other}"
    size = Cell(f"{row.resolution} {row.seconds} s")
    return Cell(safe_text(used.provider)), size, Cell(safe_text(str(row.price))), Cell(safe_text(words), paint)


def _other_words(other: PriceRow | None) -> str:
    """What would count without a price of one's own."""
    if other is None:
        return "; the table has none"
    return f"; {'the table has' if other.origin is PriceOrigin.TABLE else 'yours is'} {other.price}"


_LIST_COLUMNS = (Column(fit=Fit.MIDDLE), Column(), Column(), Column(right=True), Column(fit=Fit.WRAP, least=24))


def draw_prices(prices: PriceList, style: TextStyle = PLAIN) -> str:
    """A line for each price in effect, then those that begin later, and where prices of one's own can be written."""
    rows = [_fact_cells(each, prices.now, style) for each in prices.facts]
    lines = list(draw_table(rows, _LIST_COLUMNS, width=style.width))
    if prices.untrusted:
        words = f"{count(len(prices.untrusted), 'price')} of hailuo.yaml: not trusted, so not used"
        lines.append(f"{style.warning(words)}. To trust it:\n    {command_line('trust')}")
    place = f" or {safe_text(prices.user_file)}" if prices.user_file else ""
    return "\n".join([*lines, f"Your own prices are written in hailuo.yaml{place}, under `prices`."])


def prices_dict(prices: PriceList) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "prices": [
            {
                "provider": each.provider,
                "model": each.model,
                **price_dict(each.row, prices.now),
                "in_effect": not each.is_ahead,
                "instead_of": None if each.instead_of is None else price_dict(each.instead_of, prices.now),
            }
            for each in prices.facts
        ],
        "user_file": prices.user_file or None,
        "untrusted": list(prices.untrusted),
    }


def _fact_cells(fact: PriceFact, now: float, style: TextStyle) -> Sequence[Cell]:
    row = fact.row
    if fact.is_ahead:
        words = f"from {row.read} on"
    else:
        other = "" if row.origin is PriceOrigin.TABLE else _other_words(fact.instead_of)
        words = f"{price_words(row, now)}{other}"
    paint = style.warning if row.is_old(now) else style.dim
    size = Cell(f"{row.resolution} {row.seconds} s")
    return Cell(safe_text(fact.provider)), Cell(fact.model), size, Cell(safe_text(str(row.price))), Cell(words, paint)


def draw_learnt(learnt: Sequence[LearntPrice], proposal: str, *, written: str = "", style: TextStyle = PLAIN) -> str:
    """What was charged, a line for each amount, and the rows that follow from it; `written` is the file with them."""
    if not learnt:
        return "The ledger has no actual cost of any clip, so there is nothing to learn."
    rows = [cells for each in learnt for cells in _learnt_cells(each, style)]
    lines = [style.bold("Charged, by the ledger:"), *draw_table(rows, _LIST_COLUMNS, width=style.width)]
    if not proposal:
        lines.append("All of these are in effect already.")
    elif written:
        words = "They count when you trust the project, as it is now"
        lines.append(f"Added to {safe_text(written)}. {words}:\n    {command_line('trust')}")
    else:
        lines.append(f"To paste into hailuo.yaml, or to add with `prices learn --write`:\n\n{safe_lines(proposal)}")
    return "\n".join(lines)


def learnt_dict(learnt: Sequence[LearntPrice], now: float, *, written: str = "") -> dict[str, object]:
    """The same as plain data; the first of `charged` is the newest."""
    return {
        "version": 1,
        "learnt": [
            {
                **each.kind._asdict(),
                "charged": [
                    {**(money_dict(one.money) or {}), "count": one.count, "newest": one.newest} for one in each.charged
                ],
                "proposed": each.is_proposed,
                "in_effect": None if each.in_effect is None else price_dict(each.in_effect, now),
            }
            for each in learnt
        ],
        "written": written or None,
    }


def _learnt_cells(learnt: LearntPrice, style: TextStyle) -> Iterator[Sequence[Cell]]:
    kind = learnt.kind
    for place, one in enumerate(learnt.charged):
        words = f"{count(one.count, 'time')}, last on {one.newest}"
        words += _proposal_words(learnt) if place == 0 else "; an earlier amount"
        names = (kind.provider, kind.model, f"{kind.resolution} {kind.seconds} s") if place == 0 else ("", "", "")
        paint = style.good if place == 0 and learnt.is_proposed else style.dim
        yield *(Cell(safe_text(name)) for name in names), Cell(safe_text(str(one.money))), Cell(words, paint)


def _proposal_words(learnt: LearntPrice) -> str:
    if not learnt.is_proposed:
        return "; in effect"
    if learnt.in_effect is None:
        return "; proposed, since no price is known"
    return f"; proposed in place of {learnt.in_effect.price} of {learnt.in_effect.read}"

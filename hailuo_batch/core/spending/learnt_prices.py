"""Prices learnt: what providers actually charged for clips of one size and length, from the ledger's attempts."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.days import utc_day
from hailuo_batch.core.money import Money, PriceRow
from hailuo_batch.values import dataclass


class ClipKind(NamedTuple):
    """What one price is about."""

    provider: str
    model: str
    resolution: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedAmount:
    """An amount that was charged, how often, and the day (ISO) of the newest charge."""

    money: Money
    count: int
    newest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LearntPrice:
    """What was charged for clips of one kind, the newest amount first; `in_effect` is the row that counts now."""

    kind: ClipKind
    charged: tuple[ChargedAmount, ...]
    in_effect: PriceRow | None = None
    is_in_effect_old: bool = False

    @property
    def is_proposed(self) -> bool:
        """Whether the newest amount says something new: another price, or that an old one still holds."""
        return self.in_effect is None or self.in_effect.price != self.charged[0].money or self.is_in_effect_old


def sum_charges(attempts: Iterable[tuple[ClipKind, AttemptRecord]]) -> Mapping[ClipKind, tuple[ChargedAmount, ...]]:
    """The amounts that were charged for each kind of clip; an attempt without one, or charged nothing, is left out."""
    found: dict[ClipKind, dict[Money, tuple[int, float]]] = {}
    for kind, attempt in attempts:
        if attempt.cost is None or not attempt.cost.amount:
            continue
        amounts = found.setdefault(kind, {})
        count, newest = amounts.get(attempt.cost, (0, 0.0))
        amounts[attempt.cost] = count + 1, max(newest, attempt.intended_at)
    return {kind: _sort_amounts(found[kind]) for kind in sorted(found)}


def _sort_amounts(amounts: Mapping[Money, tuple[int, float]]) -> tuple[ChargedAmount, ...]:
    newest_first = sorted(amounts.items(), key=lambda each: each[1][1], reverse=True)
    return tuple(ChargedAmount(money=money, count=count, newest=utc_day(at)) for money, (count, at) in newest_first)

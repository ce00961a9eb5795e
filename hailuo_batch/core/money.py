"""Dated price rows, and what a request would cost: an amount, or nothing when it is not known.

A price we do not know is `None`, never zero; amounts of different currencies are never added together.
"""

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

from hailuo_batch.core.days import days_since
from hailuo_batch.values import dataclass

OLD_PRICE_DAYS = 180  # after so long a price is to be checked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount in one currency (ISO code, or a gateway's own unit such as `credits`)."""

    amount: Decimal
    currency: str

    def is_same_currency(self, other: "Money") -> bool:
        """Whether both are of one currency; people write units of gateways (`credits`) in either case."""
        return self.currency.casefold() == other.currency.casefold()

    def __str__(self) -> str:
        """The amount as people write it, with at least two decimals: `0.28 USD`."""
        exponent = self.amount.as_tuple().exponent
        amount = self.amount.quantize(Decimal("0.01")) if isinstance(exponent, int) and exponent > -2 else self.amount
        return f"{amount} {self.currency}"


def money_tree(money: Money) -> dict[str, str]:
    """An amount as JSON, exact."""
    return {"amount": str(money.amount), "currency": money.currency}


class PriceOrigin(StrEnum):
    """Whose word a price is. What comes later here counts before what comes earlier."""

    TABLE = "table"  # of the gateway, ours or the project's own
    USER = "user"  # prices.yaml of the user
    PROJECT = "project"  # hailuo.yaml, when the user trusts the project


_RANKS = {origin: rank for rank, origin in enumerate(PriceOrigin)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """What one clip costs, where that was read and when (ISO date); of a price of one's own, since when it holds."""

    resolution: str
    seconds: int
    price: Money
    read: str
    source: str
    origin: PriceOrigin = PriceOrigin.TABLE

    def is_old(self, now: float) -> bool:
        """Whether it is so old that it should be checked again, at a moment in seconds since the epoch."""
        return days_since(self.read, now) > OLD_PRICE_DAYS


def choose_price(rows: Iterable[PriceRow], *, resolution: str, seconds: int) -> PriceRow | None:
    """The row that counts for one clip: the project's, else the user's, else the table's, and of these the newest.

    Of two with one date, the first counts.
    """
    fitting = [row for row in rows if row.resolution == resolution and row.seconds == seconds]
    return max(fitting, key=lambda row: (_RANKS[row.origin], row.read)) if fitting else None


def find_price(rows: Iterable[PriceRow], *, resolution: str, seconds: int) -> Money | None:
    """The price of one clip; None is "unknown"."""
    row = choose_price(rows, resolution=resolution, seconds=seconds)
    return None if row is None else row.price


def list_effective_prices(rows: Iterable[PriceRow]) -> tuple[PriceRow, ...]:
    """The row that counts for each resolution and length, the smallest first."""
    every = tuple(rows)
    sizes = sorted({(row.resolution, row.seconds) for row in every}, key=lambda size: (len(size[0]), *size))
    found = (choose_price(every, resolution=resolution, seconds=seconds) for resolution, seconds in sizes)
    return tuple(row for row in found if row is not None)


def sum_by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum for each currency, by its name.

    >>> [str(sum) for sum in sum_by_currency([Money(amount=Decimal("0.28"), currency="USD")] * 3)]
    ['0.84 USD']
    """
    sums: dict[str, Decimal] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return tuple(Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items()))

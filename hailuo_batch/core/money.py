"""Dated price rows, and what a request would cost: an amount, or nothing when it is not known.

A price we do not know is `None`, never zero; amounts of different currencies are never added together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRow:
    """What one clip costs, where that was read and when (ISO date)."""

    resolution: str
    seconds: int
    price: Money
    read: str
    source: str


def find_price(rows: Iterable[PriceRow], *, resolution: str, seconds: int) -> Money | None:
    """The price of one clip by the newest row for its resolution and length; None is "unknown"."""
    fitting = [row for row in rows if row.resolution == resolution and row.seconds == seconds]
    return max(fitting, key=lambda row: row.read).price if fitting else None


def sum_by_currency(amounts: Iterable[Money]) -> tuple[Money, ...]:
    """One sum for each currency, by its name.

    >>> [str(sum) for sum in sum_by_currency([Money(amount=Decimal("0.28"), currency="USD")] * 3)]
    ['0.84 USD']
    """
    sums: dict[str, Decimal] = {}
    for money in amounts:
        sums[money.currency] = sums.get(money.currency, Decimal(0)) + money.amount
    return tuple(Money(amount=amount, currency=currency) for currency, amount in sorted(sums.items()))

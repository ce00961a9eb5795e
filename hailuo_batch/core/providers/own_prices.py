"""Prices of one's own: rows that the user or the project has, beside those of the gateways' tables.

They change estimates, and with that what caps reserve; never a request, so no fingerprint.
"""

from collections.abc import Iterable

from hailuo_batch.core.money import PriceRow
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrice:
    """One row: what a provider charges for one clip of a model."""

    provider: str
    model: str
    row: PriceRow

    def __str__(self) -> str:
        size = f"{self.row.resolution} {self.row.seconds} s"
        return f"{self.provider} {self.model} {size} for {self.row.price} since {self.row.read}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPrices:
    """All rows of one's own, and the day (ISO, UTC) on which they are used."""

    rows: tuple[OwnPrice, ...] = ()
    today: str = ""

    def find_rows(self, provider: str, model: str, *, currency: str | None = None) -> tuple[PriceRow, ...]:
        """The rows that hold today; in a region that bills in a `currency` of its own, only those in that one."""
        mine = (each.row for each in self.rows if (each.provider, each.model) == (provider, model))
        return tuple(
            row
            for row in mine
            if row.read <= self.today and (currency is None or row.price.currency.casefold() == currency.casefold())
        )


NO_OWN_PRICES = OwnPrices()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedPrice:
    """A price that a plan is made with: at which provider, and what would count without it."""

    provider: str
    row: PriceRow
    instead_of: PriceRow | None = None


def list_used_prices(prices: Iterable[UsedPrice | None]) -> tuple[UsedPrice, ...]:
    """Each used price once, in the order in which they are first used."""
    return tuple(dict.fromkeys(price for price in prices if price is not None))

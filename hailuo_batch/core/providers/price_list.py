"""All prices in effect, as `prices` and `providers` show them."""

from hailuo_batch.core.money import PriceRow
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFact:
    """A price in effect, or one that begins later (`is_ahead`); `instead_of` would count without it."""

    provider: str
    model: str
    row: PriceRow
    instead_of: PriceRow | None = None
    is_ahead: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceList:
    """All prices, when they were read (seconds since the epoch), and where the user's own file is or would be.

    `untrusted` are rows of hailuo.yaml that do not count, since the user does not trust the project.
    """

    facts: tuple[PriceFact, ...]
    now: float
    user_file: str
    untrusted: tuple[str, ...] = ()

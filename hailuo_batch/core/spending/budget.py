"""Caps: how much may be spent, on what, since when. `charge.py` defines which attempts count.

A cap counts money spent, running and in doubt. A price that is unknown or in another currency cannot be compared with a
cap, so a take with such a price is not bought under one.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.charge import Charge, ChargeState
from hailuo_batch.values import dataclass

MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most `limit`, for attempts of a campaign (None: any) with a tag (None: any) intended since a moment.

    `description` name it to people, amount included; `since` is seconds since the epoch. `is_per_run`: it limits what
    one run buys itself. `is_ceiling`: it is what was agreed to, of one currency. What it cannot count was agreed to
    as it is.
    """

    description: str
    limit: Money
    campaign: str | None = None
    tag: str | None = None
    since: float = 0.0
    is_per_run: bool = False
    is_ceiling: bool = False
    remedy: str = "Raise the cap, or select with --only what to buy first."

    def counts(self, price: Money | None) -> bool:
        """Whether it has a say in something of this price."""
        return not self.is_ceiling or (price is not None and price.is_same_currency(self.limit))

    def covers(self, *, campaign: str, tags: Iterable[str], at: float) -> bool:
        """Whether an attempt falls under it."""
        return (
            at >= self.since
            and self.campaign in {None, campaign}
            and (self.tag is None or any(fnmatchcase(tag, self.tag) for tag in tags))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedAttempt:
    """One attempt as caps see it; `at` is when it was intended, in seconds since the epoch.

    `estimate` is what it was to cost, and `quote` what the gateway named at the submit. The higher one counts under a
    cap while no actual cost in its currency is known.
    """

    attempt: int
    campaign: str
    tags: tuple[str, ...]
    at: float
    charge: Charge
    estimate: Money | None = None
    quote: Money | None = None

    def counted_amount(self, cap: Cap) -> Decimal:
        """How much it counts under a cap, in its currency."""
        if self.charge.state is ChargeState.NOTHING:
            return Decimal(0)
        known = (self.charge.money,) if self._has_actual_cost(cap) else (self.charge.money, self.estimate, self.quote)
        amounts = (money.amount for money in known if money is not None and money.is_same_currency(cap.limit))
        return max(amounts, default=Decimal(0))

    def _has_actual_cost(self, cap: Cap) -> bool:
        money = self.charge.money
        return self.charge.is_actual and money is not None and money.is_same_currency(cap.limit)


def cap_usage(cap: Cap, attempts: Iterable[CountedAttempt]) -> Decimal:
    """What already counts against a cap, in its currency."""
    mine = (each for each in attempts if cap.covers(campaign=each.campaign, tags=each.tags, at=each.at))
    return sum((each.counted_amount(cap) for each in mine), Decimal(0))


def money_left(cap: Cap, used: Decimal) -> Money:
    """What a cap that has `used` against it still allows."""
    return Money(amount=max(cap.limit.amount - used, Decimal(0)), currency=cap.limit.currency)


def check_cap(cap: Cap, used: Decimal, price: Money | None, provider: str) -> Failure | None:
    """Why something of this price may not be bought under a cap that has `used` against it; None when it may."""
    if price is None:
        why = f"its price at {provider} is unknown, and {cap.description} allows only known prices"
        return Failure(
            kind=FailureKind.OVER_CAP, why=why, remedy="Choose a provider whose price is known, or remove the cap."
        )
    if not price.is_same_currency(cap.limit):
        why = f"its price at {provider} is in {price.currency}, and {cap.description} cannot count that"
        return Failure(
            kind=FailureKind.OVER_CAP, why=why, remedy=f"Choose a provider that is paid in {cap.limit.currency}."
        )
    if used + price.amount > cap.limit.amount:
        why = f"it would cost {price}, and {cap.description} has {money_left(cap, used)} left"
        return Failure(kind=FailureKind.OVER_CAP, why=why, remedy=cap.remedy)
    return None


def make_caps(
    *,
    budget: Money | None,
    campaign: str,
    settings: Iterable[Mapping[str, object]],
    limit: Money | None,
    now: float,
    month_start: float,
) -> tuple[Cap, ...]:
    """All caps of a run that begins `now`, in the month that began at `month_start`: its own limit, the manifest's
    budget, and the project's.

    `settings` are the rows of `caps` in hailuo.yaml: max, currency, and optionally tag and per (month).
    """
    caps = []
    if limit is not None:
        caps.append(Cap(description=f"--max-cost of {limit}", limit=limit, since=now, is_per_run=True))
    if budget is not None:
        caps.append(Cap(description=f"the manifest's budget of {budget}", limit=budget, campaign=campaign))
    for row in settings:
        most = Money(amount=Decimal(str(row["max"])), currency=str(row["currency"]))
        tag = row.get("tag")
        monthly = row.get("per") == MONTH
        words = f"the project's cap of {most}" + (f" for {tag}" if tag else "") + (" a month" if monthly else "")
        since = month_start if monthly else 0.0
        caps.append(Cap(description=words, limit=most, tag=None if tag is None else str(tag), since=since))
    return tuple(caps)


def parse_amount(text: str, *, currency: str) -> Money | None:
    """An amount as people write it on a command line: `12`, `12.50`, `12.50 EUR`; None when it is none.

    >>> str(parse_amount("12.5", currency="USD")), str(parse_amount("3 EUR", currency="USD"))
    ('12.50 USD', '3.00 EUR')
    """
    number, _, unit = text.strip().partition(" ")
    try:
        amount = Decimal(number)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0:
        return None
    return Money(amount=amount, currency=unit.strip().upper() or currency)

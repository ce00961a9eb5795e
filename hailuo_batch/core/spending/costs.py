"""What was bought, by whom, when and where: sums over the attempts of a ledger, each currency for itself.

What an attempt counts as stands in `core/spending/charge.py`. Attempts of the free model carry no money and take no
part. An amount that is not known is in no sum: the attempt stands in a row without a currency, and is counted there.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.money import Money
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.core.spending.charge import Charge, Claim, charge_of
from hailuo_batch.core.spending.month import month_of

UNKNOWN = ""  # the currency of what nobody has a price for


class By(StrEnum):
    """What costs are kept by."""

    TAG = "tag"
    SHOT = "shot"
    PROVIDER = "provider"
    MONTH = "month"
    CAMPAIGN = "campaign"


class Column(StrEnum):
    """What is added up. The last four are the whole: each attempt with a price is in one of them."""

    ESTIMATE = "estimate"  # what was expected of attempts that count
    TOLD = "told"  # what the provider said it charged
    DIFFERENCE = "difference"  # told less estimate, where both are known
    SPENT = "spent"
    RUNNING = "running"
    DOUBT = "in doubt"
    UNCLAIMED = "unclaimed"


CLAIMS = {
    Claim.SPENT: Column.SPENT,
    Claim.RUNNING: Column.RUNNING,
    Claim.DOUBT: Column.DOUBT,
    Claim.UNCLAIMED: Column.UNCLAIMED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """An attempt with what it counts as."""

    attempt: AttemptRecord
    charge: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """The sums of one group in one currency; `unknown` counts attempts that cost something nobody knows."""

    group: str  # "" for attempts without a tag, and for a total
    currency: str
    attempts: int
    unknown: int
    sums: Mapping[Column, Decimal]

    def amount(self, column: Column) -> Decimal | None:
        """A sum; None where no amount is known. What is spent, running, in doubt or unclaimed may be nothing."""
        if column in self.sums or self.currency == UNKNOWN or column not in CLAIMS.values():
            return self.sums.get(column)
        return Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """Money that may be gone without a clip for it, and why."""

    attempt: AttemptRecord
    money: Money | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The rows by their groups, the true totals by currency, and what no clip came of.

    `unknown` counts attempts without a price by what they are. `overlapping`: an attempt may stand in several rows.
    """

    by: By
    rows: tuple[Row, ...]
    totals: tuple[Row, ...]
    unknown: Mapping[Claim, int]
    unclaimed: tuple[Unclaimed, ...]

    @property
    def overlapping(self) -> bool:
        """Whether the rows may come to more than the totals."""
        return self.by is By.TAG


def is_brought_back(attempt: AttemptRecord) -> bool:
    """Whether its clip was there without having been asked for: found under its readable name, or by the lock."""
    return attempt.task == ""


def counted(attempts: Iterable[AttemptRecord]) -> list[Counted]:
    """Every attempt that may cost something, with what it counts as; `attempts` come with the oldest first."""
    found, bought = [], set()
    for attempt in attempts:
        if attempt.provider == ANIMATIC:
            continue
        charge = charge_of(
            attempt.stage,
            kind=None if attempt.failure is None else attempt.failure.kind,
            task=attempt.task,
            estimate=attempt.estimate,
            cost=attempt.cost,
        )
        # Money: where the ledger has the purchase, a clip that was brought back later is not paid for once more.
        if is_brought_back(attempt) and attempt.fingerprint in bought:
            charge = Charge(claim=Claim.NOTHING, money=None)
        if charge.claim is not Claim.NOTHING:
            bought.add(attempt.fingerprint)
        found.append(Counted(attempt=attempt, charge=charge))
    return found


def add_up(of: Iterable[Counted], *, by: By, reasons: Mapping[int, str] | None = None) -> Costs:
    """The sums of these attempts; `reasons` are what people wrote when they gave an attempt up, by its number."""
    groups_of = _GROUPS[by]
    rows: dict[tuple[str, str], _Sums] = {}
    totals: dict[tuple[str, str], _Sums] = {}
    unknown: Counter[Claim] = Counter()
    unclaimed = []
    for each in of:
        claim = each.charge.claim
        if claim is not Claim.NOTHING and each.charge.money is None:
            unknown[claim] += 1
        if claim is Claim.UNCLAIMED:
            unclaimed.append(_unclaimed(each, reasons or {}))
        share = _share(each.charge, each.attempt.estimate)
        _put(share, "", totals)
        for group in groups_of(each.attempt):
            _put(share, group, rows)
    return Costs(
        by=by,
        rows=tuple(_sorted(rows)),
        totals=tuple(_sorted(totals)),
        unknown=dict(unknown),
        unclaimed=tuple(unclaimed),
    )


_GROUPS: Mapping[By, Callable[[AttemptRecord], Iterable[str]]] = {
    By.TAG: lambda attempt: dict.fromkeys(attempt.tags) or ("",),
    By.SHOT: lambda attempt: (f"{attempt.campaign}/{attempt.shot}",),
    By.PROVIDER: lambda attempt: (attempt.provider,),
    By.MONTH: lambda attempt: (month_of(attempt.intended_at),),
    By.CAMPAIGN: lambda attempt: (attempt.campaign,),
}


class _Sums:
    """A row while it grows."""

    __slots__ = ("attempts", "sums", "unknown")

    def __init__(self) -> None:
        self.attempts = 0
        self.unknown = 0
        self.sums: dict[Column, Decimal] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one attempt adds: it is counted in the row of one currency, its amounts stand in the rows of theirs."""

    currency: str
    unknown: bool
    amounts: tuple[tuple[str, Column, Decimal], ...] = ()


def _share(charge: Charge, estimate: Money | None) -> _Share:
    if charge.claim is Claim.NOTHING:
        return _Share(currency=UNKNOWN if estimate is None else estimate.currency, unknown=False)
    found = [] if estimate is None else [(estimate.currency, Column.ESTIMATE, estimate.amount)]
    money = charge.money
    if money is None:
        return _Share(currency=UNKNOWN, unknown=True, amounts=tuple(found))
    found.append((money.currency, CLAIMS[charge.claim], money.amount))
    if charge.told:
        found.append((money.currency, Column.TOLD, money.amount))
        if estimate is not None and estimate.currency == money.currency:
            found.append((money.currency, Column.DIFFERENCE, money.amount - estimate.amount))
    return _Share(currency=money.currency, unknown=False, amounts=tuple(found))


def _put(share: _Share, group: str, rows: dict[tuple[str, str], _Sums]) -> None:
    row = _row(rows, group, share.currency)
    row.attempts += 1
    row.unknown += share.unknown
    for currency, column, amount in share.amounts:
        sums = row.sums if currency == share.currency else _row(rows, group, currency).sums
        sums[column] = sums[column] + amount if column in sums else amount


def _row(rows: dict[tuple[str, str], _Sums], group: str, currency: str) -> _Sums:
    row = rows.get((group, currency))
    if row is None:
        row = rows[group, currency] = _Sums()
    return row


def _sorted(rows: Mapping[tuple[str, str], _Sums]) -> Iterator[Row]:
    """By group, what has none at the end; in a group by currency, what is not known at the end."""
    for group, currency in sorted(rows, key=lambda key: (key[0] == "", key[0], key[1] == UNKNOWN, key[1])):
        row = rows[group, currency]
        yield Row(group=group, currency=currency, attempts=row.attempts, unknown=row.unknown, sums=row.sums)


def _unclaimed(each: Counted, reasons: Mapping[int, str]) -> Unclaimed:
    failure = each.attempt.failure
    why = reasons.get(each.attempt.id) or (failure.why if failure is not None else "")
    return Unclaimed(attempt=each.attempt, money=each.charge.money, why=why or "it ended without a clip")

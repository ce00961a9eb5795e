"""What was bought, from which provider, when and for which shot: sums over a ledger's attempts, per currency.

`core/spending/charge.py` defines what an attempt counts as. Attempts of the free model have no cost and are left out.
An unknown amount is in no sum: its attempt is counted in a row without a currency.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from enum import StrEnum

from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.spending.charge import Charge, ChargeState, make_charge
from hailuo_batch.core.spending.month import utc_month
from hailuo_batch.values import dataclass

UNKNOWN_CURRENCY = ""  # the currency of attempts without a known price


class GroupBy(StrEnum):
    """What costs are kept by."""

    TAG = "tag"
    SHOT = "shot"
    PROVIDER = "provider"
    MONTH = "month"
    CAMPAIGN = "campaign"


class CostColumn(StrEnum):
    """What is added up. The last four are the whole: each attempt with a price is in one of them."""

    ESTIMATE = "estimate"  # what was expected of attempts that count
    QUOTE = "quoted"  # the price that the provider named at the submit
    ACTUAL = "told"  # what the provider said it charged
    DIFFERENCE = "difference"  # actual less estimate, where both are known
    SPENT = "spent"
    RUNNING = "running"
    IN_DOUBT = "in doubt"
    LOST = "unclaimed"  # a key of JSON and CSV; people read "lost"


COLUMN_BY_STATE = {
    ChargeState.SPENT: CostColumn.SPENT,
    ChargeState.RUNNING: CostColumn.RUNNING,
    ChargeState.IN_DOUBT: CostColumn.IN_DOUBT,
    ChargeState.LOST: CostColumn.LOST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedAttempt:
    """An attempt with what it counts as."""

    attempt: AttemptRecord
    charge: Charge


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRow:
    """The sums of one group in one currency; `unknown` counts attempts at an unknown cost."""

    group: str  # "" for attempts without a tag, and for a total
    currency: str
    attempts: int
    unknown: int
    sums: Mapping[CostColumn, Decimal]

    def amount(self, column: CostColumn) -> Decimal | None:
        """A sum; None where no amount is known. What is spent, running, in doubt or lost may be nothing."""
        if column in self.sums or self.currency == UNKNOWN_CURRENCY or column not in COLUMN_BY_STATE.values():
            return self.sums.get(column)
        return Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LostMoney:
    """Money that may be gone without a clip for it, and why."""

    attempt: AttemptRecord
    money: Money | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The rows by their groups, the true totals by currency, and what no clip came of.

    `unknown` counts attempts without a price by what they are. `problems` say why the sums may not be the whole truth.
    `has_overlap`: an attempt may be in several rows.
    """

    group_by: GroupBy
    rows: tuple[CostRow, ...]
    totals: tuple[CostRow, ...]
    unknown: Mapping[ChargeState, int]
    lost_money: tuple[LostMoney, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def has_overlap(self) -> bool:
        """Whether the rows may come to more than the totals."""
        return self.group_by is GroupBy.TAG


def is_recovered(attempt: AttemptRecord) -> bool:
    """Whether its clip was restored without a submit: found under its readable name, or by the lock."""
    return attempt.task == ""


def charge_attempts(attempts: Iterable[AttemptRecord]) -> list[ChargedAttempt]:
    """Every attempt that may cost something, with what it counts as; `attempts` come with the oldest first."""
    found, bought = [], set()
    for attempt in attempts:
        if is_local(attempt.provider):
            continue
        charge = make_charge(
            attempt.stage,
            kind=None if attempt.failure is None else attempt.failure.kind,
            task=attempt.task,
            estimate=attempt.estimate,
            quote=attempt.quote,
            cost=attempt.cost,
        )
        # Money: where the ledger has the purchase, a clip that was brought back later is not paid for once more.
        if is_recovered(attempt) and attempt.fingerprint in bought:
            charge = Charge(state=ChargeState.NOTHING, money=None)
        if charge.state is not ChargeState.NOTHING:
            bought.add(attempt.fingerprint)
        found.append(ChargedAttempt(attempt=attempt, charge=charge))
    return found


def sum_costs(
    attempts: Iterable[ChargedAttempt], *, group_by: GroupBy, reasons: Mapping[int, str] | None = None
) -> Costs:
    """The sums of these attempts; `reasons` are what people wrote when they gave an attempt up, by its number."""
    groups_of = _GROUP_NAMES[group_by]
    rows: dict[tuple[str, str], _RowSums] = {}
    totals: dict[tuple[str, str], _RowSums] = {}
    unknown: Counter[ChargeState] = Counter()
    lost = []
    for each in attempts:
        claim = each.charge.state
        if claim is not ChargeState.NOTHING and each.charge.money is None:
            unknown[claim] += 1
        if claim is ChargeState.LOST:
            lost.append(_make_lost_money(each, reasons or {}))
        share = _make_share(each.charge, each.attempt.estimate, each.attempt.quote)
        _add_share(share, "", totals)
        for group in groups_of(each.attempt):
            _add_share(share, group, rows)
    return Costs(
        group_by=group_by,
        rows=tuple(_sort_rows(rows)),
        totals=tuple(_sort_rows(totals)),
        unknown=dict(unknown),
        lost_money=tuple(lost),
    )


_GROUP_NAMES: Mapping[GroupBy, Callable[[AttemptRecord], Iterable[str]]] = {
    GroupBy.TAG: lambda attempt: dict.fromkeys(attempt.tags) or ("",),
    GroupBy.SHOT: lambda attempt: (f"{attempt.campaign}/{attempt.shot}",),
    GroupBy.PROVIDER: lambda attempt: (attempt.provider,),
    GroupBy.MONTH: lambda attempt: (utc_month(attempt.intended_at),),
    GroupBy.CAMPAIGN: lambda attempt: (attempt.campaign,),
}


class _RowSums:
    """A row while it grows."""

    __slots__ = ("attempts", "sums", "unknown")

    def __init__(self) -> None:
        self.attempts = 0
        self.unknown = 0
        self.sums: dict[CostColumn, Decimal] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one attempt adds: it is counted in the row of one currency, its amounts are in the rows of theirs."""

    currency: str
    unknown: bool
    amounts: tuple[tuple[str, CostColumn, Decimal], ...] = ()


def _make_share(charge: Charge, estimate: Money | None, quote: Money | None) -> _Share:
    if charge.state is ChargeState.NOTHING:
        return _Share(currency=UNKNOWN_CURRENCY if estimate is None else estimate.currency, unknown=False)
    found = [] if estimate is None else [(estimate.currency, CostColumn.ESTIMATE, estimate.amount)]
    if quote is not None:
        found.append((quote.currency, CostColumn.QUOTE, quote.amount))
    money = charge.money
    if money is None:
        return _Share(currency=UNKNOWN_CURRENCY, unknown=True, amounts=tuple(found))
    found.append((money.currency, COLUMN_BY_STATE[charge.state], money.amount))
    if charge.is_actual:
        found.append((money.currency, CostColumn.ACTUAL, money.amount))
        if estimate is not None and estimate.currency == money.currency:
            found.append((money.currency, CostColumn.DIFFERENCE, money.amount - estimate.amount))
    return _Share(currency=money.currency, unknown=False, amounts=tuple(found))


def _add_share(share: _Share, group: str, rows: dict[tuple[str, str], _RowSums]) -> None:
    row = _ensure_row(rows, group, share.currency)
    row.attempts += 1
    row.unknown += share.unknown
    for currency, column, amount in share.amounts:
        sums = row.sums if currency == share.currency else _ensure_row(rows, group, currency).sums
        sums[column] = sums[column] + amount if column in sums else amount


def _ensure_row(rows: dict[tuple[str, str], _RowSums], group: str, currency: str) -> _RowSums:
    row = rows.get((group, currency))
    if row is None:
        row = rows[group, currency] = _RowSums()
    return row


def _sort_rows(rows: Mapping[tuple[str, str], _RowSums]) -> Iterator[CostRow]:
    """By group, what has none at the end; in a group by currency, what is not known at the end."""
    for group, currency in sorted(rows, key=lambda key: (key[0] == "", key[0], key[1] == UNKNOWN_CURRENCY, key[1])):
        row = rows[group, currency]
        yield CostRow(group=group, currency=currency, attempts=row.attempts, unknown=row.unknown, sums=row.sums)


def _make_lost_money(each: ChargedAttempt, reasons: Mapping[int, str]) -> LostMoney:
    failure = each.attempt.failure
    why = reasons.get(each.attempt.id) or (failure.why if failure is not None else "")
    return LostMoney(attempt=each.attempt, money=each.charge.money, why=why or "it ended without a clip")

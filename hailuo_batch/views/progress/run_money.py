"""What a run has bought so far, counted as its events come: each sum is kept, so that no event counts all again."""

from collections import defaultdict
from decimal import Decimal
from enum import StrEnum

from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.money import Money
from hailuo_batch.views.format import join_amounts


class MoneyState(StrEnum):
    """What the money of a take is."""

    SPENT = "spent"  # its task has ended
    RESERVED = "reserved"  # it is submitted, or its task runs
    IN_DOUBT = "in_doubt"  # it may have been accepted


class RunMoney:
    """The money of each take by its fingerprint, and the sums by state and currency; an unknown price is in no sum."""

    def __init__(self) -> None:
        self._takes: dict[str, tuple[MoneyState, Money | None]] = {}
        self._sums: dict[MoneyState, defaultdict[str, Decimal]] = {state: defaultdict(Decimal) for state in MoneyState}
        self.is_estimated = False  # whether a part of what is spent is by the price list

    def reserve(self, mark: str, price: Money | None) -> None:
        """A take is about to be submitted at this price."""
        self._put(mark, MoneyState.RESERVED, price)

    def quote(self, mark: str, price: Money) -> None:
        """A provider names its price; the higher one counts."""
        if mark in self._takes:
            state, known = self._takes[mark]
            self._put(mark, state, counted_estimate(known, price))

    def spend(self, mark: str, cost: Money | None) -> None:
        """A take has ended, at an actual cost if one is reported; one that an earlier run bought is not counted."""
        if mark in self._takes:
            known = self._takes[mark][1]
            self.is_estimated = self.is_estimated or (cost is None and known is not None)
            self._put(mark, MoneyState.SPENT, cost or known)

    def doubt(self, mark: str) -> None:
        """A take may have been accepted."""
        if mark in self._takes:
            self._put(mark, MoneyState.IN_DOUBT, self._takes[mark][1])

    def release(self, mark: str) -> None:
        """Nothing was accepted."""
        state, known = self._takes.pop(mark, (MoneyState.RESERVED, None))
        if known is not None:
            self._sums[state][known.currency] -= known.amount

    def sums(self, state: MoneyState) -> tuple[Money, ...]:
        """What is in a state, one for each currency."""
        found = self._sums[state].items()
        return tuple(Money(amount=amount, currency=currency) for currency, amount in sorted(found) if amount)

    def phrases(self) -> list[str]:
        """The sums in words; none where nothing has a price."""
        spent, reserved, doubtful = (join_amounts(self.sums(state)) for state in MoneyState)
        note = " (estimated)" if self.is_estimated else ""
        words = (spent and f"spent {spent}{note}", reserved and f"reserved {reserved}")
        return [each for each in (*words, doubtful and f"in doubt {doubtful}") if each]

    def _put(self, mark: str, state: MoneyState, money: Money | None) -> None:
        self.release(mark)
        self._takes[mark] = state, money
        if money is not None:
            self._sums[state][money.currency] += money.amount

    def counts(self, mark: str) -> bool:
        """Whether this run bought the take."""
        return mark in self._takes

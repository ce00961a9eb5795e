"""What may still be spent in this run: money is reserved before a submit, so that no `-j` oversteps a cap.

One run works on a ledger at a time, and nothing is awaited between the check and the reservation. So no two steps
reserve the same money.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.report import CapLeft
from hailuo_batch.core.spending.budget import Cap, CountedAttempt, cap_usage, check_cap, money_left
from hailuo_batch.core.spending.charge import ChargeState
from hailuo_batch.values import dataclass

_OPEN_CHARGES = frozenset(
    {ChargeState.RUNNING, ChargeState.IN_DOUBT}
)  # of earlier runs, and this one may learn what they cost


@dataclass(slots=True, eq=False)
class _CapUse:
    cap: Cap
    used: Decimal


class Reservations:
    """The caps of a run, with what already counts against each."""

    def __init__(
        self,
        caps: Iterable[Cap],
        attempts: Iterable[CountedAttempt],
        *,
        campaign: str,
        now: float,
        planned: Iterable[Step] = (),
        quotes: dict[tuple[str, ShotNeeds], Money] | None = None,
    ) -> None:
        known = list(attempts)
        self._campaign, self._now = campaign, now
        self._caps = [_CapUse(cap, cap_usage(cap, known)) for cap in caps]
        self._open = {each.attempt: each for each in known if each.charge.state in _OPEN_CHARGES}
        self._reserved: dict[str, dict[_CapUse, Decimal]] = {}  # by fingerprint: what this run set aside
        self._quotes = {} if quotes is None else quotes  # the highest of this run, by provider and what is bought
        self._has_released = False
        for step in planned:
            if step.known_task is not None:
                self.count_known_task(step)

    def count_known_task(self, step: Step) -> None:
        """Counts what was bought elsewhere, once, whether or not there is room: it is spent already."""
        price = step.estimate
        if price is None or step.fingerprint in self._reserved:
            return
        shared = (each for each in self._matching_caps(step) if not each.cap.is_per_run)
        mine = [each for each in shared if price.is_same_currency(each.cap.limit)]
        self._reserved[step.fingerprint] = dict.fromkeys(mine, price.amount)
        for each in mine:
            each.used += price.amount

    def expected_price(self, step: Step, price: Money | None, provider: str) -> Money | None:
        """What a provider will charge for a step: this price, or a higher one that it named for the same before."""
        return counted_estimate(price, self._quotes.get((provider, step.uses[0].shot.needs)))

    def reserve(self, step: Step, price: Money | None, provider: str) -> Failure | None:
        """Sets the price aside, or says which cap has no room for it."""
        mine = [each for each in self._matching_caps(step) if each.cap.counts(price)]
        for each in mine:
            if refused := check_cap(each.cap, each.used, price, provider):
                return refused
        if price is not None:  # else there is no cap
            self._reserved[step.fingerprint] = dict.fromkeys(mine, price.amount)
            for each in mine:
                each.used += price.amount
        return None

    def cancel(self, step: Step) -> None:
        """Nothing was sent, and there is no room elsewhere for it: what was left out before has no more room now."""
        flag = self._has_released
        self.release(step)
        self._has_released = flag

    def release(self, step: Step) -> None:
        """Nothing was accepted: what was set aside is free again."""
        for each, amount in self._reserved.pop(step.fingerprint, {}).items():
            each.used -= amount
            self._has_released = True

    def record_quote(self, step: Step, quote: Money, provider: str) -> None:
        """The provider named its price at the submit: it counts from now on where it is higher than what is set aside.

        Money: whether or not a cap has room: it is bought already. What is left of the cap is what counts after that.
        """
        key = (provider, step.uses[0].shot.needs)
        self._quotes[key] = counted_estimate(self._quotes.get(key), quote) or quote
        mine = self._reserved.get(step.fingerprint, {})
        for each, amount in mine.items():
            if quote.is_same_currency(each.cap.limit) and quote.amount > amount:
                each.used += quote.amount - amount
                mine[each] = quote.amount
        before = self._earlier_use(step)
        if step.standing is not None and before:
            known = self._open[step.standing.attempt]
            self._open[known.attempt] = replace(known, quote=counted_estimate(known.quote, quote))
            for each, amount in self._earlier_use(step).items():
                each.used += amount - before[each]

    def list_left(self) -> tuple[CapLeft, ...]:
        """What each cap still allows."""
        return tuple(
            CapLeft(description=each.cap.description, left=money_left(each.cap, each.used)) for each in self._caps
        )

    def pop_release_flag(self) -> bool:
        """Whether anything was released since the last call: what was left out may have room now."""
        freed, self._has_released = self._has_released, False
        return freed

    def record_actual_cost(self, step: Step, cost: Money | None) -> None:
        """The provider reported the actual cost: it counts from now on, instead of the estimate.

        Money: only a cap that counts the estimate is corrected, and only by an actual cost in its currency; any other
        would gain room that it does not have.
        """
        for each, amount in (*self._reserved.pop(step.fingerprint, {}).items(), *self._earlier_use(step).items()):
            if cost is not None and cost.is_same_currency(each.cap.limit):
                each.used += cost.amount - amount

    def _matching_caps(self, step: Step) -> list[_CapUse]:
        """The caps that a step falls under, without those that count its attempt since an earlier run."""
        tags, counted = step.tags, self._earlier_use(step)
        mine = (each for each in self._caps if each.cap.covers(campaign=self._campaign, tags=tags, at=self._now))
        return [each for each in mine if each not in counted]

    def _earlier_use(self, step: Step) -> Mapping[_CapUse, Decimal]:
        """The caps that count a step's attempt of an earlier run, and with how much."""
        known = None if step.standing is None else self._open.get(step.standing.attempt)
        if known is None:
            return {}
        caps = (each for each in self._caps if each.cap.covers(campaign=known.campaign, tags=known.tags, at=known.at))
        return {each: known.counted_amount(each.cap) for each in caps}

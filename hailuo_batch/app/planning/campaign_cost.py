"""The ledger's sum for a campaign, as every view says what was spent so far."""

from collections.abc import Iterable
from dataclasses import replace

from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.plan.plan_cost import PlanCost
from hailuo_batch.core.spending.charge import Charge, ChargeState


def sum_campaign_cost(charges: Iterable[tuple[str, Charge, int]]) -> PlanCost:
    """What was paid for all clips of a campaign, older versions and other providers included.

    `charges` are provider, charge, and how many are alike.
    """
    spent = [each for each in charges if each[1].state is ChargeState.SPENT]
    sums: dict[bool, list[Money]] = {True: [], False: []}
    for _, charge, count in spent:
        if charge.money is not None:
            sums[charge.is_actual].append(replace(charge.money, amount=charge.money.amount * count))
    return PlanCost(
        actual=sum_by_currency(sums[True]),
        estimated=sum_by_currency(sums[False]),
        unknown=sum(count for _, charge, count in spent if charge.money is None),
        silent_providers=tuple(sorted({provider for provider, charge, _ in spent if not charge.is_actual})),
    )

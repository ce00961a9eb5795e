"""The most that a run may spend by what people agreed to: the sums of a saved plan, or what needs no approval.

Money: a gateway may name a higher price when it accepts a submit, and a higher one when it charges. Neither was agreed
to, so nothing more is submitted once it has used up the rest.
"""

from collections.abc import Sequence
from decimal import Decimal

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.saved_plan import list_plan_charges
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.core.world import World


async def make_ceilings(plans: Sequence[PlannedRun], options: RunOptions) -> tuple[Cap, ...]:
    """The caps of a run that was agreed to, over all its manifests. Where a price is unknown, there are none."""
    begun_at = plans[0].options.begun_at
    since = SystemClock().now() if begun_at is None else begun_at
    if options.saved is None:
        rule = plans[0].validation.project.approval_rule
        if rule is None or rule.above is None or options.world is not World.REAL:
            return ()
        words, remedy = "what a run may cost without an approval,", "Save the plan of the rest, and have it approved."
        return (_make_ceiling(f"{words} {rule.above},", rule.above, since, remedy),)
    totals = options.saved.plan.totals
    if totals.unpriced or totals.unpriced_fallbacks:
        return ()
    remedy = "A gateway asks for more than the plan says. Mend its price, and save the plan of the rest."
    charges = await list_plan_charges(plans, options.saved.plan)
    return tuple(
        _make_ceiling(f"the saved plan's sum of {each}", _subtract(each, charges), since, remedy)
        for each in totals.most
    )


def _subtract(agreed: Money, charges: Sequence[Money]) -> Money:
    """What is left of a sum that was agreed to: the same plan may have been carried out in part before."""
    used = sum(each.amount for each in charges if each.is_same_currency(agreed))
    return Money(amount=max(agreed.amount - used, Decimal(0)), currency=agreed.currency)


def _make_ceiling(words: str, limit: Money, since: float, remedy: str) -> Cap:
    return Cap(description=words, limit=limit, since=since, is_per_run=True, is_ceiling=True, remedy=remedy)

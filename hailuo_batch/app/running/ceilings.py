"""The most that a run may spend by what people agreed to: the sums of a saved plan, or what needs no approval.

Money: a gateway may name a higher price when it accepts a submit, and a higher one when it charges. Neither was agreed
to, so nothing more is submitted once it has used up the rest.
"""

from collections.abc import Sequence

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.saved_plan import list_purchase_trees
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.running.scope import select_run_steps
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.saved_plan import sum_steps
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.core.world import World


def make_ceilings(plans: Sequence[PlannedRun], options: RunOptions) -> tuple[Cap, ...]:
    """The caps of a run that was agreed to, over all its manifests. Where a price is unknown, there are none."""
    begun_at = plans[0].options.begun_at
    since = SystemClock().now() if begun_at is None else begun_at
    if options.saved is None:
        rule = plans[0].validation.project.approval_rule
        if rule is None or rule.above is None or options.world is not World.REAL:
            return ()
        words, remedy = "what a run may cost without an approval,", "Save the plan of the rest, and have it approved."
        return (_make_ceiling(f"{words} {rule.above},", rule.above, since, remedy),)
    totals = sum_steps(
        tree
        for planned in plans
        for tree in list_purchase_trees(planned, select_run_steps(planned, options.scope), with_left_out=False)
    )
    if totals.unpriced or totals.unpriced_fallbacks:
        return ()
    remedy = "A gateway asks for more than the plan says. Mend its price, and save the plan of the rest."
    return tuple(_make_ceiling(f"the saved plan's sum of {each}", each, since, remedy) for each in totals.most)


def _make_ceiling(words: str, limit: Money, since: float, remedy: str) -> Cap:
    return Cap(description=words, limit=limit, since=since, is_per_run=True, is_ceiling=True, remedy=remedy)

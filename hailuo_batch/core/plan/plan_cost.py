"""What the clips of a plan cost: the actual cost where a provider reported it, else the list price.

A list price is not a bill, so the two are never added together. A clip with neither is counted and stays unknown. The
outcome of every attempt, those without a clip included, is in the ledger (`core/spending/costs.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.plan.plan import Plan, Step

_MADE_STAGES = frozenset({Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """Sums by currency, how many clips are in neither, and the providers that reported no cost of a clip."""

    actual: tuple[Money, ...] = ()
    estimated: tuple[Money, ...] = ()
    unknown: int = 0
    silent_providers: tuple[str, ...] = ()


def sum_plan_cost(plan: Plan) -> PlanCost:
    """What was paid for the clips that a plan has; what is drawn on this machine costs nothing."""
    if plan.inputs.model.is_free:
        return PlanCost()
    actual_costs: list[Money] = []
    estimates: list[Money | None] = []
    silent: set[str] = set()
    for step, standing in _iter_purchases(plan):
        if standing.cost is not None:
            actual_costs.append(standing.cost)
        elif standing.stage in _MADE_STAGES and not is_local(standing.provider):
            estimates.append(_list_price(step, standing.provider))
            silent.add(standing.provider)
    return PlanCost(
        actual=sum_by_currency(actual_costs),
        estimated=sum_by_currency(estimate for estimate in estimates if estimate is not None),
        unknown=estimates.count(None),
        silent_providers=tuple(sorted(silent)),
    )


def _iter_purchases(plan: Plan) -> Iterator[tuple[Step, Standing]]:
    """Each clip once: one that was accepted for another request too was paid for once."""
    kept: dict[str | None, tuple[Step, Standing]] = {}
    own: set[str | None] = set()
    for step in plan.steps:
        if step.standing is None:
            continue
        if step.accepted is not None:
            kept[step.standing.digest] = step, step.standing
            continue
        own.add(step.standing.digest)
        yield step, step.standing
    yield from (pair for digest, pair in kept.items() if digest not in own)


def _list_price(step: Step, provider: str) -> Money | None:
    """What the step's clip costs at the provider that made it; None when no list of this manifest says so."""
    if step.accepted is not None and not _is_same_size(step):
        return None
    return next((way.estimate for way in (step.route, *step.route.fallbacks) if way.provider == provider), None)


def _is_same_size(step: Step) -> bool:
    """Whether an accepted clip has the size, length and number of frames that its shot requests now."""
    made = step.accepted.request if step.accepted is not None else None
    now = step.request
    return (
        made is not None
        and now is not None
        and (made.duration, made.resolution) == (now.duration, now.resolution)
        and (made.first is None, made.last is None) == (now.first is None, now.last is None)
    )

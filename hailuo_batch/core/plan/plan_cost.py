"""What the clips of a plan cost: the actual cost where a provider reported it, else a list price or a higher quote.

A list price is not a bill, so the two are never added together. A clip with neither is counted and stays unknown. The
outcome of every attempt, those without a clip included, is in the ledger (`core/spending/costs.py`).

What a run would buy is summed here too: every view takes these sums, so that a total is what its lines add up to.
"""

from collections.abc import Iterable, Iterator, Sequence

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.plan.plan import Action, Plan, Step
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.values import dataclass

_NOT_MADE = frozenset({Action.WAIT, Action.HOLD})  # by themselves
_MADE_STAGES = frozenset({Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanCost:
    """Sums by currency, how many clips are in neither, and the providers that reported no cost of a clip."""

    actual: tuple[Money, ...] = ()
    estimated: tuple[Money, ...] = ()
    unknown: int = 0
    silent_providers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseSum:
    """What a run would buy: for how many takes, as how many clips, at the prices of the providers that come first.

    `most` is the sum if the dearest provider of each shot's list renders. Currencies are not compared: each sum is the
    most of that currency. `unpriced_fallbacks` counts the clips whose price is unknown only at a later provider.
    """

    takes: int = 0
    clips: int = 0
    cost: tuple[Money, ...] = ()
    unpriced: int = 0
    most: tuple[Money, ...] = ()
    unpriced_fallbacks: int = 0


def list_purchases(steps: Sequence[Step]) -> tuple[Step, ...]:
    """The steps that a run submits, in that order: a shot that waits for a frame comes after the shot that gives it.

    A shot whose source is not made in the same run is not bought in it: its source is on hold, or is not selected.
    """
    bought = [step for step in steps if step.action is Action.SUBMIT]
    waiting = [step for step in steps if step.action is Action.WAIT]
    made = set(_giver_ids(step for step in steps if step.action not in _NOT_MADE)) if waiting else set[str]()
    while waiting:
        rest = []
        for step in waiting:
            if not made.issuperset(step.waits_for):
                rest.append(step)
                continue
            made.update(_giver_ids([step]))
            if step.submits:
                bought.append(step)
        if len(rest) == len(waiting):
            break
        waiting = rest
    return tuple(bought)


def _giver_ids(steps: Iterable[Step]) -> Iterator[str]:
    """The shots whose frames these steps give: others start from one take of a shot."""
    return (use.shot.id for step in steps for use in step.uses if use.gives_frames)


def sum_purchases(bought: Sequence[Step]) -> PurchaseSum:
    """What submits of these steps spend; takes that share a clip are bought once."""
    paid = [step for step in bought if not step.route.free]
    return PurchaseSum(
        takes=sum(len(step.uses) for step in bought),
        clips=len(bought),
        cost=sum_by_currency(step.estimate for step in paid if step.estimate is not None),
        unpriced=sum(step.estimate is None for step in paid),
        most=sum_by_currency(money for step in paid for money in step.worst_estimates),
        unpriced_fallbacks=sum(step.estimate is not None and _has_unpriced_fallback(step.route) for step in paid),
    )


def _has_unpriced_fallback(route: Route) -> bool:
    return any(way.estimate is None and not way.free for way in route.fallbacks)


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
            estimates.append(counted_estimate(_list_price(step, standing.provider), standing.quote))
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

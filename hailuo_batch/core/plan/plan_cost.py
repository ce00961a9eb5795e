"""What the clips of a plan have cost: what providers told, and the price list for those that tell nothing.

A price list is no bill, so the two are never added together; what neither tells is counted and stays unknown. What
became of every attempt, those without a clip included, is the ledger's to say (`core/spending/costs.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.money import Money, totals
from hailuo_batch.core.plan.plan import Plan, Step
from hailuo_batch.core.request.request import ANIMATIC

_MADE = frozenset({Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """Sums by currency, how many clips are in neither, and the providers that told no cost of a clip."""

    told: tuple[Money, ...] = ()
    estimated: tuple[Money, ...] = ()
    unknown: int = 0
    silent: tuple[str, ...] = ()


def paid_for(plan: Plan) -> Paid:
    """What was paid for the clips that a plan has; what is drawn on this machine costs nothing."""
    if plan.grounds.model == ANIMATIC:
        return Paid()
    told: list[Money] = []
    estimates: list[Money | None] = []
    silent: set[str] = set()
    for step, standing in _bought(plan):
        if standing.cost is not None:
            told.append(standing.cost)
        elif standing.stage in _MADE and standing.provider != ANIMATIC:
            estimates.append(_by_the_list(step, standing.provider))
            silent.add(standing.provider)
    return Paid(
        told=totals(told),
        estimated=totals(estimate for estimate in estimates if estimate is not None),
        unknown=estimates.count(None),
        silent=tuple(sorted(silent)),
    )


def _bought(plan: Plan) -> Iterator[tuple[Step, Standing]]:
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


def _by_the_list(step: Step, provider: str) -> Money | None:
    """What the step's clip costs at the provider that made it; None when no list of this manifest says so."""
    if step.accepted is not None and not _is_alike(step):
        return None
    return next((way.estimate for way in (step.route, *step.route.others) if way.provider == provider), None)


def _is_alike(step: Step) -> bool:
    """Whether an accepted clip was asked for at the size and length, and from as many frames, as its shot asks now."""
    made = step.accepted.request if step.accepted is not None else None
    now = step.request
    return (
        made is not None
        and now is not None
        and (made.duration, made.resolution) == (now.duration, now.resolution)
        and (made.first is None, made.last is None) == (now.first is None, now.last is None)
    )

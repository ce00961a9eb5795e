"""Which gateways get a key and a request when a step is carried out."""

from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.plan import Action, Step

FETCH_ACTIONS = frozenset({Action.RESUME, Action.FETCH})


def step_gateways(step: Step) -> tuple[str, ...]:
    """The gateways that a step may need, now or when what it waits for is there; the preferred one first."""
    if step.action in {Action.REUSE, Action.HOLD} or step.source is not None:
        return ()
    if step.known_task is not None:
        names = [step.known_task.provider]
    elif step.standing is not None and step.action in FETCH_ACTIONS:
        names = [step.standing.provider]
    else:
        names = [route.provider for route in (step.route, *step.route.fallbacks)]
    return tuple(name for name in names if name and not is_local(name))

"""Tasks that something besides this ledger knows, and whether a request follows one instead of being bought."""

from dataclasses import replace

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Standing
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.values import dataclass

_DECISIONS = frozenset({FailureKind.NEVER_SENT, FailureKind.WRITTEN_OFF, FailureKind.DISCARDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """A request that was bought, or may have been, without this ledger.

    Without a `task` it was intended or is in doubt there. `source` says to people where it is known from
    (`film.tasks.yaml`). `estimate` is what it should cost, where that is known; else it is today's price.
    """

    provider: str
    task: str
    source: str
    estimate: Money | None = None


def pick_known_task(known: KnownTask | None, standing: Standing | None) -> KnownTask | None:
    """The task that a request follows instead of being bought; None when this ledger knows better.

    Money: a live attempt of this ledger comes first. What a person decided here, and a task that ended here, hold.
    """
    if known is None or standing is None:
        return known
    is_settled = standing.kind in _DECISIONS and (not standing.task or not known.task)
    is_same_task = bool(known.task) and (known.provider, known.task) == (standing.provider, standing.task)
    return None if standing.stage in LIVE_STAGES or is_settled or is_same_task else known


def known_task_route(known: KnownTask, route: Route) -> Route:
    """Who renders a known task, and for how much. It is submitted to no other."""
    ways = (way for way in (route, *route.fallbacks) if way.provider == known.provider)
    found = next(ways, Route(provider=known.provider, estimate=None))
    return replace(found, estimate=known.estimate or found.estimate, fallbacks=())

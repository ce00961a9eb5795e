"""What the steps of a run work with. Independent of what a step does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.ports import Driver, DriverRequest, LedgerWriter, RejectedClips, Renders, Store
from hailuo_batch.runner.limiter import Limiter
from hailuo_batch.runner.reservations import Reservations
from hailuo_batch.runner.task_ids import TaskIds


def _ignore_start(_: Step) -> None:
    """Ignores the event."""


def _ignore_hold(_: str, __: int) -> None:
    """Ignores the event."""


def _ignore_pause(_: str, __: str, ___: float) -> None:
    """Ignores the event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """All that a step is carried out with.

    `limiters` has the limiter of each gateway; the animatic provider has none.
    `make_driver_request` collects what a driver needs on this machine, `find_clip` the facts of a clip in the
    store, by digest.
    """

    campaign: str
    sketch: bool
    run: int | None
    ledger: LedgerWriter
    store: Store
    rejected: RejectedClips
    renders: Renders
    drivers: Mapping[str, Driver]
    limiters: Mapping[str, Limiter]
    reservations: Reservations
    probe: Callable[[Path, str], Awaitable[Clip | Failure]]  # a file and its digest, if it has one
    make_driver_request: Callable[[Step], Awaitable[DriverRequest]]
    find_clip: Callable[[str], Clip | None]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    task_ids: TaskIds = field(default_factory=TaskIds)
    recent_attempts: frozenset[int] = frozenset()  # bought within a day and not stored, when the run began
    on_start: Callable[[Step], None] = _ignore_start  # called when a step starts
    on_provider_pause: Callable[[str, str, float], None] = (
        _ignore_pause  # called when a provider asks to wait: who, why, seconds
    )
    on_hold: Callable[[str, int], None] = _ignore_hold  # called when takes wait for the first clips: where, how many

    def is_recent(self, step: Step) -> bool:
        """Whether the task that a step follows was bought within a day; of a task without a record, it may have been.

        Money: what was bought lately and did not arrive is a reason to buy no more.
        """
        if step.known_task is not None:
            return True
        return step.standing is not None and step.standing.attempt in self.recent_attempts

"""What the steps of a run work with. Independent of what a step does."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from math import inf
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.money import Money
from hailuo_batch.core.origin import OriginMarks
from hailuo_batch.core.pacing.remaining_time import UsualTime
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.trace import WaitLine
from hailuo_batch.ports import Driver, DriverRequest, LedgerWriter, RejectedClips, Renders, Store
from hailuo_batch.runner.limiter import Limiter
from hailuo_batch.runner.reservations import Reservations
from hailuo_batch.runner.task_ids import TaskIds
from hailuo_batch.values import dataclass


def _no_marks(_: Path) -> OriginMarks:
    """Reads no file."""
    return OriginMarks()


async def _measure_nothing(_: Step, __: Clip) -> ClipMeasures | None:
    """Measures no clip."""
    return None


def _ignore_start(_: Step, __: str, ___: float = 0.0) -> None:
    """Ignores the event."""


def _ignore_acceptance(_: Step, __: str, ___: str) -> None:
    """Ignores the event."""


def _ignore_postponement(_: Step, __: str, ___: Failure, ____: float) -> None:
    """Ignores the event."""


def _ignore_produced(_: Step, __: str) -> None:
    """Ignores the event."""


def _ignore_quote(_: Step, __: Route, ___: Money) -> None:
    """Ignores the event."""


def _ignore_step_wait(_: Step | None, __: WaitLine) -> AbstractContextManager[None]:
    """Ignores the event."""
    return nullcontext()


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
    read_marks: Callable[[Path], OriginMarks] = _no_marks  # what a clip's file says of its origin
    measure: Callable[[Step, Clip], Awaitable[ClipMeasures | None]] = _measure_nothing  # of a stored clip; never raises
    rehearsal: bool = False
    intent_seconds: float = inf  # how long after its intent a submit may begin
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    task_ids: TaskIds = field(default_factory=TaskIds)
    recent_attempts: frozenset[int] = frozenset()  # bought within a day and not stored, when the run began
    task_ages: Mapping[int, float] = field(default_factory=dict)  # by attempt: seconds since their submit, then
    usual_times: tuple[UsualTime, ...] = ()  # how long clips took before
    speed: float = 1.0  # how many of the seconds that limits are written in pass in one of this machine's
    # Called when a provider starts with a step, and how many seconds ago it was submitted by an earlier run.
    on_start: Callable[[Step, str, float], None] = _ignore_start
    on_accept: Callable[[Step, str, str], None] = _ignore_acceptance  # called when a provider has it as a task
    # Called when a submit was not accepted and goes out again after a pause of so many seconds.
    on_postpone: Callable[[Step, str, Failure, float], None] = _ignore_postponement
    on_produce: Callable[[Step, str], None] = _ignore_produced  # called when the task has ended with a clip
    on_quote: Callable[[Step, Route, Money], None] = _ignore_quote  # called when a provider names its price
    # Entered when a step waits at a provider, or without a step all submits there, and left when that is over.
    on_wait: Callable[[Step | None, WaitLine], AbstractContextManager[None]] = _ignore_step_wait

    def is_recent(self, step: Step) -> bool:
        """Whether the task that a step follows was bought within a day; of a task without a record, it may have been.

        Money: what was bought lately and did not arrive is a reason to buy no more.
        """
        if step.known_task is not None:
            return True
        return step.standing is not None and step.standing.attempt in self.recent_attempts

"""What can happen during a run, as values; listeners draw or record them and never answer."""

from collections.abc import Callable
from dataclasses import dataclass

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.money import Money
from hailuo_batch.core.pacing.remaining_time import ProviderPace
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.trace import WaitLine


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins: how many steps there are to do, those that wait for a frame included.

    `paces` says how fast each gateway may be called; `waiting` has the steps that wait for a frame.
    """

    steps: int
    paces: tuple[ProviderPace, ...] = ()
    waiting: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A worker took a step up; `provider` is who makes it, which may be another than was planned."""

    step: Step
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepQuoted:
    """A provider accepted a step and named its price; `estimate` is what the price list has."""

    step: Step
    provider: str
    quote: Money
    estimate: Money | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStored:
    """A clip is in the store; `cost` is the actual cost, None when the provider reports none."""

    step: Step
    provider: str
    clip: Clip
    cost: Money | None = None
    marks: tuple[Mark, ...] = ()  # what of the clip a person should check


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFailed:
    """A step ended without a clip."""

    step: Step
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class StepsUnlocked:
    """Shots that waited for a frame can go on: how many steps."""

    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStarted:
    """Something waits at a provider; `number` tells the waits of a run apart.

    Without a step it is the submits there, and `waiting` is how many takes. `line.seconds` are of this machine's clock.
    """

    number: int
    line: WaitLine
    waiting: int = 0
    step: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitEnded:
    """A wait is over, after so many seconds."""

    number: int
    line: WaitLine
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopping:
    """A stop was requested: nothing new starts, and work under way is finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The run is over; `seconds` since it began."""

    stored: int
    failed: int
    seconds: float


Event = (
    RunStarted
    | StepStarted
    | StepQuoted
    | StepStored
    | StepFailed
    | StepsUnlocked
    | WaitStarted
    | WaitEnded
    | Stopping
    | RunEnded
)

# Gets each event, and never answers; it must not raise.
Listener = Callable[[Event], None]

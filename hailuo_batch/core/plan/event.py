"""What can happen during a run, as values; listeners draw or record them and never answer."""

from collections.abc import Callable
from dataclasses import dataclass

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins: how many steps there are to do, those that wait for a frame included."""

    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A worker took a step up."""

    step: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStored:
    """A clip is in the store; `cost` is the actual cost, None when the provider reports none."""

    step: Step
    clip: Clip
    cost: Money | None = None


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
class ProviderHeld:
    """A provider accepted nothing for now: the same is sent again after so many seconds, unless patience ends."""

    provider: str
    why: str
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TakesHeld:
    """A few takes go first at a provider: the others wait until one of them is stored."""

    provider: str
    first: int
    waiting: int


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
    RunStarted | StepStarted | StepStored | StepFailed | StepsUnlocked | ProviderHeld | TakesHeld | Stopping | RunEnded
)

# Gets each event, and never answers; it must not raise.
Listener = Callable[[Event], None]

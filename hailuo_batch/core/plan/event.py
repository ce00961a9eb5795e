"""What can happen during a run, as values; listeners draw or record them and never answer."""

from collections.abc import Callable

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.money import Money
from hailuo_batch.core.pacing.remaining_time import ProviderPace, UsualTime
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.plan.report import CapLeft
from hailuo_batch.core.trace import WaitLine
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins: how many steps there are to do, those that wait for a frame included.

    `paces` says how fast each gateway may be called, and `usual_times` how long such clips took before; `waiting` has
    the steps that wait for a frame.
    """

    steps: int
    paces: tuple[ProviderPace, ...] = ()
    waiting: tuple[Step, ...] = ()
    usual_times: tuple[UsualTime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A worker took a step up; `provider` is who makes it, which may be another than was planned.

    `age` is for how many seconds its task was under way before this run.
    """

    step: Step
    provider: str
    age: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAccepted:
    """A provider has the step as this task, which the ledger has recorded; of an earlier run's task, too."""

    step: Step
    provider: str
    task: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepPostponed:
    """A provider did not accept a step this time, and the same call goes out again after `seconds`.

    `share` is what "too fast" has left of the limits there. The seconds are of this machine's clock.
    """

    step: Step
    provider: str
    failure: Failure
    seconds: float
    share: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProduced:
    """The task of a step has ended, and its clip is downloaded."""

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
class CapsCounted:
    """What each cap of the run still allows, with what is reserved; at the beginning, and whenever it changes."""

    left: tuple[CapLeft, ...]


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

    Without a step it is the submits there, and `waiting` is how many takes; `share` is what "too fast" has left of
    the limits. `line.seconds` are of this machine's clock.
    """

    number: int
    line: WaitLine
    waiting: int = 0
    step: Step | None = None
    share: float = 1.0


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
    | StepAccepted
    | StepPostponed
    | StepProduced
    | StepQuoted
    | CapsCounted
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

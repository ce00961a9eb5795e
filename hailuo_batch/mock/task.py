"""A task at a gateway: what was ordered, and how it stands at any moment. A pure function of time; no clock is read."""

from enum import StrEnum

from hailuo_batch.core.money import Money
from hailuo_batch.values import dataclass


class Phase(StrEnum):
    """How a task stands, in no gateway's words."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


END_PHASES = frozenset({Phase.DONE, Phase.FAILED, Phase.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The request of a submit, in neutral words; `first` and `last` are addresses or data URIs."""

    model: str
    prompt: str = ""
    resolution: str = "768p"
    seconds: int = 6
    first: str = ""
    last: str = ""
    callback_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailure:
    """How a task ends badly: the gateway's code and words. `refunded`: its charge is given back then."""

    code: str
    words: str
    cancelled: bool = False
    refunded: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSpec:
    """What a file shows, as far as two files differ in it; `shape` is its sides in relation."""

    resolution: str
    seconds: int
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One accepted order; times in seconds, `created` since the epoch. `mark` is a number of its own, by the seed."""

    gateway: str
    id: str
    payload: str
    prompt: str
    model: str
    resolution: str
    seconds: int
    frames: int  # how many pictures were sent: 0, 1 or 2
    shape: tuple[int, int]
    clip: ClipSpec  # what is delivered; the rest is what was ordered
    created: float
    queued: float
    running: float
    price: Money
    mark: int
    failure: TaskFailure | None = None

    @property
    def end_time(self) -> float:
        """When it is done, or has failed."""
        return self.created + self.queued + self.running

    @property
    def uses_alternate_form(self) -> bool:
        """Half of the tasks: where stored pages of a gateway disagree, these use the other form."""
        return bool(self.mark & 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskView:
    """A task as it is seen at one moment. `status_override` replaces the gateway's own status."""

    task: Task
    now: float
    phase: Phase
    progress: float
    link: str = ""
    link_expires: float = 0.0  # when the link dies
    status_override: str = ""

    def status_word(self, words: dict[Phase, str]) -> str:
        """The status, in these words."""
        return self.status_override or words[self.phase]


def task_phase(task: Task, now: float) -> Phase:
    """How the task stands at this moment."""
    age = now - task.created
    if age < task.queued:
        return Phase.QUEUED
    if age < task.queued + task.running:
        return Phase.RUNNING
    if task.failure is None:
        return Phase.DONE
    return Phase.CANCELLED if task.failure.cancelled else Phase.FAILED


def task_progress(task: Task, now: float) -> float:
    """How much of it is made, from 0 to 1."""
    age = now - task.created - task.queued
    if age <= 0:
        return 0.0
    return min(1.0, age / task.running) if task.running > 0 else 1.0

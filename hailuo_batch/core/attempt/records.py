"""What the ledger remembers of attempts, events and runs, as values; times are seconds since the epoch, UTC."""

from collections.abc import Mapping

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """All that is known of one attempt; times are seconds since the epoch."""

    id: int
    fingerprint: str
    preimage: str
    provider: str
    campaign: str
    shot: str
    take: int
    tags: tuple[str, ...]
    run: int | None
    stage: Stage
    task: str | None
    digest: str | None
    estimate: Money | None
    cost: Money | None
    failure: Failure | None
    intended_at: float
    changed_at: float
    quote: Money | None = None  # the price that the gateway named at the submit


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedAttempt:
    """Whose an attempt was that is not open any more, and how it ended."""

    id: int
    campaign: str
    shot: str
    take: int
    stage: Stage
    kind: FailureKind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One thing that happened to an attempt: a move, or `intend`; `data` is what came with it."""

    id: int
    attempt: int
    at: float
    move: str
    stage: Stage
    data: Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEvents:
    """What a gateway reports of an attempt's task on request; `why` is the reason when it reports nothing."""

    attempt: int
    events: tuple[Mapping[str, object], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One execution of a plan; without an end it is running, or was killed."""

    id: int
    manifest: str
    campaign: str
    sketch: bool
    started_at: float
    ended_at: float | None
    stored: int | None
    failed: int | None
    exit: int | None

"""How a run went, as a value."""

from dataclasses import dataclass

from hailuo_batch.core.failure import Failure
from hailuo_batch.core.plan import Step

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Clips kept, clips that only got their names, failed steps, why it was stopped (""), and how long it took."""

    stored: int = 0
    named: int = 0
    failed: tuple[tuple[Step, Failure], ...] = ()
    stopped: str = ""
    seconds: float = 0.0

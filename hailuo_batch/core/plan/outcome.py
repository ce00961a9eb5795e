"""How a run went, as a value."""

from dataclasses import dataclass

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.plan import Step

INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Clips kept, clips that only got their names, failed steps, why it was stopped (""), and how long it took.

    `other_providers` has the clips that another provider made than was planned: who, how many, why. `left_running` is
    how many tasks were running when it was stopped: the next run follows them, and they may be billed.
    """

    stored: int = 0
    named: int = 0
    failed: tuple[tuple[Step, Failure], ...] = ()
    other_providers: tuple[tuple[str, int, str], ...] = ()
    left_running: int = 0
    stop_reason: str = ""
    seconds: float = 0.0

    @property
    def naming_failures(self) -> tuple[tuple[Step, Failure], ...]:
        """Failed steps whose clip is in the store: only a readable name could not be given."""
        return tuple(each for each in self.failed if each[1].kind is FailureKind.UNNAMED)

    @property
    def clip_failures(self) -> tuple[tuple[Step, Failure], ...]:
        """The other failed steps: no clip of them came to the store."""
        return tuple(each for each in self.failed if each[1].kind is not FailureKind.UNNAMED)

"""How a run went, as a value, and the exit code that follows from it."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.plan import Action, ClipSource, Step, StepReason
from hailuo_batch.errors import Exit
from hailuo_batch.values import dataclass

INTERRUPTED = "interrupted"
DETACHED = "detached"  # all that can be submitted was accepted, and the run did not wait for the clips


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Clips stored, clips that only got their names, failed steps, why it was stopped (""), and how long it took.

    `remarks` are on clips that were stored and are not quite as they should be. `other_providers` has the clips that
    another provider made than was planned: who, how many, why. `left_running` is how many tasks were running when it
    was stopped: the next run follows them, and they may be billed. `kept` has how many of the stored clips were on this
    machine before, by where. `farm` says what a farm did.
    """

    stored: int = 0
    kept: Mapping[ClipSource, int] = field(default_factory=dict)
    named: int = 0
    failed: tuple[tuple[Step, Failure], ...] = ()
    other_providers: tuple[tuple[str, int, str], ...] = ()
    remarks: tuple[tuple[Step, str], ...] = ()
    left_running: int = 0
    stop_reason: str = ""
    seconds: float = 0.0
    farm: str = ""

    @property
    def rendered(self) -> int:
        """Stored clips that came from a provider."""
        return self.stored - sum(self.kept.values())

    @property
    def naming_failures(self) -> tuple[tuple[Step, Failure], ...]:
        """Failed steps whose clip is in the store: only a readable name could not be given."""
        return tuple(each for each in self.failed if each[1].kind is FailureKind.UNNAMED)

    @property
    def clip_failures(self) -> tuple[tuple[Step, Failure], ...]:
        """The other failed steps: no clip of them came to the store."""
        return tuple(each for each in self.failed if each[1].kind is not FailureKind.UNNAMED)


# The first that applies is the exit code: a take in doubt comes before money, money before the key.
_EXIT_CODES = (
    (
        Exit.NEEDS_PERSON,
        frozenset({FailureKind.UNKNOWN_OUTCOME, FailureKind.SHARED_TASK, FailureKind.PENDING, FailureKind.UNRECORDED}),
    ),
    (Exit.BALANCE, frozenset({FailureKind.UNPAID})),
    (Exit.KEY, frozenset({FailureKind.UNAUTHORIZED})),
)
# Of several runs, the code that a person has to see first, the least urgent one first.
_URGENCY = (
    Exit.DONE,
    Exit.TAKES_FAILED,
    Exit.REFUSED,
    Exit.INVALID,
    Exit.LEDGER,
    Exit.KEY,
    Exit.BALANCE,
    Exit.NEEDS_PERSON,
    Exit.INTERRUPTED,
)


def is_only_refused(left: Iterable[Step]) -> bool:
    """Whether all that is left was refused, or waits for a frame: a refused take has one exit code in every run."""
    reasons = {step.why for step in left if step.action is not Action.WAIT}
    return reasons == {StepReason.REFUSED}


def is_only_held(left: Iterable[Step]) -> bool:
    """Whether all that is left is being made on another machine, or waits for a frame: nobody has to decide."""
    reasons = {step.why for step in left if step.action is not Action.WAIT}
    return reasons == {StepReason.HELD}


def exit_code(
    outcome: Outcome,
    *,
    is_unfinished: bool = False,
    is_refused: bool = False,
    is_held: bool = False,
    has_error: bool = False,
) -> Exit:
    """The exit code of a run.

    `is_unfinished`: something is left that neither failed nor was stopped; `is_refused`: an earlier run has reported
    all of it as failed; `is_held`: another machine makes all of it. `has_error`: lock or ledger could not be written.
    """
    if outcome.stop_reason == INTERRUPTED:
        return Exit.INTERRUPTED
    kinds = {failure.kind for _, failure in outcome.failed}
    for code, meant in _EXIT_CODES:
        if kinds & meant:
            return code
    if FailureKind.OVER_CAP in kinds or kinds == {FailureKind.HELD} or (is_held and not kinds):
        return Exit.REFUSED  # what a cap or another machine leaves out counts when nothing else went wrong
    if kinds or (is_refused and not outcome.left_running):
        return Exit.TAKES_FAILED
    if is_unfinished or (outcome.left_running and outcome.stop_reason != DETACHED):
        return Exit.NEEDS_PERSON
    return Exit.TAKES_FAILED if has_error else Exit.DONE


def most_urgent(codes: Iterable[Exit]) -> Exit:
    """The exit code of a command that made several runs."""
    return max(codes, key=_URGENCY.index, default=Exit.DONE)

"""How it is said that a step of a run ended."""

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.plan import ClipSource

# What ended without a clip and is no failure: it is not over, or was never begun.
_OUTCOME_WORDS = {
    FailureKind.OVER_CAP: "left out",
    FailureKind.HELD: "left to another machine",
    FailureKind.CLOSED: "not submitted",
    FailureKind.UNKNOWN_OUTCOME: "in doubt",
    FailureKind.PENDING: "left running",
    FailureKind.UNRECORDED: "not recorded",
}
# What is said of stored clips that were on this machine before.
SOURCE_WORDS = {
    ClipSource.OTHER_STORE: "copied from another project or worktree",
    ClipSource.RENDERS: "restored from renders/",
    ClipSource.STORE: "in the store already, as the lock says",
}


def outcome_word(failure: Failure) -> str:
    """How it is said that a step ended without a clip."""
    return _OUTCOME_WORDS.get(failure.kind, "failed")

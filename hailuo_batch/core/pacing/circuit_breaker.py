"""When the same error comes again and again from one provider: nothing new is sent there; what runs goes on.

What is said of one prompt or one clip says nothing about the next, so moderation never counts. Nor
does what was found on this machine.
"""

import re
from dataclasses import replace

from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, Failure, FailureKind
from hailuo_batch.values import dataclass

FAILURE_THRESHOLD = 5  # in a row
_SHOT_KINDS = frozenset(
    {
        FailureKind.UNABLE,
        FailureKind.PROMPT_REFUSED,
        FailureKind.CLIP_REFUSED,
        FailureKind.PENDING,
        FailureKind.OVER_CAP,
        FailureKind.HELD,
        FailureKind.STALE,
        FailureKind.STOPPED,
    }
)
_DETAILS = re.compile(r" \[[^\[\]]*\]$")  # code, parameter and the call's own id, behind an error's words
_VARIABLE_PARTS = re.compile(r"[0-9a-f]{8,}|\d+")  # ids and figures inside an error's words


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureStreak:
    """The last error of a provider, and how often it came without another word in between."""

    failure: Failure | None = None
    count: int = 0


def add_failure(streak: FailureStreak, failure: Failure) -> FailureStreak:
    """The streak after one more error."""
    if failure.kind in _SHOT_KINDS:
        return streak
    same = streak.failure is not None and _error_signature(streak.failure) == _error_signature(failure)
    return replace(streak, failure=failure, count=streak.count + 1 if same else 1)


def closing_failure(failure: Failure) -> Failure | None:
    """Why one failure alone ends submits to a provider, for the steps that wait for it; None if it does not."""
    policy = FAILURE_POLICIES[failure.kind]
    if not policy.stops_provider:
        return None
    if not policy.leaves_doubt:
        return failure
    # A doubt is about one step: of the others, nothing was submitted.
    why = f"submits ended after a failure of another take: {failure.why}"
    return Failure(kind=FailureKind.CLOSED, why=why, remedy="Settle that take, then run again.")


def breaker_failure(streak: FailureStreak, provider: str) -> Failure | None:
    """Why submits to a provider end, when its streak is long enough."""
    if streak.failure is None or streak.count < FAILURE_THRESHOLD:
        return None
    why = f"{provider} gave the same error {streak.count} times in a row: {streak.failure.why}"
    return Failure(
        kind=FailureKind.CLOSED, why=why, remedy=streak.failure.remedy or f"Run again when {provider} works again."
    )


def _error_signature(failure: Failure) -> tuple[FailureKind, str]:
    return failure.kind, _VARIABLE_PARTS.sub("", _DETAILS.sub("", failure.why))

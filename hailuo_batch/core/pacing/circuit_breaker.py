"""When the same error comes again and again from one provider: nothing new is sent there; what runs goes on.

What is said of one prompt or one clip says nothing about the next, so moderation never counts.
"""

import re
from dataclasses import dataclass, replace

from hailuo_batch.core.attempt.failure import Failure, Kind

TIMES = 5  # in a row
_OF_ONE_SHOT = frozenset(
    {Kind.PROMPT_REFUSED, Kind.CLIP_REFUSED, Kind.PENDING, Kind.OVER_CAP, Kind.STALE, Kind.STOPPED}
)
_VARYING = re.compile(r"[0-9a-f]{8,}|\d+")  # ids and figures inside an error's words


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak:
    """The last error of a provider, and how often it came without another word in between."""

    failure: Failure | None = None
    times: int = 0


def struck(streak: Streak, failure: Failure) -> Streak:
    """The streak after one more error."""
    if failure.kind in _OF_ONE_SHOT:
        return streak
    same = streak.failure is not None and _gist(streak.failure) == _gist(failure)
    return replace(streak, failure=failure, times=streak.times + 1 if same else 1)


def closing(streak: Streak, provider: str) -> Failure | None:
    """Why a provider is asked no more, when its streak is long enough."""
    if streak.failure is None or streak.times < TIMES:
        return None
    why = f"{provider} gave the same error {streak.times} times in a row: {streak.failure.why}"
    return Failure(kind=Kind.CLOSED, why=why, remedy=streak.failure.remedy or "Run again when it works there.")


def _gist(failure: Failure) -> tuple[Kind, str]:
    return failure.kind, _VARYING.sub("", failure.why)

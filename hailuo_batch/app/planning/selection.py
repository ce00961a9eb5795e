"""Which takes of a plan are meant by patterns, and the errors for patterns that mean none."""

from collections.abc import Iterable, Sequence

from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Step, TakeName
from hailuo_batch.core.plan.selection import match_takes, narrow_steps, parse_patterns, unmatched_error


def select_steps(
    steps: Sequence[Step], named: Sequence[str], shots: Sequence[Shot], *, list_command: str
) -> tuple[Step, ...]:
    """The steps of the takes that a command was given; `InputError` for a word that means none.

    The error names `list_command`, which lists every shot.
    """
    found = match_takes(steps, parse_patterns(named))
    if found.unmatched:
        raise unmatched_error(found.unmatched[0], shots, list_command=list_command, option="")
    return tuple(narrow_steps(steps, found.takes))


def list_takes(steps: Iterable[Step]) -> frozenset[TakeName]:
    """The takes of these steps."""
    return frozenset(TakeName(use.shot.id, use.take) for step in steps for use in step.uses)

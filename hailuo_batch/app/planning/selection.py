"""Which takes of a plan are meant by patterns, and the errors for patterns that mean none."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.plan.plan import Plan, Step, TakeName
from hailuo_batch.core.plan.selection import (
    Match,
    Pattern,
    match_takes,
    narrow_steps,
    needs_shot_states,
    parse_patterns,
    unmatched_error,
)
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import Review


def match_plan(plan: Plan, patterns: Sequence[Pattern], review: "Review | None") -> Match:
    """The takes of a plan that patterns mean; what people decided is read only where a pattern needs it."""
    if not needs_shot_states(patterns):
        return match_takes(plan.steps, patterns)
    from hailuo_batch.core.plan.judged_report import find_states
    from hailuo_batch.core.plan.review import NO_REVIEW

    shots = dict.fromkeys(use.shot.id for step in plan.steps for use in step.uses)
    return match_takes(plan.steps, patterns, find_states(plan, review or NO_REVIEW, shots))


def select_steps(plan: Plan, named: Sequence[str], validation: Validation) -> tuple[Step, ...]:
    """The steps of the takes that a command was given; `InputError` for a word that means none."""
    found = match_plan(plan, parse_patterns(named), validation.review)
    if found.unmatched:
        raise unmatched_pattern(found.unmatched[0], [validation], option="")
    return tuple(narrow_steps(plan.steps, found.takes))


def unmatched_pattern(pattern: Pattern, validations: Sequence[Validation], *, option: str = "--only ") -> InputError:
    """What to say of a pattern that means no take of these manifests: a shot that is omitted is not unknown."""
    for each in validations:
        if pattern.is_one_shot and any(shot.id == pattern.glob for shot in each.omitted):
            return omitted_shot_error(pattern.glob, each)
    first = validations[0]
    line = command_line("status", manifest=first.name, world=first.world)
    return unmatched_error(
        pattern, [shot for each in validations for shot in each.shots], list_command=line, option=option
    )


def omitted_shot_error(shot: str, validation: Validation) -> InputError:
    """Why nothing is planned for a shot that is left out."""
    line = command_line("omit", "--undo", shot, manifest=validation.name, world=validation.world)
    remedy = f"To take the omission back:\n    {line}"
    return InputError(f'shot "{shot}" is omitted', why="The review leaves it out.", remedy=remedy)


def list_takes(steps: Iterable[Step]) -> frozenset[TakeName]:
    """The takes of these steps."""
    return frozenset(TakeName(use.shot.id, use.take) for step in steps for use in step.uses)

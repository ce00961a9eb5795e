"""Which shots are meant: by id, by a glob of ids, or by tag."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.errors import InputError


def filter_steps(
    steps: Iterable[Step], only: Sequence[str], shots: Sequence[Shot], *, list_command: str
) -> tuple[Step, ...]:
    """The steps of the selected shots; a pattern that matches no shot is an error."""
    if not only:
        return tuple(steps)
    wanted = {shot.id for shot in match_shots(shots, only, list_command=list_command)}
    chosen = []
    for step in steps:
        uses = tuple(use for use in step.uses if use.shot.id in wanted)
        if uses:
            chosen.append(step if len(uses) == len(step.uses) else replace(step, uses=uses))
    return tuple(chosen)


def match_shots(
    shots: Sequence[Shot], only: Sequence[str], *, list_command: str, option_prefix: str = "--only "
) -> tuple[Shot, ...]:
    """The shots that match one of the patterns. A pattern without a shot is an error, after its `option_prefix`.

    The error names `list_command`, which lists every shot.
    """
    for pattern in only:
        if not any(matches_pattern(shot, pattern) for shot in shots):
            tagged = pattern.startswith("tag:")
            known = {f"tag:{tag}" for shot in shots for tag in shot.tags} if tagged else [shot.id for shot in shots]
            remedy = did_you_mean(pattern, known) or f"To list every shot:\n    {list_command}"
            raise InputError(f'{option_prefix}"{pattern}" matches no shot', remedy=remedy)
    return tuple(shot for shot in shots if any(matches_pattern(shot, pattern) for pattern in only))


def matches_pattern(shot: Shot, pattern: str) -> bool:
    """Whether a pattern (a glob of ids, or `tag:` and one of tags) fits a shot."""
    if pattern.startswith("tag:"):
        return any(fnmatchcase(tag, pattern.removeprefix("tag:")) for tag in shot.tags)
    return fnmatchcase(shot.id, pattern)

"""Prompts that become too long with a gateway's own words for the camera commands: found before any submit."""

from collections.abc import Iterable, Iterator, Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.load.provider_tables import Tables, load_dialect

_GROWTH_FACTOR = 2.5  # the longest plain words for a command are some two and a half times as long as the command


def check_prompt_length(shots: Iterable[Shot], providers: Sequence[Provider], tables: Tables) -> Iterator[Problem]:
    """A problem for each shot whose first provider is sent too long a prompt; a warning where a later one is."""
    reported: set[int] = set()
    short = min((each.max_prompt_length or 0 for each in providers), default=0) / _GROWTH_FACTOR
    for shot in shots:
        if len(shot.prompt) <= short or "[" not in shot.prompt or shot.index in reported:
            continue
        able = [each for each in providers if each.can_render(shot.needs)]
        for place, provider in enumerate(able):
            longest = provider.max_prompt_length or 0
            if not longest / _GROWTH_FACTOR < len(shot.prompt) <= longest:
                continue
            length = len(load_dialect(provider.name, tables).format_prompt(shot.prompt))
            if length > longest:
                reported.add(shot.index)
                yield _length_problem(shot, provider.name, length, longest, first=place == 0)
                break


def _length_problem(shot: Shot, provider: str, length: int, longest: int, *, first: bool) -> Problem:
    why = (
        f'the prompt of shot "{shot.id}" has {length:,} characters for {provider}, camera commands '
        f"included; it reads {longest:,}."
    )
    return Problem(
        rule=rules.PROMPT_LENGTH if first else rules.PROMPT_LENGTH.as_warning(),
        why=why,
        remedy="Make it shorter, or choose another provider.",
        path=("shots", shot.index, "prompt"),
        shot=shot.id,
    )

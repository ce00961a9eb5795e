"""Sequences: which shots are in which, in the order of the edit, and what counts for all shots of one."""

from collections.abc import Mapping, Sequence

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Manifest, ShotEntry, Style
from hailuo_batch.core.manifest.interpolate import InterpolationError, quote_text
from hailuo_batch.core.manifest.settings import ResolvedSettings, overlay_settings
from hailuo_batch.core.manifest.styles import NO_STYLE, find_style
from hailuo_batch.core.problem import Problem, Suggestions


def order_entries(manifest: Manifest) -> Sequence[ShotEntry]:
    """The entries in the order of their sequences, then as written; one without stays behind the one before it."""
    if not manifest.sequences:
        return manifest.shots
    index = {sequence.id: sequence.index for sequence in manifest.sequences}
    places, last = [], -1
    for entry in manifest.shots:
        last = index.get(entry.sequence, last)
        places.append(last)
    order = sorted(range(len(places)), key=places.__getitem__)
    return [manifest.shots[place] for place in order]


def check_sequences(manifest: Manifest, suggestions: Suggestions, problems: dict[Problem, None]) -> None:
    """Adds what is wrong with sequences, and with the names by which shots are in one."""
    known: dict[str, int] = {}
    for sequence in manifest.sequences:
        first = known.setdefault(sequence.id, sequence.index)
        if first != sequence.index:
            why = f"{quote_text(sequence.id)} is also the id of sequence {first + 1} of the list."
            path = ("sequences", sequence.index, "id")
            problem = Problem(rule=rules.SEQUENCE_TWICE, why=why, remedy="Rename one of them.", path=path)
            problems[problem] = None
    used = {entry.sequence for entry in manifest.shots}
    for entry in manifest.shots if used - known.keys() - {""} else ():
        if entry.sequence and entry.sequence not in known:
            why = f"shot {quote_text(entry.id)} is in {quote_text(entry.sequence)}, which is not under sequences."
            remedy = suggestions.suggest(entry.sequence, known) or "Add it under sequences, or delete the line."
            path = ("shots", entry.index, "sequence")
            problems[Problem(rule=rules.SEQUENCE_UNKNOWN, why=why, remedy=remedy, path=path)] = None
    for name, place in known.items():
        if name not in used:
            why = f"no shot is in sequence {quote_text(name)}."
            remedy = f"Write sequence: {name} at its shots, or delete it."
            path = ("sequences", place, "id")
            problems[Problem(rule=rules.SEQUENCE_EMPTY, why=why, remedy=remedy, path=path)] = None


def resolve_levels(
    manifest: Manifest, styles: Mapping[str, Style], problems: dict[Problem, None]
) -> dict[str, ResolvedSettings]:
    """What counts for shots that write nothing, by their sequence; "" is no sequence.

    A style that is not there is reported once, and not at every shot.
    """
    defaults = overlay_settings(ResolvedSettings(), manifest.defaults, ("defaults",))
    base = _check_style(defaults, styles, problems)
    levels = {"": base}
    for sequence in manifest.sequences:
        place = ("sequences", sequence.index)
        below = overlay_settings(base, sequence.defaults, (*place, "defaults"))
        levels.setdefault(
            sequence.id, _check_style(overlay_settings(below, sequence.settings, place), styles, problems)
        )
    return levels


def _check_style(
    settings: ResolvedSettings, styles: Mapping[str, Style], problems: dict[Problem, None]
) -> ResolvedSettings:
    try:
        find_style(settings.style, styles)
    except InterpolationError as wrong:
        problems[wrong.to_problem(settings.places["style"])] = None
        return settings._replace(style=NO_STYLE)
    return settings

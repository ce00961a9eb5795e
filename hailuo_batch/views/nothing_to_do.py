"""What to say of a manifest with nothing to do; light on purpose, since such a run loads no more of the views."""

from collections.abc import Mapping

from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.format import count, format_duration, format_size, safe_text
from hailuo_batch.views.style import PLAIN, TextStyle


def draw_nothing_to_do(
    summary: Mapping[str, int | float | str],
    style: TextStyle = PLAIN,
    *,
    manifest: str = "",
    world: World = World.REAL,
    after_run: bool = False,
) -> str:
    """The sentence, from what was cached of a finished manifest; where it warned, and after a run, the next command."""
    warnings = int(summary.get("warnings", 0))
    what, name, there = f"To show {count(warnings, 'warning')}", "validate", world
    if not warnings and world is World.REHEARSAL:
        what, name, there = "To see what it costs for real", "plan", World.REAL
    elif not warnings:
        what, name = "To see the clips on a page", "report"
    said = nothing_to_do_text(summary, style)
    if not (warnings or after_run):
        return said
    return f"{said}\n{what}:\n    {safe_text(command_line(name, manifest=manifest, world=there))}"


def nothing_to_do_text(summary: Mapping[str, int | float | str], style: TextStyle = PLAIN) -> str:
    """The sentence alone."""
    clips = store_summary(
        int(summary["takes"]),
        int(summary["clips"]),
        float(summary["seconds"]),
        int(summary["bytes"]),
        summary.get("edit"),
    )
    remarks = acceptance_note(int(summary.get("accepted", 0))) + omission_note(int(summary.get("omitted", 0)))
    return f"{style.good('Nothing to do')}: {clips}.{remarks}"


def acceptance_note(takes: int) -> str:
    """That some takes use a clip that was made for another request."""
    return f" {count(takes, 'take')} {'uses' if takes == 1 else 'use'} an accepted earlier clip." if takes else ""


def omission_note(shots: int) -> str:
    """That some shots are left out."""
    return f" {count(shots, 'shot')} {'is' if shots == 1 else 'are'} omitted." if shots else ""


def store_summary(takes: int, clips: int, seconds: float, size: int, edit: float | str | None = None) -> str:
    """What the store has of the takes; `seconds` of video, of which `edit` are in the edit; `size` in bytes."""
    shared = f" as {count(clips, 'clip')}" if clips != takes else ""
    cut = "" if edit is None else f" ({edit_phrase(float(edit))})"
    length = f"{format_duration(seconds)} of video{cut}"
    return f"{count(takes, 'take')} in the store{shared}, {length}, {format_size(size)}"


def edit_phrase(seconds: float | None) -> str:
    """How long the edit is; "" where no shot has a cut."""
    return "" if seconds is None else f"{edit_length(seconds)} in the edit"


def edit_length(seconds: float) -> str:
    """A length, to the hundredth of a second below a minute.

    >>> edit_length(6.75), edit_length(75)
    ('6.75 s', '1 min 15 s')
    """
    return f"{round(seconds, 2):g} s" if seconds < 60 else format_duration(seconds)

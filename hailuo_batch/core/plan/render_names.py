"""Readable names of clips: `{campaign}_{shot}_v{version:03d}_t{take:02d}.mp4`; a sketch ends in `_sketch`.

*Take* is another try at the same request; *version* goes up when the request of a shot changes.
"""

from enum import StrEnum

from hailuo_batch.core.plan.plan import Use

POSTERS_FOLDER = "posters"  # below renders/
SELECTED_FOLDER = "selected"  # below renders/: the clip of each shot that is used


class StillAt(StrEnum):
    """Which frame of a clip a still shows; the values end the names of files."""

    FIRST = ""  # the poster
    MIDDLE = "_middle"
    LAST = "_last"


def render_name(campaign: str, use: Use, *, sketch: bool) -> str:
    """The file's name below `renders/`; a sketch never has the name of a real take."""
    last = "sketch" if sketch else f"t{use.take:02d}"
    return f"{campaign}_{use.shot.id}_v{use.version:03d}_{last}.mp4"


def selected_name(campaign: str, shot: str) -> str:
    """The name of a shot's selected clip below `renders/selected/`: the same one whichever take it is."""
    return f"{campaign}_{shot}.mp4"


def poster_name(digest: str, at: StillAt = StillAt.FIRST) -> str:
    """The still's file below `renders/`, by the clip's bytes: a changed clip never shows an old still."""
    return f"{POSTERS_FOLDER}/{digest.removeprefix('sha256:')[:16]}{at}.jpg"


def take_label(use: Use) -> str:
    """How a take is called in messages and on the command line: `open#2`."""
    return f"{use.shot.id}#{use.take}"

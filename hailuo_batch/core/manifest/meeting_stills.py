"""Stills in which two shots should meet: one shot ends on an image, and the next starts from another version of it.

Found by names, and only where the bytes differ: `street_v1.png` and `street_v2.png`, or `street.png` and a copy of it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from unicodedata import normalize

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import FileFrame, Frame, UrlFrame
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Problem

# Versions need a mark: `street_01` and `street_02` are two stills of a series.
_VERSION = re.compile(
    r"(?:_+v(?:er|ersion)?_?\d+|_+(?:copy|kopie|copia|copie)(?:_?\d+)?|_+(?:final|new|old|edit|edited|fixed|draft)|_*\(\d+\))+$"
)
_COPY = re.compile(r"^copy_of_")
_GENERIC = re.compile(r"(?:first|last|start|end|begin|open|close|frame|still|image|img|shot|\d|_)*")


def find_unmatched_stills(shots: Sequence[Shot], images: Mapping[Frame, object]) -> Iterator[Problem]:
    """A warning for each entry that starts from nearly the image on which the entry before it ends."""
    if not any(shot.frames.last is not None for shot in shots):
        return
    entries = (tuple(cells) for _, cells in groupby(shots, key=lambda shot: shot.index))
    for before, after in pairwise(entries):
        lasts = {shot.frames.last: shot for shot in before if shot.frames.last is not None}
        yield from _compare_entries(lasts, after, images) if lasts else ()


def _compare_entries(
    lasts: Mapping[Frame, Shot], after: Iterable[Shot], images: Mapping[Frame, object]
) -> Iterator[Problem]:
    shown = {images[last] for last in lasts if last in images}
    for shot in after:
        first = shot.frames.first
        if first is None or first in lasts or first not in images or images[first] in shown:
            continue
        near = (last for last in lasts if last in images and _is_near(first, last))
        if (last := next(near, None)) is not None:
            yield _make_problem(shot, first, lasts[last], last)
            return


def _is_near(one: Frame, other: Frame) -> bool:
    folder, name = _split_name(one)
    other_folder, other_name = _split_name(other)
    if not name or name != other_name:
        return False
    # In another folder, only a name that says what is seen is that of the same still.
    return folder == other_folder or not _GENERIC.fullmatch(name)


def _split_name(frame: Frame) -> tuple[str, str]:
    """The folder, and the name without its ending and version."""
    folder, _, file = _frame_name(frame).removeprefix("./").rpartition("/")
    stem = normalize("NFC", file).casefold()
    stem = re.sub(r"[\s_.-]+", "_", stem.rpartition(".")[0] or stem)
    return folder, _VERSION.sub("", _COPY.sub("", stem)).strip("_")


def _frame_name(frame: Frame) -> str:
    """The path of a file, or an address without its query; nothing for the frame of a shot."""
    match frame:
        case FileFrame(path=path):
            return path
        case UrlFrame(url=url):
            return url.partition("?")[0].partition("#")[0]
    return ""


def _make_problem(shot: Shot, first: Frame, before: Shot, last: Frame) -> Problem:
    one, other = quote_text(_frame_name(first)), quote_text(_frame_name(last))
    return Problem(
        rule=rules.FRAME_DIFFERS,
        why=f'shot "{shot.id}" starts from {one}, and "{before.id}" before it ends on {other}: other bytes, so a jump.',
        remedy="If they should meet, name one file in both; if not, give the files names of their own.",
        path=("shots", shot.index, "frames", "first"),
        shot=shot.id,
    )

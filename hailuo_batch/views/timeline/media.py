"""What all formats say of a timeline's clips: file names, reels, addresses, our own members, markers.

One video track without nesting. An EDL has one, Avid cannot nest, and in Premiere and Resolve a nest hides the cuts
that an editor works on. So a sequence is a marker that spans its shots.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import floor
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.timeline import Timeline, TimelinePart, UsedClip
from hailuo_batch.core.signatures import hide_signatures
from hailuo_batch.values import dataclass
from hailuo_batch.views.format import single_line
from hailuo_batch.views.own_columns import rights_text

METADATA_KEY = "hailuo_batch"
_FIRST_SECONDS = 3600  # programs start an edit at 01:00:00:00
DROP_FRAME_RATES = {Fraction(30000, 1001), Fraction(60000, 1001)}  # their timecode leaves numbers out
_REEL_LENGTH = 8  # of CMX 3600
_NO_REEL_SIGN = re.compile(r"[^A-Z0-9]")
_SPECIAL_REELS = {"AX", "BL", "BLACK", "BARS"}
_MAX_NUMBER = 2**63  # of OpenTimelineIO
_DRIVE = re.compile(r"[A-Za-z]:/")
_NO_XML = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """Where the clip of a shot is: its path from the timeline's folder, with slashes."""

    path: str

    @property
    def name(self) -> str:
        """The file's name."""
        return PurePosixPath(self.path).name

    @property
    def address(self) -> str:
        """The path as an address, relative where the path is; no part of it can be read as a scheme or a host."""
        if _DRIVE.match(self.path):
            return f"file:///{quote(self.path, safe='/:')}"
        return f"file://{quote(self.path)}" if self.path.startswith("/") else quote(self.path)

    @property
    def dotted_address(self) -> str:
        """The same, beginning with a dot where it is relative, as XML files of editing programs have it."""
        return self.address if self.address.startswith(("file:", "../")) else f"./{self.address}"


MediaByShot = Mapping[str, Media]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineMark:
    """A marker: `frames` of the timeline from its frame `start` on, a text of one line, and who said it."""

    start: int
    frames: int
    text: str
    about: str
    kind: str  # note, gap or sequence


def plain_line(words: str) -> str:
    """A user's words on one line, without a sign that breaks a table, a terminal or XML."""
    return _NO_XML.sub("�", single_line(words))


def list_reels(timeline: Timeline, media: MediaByShot) -> Mapping[str, str]:
    """The reel of each shot with a clip: at most eight capitals and digits, another for each file."""
    by_path: dict[str, str] = {}
    taken, numbers = set(_SPECIAL_REELS), Counter[str]()
    for part in timeline.parts:
        if part.used is not None and (path := media[part.shot].path) not in by_path:
            wanted = _NO_REEL_SIGN.sub("", part.shot.upper())[:_REEL_LENGTH] or "CLIP"
            by_path[path] = _free_reel(wanted, taken, numbers)
            taken.add(by_path[path])
    return {part.shot: by_path[media[part.shot].path] for part in timeline.parts if part.used is not None}


def _free_reel(wanted: str, taken: set[str], numbers: Counter[str]) -> str:
    """The wanted reel, else its beginning with the next number."""
    reel = wanted
    while reel in taken:
        numbers[wanted] += 1
        number = str(numbers[wanted] + 1)
        reel = f"{wanted[: _REEL_LENGTH - len(number)]}{number}"
    return reel


def list_notes(part: TimelinePart) -> Iterator[TimelineMark]:
    """The review notes of a shot, each at its first frame."""
    for note in part.notes:
        yield TimelineMark(start=part.start, frames=1, text=plain_line(note.text), about=_author(note), kind="note")


def list_marks(timeline: Timeline) -> list[TimelineMark]:
    """What is said of the timeline and not of a clip, by time: its sequences, and the shots that are missing."""
    return sorted(_list_marks(timeline), key=lambda mark: mark.start)


def take_marks(waiting: deque[TimelineMark], before: int) -> Iterator[TimelineMark]:
    """Those that begin before a frame; they no longer wait."""
    while waiting and waiting[0].start < before:
        yield waiting.popleft()


def _list_marks(timeline: Timeline) -> Iterator[TimelineMark]:
    for span in timeline.sequences:
        yield TimelineMark(
            start=span.start, frames=span.frames, text=plain_line(span.label), about="sequence", kind="sequence"
        )
    for part in timeline.gaps:
        text = f"{part.shot}: no clip"
        yield TimelineMark(start=part.start, frames=part.frames, text=text, about=plain_line(part.row.why), kind="gap")
        yield from list_notes(part)


def _author(note: ReviewNote) -> str:
    return plain_line(f"{note.by}, {note.at[:10]}")


def round_frames(value: Fraction) -> int:
    """The nearest whole number of frames."""
    return floor(value + Fraction(1, 2))


def start_frame(rate: Fraction) -> int:
    """Which frame of a day the timeline begins with, so that its timecode begins at 01:00:00:00."""
    return floor(_FIRST_SECONDS * rate) if rate in DROP_FRAME_RATES else _FIRST_SECONDS * round(rate)


def first_frame_at(used: UsedClip, rate: Fraction) -> int:
    """The first used frame of a clip, counted at another rate."""
    return round_frames(used.first * rate / used.rate)


def timeline_members(timeline: Timeline) -> dict[str, Any]:
    """Our own members of the timeline."""
    return {"version": 1, "campaign": timeline.campaign, "world": str(timeline.world)}


def part_members(part: TimelinePart) -> dict[str, Any]:
    """Our own members of a shot, as plain data. No money: an edit goes to people who need not know it."""
    row = part.row
    members = {
        "shot": row.shot,
        "take": row.take,
        "shot_version": row.version,
        "sequence": row.sequence,
        "is_selected": row.is_selected,
        "provider": row.provider,
        "task": row.task,
        "fingerprint": row.fingerprint,
        "digest": "" if part.used is None else part.used.digest,
        "prompt": row.prompt,
        "tags": row.tags,
        "notes": row.notes,
        "meta": dict(row.meta),
        "rights": [
            {"frame": each.frame, "image": each.image, "rights": rights_text(each.rights)} for each in row.rights
        ],
    }
    return {name: _plain(value) for name, value in members.items()}


def _plain(value: object) -> Any:
    """Plain data without secrets of addresses; what OpenTimelineIO cannot hold is text."""
    if isinstance(value, dict):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < _MAX_NUMBER):
        return value
    return hide_signatures(str(value)).encode("utf-8", "replace").decode()

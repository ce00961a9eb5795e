"""Which shots of a manifest changed since its bytes were remembered: found by bytes, proved by the parser.

The common begin and end of both files are found, and what lies between is widened to whole entries of `shots`. Head,
changed entries and what follows the list make a small manifest of their own (`ManifestPart`), which is read as any
other. The last entry is in it too while it is proved, and stays where no other entry is left.

It is the same as reading the whole. The parser goes from left to right, and where an entry begins it is in the list and
in nothing else. That no entry hides in a text is known by their number. An anchor could reach across, so a part with
one is in doubt. In any doubt there is no part, and the whole is read.

What it does not know: what a shot is. It needs the bytes before, and how many entries they had.
"""

import re
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from hailuo_batch.load.yaml.events import parse_events
from hailuo_batch.values import dataclass

_LIST = re.compile(rb"^shots:[ ]*(?:#[^\n]*)?\n(?:[ ]*(?:#[^\n]*)?\n)*(?=([ ]*)- )", re.MULTILINE)
# What the parser takes for the end of a line, or for the blank behind a dash, and a search for `\n  - ` does not.
_OTHER_BREAKS = (b"\r", b"\t")
_WIDE_BREAKS = (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9")
_CHUNK = 65_536  # bytes that are compared at once
_ENTRY_DEPTH = 2  # below the mapping and its list
_SMALL = 65_536  # bytes that are always worth it: of more, at most half of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestPart:
    """A manifest with a few entries of a larger one; `lines` are the lines on which they begin."""

    data: bytes
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedShots:
    """The entries that are not as they were, before and now; so many come before them.

    `has_last`: both parts have the last entry of the file too, which did not change, since one of them has no other.
    """

    first: int
    has_last: bool
    before: ManifestPart
    now: ManifestPart


def find_changed_shots(before: bytes, now: bytes, *, entries: int) -> ChangedShots | None:
    """The changed entries, if the rest of the file is beyond doubt as before; `before` had so many entries."""
    head = _LIST.search(before)
    breaks = _OTHER_BREAKS if before.isascii() else _OTHER_BREAKS + _WIDE_BREAKS
    if head is None or any(sign in before for sign in breaks):
        return None
    marker = b"\n" + head[1] + b"- "
    begin = head.end() - 1  # the line break that the first marker begins with
    if before.count(marker, begin) != entries or before.count(marker[:-1] + b"\n", begin):
        return None  # some line in a text looks like an entry, or an entry begins in another way
    same = _count_common_start(before, now)
    start = before.rfind(marker, begin, same) + 1
    rest = min(_count_common_end(before, now), min(len(before), len(now)) - same)
    end = before.find(marker, len(before) - rest) + 1
    if not start or (end and end < start):
        return None
    last = before.rfind(marker) + 1
    tail = before[last:] if end else b""
    parts = [
        _make_part(before[: head.end()], data[start : end + len(data) - len(before) if end else None], tail, marker)
        for data in (before, now)
    ]
    if any(len(part.data) > max(_SMALL, len(now) // 2) for part in parts):
        return None  # reading the whole is as fast
    proved = _prove_parts(parts, has_tail=bool(end))
    if proved is None:
        return None
    first = before.count(marker, begin, start - 1)
    return ChangedShots(first=first, has_last=bool(end) and proved == parts, before=proved[0], now=proved[1])


def _prove_parts(parts: list[ManifestPart], *, has_tail: bool) -> list[ManifestPart] | None:
    """The parts, without the last entry of the file unless one of them has no other; None where they are in doubt."""
    surveys = [survey for part in parts if (survey := _survey_part(part, has_tail=has_tail)) is not None]
    if len(surveys) < len(parts):
        return None
    if not has_tail or any(len(part.lines) == 1 for part in parts):
        return parts
    bare = [_leave_out_last(part, survey.closing) for part, survey in zip(parts, surveys, strict=True)]
    return bare if all(_survey_part(part, has_tail=True) for part in bare) else None


def _count_common_start(one: bytes, other: bytes) -> int:
    """How many bytes are the same at the start: whole chunks first, then by halves."""
    most = min(len(one), len(other))
    chunks = range(0, most, _CHUNK)
    low = next((at for at in chunks if one[at : at + _CHUNK] != other[at : at + _CHUNK]), max(0, most - 1))
    high = min(low + _CHUNK, most)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def _count_common_end(one: bytes, other: bytes) -> int:
    """The same for the end."""
    most = min(len(one), len(other))
    low = most
    for done in range(0, most, _CHUNK):
        step = min(_CHUNK, most - done)
        begins = (len(one) - done - step, len(other) - done - step)
        if one[begins[0] : begins[0] + step] != other[begins[1] : begins[1] + step]:
            mine, others = one[begins[0] : begins[0] + step][::-1], other[begins[1] : begins[1] + step][::-1]
            low = done + _count_common_start(mine, others)
            break
    return low


def _make_part(head: bytes, changed: bytes, tail: bytes, marker: bytes) -> ManifestPart:
    data = head + changed + tail
    entry = re.compile(rb"^" + re.escape(marker[1:]), re.MULTILINE)
    return ManifestPart(
        data=data, lines=tuple(data.count(b"\n", 0, found.start()) for found in entry.finditer(data, len(head)))
    )


def _leave_out_last(part: ManifestPart, closing: int | None) -> ManifestPart:
    """The part without its last entry; `closing` is the line of what follows the list, if anything does.

    Where the last entry begins, the parser is between two entries. So it is where the list ends there.
    """
    rows, last = part.data.split(b"\n"), part.lines[-1]
    rest = [b""] if closing is None else rows[closing:]
    return ManifestPart(data=b"\n".join((*rows[:last], *rest)), lines=part.lines[:-1])


def _survey_part(part: ManifestPart, *, has_tail: bool) -> "_Survey | None":
    """What the parser finds, if the entries are where their lines are; without a tail, nothing may follow them."""
    survey = _Survey()
    try:
        for event in parse_events(part.data):
            survey.add(event)
    except yaml.YAMLError:
        return None
    is_sure = survey.documents == survey.lists == 1 and not survey.is_in_doubt
    is_sure = is_sure and tuple(survey.lines) == part.lines and (has_tail or survey.key == "shots")
    return survey if is_sure else None


class _Survey:
    """The lines on which the entries of `shots` begin; `key` is the last key of the file.

    `closing` is the line of the key that follows the list.
    """

    __slots__ = ("closing", "depth", "documents", "is_in_doubt", "is_key", "key", "lines", "lists")

    def __init__(self) -> None:
        self.lines: list[int] = []
        self.depth = self.documents = self.lists = 0
        self.key, self.is_key = "", True  # of the top mapping, and whether its next node is one
        self.is_in_doubt = False
        self.closing: int | None = None

    def add(self, event: Any) -> None:
        """The next event of the parser."""
        if isinstance(event, DocumentStartEvent):
            self.documents += 1
        elif isinstance(event, CollectionEndEvent):
            self.depth -= 1
        elif isinstance(event, NodeEvent):
            self.is_in_doubt |= isinstance(event, AliasEvent) or event.anchor is not None
            self._add_node(event)
            self.depth += isinstance(event, CollectionStartEvent)

    def _add_node(self, event: Any) -> None:
        if self.depth == 1 and self.is_key:
            if self.lists and self.closing is None:
                self.closing = event.start_mark.line
            self.key, self.is_key = event.value if isinstance(event, ScalarEvent) else "", False
        elif self.depth == 1:
            self.is_key = True
            if self.key == "shots":
                self.lists += 1
                self.is_in_doubt |= not isinstance(event, SequenceStartEvent) or bool(event.flow_style)
        elif self.depth == _ENTRY_DEPTH and self.key == "shots":
            self.is_in_doubt |= not isinstance(event, MappingStartEvent)
            self.lines.append(event.start_mark.line)

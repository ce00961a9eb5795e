"""A YAML file as nodes that know from which character to which they are written, for changes of single values.

Everything outside a changed value stays as it is, to the byte: comments, blanks, quotes, anchors.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from yaml.events import AliasEvent, MappingStartEvent, NodeEvent, ScalarEvent, SequenceStartEvent

from hailuo_batch.load.yaml.events import parse_events
from hailuo_batch.values import dataclass


@dataclass(slots=True, kw_only=True)
class Span:
    """One node: `text[start:end]` is all of it, without the blanks and comments behind it."""

    kind: str  # scalar, map, list or alias
    start: int
    end: int
    value: str = ""
    style: str = ""  # of a scalar: ' " | > or nothing
    flow: bool = False
    anchor: str = ""
    items: "list[Span]" = field(default_factory=list)
    keys: "list[Span]" = field(default_factory=list)  # of a map, each with its item

    def find(self, key: str) -> "Span | None":
        """The value of a key that is written in this very map."""
        place = self.place(key)
        return None if place is None else self.items[place]

    def place(self, key: str) -> int | None:
        """Which of the keys it is."""
        return next(
            (place for place, each in enumerate(self.keys) if each.value == key and each.kind == "scalar"), None
        )


def read_spans(payload: bytes, text: str) -> Span:
    """The root node of a file that is known to be good."""
    events = iter(parse_events(payload))
    first = next(event for event in events if isinstance(event, NodeEvent))
    return _read(first, events, text)


def _read(event: Any, events: Iterator[Any], text: str) -> Span:
    start, end = event.start_mark.index, event.end_mark.index
    anchor = event.anchor or ""
    match event:
        case AliasEvent():
            return Span(kind="alias", start=start, end=end, anchor=anchor)
        case ScalarEvent(value=value, style=style):
            if style in {"|", ">"}:
                end = start + len(text[start:end].rstrip())
            return Span(kind="scalar", start=start, end=end, value=value, style=style or "", anchor=anchor)
        case SequenceStartEvent() | MappingStartEvent():
            is_map = isinstance(event, MappingStartEvent)
            span = Span(
                kind="map" if is_map else "list", start=start, end=end, flow=bool(event.flow_style), anchor=anchor
            )
            _fill(span, events, text)
            return span
    raise AssertionError(f"no node: {event!r}")


def _fill(span: Span, events: Iterator[Any], text: str) -> None:
    nodes = []
    for event in events:
        if not isinstance(event, NodeEvent):
            span.end = event.end_mark.index
            break
        nodes.append(_read(event, events, text))
    span.keys, span.items = (nodes[::2], nodes[1::2]) if span.kind == "map" else ([], nodes)
    if not span.flow and nodes:  # libyaml ends a block at what comes behind it
        span.end = nodes[-1].end


class Splices:
    """Changes of a text, each by its place in the text as it was."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._starts = [0, *(place + 1 for place, letter in enumerate(text) if letter == "\n")]
        self._changes: list[tuple[int, int, int, str]] = []

    def replace(self, start: int, end: int, words: str) -> None:
        """Puts words in the place of others, or between them; those at one place stand in the order they came."""
        words = words.replace("\n", self.newline) if self.newline != "\n" else words
        self._changes.append((start, end, len(self._changes), words))

    def result(self) -> str:
        """The text with all changes."""
        parts, place = [], 0
        for start, end, _, words in sorted(self._changes):
            parts += [self.text[place : max(start, place)], words]  # what is taken out twice is gone once
            place = max(end, place)
        return "".join([*parts, self.text[place:]])

    def mark(self) -> int:
        """Where `undo` goes back to."""
        return len(self._changes)

    def undo(self, mark: int) -> None:
        """Forgets what came since."""
        del self._changes[mark:]

    def line_start(self, place: int) -> int:
        """Where the line of a place begins."""
        return self._starts[bisect_right(self._starts, place) - 1]

    def next_line(self, place: int) -> int:
        """Where the line below begins; the end of the text where there is none."""
        number = bisect_right(self._starts, place)
        return self._starts[number] if number < len(self._starts) else len(self.text)

    def column(self, place: int) -> int:
        """How far a place is from the start of its line."""
        return place - self.line_start(place)

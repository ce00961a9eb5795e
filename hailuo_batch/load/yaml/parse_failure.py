"""Where a reader gave up on a broken file, and the last things it had understood.

Nothing here knows why, or what to say: `syntax_errors.py` asks these questions.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from hailuo_batch.load.yaml.events import events
from hailuo_batch.load.yaml.marks import TOP_OF_FILE, Spot, at_index, at_mark, row, start


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A list, mapping, quoted text or alias that ended before the reader failed; `sign` is what it began with."""

    start: Spot
    end: Spot
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Where the reader gave up and what it said, with the last things it had understood."""

    text: str
    said: str
    spot: Spot
    opened: Spot  # where that began which it was reading
    before: Span | None
    columns: tuple[int, ...]  # of the lists and mappings this line might belong to, counted from 1

    def says(self, *parts: str) -> bool:
        """Whether the reader used any of these words."""
        return any(part in self.said for part in parts)

    def row(self, spot: Spot) -> str:
        """The whole line."""
        return row(self.text, spot)

    def sign(self, spot: Spot) -> str:
        """The character that stands there; none at the end of a line."""
        return self.row(spot)[spot.column : spot.column + 1]

    def rest(self, spot: Spot) -> str:
        """The line from there on."""
        return self.row(spot)[spot.column :].strip()

    def begins_line(self, spot: Spot) -> bool:
        """Whether nothing but spaces stands before it."""
        return not self.row(spot)[: spot.column].strip()

    def first(self, spot: Spot) -> Spot:
        """Where the line of a spot has its first character that is no space."""
        row = self.row(spot)
        return spot.moved(len(row) - len(row.lstrip()))

    def line_above(self, spot: Spot) -> Spot | None:
        """The last line above that is not empty."""
        head = self.text[: spot.offset - spot.column].rstrip()
        return at_index(self.text, len(head) - 1) if head else None

    def goes_on(self, spot: Spot, indent: int) -> bool:
        """Whether the next line is indented deeper, as a text over several lines is."""
        below = self.text[spot.offset - spot.column + len(self.row(spot)) :].lstrip("\r\n")
        return len(below) - len(below.lstrip(" ")) > indent


def failure_of(error: yaml.MarkedYAMLError, payload: bytes, text: str) -> Failure:
    """The reader's error, with what it had understood: the file is gone through once more."""
    before, columns = _understood(payload)
    opened, spot = error.context_mark, error.problem_mark or error.context_mark
    at = at_mark(spot) if spot else TOP_OF_FILE
    return Failure(
        text=text,
        said=", ".join(part for part in (error.context, error.problem) if part),
        spot=at,
        opened=at_mark(opened) if opened else at,
        before=before,
        columns=columns,
    )


def _understood(payload: bytes) -> tuple[Span | None, tuple[int, ...]]:
    """The node that ended last before the reader failed, and the columns where lines might belong."""
    opened: list[Any] = []
    closed: list[Any] = []  # since the last node began
    span: Span | None = None
    with suppress(yaml.YAMLError):
        for event in events(payload):
            if isinstance(event, CollectionEndEvent):
                closed.append(opened.pop())
                span = _span(closed[-1], event)
            elif isinstance(event, NodeEvent):
                closed = []
                span = _span(event, event)
                if isinstance(event, CollectionStartEvent):
                    opened.append(event)
    blocks = [event for event in [*opened, *closed] if not event.flow_style]
    return span, tuple(sorted({start(event).column + 1 for event in blocks}))


def _span(first: Any, last: Any) -> Span | None:
    sign = ""
    if isinstance(first, AliasEvent):
        sign = "*"
    elif isinstance(first, ScalarEvent):
        sign = first.style if first.style in ("'", '"') else ""
    elif first.flow_style and isinstance(last, CollectionEndEvent):
        sign = "{" if isinstance(first, MappingStartEvent) else "["
    return Span(start=start(first), end=at_mark(last.end_mark), sign=sign) if sign else None

"""Where a reader gave up on a broken file, and the last things it had understood.

Does not know why, or what to write: that is in `syntax_errors.py`.
"""

from contextlib import suppress
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

from hailuo_batch.load.yaml.events import parse_events
from hailuo_batch.load.yaml.marks import TOP_OF_FILE, Spot, event_start, index_to_spot, line_text, mark_to_spot
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A list, mapping, quoted text or alias that ended before the reader failed; `character` is what it began with."""

    start: Spot
    end: Spot
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseFailure:
    """Where the reader gave up and what it said, with the last things it had understood."""

    text: str
    message: str
    spot: Spot
    context_spot: Spot  # where that began which it was reading
    last_span: Span | None
    columns: tuple[int, ...]  # of the lists and mappings this line might belong to, counted from 1

    def mentions(self, *parts: str) -> bool:
        """Whether the reader used any of these words."""
        return any(part in self.message for part in parts)

    def line_text(self, spot: Spot) -> str:
        """The whole line."""
        return line_text(self.text, spot)

    def character(self, spot: Spot) -> str:
        """The character that stands there; none at the end of a line."""
        return self.line_text(spot)[spot.column : spot.column + 1]

    def rest_of_line(self, spot: Spot) -> str:
        """The line from there on."""
        return self.line_text(spot)[spot.column :].strip()

    def is_line_start(self, spot: Spot) -> bool:
        """Whether nothing but spaces stands before it."""
        return not self.line_text(spot)[: spot.column].strip()

    def first_character(self, spot: Spot) -> Spot:
        """Where the line of a spot has its first character that is no space."""
        row = self.line_text(spot)
        return spot.with_column(len(row) - len(row.lstrip()))

    def line_above(self, spot: Spot) -> Spot | None:
        """The last line above that is not empty."""
        head = self.text[: spot.offset - spot.column].rstrip()
        return index_to_spot(self.text, len(head) - 1) if head else None

    def continues_below(self, spot: Spot, indent: int) -> bool:
        """Whether the next line is indented deeper, as a text over several lines is."""
        below = self.text[spot.offset - spot.column + len(self.line_text(spot)) :].lstrip("\r\n")
        return len(below) - len(below.lstrip(" ")) > indent


def make_parse_failure(error: yaml.MarkedYAMLError, payload: bytes, text: str) -> ParseFailure:
    """The reader's error, with what it had understood: the file is gone through once more."""
    before, columns = _parse_until_failure(payload)
    opened, spot = error.context_mark, error.problem_mark or error.context_mark
    at = mark_to_spot(spot) if spot else TOP_OF_FILE
    return ParseFailure(
        text=text,
        message=", ".join(part for part in (error.context, error.problem) if part),
        spot=at,
        context_spot=mark_to_spot(opened) if opened else at,
        last_span=before,
        columns=columns,
    )


def _parse_until_failure(payload: bytes) -> tuple[Span | None, tuple[int, ...]]:
    """The node that ended last before the reader failed, and the columns where lines might belong."""
    opened: list[Any] = []
    closed: list[Any] = []  # since the last node began
    span: Span | None = None
    with suppress(yaml.YAMLError):
        for event in parse_events(payload):
            if isinstance(event, CollectionEndEvent):
                closed.append(opened.pop())
                span = _make_span(closed[-1], event)
            elif isinstance(event, NodeEvent):
                closed = []
                span = _make_span(event, event)
                if isinstance(event, CollectionStartEvent):
                    opened.append(event)
    blocks = [event for event in [*opened, *closed] if not event.flow_style]
    return span, tuple(sorted({event_start(event).column + 1 for event in blocks}))


def _make_span(first: Any, last: Any) -> Span | None:
    sign = ""
    if isinstance(first, AliasEvent):
        sign = "*"
    elif isinstance(first, ScalarEvent):
        sign = first.style if first.style in ("'", '"') else ""
    elif first.flow_style and isinstance(last, CollectionEndEvent):
        sign = "{" if isinstance(first, MappingStartEvent) else "["
    return Span(start=event_start(first), end=mark_to_spot(last.end_mark), sign=sign) if sign else None

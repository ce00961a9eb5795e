"""Events in, plain values out: dicts and lists are built in one loop without recursion.

That is several times faster than a ready-made loader, and lets depth, aliases and tags be refused before they cost
anything. No place is kept while building: a problem takes the spot of the event that shows it, or only its path.
"""

from collections.abc import Callable, Iterator
from sys import intern
from typing import Any

from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from hailuo_batch.core import rules
from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.load.yaml.alias_limits import AliasCounter
from hailuo_batch.load.yaml.events import scalar_value
from hailuo_batch.load.yaml.marks import Spot, event_start
from hailuo_batch.load.yaml.messages import (
    ALIAS_CIRCLE,
    EMPTY_FILE,
    NESTED_TOO_DEEP,
    NOT_A_MAPPING,
    NOTHING_TO_MERGE,
    SECOND_DOCUMENT,
    TOO_MANY_ALIASES,
    UNKNOWN_ANCHOR,
    UNUSED_ANCHOR,
    Message,
    shorten,
)
from hailuo_batch.load.yaml.problems import Finding, Findings, StopReading, make_finding
from hailuo_batch.load.yaml.scalars import SPECIAL_STARTS, TAG_PREFIX, ScalarRefusal, refuse_tag

MAX_DEPTH = 64  # libyaml's time grows with the square of the depth of [[[, and its callers recurse
MAX_ALIAS_NODES = 1_000_000  # nodes that aliases may add

_NUMBERS = {int, float}
_UNFINISHED = object()  # an anchor whose node has not ended: an alias to it would go round in a circle
_NO_VALUE = object()  # where a value could not be made
_MERGE_KEY = object()  # the key `<<` without quotes

_TOO_DEEP = NESTED_TOO_DEEP.fill(most=str(MAX_DEPTH))


class Builder:
    """Every open list or mapping is one flat list; a mapping is made when it ends."""

    __slots__ = (
        "additions",
        "anchor",
        "anchors",
        "findings",
        "flat",
        "holes",
        "is_mapping",
        "keeps_text",
        "keys_wrong",
        "stack",
        "unused",
        "written",
    )

    def __init__(self, findings: Findings, *, size: int, keeps_text: Callable[[DocumentPath], bool]) -> None:
        self.findings = findings
        self.keeps_text = keeps_text  # whether a number that readers differ about is text at a path
        # In proportion to the file: an alias in each of 100,000 shots is no attack.
        self.additions = AliasCounter(allowed=max(MAX_ALIAS_NODES, size // 4))
        self.flat: list[Any] = []
        self.is_mapping = False
        self.anchor: str | None = None
        self.stack: list[tuple[list[Any], bool, str | None]] = []
        self.anchors: dict[str, Any] = {}
        self.unused: dict[str, tuple[Spot, DocumentPath]] = {}  # texts with a mark that no alias has used yet
        self.written: dict[DocumentPath, str] = {}  # numbers that were not written as Python writes them: 1.50, 0x10
        self.holes = False  # some value could not be made
        self.keys_wrong = False  # some mapping has a repeated key, or one that is not text

    def build(self, event_stream: Iterator[Any]) -> None:
        """Reads all events. This loop is what a manifest of 100,000 shots waits for: keep it short."""
        put = self.flat.append
        handlers = self._handlers()
        special = SPECIAL_STARTS
        for event in event_stream:
            if event.__class__ is ScalarEvent:
                text = event.value
                if (text[:1] in special and event.implicit[0]) or event.tag is not None or event.anchor is not None:
                    put(self._read_scalar(event, text))
                else:
                    put(text)
            elif event.__class__ in handlers:
                put = handlers[event.__class__](event)

    def find_unused_anchors(self) -> Iterator[Finding]:
        """What was read as a mark and may have been part of a text; of a whole file only, where it is certain."""
        for anchor, (spot, path) in self.unused.items() if not self.holes else ():
            yield make_finding(UNUSED_ANCHOR.fill(shown=shorten(anchor)), spot, path=path)

    def stop(self, findings: list[Finding]) -> None:
        """Nothing more comes, and this is why."""
        self.holes = True
        self.findings.end_with(findings)

    def tree(self) -> Any:
        """What was read, when it is whole and a mapping."""
        top = self.flat[0] if self.flat else None
        if not self.holes and top.__class__ is not dict:
            self.stop([make_finding(EMPTY_FILE if top is None else NOT_A_MAPPING, None)])
        return None if self.holes else top

    def _handlers(self) -> dict[type, Callable[[Any], Callable[[Any], None]]]:
        """What to do at each event; each says where the next value goes."""
        return {
            DocumentStartEvent: self._start_document,
            MappingStartEvent: self._begin_collection,
            SequenceStartEvent: self._begin_collection,
            MappingEndEvent: self._end_mapping,
            SequenceEndEvent: self._end_sequence,
            AliasEvent: self._resolve_alias,
        }

    def _start_document(self, event: Any) -> Callable[[Any], None]:
        if self.flat:
            raise StopReading(make_finding(SECOND_DOCUMENT, event_start(event)))
        return self.flat.append

    def _begin_collection(self, event: Any) -> Callable[[Any], None]:
        if len(self.stack) >= MAX_DEPTH:
            raise StopReading(self._make_finding(_TOO_DEEP, event))
        if event.anchor is not None:
            self.anchors[event.anchor] = _UNFINISHED
        is_mapping = event.__class__ is MappingStartEvent
        if event.tag not in (None, "!", TAG_PREFIX + ("map" if is_mapping else "seq")):
            self._refuse(refuse_tag(event.tag), event)
        self.stack.append((self.flat, self.is_mapping, self.anchor))
        self.flat, self.is_mapping, self.anchor = [], is_mapping, event.anchor
        return self.flat.append

    def _end_sequence(self, _: Any) -> Callable[[Any], None]:
        return self._close_collection(self.flat)

    def _end_mapping(self, _: Any) -> Callable[[Any], None]:
        flat = self.flat
        keys = flat[::2]
        try:
            # Equal keys of all shots become one string each; a key that is not text makes intern() object.
            mapping = dict(zip(map(intern, keys), flat[1::2], strict=True))
        except TypeError:
            mapping = self._build_unusual_mapping(flat)
        else:
            self.keys_wrong |= len(mapping) != len(keys)
        return self._close_collection(mapping)

    def _close_collection(self, value: Any) -> Callable[[Any], None]:
        anchor = self.anchor
        self.flat, self.is_mapping, self.anchor = self.stack.pop()
        if anchor is not None and self.anchors[anchor] is _UNFINISHED:
            self.anchors[anchor] = value
        self.flat.append(value)
        return self.flat.append

    def _build_unusual_mapping(self, flat: list[Any]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if key is _MERGE_KEY:
                merged = self._merge_sources(value)
            elif key.__class__ is str:
                own[intern(key)] = value
            else:
                self.holes = True
        self.keys_wrong |= len(own) + (merged is not None) != len(flat) // 2
        return {**(merged or {}), **own}

    def _merge_sources(self, value: Any) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for source in reversed(value if isinstance(value, list) else [value]):
            if isinstance(source, dict):
                merged.update(source)
            elif source is not _NO_VALUE:
                self.findings.add(make_finding(NOTHING_TO_MERGE, None, path=(*self._current_path(), "<<")))
        return merged

    def _read_scalar(self, event: Any, text: str) -> Any:
        is_key = self.is_mapping and len(self.flat) % 2 == 0
        value: Any = scalar_value(event)
        if value == "<<" and is_key and event.implicit[0]:
            value = _MERGE_KEY
        elif isinstance(value, ScalarRefusal):
            value = self._read_refused(value, event, is_key=is_key)
        elif value.__class__ in _NUMBERS and str(value) != text:
            self.written[self._current_path()] = text
        if event.anchor is not None:
            self.anchors[event.anchor] = value if value is not _MERGE_KEY else text
            self.unused[event.anchor] = (event_start(event), self._current_path())
        return value

    def _read_refused(self, refusal: ScalarRefusal, event: Any, *, is_key: bool) -> Any:
        if refusal.message.rule == rules.YAML_NUMBER:
            if is_key:
                return _NO_VALUE
            if self.keeps_text(self._current_path()):
                return event.value
        return self._refuse(refusal, event)

    def _refuse(self, refusal: ScalarRefusal, event: Any) -> Any:
        self.findings.add(self._make_finding(refusal.message, event))
        if refusal.reading is None:
            self.holes = True
        return refusal.reading

    def _resolve_alias(self, event: Any) -> Callable[[Any], None]:
        target = self.anchors.get(event.anchor, _NO_VALUE)
        if event.anchor not in self.anchors or target is _UNFINISHED:
            words = ALIAS_CIRCLE if target is _UNFINISHED else UNKNOWN_ANCHOR
            self.findings.add(self._make_finding(words.fill(shown=shorten(event.anchor)), event))
            self.holes, target = True, _NO_VALUE
        self.unused.pop(event.anchor, None)
        height = self.additions.add(target)
        if self.additions.is_exceeded:
            raise StopReading(self._make_finding(TOO_MANY_ALIASES.fill(shown=f"{self.additions.allowed:,}"), event))
        if len(self.stack) + height > MAX_DEPTH:
            raise StopReading(self._make_finding(_TOO_DEEP, event))
        self.flat.append(target)
        return self.flat.append

    def _make_finding(self, words: Message, event: Any) -> Finding:
        return make_finding(words, event_start(event), path=self._current_path())

    def _current_path(self) -> DocumentPath:
        """The path of what is being read; only needed when something is wrong with it."""
        path: list[str | int] = []
        for flat, is_mapping, _ in [*self.stack, (self.flat, self.is_mapping, self.anchor)][1:]:
            if not is_mapping:
                path.append(len(flat))
            elif len(flat) % 2:
                path.append("<<" if flat[-1] is _MERGE_KEY else flat[-1] if isinstance(flat[-1], str) else "")
        return tuple(path)

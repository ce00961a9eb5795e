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

from hailuo_batch.core.problem import Path, Severity
from hailuo_batch.load.yaml.alias_limits import Additions
from hailuo_batch.load.yaml.events import scalar_value
from hailuo_batch.load.yaml.marks import Spot, start
from hailuo_batch.load.yaml.messages import (
    ALIASES,
    CIRCLE,
    DEPTH,
    DOCUMENTS,
    EMPTY,
    MERGED,
    TOP,
    UNKNOWN_ANCHOR,
    UNUSED_MARK,
    Words,
    cut,
)
from hailuo_batch.load.yaml.problems import Finding, Findings, Stop, found
from hailuo_batch.load.yaml.scalars import SPECIAL_STARTS, TAGS, Refusal, unknown_tag

MAX_DEPTH = 64  # libyaml's time grows with the square of the depth of [[[, and its callers recurse
MAX_ADDED = 1_000_000  # nodes that aliases may add

_OPEN = object()  # an anchor whose node has not ended: an alias to it would go round in a circle
_HOLE = object()  # where a value could not be made
_MERGE = object()  # the key `<<` without quotes

_TOO_DEEP = DEPTH.of(most=str(MAX_DEPTH))


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
        "keys_wrong",
        "stack",
        "unused",
    )

    def __init__(self, findings: Findings, *, size: int) -> None:
        self.findings = findings
        # In proportion to the file: an alias in each of 100,000 shots is no attack.
        self.additions = Additions(allowed=max(MAX_ADDED, size // 4))
        self.flat: list[Any] = []
        self.is_mapping = False
        self.anchor: str | None = None
        self.stack: list[tuple[list[Any], bool, str | None]] = []
        self.anchors: dict[str, Any] = {}
        self.unused: dict[str, tuple[Spot, Path]] = {}  # texts with a mark that no alias has asked for yet
        self.holes = False  # some value could not be made
        self.keys_wrong = False  # some mapping has a repeated key, or one that is not text

    def build(self, events: Iterator[Any]) -> None:
        """Reads all events. This loop is what a manifest of 100,000 shots waits for: keep it short."""
        put = self.flat.append
        handlers = self._handlers()
        special = SPECIAL_STARTS
        for event in events:
            if event.__class__ is ScalarEvent:
                text = event.value
                if (text[:1] in special and event.implicit[0]) or event.tag is not None or event.anchor is not None:
                    put(self._scalar(event, text))
                else:
                    put(text)
            elif event.__class__ in handlers:
                put = handlers[event.__class__](event)

    def unused_marks(self) -> Iterator[Finding]:
        """What was read as a mark and may have been part of a text; of a whole file only, where it is certain."""
        for anchor, (spot, path) in self.unused.items() if not self.holes else ():
            yield found(UNUSED_MARK.of(shown=cut(anchor)), spot, path=path, severity=Severity.WARNING)

    def stopped(self, findings: list[Finding]) -> None:
        """Nothing more comes, and this is why."""
        self.holes = True
        self.findings.end_with(findings)

    def tree(self) -> Any:
        """What was read, when it is whole and a mapping."""
        top = self.flat[0] if self.flat else None
        if not self.holes and top.__class__ is not dict:
            self.stopped([found(EMPTY if top is None else TOP, None)])
        return None if self.holes else top

    def _handlers(self) -> dict[type, Callable[[Any], Callable[[Any], None]]]:
        """What to do at each event; each says where the next value goes."""
        return {
            DocumentStartEvent: self._document,
            MappingStartEvent: self._begin,
            SequenceStartEvent: self._begin,
            MappingEndEvent: self._end_mapping,
            SequenceEndEvent: self._end_sequence,
            AliasEvent: self._alias,
        }

    def _document(self, event: Any) -> Callable[[Any], None]:
        if self.flat:
            raise Stop(found(DOCUMENTS, start(event)))
        return self.flat.append

    def _begin(self, event: Any) -> Callable[[Any], None]:
        if len(self.stack) >= MAX_DEPTH:
            raise Stop(self._here(_TOO_DEEP, event))
        if event.anchor is not None:
            self.anchors[event.anchor] = _OPEN
        is_mapping = event.__class__ is MappingStartEvent
        if event.tag not in (None, "!", TAGS + ("map" if is_mapping else "seq")):
            self._refuse(unknown_tag(event.tag), event)
        self.stack.append((self.flat, self.is_mapping, self.anchor))
        self.flat, self.is_mapping, self.anchor = [], is_mapping, event.anchor
        return self.flat.append

    def _end_sequence(self, _: Any) -> Callable[[Any], None]:
        return self._close(self.flat)

    def _end_mapping(self, _: Any) -> Callable[[Any], None]:
        flat = self.flat
        keys = flat[::2]
        try:
            # Equal keys of all shots become one string each; a key that is not text makes intern() object.
            mapping = dict(zip(map(intern, keys), flat[1::2], strict=True))
        except TypeError:
            mapping = self._unusual_mapping(flat)
        else:
            self.keys_wrong |= len(mapping) != len(keys)
        return self._close(mapping)

    def _close(self, value: Any) -> Callable[[Any], None]:
        anchor = self.anchor
        self.flat, self.is_mapping, self.anchor = self.stack.pop()
        if anchor is not None and self.anchors[anchor] is _OPEN:
            self.anchors[anchor] = value
        self.flat.append(value)
        return self.flat.append

    def _unusual_mapping(self, flat: list[Any]) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] | None = None
        for key, value in zip(flat[::2], flat[1::2], strict=True):
            if key is _MERGE:
                merged = self._merged(value)
            elif key.__class__ is str:
                own[intern(key)] = value
            else:
                self.holes = True
        self.keys_wrong |= len(own) + (merged is not None) != len(flat) // 2
        return {**(merged or {}), **own}

    def _merged(self, value: Any) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        for source in reversed(value if isinstance(value, list) else [value]):
            if isinstance(source, dict):
                merged.update(source)
            elif source is not _HOLE:
                self.findings.add(found(MERGED, None, path=(*self._path(), "<<")))
        return merged

    def _scalar(self, event: Any, text: str) -> Any:
        is_key = self.is_mapping and len(self.flat) % 2 == 0
        value: Any = scalar_value(event)
        if value == "<<" and is_key and event.implicit[0]:
            value = _MERGE
        elif isinstance(value, Refusal):
            value = _HOLE if is_key and value.words.code == "yaml-number" else self._refuse(value, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = value if value is not _MERGE else text
            self.unused[event.anchor] = (start(event), self._path())
        return value

    def _refuse(self, refusal: Refusal, event: Any) -> Any:
        self.findings.add(self._here(refusal.words, event))
        if refusal.reading is None:
            self.holes = True
        return refusal.reading

    def _alias(self, event: Any) -> Callable[[Any], None]:
        target = self.anchors.get(event.anchor, _HOLE)
        if event.anchor not in self.anchors or target is _OPEN:
            words = CIRCLE if target is _OPEN else UNKNOWN_ANCHOR
            self.findings.add(self._here(words.of(shown=cut(event.anchor)), event))
            self.holes, target = True, _HOLE
        self.unused.pop(event.anchor, None)
        height = self.additions.add(target)
        if self.additions.too_many:
            raise Stop(self._here(ALIASES.of(shown=f"{self.additions.allowed:,}"), event))
        if len(self.stack) + height > MAX_DEPTH:
            raise Stop(self._here(_TOO_DEEP, event))
        self.flat.append(target)
        return self.flat.append

    def _here(self, words: Words, event: Any) -> Finding:
        return found(words, start(event), path=self._path())

    def _path(self) -> Path:
        """The path of what is being read; only asked when something is wrong with it."""
        path: list[str | int] = []
        for flat, is_mapping, _ in [*self.stack, (self.flat, self.is_mapping, self.anchor)][1:]:
            if not is_mapping:
                path.append(len(flat))
            elif len(flat) % 2:
                path.append("<<" if flat[-1] is _MERGE else flat[-1] if isinstance(flat[-1], str) else "")
        return tuple(path)

"""Reads the bytes of a YAML file into plain values, and says in plain words what is wrong with them.

libyaml's events are built into dicts and lists here, in one loop without recursion: that is several times faster
than a ready-made loader, and lets depth, aliases, tags and repeated keys be refused before they cost anything.
Places are not kept while building; when there is something to show, a second pass over the events finds them.

What it does not know: what a manifest is. It opens no file; whoever calls has the bytes.
"""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from sys import intern
from typing import Any, NamedTuple

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.scanner import ScannerError

from hailuo_batch.core.problem import Path, Place, Problem, Severity
from hailuo_batch.load.scalars import SPECIAL_STARTS, TAGS, Refusal, plain, tagged, unknown_tag

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64  # libyaml's time grows with the square of the depth of [[[, and its callers recurse
MAX_SHOWN = 50
MAX_COUNTED = 1_000  # problems beyond those shown
MAX_ADDED = 1_000_000  # nodes that aliases may add; see _Builder.allowed

_OPEN = object()  # an anchor whose node has not ended: an alias to it would go round in a circle
_HOLE = object()  # where a value could not be made
_MERGE = object()  # the key `<<` without quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One file as plain values. `tree` is None when a problem left no whole tree to speak of."""

    name: str
    data: bytes
    tree: object
    problems: tuple[Problem, ...]


def read_document(data: bytes, *, name: str) -> Document:
    """The values of a YAML file and every problem found in it; no bytes make it raise."""
    payload = data.removeprefix(codecs.BOM_UTF8)
    refused = _unfit_bytes(data, payload)
    if refused is not None:
        return Document(name=name, data=data, tree=None, problems=_placed([refused], payload, name))
    builder = _Builder(allowed=max(MAX_ADDED, len(data) // 4))
    try:
        builder.build(_events(payload))
    except yaml.YAMLError as error:
        builder.stopped(_explain(error, payload))
    except _Stop as stop:
        builder.stopped(stop.found)
    with suppress(_Stop):
        builder.look_back(payload)
    tree = builder.tree()
    problems = _placed(builder.found, payload, name) if builder.found else ()
    return Document(name=name, data=data, tree=tree, problems=_capped(problems, builder.unshown))


def locate(document_data: bytes, wanted: Iterable[tuple[Path, bool]], *, name: str) -> dict[tuple[Path, bool], Place]:
    """The place of the value (False) or the key (True) at each path, or of the nearest parent there is.

    What an alias brought in is placed where the alias is used, what `<<` brought in where it is written.
    """
    payload = document_data.removeprefix(codecs.BOM_UTF8)
    asked = list(wanted)
    survey = _Survey(path for path, _ in asked)
    with suppress(yaml.YAMLError):  # what stands before a syntax error can be placed all the same
        survey.read(_walk(_events(payload)))
    text = payload.decode(errors="replace")
    return {(path, on_key): _place(survey.spot(path, on_key=on_key), text, name) for path, on_key in asked}


class Spot(NamedTuple):
    """A place as libyaml counts it: all from 0, `offset` in characters from the start of the text."""

    line: int
    column: int
    offset: int

    def moved(self, column: int) -> "Spot":
        """Another column of the same line."""
        return Spot(self.line, column, self.offset + column - self.column)


_TOP_OF_FILE = Spot(0, 0, 0)

Found = tuple[Problem, Spot | None]  # None: the place follows from the problem's path, and is looked up last


def _events(payload: bytes) -> Iterator[Any]:
    """libyaml's events, or those of PyYAML's own slow parser where it was built without libyaml."""
    if hasattr(yaml, "CSafeLoader"):
        return iter(yaml.CSafeLoader(payload).get_event, None)
    return _slow_events(payload)


def _slow_events(payload: bytes) -> Iterator[Any]:
    # PyYAML's own parser lets halves of characters pass, which libyaml refuses and no file could be saved with.
    event: Any = None
    try:
        for event in iter(yaml.SafeLoader(payload).get_event, None):
            if isinstance(event, ScalarEvent):
                event.value.encode()
            yield event
    except (UnicodeEncodeError, ValueError, OverflowError) as error:
        mark = event and event.start_mark
        raise ScannerError("while parsing a quoted scalar", mark, "found invalid escape code", mark) from error


class _Stop(Exception):  # noqa: N818 - no error: it ends the reading of a file, with a problem to show
    def __init__(self, *found: Found) -> None:
        self.found = list(found)


class _Builder:
    """Events in, plain values out. Every open list or mapping is one flat list; a mapping is made when it ends."""

    __slots__ = (
        "added",
        "allowed",
        "anchor",
        "anchors",
        "documents",
        "flat",
        "found",
        "holes",
        "is_mapping",
        "keys_wrong",
        "measured",
        "stack",
        "unshown",
        "unused",
    )

    def __init__(self, *, allowed: int) -> None:
        self.allowed = allowed  # in proportion to the file: an alias in each of 100,000 shots is no attack
        self.added = 0
        self.documents = 0
        self.flat: list[Any] = []
        self.is_mapping = False
        self.anchor: str | None = None
        self.stack: list[tuple[list[Any], bool, str | None]] = []
        self.anchors: dict[str, Any] = {}
        self.measured: dict[int, tuple[object, int, int]] = {}
        self.found: list[Found] = []
        self.unshown = 0
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

    def _handlers(self) -> dict[type, Callable[[Any], Callable[[Any], None]]]:
        return {
            DocumentStartEvent: self._document,
            MappingStartEvent: self._start,
            SequenceStartEvent: self._start,
            MappingEndEvent: self._end_mapping,
            SequenceEndEvent: self._end_sequence,
            AliasEvent: self._alias,
        }

    def _document(self, event: Any) -> Callable[[Any], None]:
        self.documents += 1
        if self.documents > 1:
            raise _Stop(_found(_DOCUMENTS, _start(event)))
        return self.flat.append

    def _start(self, event: Any) -> Callable[[Any], None]:
        if len(self.stack) >= MAX_DEPTH:
            raise _Stop(_found(_DEPTH, _start(event), path=self._path()))
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
                self.add(_found(_MERGED, None, path=(*self._path(), "<<")))
        return merged

    def _scalar(self, event: Any, text: str) -> Any:
        is_key = self.is_mapping and len(self.flat) % 2 == 0
        value: Any = _scalar_value(event)
        if value == "<<" and is_key and event.implicit[0]:
            value = _MERGE
        elif isinstance(value, Refusal):
            value = _HOLE if is_key and value.code == "yaml-number" else self._refuse(value, event)
        if event.anchor is not None:
            self.anchors[event.anchor] = value if value is not _MERGE else text
            self.unused[event.anchor] = (_start(event), self._path())
        return value

    def _refuse(self, refusal: Refusal, event: Any) -> Any:
        words = Words(refusal.code, refusal.summary, refusal.why, refusal.remedy)
        self.add(_found(words, _start(event), path=self._path()))
        if refusal.reading is None:
            self.holes = True
        return refusal.reading

    def _alias(self, event: Any) -> Callable[[Any], None]:
        target = self.anchors.get(event.anchor, _HOLE)
        if event.anchor not in self.anchors or target is _OPEN:
            words = _CIRCLE if target is _OPEN else _UNKNOWN_ANCHOR
            self.add(_found(words.of(shown=_cut(event.anchor)), _start(event), path=self._path()))
            self.holes, target = True, _HOLE
        self.unused.pop(event.anchor, None)
        self._count(target, event)
        self.flat.append(target)
        return self.flat.append

    def _count(self, target: Any, event: Any) -> None:
        size, height = self._measure(target)
        self.added += size
        if self.added > self.allowed:
            raise _Stop(_found(_ALIASES.of(shown=f"{self.allowed:,}"), _start(event), path=self._path()))
        if len(self.stack) + height > MAX_DEPTH:
            raise _Stop(_found(_DEPTH, _start(event), path=self._path()))

    def _measure(self, target: Any) -> tuple[int, int]:
        """How many nodes an alias adds and how deep they go; long texts count as several nodes.

        A node is walked once, and never further than what may still be added, so all walks together are short.
        """
        if target.__class__ is not dict and target.__class__ is not list:
            return _weight(target), 0
        if id(target) not in self.measured:
            size, height = self._walk_values(target, self.allowed - self.added)
            self.measured[id(target)] = (target, size, height)
        _, size, height = self.measured[id(target)]
        return size, height

    def _walk_values(self, target: Any, limit: int) -> tuple[int, int]:
        size = height = 0
        waiting = [(target, 0)]
        while waiting and size <= limit:
            value, depth = waiting.pop()
            height = max(height, depth)
            known = self.measured.get(id(value))
            if known is not None:
                size, height = size + known[1], max(height, depth + known[2])
                continue
            size += _weight(value)
            if value.__class__ is dict or value.__class__ is list:
                inner = value.values() if value.__class__ is dict else value
                waiting.extend((child, depth + 1) for child in islice(inner, limit + 1))
        return size, height

    def _path(self) -> Path:
        """The path of what is being read; only asked when something is wrong with it."""
        path: list[str | int] = []
        frames = [*((flat, is_mapping) for flat, is_mapping, _ in self.stack[1:]), (self.flat, self.is_mapping)]
        for flat, is_mapping in frames if self.stack else []:
            if not is_mapping:
                path.append(len(flat))
            elif len(flat) % 2:
                path.append("<<" if flat[-1] is _MERGE else flat[-1] if isinstance(flat[-1], str) else "")
        return tuple(path)

    def add(self, found: Found) -> None:
        """Keeps a problem, only counts it when enough are kept, and gives up when a whole file is wrong."""
        if len(self.found) < MAX_SHOWN:
            self.found.append(found)
            return
        if self.unshown >= MAX_COUNTED:
            raise _Stop
        self.unshown += 1

    def look_back(self, payload: bytes) -> None:
        """Adds what could not be said while reading: keys to be placed, marks that nothing used."""
        if self.keys_wrong:
            for found in _wrong_keys(payload):
                self.add(found)
        for anchor, (spot, path) in self.unused.items() if not self.holes else ():
            words = _UNUSED_MARK.of(shown=_cut(anchor))
            self.add(_found(words, spot, path=path, severity=Severity.WARNING))

    def stopped(self, found: list[Found]) -> None:
        """Keeps what ended the reading; what was said of the same place before was a guess from less."""
        self.holes = True
        spots = {spot for _, spot in found}
        self.found = [pair for pair in self.found if pair[1] is None or pair[1] not in spots]
        self.found += found

    def tree(self) -> Any:
        """What was read, when it is whole and a mapping."""
        top = self.flat[0] if self.flat else None
        if not self.holes and top.__class__ is not dict:
            self.stopped([_found(_EMPTY if top is None else _TOP, None)])
        return None if self.holes else top


def _scalar_value(event: Any) -> Any:
    if event.tag is not None:
        return tagged(event.tag, event.value)
    return plain(event.value) if event.implicit[0] else event.value


def _weight(value: object) -> int:
    return 1 + len(value) // 256 if isinstance(value, str) else 1


class _Frame:
    """An open list or mapping of the second pass, which keeps what the first had no time for."""

    __slots__ = ("is_mapping", "items", "key", "keys", "path")

    def __init__(self, path: Path, *, is_mapping: bool) -> None:
        self.path = path
        self.is_mapping = is_mapping
        self.items = 0
        self.key: str | None = None  # the key whose value comes next
        self.keys: dict[str | int, Spot] = {}  # where each was first written

    def next_child(self, name: str) -> tuple[Path, bool]:
        """Path of the node that comes now, and whether it is a key."""
        if not self.is_mapping:
            self.items += 1
            return (*self.path, self.items - 1), False
        if self.key is None:
            self.key = name
            return (*self.path, name), True
        path, self.key = (*self.path, self.key), None
        return path, False


def _walk(events: Iterator[Any]) -> Iterator[tuple[Any, Path, Any, _Frame | None]]:
    """Each node: its event, path and (for a scalar) value, and the mapping it is a key of, where it is a key."""
    frames: list[_Frame] = []
    anchors: dict[str, Any] = {}  # a key may be an alias to a text
    for event in events:
        if isinstance(event, NodeEvent):
            value = _node_value(event, anchors)
            name = value if isinstance(value, str) else getattr(event, "value", "")
            path, is_key = frames[-1].next_child(name) if frames else ((), False)
            yield event, path, value, frames[-1] if is_key else None
            if isinstance(event, CollectionStartEvent):
                frames.append(_Frame(path, is_mapping=isinstance(event, MappingStartEvent)))
        elif isinstance(event, CollectionEndEvent):
            frames.pop()


def _node_value(event: Any, anchors: dict[str, Any]) -> Any:
    if isinstance(event, AliasEvent):
        return anchors.get(str(event.anchor))
    value = _scalar_value(event) if isinstance(event, ScalarEvent) else event
    if event.anchor is not None:
        anchors[event.anchor] = value
    return value


def _wrong_keys(payload: bytes) -> Iterator[Found]:
    """Every key that is repeated in its mapping, or is not text."""
    with suppress(yaml.YAMLError):  # reported already
        for event, path, value, mapping in _walk(_events(payload)):
            if mapping is None or (isinstance(value, Refusal) and value.code == "yaml-tag"):
                continue
            spot = _start(event)
            first = mapping.keys.setdefault(path[-1], spot)
            if not isinstance(value, str):
                yield _found(_bad_key(value, str(path[-1])), spot, path=path if path[-1] else path[:-1], on_key=True)
            elif first != spot:
                yield _found(_repeated(value, first), spot, path=path, on_key=True)


def _bad_key(value: object, written: str) -> "Words":
    kind = _kind(value)
    return _KEY.of(key=_cut(written), kind=kind) if written else _NO_KEY.of(kind=kind)


def _repeated(key: str, first: Spot) -> "Words":
    words = _DUPLICATE_MERGE if key == "<<" else _DUPLICATE
    return words.of(key=_cut(key), line=f"{first.line + 1:,}", column=f"{first.column + 1:,}")


def _kind(value: object) -> str:
    if isinstance(value, CollectionStartEvent):
        return "a mapping" if isinstance(value, MappingStartEvent) else "a list"
    if value is None:
        return "nothing"
    return "true or false" if isinstance(value, bool) else "a number"


class _Survey:
    """Where nodes stand, of the wanted paths, of all that leads to them, and of all that `<<` may bring in."""

    __slots__ = ("anchors", "keys", "live", "merges", "values")

    def __init__(self, paths: Iterable[Path]) -> None:
        self.live = {path[:depth] for path in paths for depth in range(len(path) + 1)}
        self.values: dict[Path, Spot] = {}
        self.keys: dict[Path, Spot] = {}
        self.merges: dict[Path, list[Path]] = {}
        self.anchors: dict[str, Path] = {}

    def read(self, nodes: Iterator[tuple[Any, Path, Any, _Frame | None]]) -> None:
        """Goes through a whole document."""
        kept: Path | None = None  # the anchored or merged collection we are in: all of it is kept
        for event, path, _, frame in nodes:
            if kept is not None and path[: len(kept)] != kept:
                kept = None
            if kept is None and path not in self.live and not self._may_be_merged(event, path):
                continue
            if frame is not None:
                self.keys[path] = _start(event)
                continue
            self.values[path] = _start(event)
            if kept is None and self._may_be_merged(event, path):
                kept = path
            self._note_merge(event, path)

    def _may_be_merged(self, event: Any, path: Path) -> bool:
        return (event.anchor is not None and not isinstance(event, AliasEvent)) or path[-1:] == ("<<",)

    def _note_merge(self, event: Any, path: Path) -> None:
        """Remembers which mapping a `<<` takes its keys from: `<<: *a`, `<<: {...}` or a list of these."""
        if isinstance(event, AliasEvent):
            source = self.anchors.get(str(event.anchor), ())
        else:
            source = path
            if event.anchor is not None:
                self.anchors[event.anchor] = path
        if path[-1:] == ("<<",) and not isinstance(event, SequenceStartEvent):
            self.merges.setdefault(path[:-1], []).append(source)
        elif path[-2:-1] == ("<<",) and isinstance(path[-1], int):
            self.merges.setdefault(path[:-2], []).append(source)

    def spot(self, path: Path, *, on_key: bool) -> Spot:
        """Line and column of what stands at a path, counted from 0."""
        here: Path = ()
        for depth, step in enumerate(path):
            found = self._child(here, step)
            if found is None:
                return self.values.get(here, _TOP_OF_FILE)
            here = found
            if on_key and depth == len(path) - 1:
                return self.keys.get(here, self.values[here])
        return self.values.get(here, _TOP_OF_FILE)

    def _child(self, parent: Path, step: str | int) -> Path | None:
        """The path under which a child is written: its own, or one in a mapping that `<<` brings in."""
        waiting, seen = [parent], set()
        while waiting:
            here = waiting.pop()
            if (*here, step) in self.values:
                return (*here, step)
            if here not in seen:
                seen.add(here)
                waiting.extend(reversed(self.merges.get(here, [])))
        return None


def _start(event: Any) -> Spot:
    mark = event.start_mark
    return Spot(mark.line, mark.column, mark.index)


class Words(NamedTuple):
    """What a problem says, with {gaps} for the user's own words."""

    code: str
    summary: str
    why: str
    remedy: str

    def of(self, **shown: str) -> "Words":
        """The same with its gaps filled."""
        return self._replace(why=self.why.format(**shown), remedy=self.remedy.format(**shown))


_DUPLICATE = Words(
    "yaml-duplicate-key",
    "key written twice",
    '"{key}" stands here and in line {line}, column {column}; only one of them would be used.',
    "Take one of the two away.",
)
_DUPLICATE_MERGE = Words(
    "yaml-duplicate-key",
    "key written twice",
    "<< stands here and in line {line}, column {column}; only one of them would be used.",
    "Name all of them in one list: <<: [*one, *two]",
)
_KEY = Words(
    "yaml-key",
    "key is not text",
    "The key {key} is read as {kind}, and every key is text.",
    'Put it in quotes: "{key}"',
)
_NO_KEY = Words(
    "yaml-key",
    "key is not text",
    "What stands before the colon is read as {kind}, and every key is text.",
    "Write a name before the colon. If the line is one text, put quotes around it all.",
)
_MERGED = Words(
    "yaml-alias",
    "nothing to merge",
    "<< takes over the keys of another mapping, and this is none.",
    "Write <<: *name, where &name marks a mapping; or take the line away.",
)
_UNKNOWN_ANCHOR = Words(
    "yaml-alias",
    "anchor not known",
    "*{shown} stands for a value marked &{shown}, and no value before it is marked so.",
    "If it is text, put quotes around the whole value; if not, mark the value it stands for with &{shown}.",
)
_UNUSED_MARK = Words(
    "yaml-alias",
    "mark never used",
    "&{shown} is read as a mark for an alias, not as part of the text, and no *{shown} follows.",
    "If it is text, put quotes around the whole value; if not, take the mark away.",
)
_CIRCLE = Words(
    "yaml-alias",
    "alias goes in a circle",
    "*{shown} stands inside the value marked &{shown}, which would then hold itself without end.",
    "Write the value out here, or mark another one.",
)
_ALIASES = Words(
    "yaml-alias",
    "aliases add too much",
    "The aliases up to here add more than {shown} values to the file.",
    "Use fewer aliases of values that hold aliases themselves.",
)
_DEPTH = Words(
    "yaml-depth",
    "nested too deep",
    f"More than {MAX_DEPTH} lists and mappings stand inside each other here.",
    "Nest less; if this is text, put quotes around it.",
)
_DOCUMENTS = Words(
    "yaml-documents",
    "more than one document",
    "A line of three dashes begins a second document here, and a file holds one.",
    "Take the line away, or put what follows into a file of its own.",
)
_EMPTY = Words(
    "yaml-empty",
    "nothing in the file",
    "The file holds no value: it is empty, or has only comments.",
    'Write at least one "key: value" line.',
)
_TOP = Words(
    "yaml-syntax",
    "no keys at the top",
    'The file as a whole has to be a mapping: lines of "key: value".',
    "Put a key and a colon before what stands here.",
)
_SIZE = Words(
    "yaml-size",
    "file too large",
    f"The file has {{shown}} bytes; more than {MAX_BYTES:,} are not read.",
    "Split it into several files.",
)


_WIDE = Words(
    "yaml-encoding",
    "not a UTF-8 file",
    "The file is saved as {form}, and YAML files are read as UTF-8 here.",
    "Save it as UTF-8; most editors offer it under Save As.",
)
_BYTES = Words(
    "yaml-encoding",
    "not a UTF-8 file",
    "Byte {byte} at offset {offset} is no part of UTF-8 text.{hint}",
    "Save the file as UTF-8; most editors offer it under Save As.",
)
_CONTROL_CHARACTER = Words(
    "yaml-control",
    "control character",
    "Here stands {shown}, a character that cannot be seen and that YAML does not allow.",
    "Delete it; retyping the line helps where it cannot be found.",
)
_UNSEEN_CHARACTER = Words(
    "yaml-control",
    "hidden character",
    "Here stands {shown}. It cannot be seen, and YAML readers differ about it.",
    "Delete it, or put a space in its place; retyping the line helps where it cannot be found.",
)
_TAB = Words(
    "yaml-tab",
    "tab where spaces belong",
    "Here stands a tab, and YAML is indented by spaces only.",
    "Write spaces instead; most editors can turn all tabs of a file into spaces.",
)
_AFTER_QUOTE = Words(
    "yaml-syntax",
    "text after a closing quote",
    "A value that starts with a quote ends at the next one, and after it stands: {rest}",
    "{remedy}",
)
_AFTER = {
    "'": _AFTER_QUOTE,
    '"': _AFTER_QUOTE,
    "[": Words(
        "yaml-syntax",
        "text after a list",
        "A value that starts with [ is read as a list, and after its end stands: {rest}",
        "{remedy}",
    ),
    "{": Words(
        "yaml-syntax",
        "text after a mapping",
        "A value that starts with {{ is read as a mapping, and after its end stands: {rest}",
        "{remedy}",
    ),
    "*": Words(
        "yaml-syntax",
        "text after an alias",
        "{alias} is read as an alias, which is a whole value, and after it stands: {rest}",
        "{remedy}",
    ),
}
_LATE_QUOTE = Words(
    "yaml-syntax",
    "quote never closed",
    "The quote {sign} opened here is closed only by the next one, in line {line}, column {column}.",
    "Write {sign} at the end of the text.",
)
_NOT_CLOSED = Words(
    "yaml-syntax",
    "quote never closed",
    "The quote {sign} opened here is not closed before the end.",
    "Write {sign} at its end; if the sign is part of the text, put the other kind of quotes around it all.",
)
_COLON = Words(
    "yaml-syntax",
    "second colon in a line",
    "A colon with a space after it begins a value, and a value has begun already.",
    "{remedy}",
)
_DEEPER = Words(
    "yaml-syntax",
    "indented too deep",
    "This line begins a new key, and is indented as if it went on with the text of line {line}.",
    "Line it up with the keys it belongs to. If it is part of that text, put the whole text in quotes.",
)
_NO_COLON = Words(
    "yaml-syntax",
    "colon missing",
    "This line needs a key and a colon, and has none: {shown}",
    "Write key: value. If it goes on with the text above, indent it deeper than the key of that text.",
)
_GLUED = Words(
    "yaml-syntax",
    "space missing after a colon",
    "A key ends with a colon and a space.",
    "Write it so: {key}: {value}",
)
_ESCAPE = Words(
    "yaml-syntax",
    "escape not known",
    "In double quotes a backslash begins an escape, and {shown} is none.",
    "Write two backslashes for one, or put single quotes around the text.",
)
_HALF = Words(
    "yaml-syntax",
    "half a character",
    "{shown} is one half of a character, and YAML does not join halves.",
    "{remedy}",
)
_TAG = Words(
    "yaml-tag",
    "tag not known",
    "A value that starts with ! is read as a tag, and this is none.",
    "{remedy}",
)
_SIGN = Words(
    "yaml-syntax",
    "text starts with a sign",
    "Text cannot start with {sign} unless it stands in quotes: YAML keeps this sign for itself.",
    "{remedy}",
)
_BRACKET = Words(
    "yaml-syntax",
    "bracket never closed",
    "The {sign} opened here is not closed before {until}.",
    "Close it with {close}. If it is text, put the whole value in quotes.",
)
_COMMA = Words(
    "yaml-syntax",
    "comma missing",
    "Inside brackets and braces a comma stands between entries, and here follows without one: {rest}",
    "Write a comma before it. If it is part of a text, put the whole text in quotes.",
)
_NO_ENTRY = Words(
    "yaml-syntax",
    "entry without a dash",
    'A list stands here, in which every entry starts with "- ", and this line does not.',
    "Write - and a space before it, or indent the line as deep as what it belongs to.",
)
_NO_NAME = Words(
    "yaml-key",
    "key missing",
    "A colon begins the line, and no key stands before it.",
    "Write a name before the colon, or put quotes around the text.",
)
_INDENT = Words(
    "yaml-syntax",
    "indentation fits nothing",
    "This line starts in column {column}; what stands above starts in column {columns}.",
    "Line it up with the lines it belongs to.",
)
_OTHER = Words(
    "yaml-syntax",
    "not readable as YAML",
    "the YAML reader says: {shown}",
    "Look at this line and the one above; quotes around a text that holds signs often help.",
)


def _found(
    words: Words, spot: Spot | None, *, path: Path = (), on_key: bool = False, severity: Severity = Severity.ERROR
) -> Found:
    said = words._asdict()
    return Problem(**said, path=path, on_key=on_key, severity=severity), spot


def _placed(found: list[Found], payload: bytes, name: str) -> tuple[Problem, ...]:
    """The problems in the order of the file, each with its place and the line it is in."""
    lost = [(problem.path, problem.on_key) for problem, spot in found if spot is None]
    places = locate(payload, lost, name=name) if lost else {}
    text = "" if found[0][1] is _TOP_OF_FILE else payload.decode(errors="replace")  # "": no line can be shown
    problems = [
        problem.at(places[problem.path, problem.on_key] if spot is None else _place(spot, text, name))
        for problem, spot in found
    ]
    return tuple(sorted(problems, key=_order))


def _order(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


def _place(spot: Spot, text: str, name: str) -> Place:
    return Place(file=name, line=spot.line + 1, column=spot.column + 1, text=_row(text, spot))


def _row(text: str, spot: Spot) -> str:
    end = _BREAK.search(text, spot.offset)
    return text[spot.offset - spot.column : end.start() if end else None]


def _capped(problems: tuple[Problem, ...], unshown: int) -> tuple[Problem, ...]:
    if not unshown:
        return problems
    more = Problem(
        code="yaml-more",
        summary="more problems than are shown",
        why=f"{unshown:,} more were found{', and the rest was not looked at' if unshown == MAX_COUNTED else ''}.",
        remedy="Mend the ones above first; many of the others may have the same cause.",
        place=problems[-1].place,
    )
    return (*problems, more)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."


# --- bytes that are no UTF-8 text

_BREAK = re.compile(r"[\r\n]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# libyaml ends a line at these, editors do not: line numbers would differ, and so would the text.
_UNSEEN = {
    "\u2028": "a line separator (U+2028)",
    "\u2029": "a paragraph separator (U+2029)",
    "\x85": "a next-line character (U+0085)",
    "\ufeff": "a byte order mark (U+FEFF)",
}


def _unfit_bytes(data: bytes, payload: bytes) -> Found | None:
    """Why the bytes are not even tried, if there is a reason."""
    if len(data) > MAX_BYTES:
        return _found(_SIZE.of(shown=f"{len(data):,}"), _TOP_OF_FILE)
    wide = next((form for bom, form in _BOMS.items() if data.startswith(bom)), "") or _wide_without_bom(data)
    if wide:
        return _found(_WIDE.of(form=wide), _TOP_OF_FILE)
    if payload.isascii():
        return None
    try:
        return _unseen(payload.decode())
    except UnicodeDecodeError as error:
        return _not_utf8(payload, error.start)


def _wide_without_bom(data: bytes) -> str:
    """UTF-16 and UTF-32 give themselves away: half or more of plain English is zeros, at regular places."""
    head = data[:1024]
    zeros = head.count(0)
    if not zeros or zeros * 5 < len(head):
        return ""
    if zeros * 3 > len(head) * 2:
        return "UTF-32"
    return "UTF-16" if min(head[::2].count(0), head[1::2].count(0)) * 10 < zeros else ""


def _not_utf8(payload: bytes, offset: int) -> Found:
    before = payload[:offset].decode()
    byte = payload[offset : offset + 1]
    guess = byte.decode("cp1252", "ignore")
    hint = f" In Windows-1252 and Latin-1 it is {guess}." if guess else ""
    words = _BYTES.of(byte=f"0x{byte[0]:02X}", offset=f"{offset:,}", hint=hint)
    return _found(words, _spot(before, len(before)))


def _unseen(text: str) -> Found | None:
    places = [(text.index(char), char) for char in _UNSEEN if char in text]
    if not places:
        return None
    index, char = min(places)
    return _found(_UNSEEN_CHARACTER.of(shown=_UNSEEN[char]), _spot(text, index))


def _control(text: str) -> list[Found]:
    """The first character that no YAML file may hold, if there is one."""
    match = _CONTROL.search(text)
    if match is None:
        return []
    return [_found(_CONTROL_CHARACTER.of(shown=f"U+{ord(match[0]):04X}"), _spot(text, match.start()))]


def _spot(text: str, index: int) -> Spot:
    before = text[:index]
    line = before.count("\n") + before.count("\r") - before.count("\r\n")
    return Spot(line, index - 1 - max(before.rfind("\n"), before.rfind("\r")), index)


# --- what libyaml says of a broken file, in plain words


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """A list, mapping, quoted text or alias that ended before the reader failed; `sign` is what it began with."""

    start: Spot
    end: Spot
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Where the reader gave up and what it said, with the last things it had understood."""

    text: str
    said: str
    spot: Spot
    opened: Spot  # where that began which it was reading
    before: _Span | None
    columns: tuple[int, ...]  # of the lists and mappings this line might belong to, counted from 1

    def row(self, spot: Spot) -> str:
        return _row(self.text, spot)

    def sign(self, spot: Spot) -> str:
        return self.row(spot)[spot.column : spot.column + 1]

    def rest(self, spot: Spot) -> str:
        return self.row(spot)[spot.column :].strip()

    def begins_line(self, spot: Spot) -> bool:
        return not self.row(spot)[: spot.column].strip()

    def first(self, spot: Spot) -> Spot:
        """Where the line of a spot has its first character that is no space."""
        row = self.row(spot)
        return spot.moved(len(row) - len(row.lstrip()))

    def line_above(self, spot: Spot) -> Spot | None:
        """The last line above that is not empty."""
        head = self.text[: spot.offset - spot.column].rstrip()
        return _spot(self.text, len(head) - 1) if head else None

    def goes_on(self, spot: Spot, indent: int) -> bool:
        """Whether the next line is indented deeper, as a text over several lines is."""
        below = self.text[spot.offset - spot.column + len(self.row(spot)) :].lstrip("\r\n")
        return len(below) - len(below.lstrip(" ")) > indent

    def says(self, *parts: str) -> bool:
        return any(part in self.said for part in parts)


def _explain(error: yaml.YAMLError, payload: bytes) -> list[Found]:
    """The reader's error in plain words, and a control character where one stands in the file."""
    text = payload.decode()
    control = _control(text)
    if not isinstance(error, yaml.MarkedYAMLError):
        return control or [_found(_OTHER.of(shown=str(error)), _TOP_OF_FILE)]
    before, columns = _understood(payload)
    spot = _marked(error.problem_mark) or _marked(error.context_mark) or _TOP_OF_FILE
    said = ", ".join(part for part in (error.context, error.problem) if part)
    opened = _marked(error.context_mark) or spot
    failure = _Failure(text=text, said=said, spot=spot, opened=opened, before=before, columns=columns)
    explained = (explain(failure) for explain in _EXPLAINERS)
    return [next((found for found in explained if found), None) or _found(_OTHER.of(shown=said), spot), *control]


def _marked(mark: Any) -> Spot | None:
    return Spot(mark.line, mark.column, mark.index) if mark is not None else None


def _understood(payload: bytes) -> tuple[_Span | None, tuple[int, ...]]:
    """The node that ended last before the reader failed, and the columns where lines might belong."""
    opened: list[Any] = []
    closed: list[Any] = []
    span: _Span | None = None
    with suppress(yaml.YAMLError):
        for event in _events(payload):
            if isinstance(event, CollectionEndEvent):
                closed.append(opened.pop())
                span = _span(closed[-1], event)
            elif isinstance(event, NodeEvent):
                closed = []
                span = _span(event, event)
                if isinstance(event, CollectionStartEvent):
                    opened.append(event)
    blocks = [event for event in [*opened, *closed] if not event.flow_style]
    return span, tuple(sorted({_start(event).column + 1 for event in blocks}))


def _span(first: Any, last: Any) -> _Span | None:
    sign = ""
    if isinstance(first, AliasEvent):
        sign = "*"
    elif isinstance(first, ScalarEvent):
        sign = first.style if first.style in ("'", '"') else ""
    elif first.flow_style and isinstance(last, CollectionEndEvent):
        sign = "{" if isinstance(first, MappingStartEvent) else "["
    mark = last.end_mark
    return _Span(start=_start(first), end=Spot(mark.line, mark.column, mark.index), sign=sign) if sign else None


_LEAD = re.compile(r"\s*((?:- +)*)([^\s'\"\[{#&*!|>%@`][^:]*:[ \t]+)?(?=\S)")


def _quoted(failure: _Failure, spot: Spot) -> str:
    """Advice to quote a value, with the line as it should be where that is short and certain."""
    if failure.begins_line(spot):
        return "Put the whole text in quotes."
    lead = _LEAD.match(failure.row(spot))
    value = _unquoted(failure.rest(spot))
    certain = lead is not None and lead.end() == spot.column and len(value) <= 60 and " #" not in value
    if lead is None or not certain or failure.goes_on(spot, lead.end(1)):
        return "Put the whole value in quotes."
    return f"Put the whole value in quotes: {(lead[2] or lead[1]).strip()} {_in_quotes(value)}"


def _unquoted(value: str) -> str:
    """Without the quotes around it, where one more of them stands inside."""
    sign = value[:1]
    return value[1:-1] if sign in ("'", '"') and value.endswith(sign) and value.count(sign) % 2 else value


def _in_quotes(value: str) -> str:
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"


def _tab(failure: _Failure) -> Found | None:
    row, spot = failure.row(failure.spot), failure.spot
    indent = row[: len(row) - len(row.lstrip(" \t"))]
    if "\t" in indent:
        return _found(_TAB, spot.moved(indent.index("\t")))
    return _found(_TAB, spot) if failure.sign(spot) == "\t" else None


def _open_quote(failure: _Failure) -> Found | None:
    sign = failure.sign(failure.opened)
    if sign not in ("'", '"') or not failure.says("unexpected end of stream", "unexpected document"):
        return None
    return _found(_NOT_CLOSED.of(sign=sign), failure.opened)


def _escape(failure: _Failure) -> Found | None:
    if not failure.says("escape", "hexdecimal"):
        return None
    row = failure.row(failure.spot)
    start = row.rfind("\\", 0, failure.spot.column + 1)
    spot = failure.spot.moved(start if start >= 0 else max(row.find("\\"), 0))
    half = re.match(r"\\u(d[89a-f][0-9a-f]{2})(?:\\u(d[c-f][0-9a-f]{2}))?", row[spot.column :], re.IGNORECASE)
    if half is None:
        return _found(_ESCAPE.of(shown=row[spot.column : spot.column + 2]), spot)
    return _found(_HALF.of(shown=half[0][:6], remedy=_whole_character(half[1], half[2])), spot)


def _whole_character(high: str, low: str | None) -> str:
    if low is None or int(high, 16) >= 0xDC00:
        return "Write the character itself."
    whole = 0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00)
    return f"Write the character itself ({chr(whole)}), or \\U{whole:08X}."


def _after_value(failure: _Failure) -> Found | None:
    """What follows behind the end of a value: nearly always the rest of a text that needed quotes."""
    span, rest = failure.before, _cut(failure.rest(failure.spot))
    if span is None or not rest or not _follows(failure, span):
        return None
    if span.sign in "'\"" and span.start.line != span.end.line:
        late = {"line": f"{span.end.line + 1:,}", "column": str(span.end.column)}
        return _found(_LATE_QUOTE.of(sign=span.sign, **late), span.start)
    remedy = "Put the whole value in quotes."
    if failure.says("',' or"):
        remedy = "Write a comma between the two, or put the whole value in quotes."
    elif span.start.line == span.end.line:
        remedy = _quoted(failure, span.start)
    alias = _cut(failure.text[span.start.offset : span.end.offset])
    return _found(_AFTER[span.sign].of(rest=rest, alias=alias, remedy=remedy), span.start)


def _follows(failure: _Failure, span: _Span) -> bool:
    """Whether the reader failed behind this value, with nothing but spaces between."""
    if span.end.line != failure.spot.line or span.end.offset > failure.spot.offset:
        return False
    closed = failure.text[span.end.offset - 1]
    between = failure.text[span.end.offset : failure.spot.offset]
    return not between.strip(" ") and closed == _CLOSING.get(span.sign, closed)


# A mapping of one pair may stand in a list without braces: that is no value which ended.
_CLOSING = {"[": "]", "{": "}"}


def _second_colon(failure: _Failure) -> Found | None:
    if not failure.says("mapping values are not allowed"):
        return None
    lead = _LEAD.match(failure.row(failure.spot))
    if lead and lead[2] and lead.end() <= failure.spot.column:
        return _found(_COLON.of(remedy=_quoted(failure, failure.spot.moved(lead.end()))), failure.spot)
    above = failure.line_above(failure.spot)
    if above is None:
        return None
    row = failure.row(above).strip()
    if ":" not in row and not row.startswith("- "):
        return _bare_line(failure, above)
    return _found(_DEEPER.of(line=f"{above.line + 1:,}"), failure.first(failure.spot))


def _missing_colon(failure: _Failure) -> Found | None:
    return _bare_line(failure, failure.opened) if failure.says("could not find expected ':'") else None


def _bare_line(failure: _Failure, spot: Spot) -> Found:
    row, first = failure.row(spot), failure.first(spot)
    glued = re.fullmatch(r"\s*(?:- +)*([\w-]+):(\S.*)", row)
    if glued:
        return _found(_GLUED.of(key=_cut(glued[1]), value=_cut(glued[2].strip())), first)
    return _found(_NO_COLON.of(shown=_cut(row.strip())), first)


def _bad_tag(failure: _Failure) -> Found | None:
    if not failure.says("scanning a tag", "undefined tag handle", "parsing a tag"):
        return None
    return _found(_TAG.of(remedy=_quoted(failure, failure.opened)), failure.opened)


def _bad_start(failure: _Failure) -> Found | None:
    inner = failure.says("scanning an alias", "scanning an anchor", "scanning a block scalar")
    spot = failure.opened if inner else failure.spot
    sign = failure.sign(spot)
    if sign not in tuple("%@`*&!|>?-,:]}"):
        return None
    if failure.begins_line(spot) and not inner and not failure.says("cannot start any token"):
        return None
    return _found(_SIGN.of(sign=sign, remedy=_quoted(failure, spot)), spot)


def _open_bracket(failure: _Failure) -> Found | None:
    sign = failure.sign(failure.opened)
    ended = not failure.text[failure.spot.offset :].strip()
    if sign not in ("[", "{") or (failure.spot.line == failure.opened.line and not ended):
        return None
    until = "the end" if ended else f"line {failure.spot.line + 1:,}"
    return _found(_BRACKET.of(sign=sign, close=_CLOSING[sign], until=until), failure.opened)


def _comma(failure: _Failure) -> Found | None:
    rest = failure.rest(failure.spot)
    if not rest or not failure.says("',' or"):
        return None
    if rest.startswith(":"):
        remedy = "Write a comma before a new key, or put quotes around a text that holds a colon."
        return _found(_COLON.of(remedy=remedy), failure.spot)
    return _found(_COMMA.of(rest=_cut(rest)), failure.spot)


def _indent(failure: _Failure) -> Found | None:
    column = failure.spot.column + 1
    if not failure.says("while parsing a block") or not failure.begins_line(failure.spot) or not failure.columns:
        return None
    if failure.rest(failure.spot).startswith(":"):
        return _found(_NO_NAME, failure.spot)
    if column in failure.columns:
        return _found(_NO_ENTRY, failure.spot) if failure.says("block collection", "block sequence") else None
    *others, last = map(str, failure.columns)
    columns = f"{', '.join(others)} or {last}" if others else last
    return _found(_INDENT.of(column=str(column), columns=columns), failure.spot)


# The first that has something to say is right; the order matters where two could speak.
_EXPLAINERS: tuple[Callable[[_Failure], Found | None], ...] = (
    _tab,
    _open_quote,
    _escape,
    _after_value,
    _second_colon,
    _missing_colon,
    _bad_tag,
    _open_bracket,
    _comma,
    _bad_start,
    _indent,
)

"""libyaml's events, as they come and as nodes with their paths.

The first pass over a good file takes the events as they come (`builder.py`); whoever asks where something stands
takes the nodes, which cost more. Nothing here keeps a value or judges one.
"""

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, MappingStartEvent, NodeEvent, ScalarEvent
from yaml.scanner import ScannerError

from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.load.yaml.marks import Spot
from hailuo_batch.load.yaml.scalars import Scalar, ScalarRefusal, parse_plain_scalar, parse_tagged_scalar


def parse_events(payload: bytes) -> Iterator[Any]:
    """libyaml's events, or those of PyYAML's own slow parser where it was built without libyaml."""
    if hasattr(yaml, "CSafeLoader"):
        return iter(yaml.CSafeLoader(payload).get_event, None)
    return _parse_events_slowly(payload)


def _parse_events_slowly(payload: bytes) -> Iterator[Any]:
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


def scalar_value(event: Any) -> Scalar | ScalarRefusal:
    """What a scalar means, or why it is not taken."""
    if event.tag is not None:
        return parse_tagged_scalar(event.tag, event.value)
    return parse_plain_scalar(event.value) if event.implicit[0] else event.value


class OpenCollection:
    """An open list or mapping, with what a walk has seen of it."""

    __slots__ = ("is_mapping", "items", "key", "keys", "path")

    def __init__(self, path: DocumentPath, *, is_mapping: bool) -> None:
        self.path = path
        self.is_mapping = is_mapping
        self.items = 0
        self.key: str | None = None  # the key whose value comes next
        self.keys: dict[str | int, Spot] = {}  # where each was first written

    def next_child(self, name: str) -> tuple[DocumentPath, bool]:
        """Path of the node that comes now, and whether it is a key."""
        if not self.is_mapping:
            self.items += 1
            return (*self.path, self.items - 1), False
        if self.key is None:
            self.key = name
            return (*self.path, name), True
        path, self.key = (*self.path, self.key), None
        return path, False


# A node: its event, path and (for a scalar) value, and the mapping it is a key of, where it is a key.
Node = tuple[Any, DocumentPath, Any, OpenCollection | None]


def walk_nodes(payload: bytes) -> Iterator[Node]:
    """Every node in the order of the file; ends with the reader's error where there is one."""
    frames: list[OpenCollection] = []
    anchors: dict[str, Any] = {}  # a key may be an alias to a text
    for event in parse_events(payload):
        if isinstance(event, NodeEvent):
            value = _node_value(event, anchors)
            name = value if isinstance(value, str) else getattr(event, "value", "")
            path, is_key = frames[-1].next_child(name) if frames else ((), False)
            yield event, path, value, frames[-1] if is_key else None
            if isinstance(event, CollectionStartEvent):
                frames.append(OpenCollection(path, is_mapping=isinstance(event, MappingStartEvent)))
        elif isinstance(event, CollectionEndEvent):
            frames.pop()


def _node_value(event: Any, anchors: dict[str, Any]) -> Any:
    if isinstance(event, AliasEvent):
        return anchors.get(str(event.anchor))
    value = scalar_value(event) if isinstance(event, ScalarEvent) else event
    if event.anchor is not None:
        anchors[event.anchor] = value
    return value

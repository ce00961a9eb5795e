"""Keys that are written twice or are no text, each with its place.

The first pass only learns that a mapping has such a key, for its dicts are made in one go; this is the second pass.
No value of a key is read.
"""

from collections.abc import Iterator
from contextlib import suppress

import yaml
from yaml.events import CollectionStartEvent, MappingStartEvent

from hailuo_batch.core import rules
from hailuo_batch.load.yaml.events import walk_nodes
from hailuo_batch.load.yaml.marks import Spot, event_start
from hailuo_batch.load.yaml.messages import (
    DUPLICATE_KEY,
    DUPLICATE_MERGE_KEY,
    KEY_NOT_TEXT,
    NAMELESS_KEY_NOT_TEXT,
    Message,
    shorten,
)
from hailuo_batch.load.yaml.problems import Finding, make_finding
from hailuo_batch.load.yaml.scalars import ScalarRefusal


def find_invalid_keys(payload: bytes) -> Iterator[Finding]:
    """Every key that is repeated in its mapping, or is not text."""
    with suppress(yaml.YAMLError):  # reported already
        for event, path, value, mapping in walk_nodes(payload):
            if mapping is None or (isinstance(value, ScalarRefusal) and value.message.rule == rules.YAML_TAG):
                continue  # no key, or one whose tag was refused already
            spot = event_start(event)
            first = mapping.keys.setdefault(path[-1], spot)
            if not isinstance(value, str):
                yield make_finding(
                    _non_text_key(value, str(path[-1])), spot, path=path if path[-1] else path[:-1], on_key=True
                )
            elif first != spot:
                yield make_finding(_duplicate_key(value, first), spot, path=path, on_key=True)


def _non_text_key(value: object, written: str) -> Message:
    kind = _value_kind(value)
    return KEY_NOT_TEXT.fill(key=shorten(written), kind=kind) if written else NAMELESS_KEY_NOT_TEXT.fill(kind=kind)


def _duplicate_key(key: str, first: Spot) -> Message:
    words = DUPLICATE_MERGE_KEY if key == "<<" else DUPLICATE_KEY
    return words.fill(key=shorten(key), line=f"{first.line + 1:,}", column=f"{first.column + 1:,}")


def _value_kind(value: object) -> str:
    if isinstance(value, CollectionStartEvent):
        return "a mapping" if isinstance(value, MappingStartEvent) else "a list"
    if value is None:
        return "nothing"
    return "true or false" if isinstance(value, bool) else "a number"

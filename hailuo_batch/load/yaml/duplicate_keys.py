"""Keys that are written twice or are no text, each with its place.

The first pass only learns that a mapping has such a key, for its dicts are made in one go; this is the second pass.
No value of a key is looked at.
"""

from collections.abc import Iterator
from contextlib import suppress

import yaml
from yaml.events import CollectionStartEvent, MappingStartEvent

from hailuo_batch.load.yaml.events import nodes
from hailuo_batch.load.yaml.marks import Spot, start
from hailuo_batch.load.yaml.messages import DUPLICATE, DUPLICATE_MERGE, KEY, NO_KEY, Words, cut
from hailuo_batch.load.yaml.problems import Finding, found
from hailuo_batch.load.yaml.scalars import Refusal


def wrong_keys(payload: bytes) -> Iterator[Finding]:
    """Every key that is repeated in its mapping, or is not text."""
    with suppress(yaml.YAMLError):  # reported already
        for event, path, value, mapping in nodes(payload):
            if mapping is None or (isinstance(value, Refusal) and value.words.code == "yaml-tag"):
                continue  # no key, or one whose tag was refused already
            spot = start(event)
            first = mapping.keys.setdefault(path[-1], spot)
            if not isinstance(value, str):
                yield found(_bad_key(value, str(path[-1])), spot, path=path if path[-1] else path[:-1], on_key=True)
            elif first != spot:
                yield found(_repeated(value, first), spot, path=path, on_key=True)


def _bad_key(value: object, written: str) -> Words:
    kind = _kind(value)
    return KEY.of(key=cut(written), kind=kind) if written else NO_KEY.of(kind=kind)


def _repeated(key: str, first: Spot) -> Words:
    words = DUPLICATE_MERGE if key == "<<" else DUPLICATE
    return words.of(key=cut(key), line=f"{first.line + 1:,}", column=f"{first.column + 1:,}")


def _kind(value: object) -> str:
    if isinstance(value, CollectionStartEvent):
        return "a mapping" if isinstance(value, MappingStartEvent) else "a list"
    if value is None:
        return "nothing"
    return "true or false" if isinstance(value, bool) else "a number"

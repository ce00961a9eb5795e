"""Texts without quotes that YAML ends at a blank and `#`: "A sign reading #1 in gold" is "A sign reading".

People write comments with a blank behind the `#`, so a word right behind it was most likely meant to be text.
"""

import re
from collections.abc import Iterator

import yaml
from yaml.events import ScalarEvent

from hailuo_batch.load.yaml.events import walk_nodes
from hailuo_batch.load.yaml.marks import event_start, mark_to_spot
from hailuo_batch.load.yaml.messages import TEXT_CUT, shorten
from hailuo_batch.load.yaml.problems import Finding, make_finding

_CUT = re.compile(rb"^[^\"'#\r\n]*[^\s:#-] +#[^\s#!]", re.MULTILINE)
_REST = re.compile(r" +(#[^\s#!][^\r\n]*)")


def find_cut_texts(payload: bytes) -> Iterator[Finding]:
    """A warning for each text of several words that ends so; a file without such a line costs one search."""
    if b" #" not in payload or not _CUT.search(payload):
        return
    text = payload.decode(errors="replace")
    try:
        for event, path, value, _ in walk_nodes(payload):
            if event.__class__ is ScalarEvent and event.implicit[0] and isinstance(value, str) and " " in value:
                rest = _REST.match(text, mark_to_spot(event.end_mark).offset)
                if rest is not None:
                    words = TEXT_CUT.fill(shown=shorten(rest[1]), end=shorten(value[-40:].rpartition(" ")[2]))
                    yield make_finding(words, event_start(event), path=path)
    except yaml.YAMLError:
        return  # which is reported with its own words

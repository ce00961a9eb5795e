"""The place of the value or key at a path, found in a second pass: a file without problems never pays for it.

An alias is placed where it is used, what `<<` brought in where it is written. No value is built or judged here.
"""

import codecs
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import yaml
from yaml.events import AliasEvent, SequenceStartEvent

from hailuo_batch.core.problem import DocumentPath, Place
from hailuo_batch.load.yaml.events import Node, walk_nodes
from hailuo_batch.load.yaml.marks import TOP_OF_FILE, Spot, event_start, make_place


def locate(
    document_data: bytes, wanted: Iterable[tuple[DocumentPath, bool]], *, name: str
) -> dict[tuple[DocumentPath, bool], Place]:
    """The place of the value (False) or the key (True) at each path, or of the nearest parent there is.

    What an alias brought in is placed where the alias is used, what `<<` brought in where it is written.
    """
    payload = document_data.removeprefix(codecs.BOM_UTF8)
    paths = list(wanted)
    survey = _NodeIndex(path for path, _ in paths)
    with suppress(yaml.YAMLError):  # what stands before a syntax error can be placed all the same
        survey.add_nodes(walk_nodes(payload))
    text = payload.decode(errors="replace")
    return {(path, on_key): make_place(survey.find_spot(path, on_key=on_key), text, name) for path, on_key in paths}


class _NodeIndex:
    """Where nodes stand, of the wanted paths, of all that leads to them, and of all that `<<` may bring in."""

    __slots__ = ("anchors", "keys", "live", "merges", "values")

    def __init__(self, paths: Iterable[DocumentPath]) -> None:
        self.live = {path[:depth] for path in paths for depth in range(len(path) + 1)}
        self.values: dict[DocumentPath, Spot] = {}
        self.keys: dict[DocumentPath, Spot] = {}
        self.merges: dict[DocumentPath, list[DocumentPath]] = {}
        self.anchors: dict[str, DocumentPath] = {}

    def add_nodes(self, nodes: Iterable[Node]) -> None:
        """Goes through a whole document."""
        kept: DocumentPath | None = None  # the anchored or merged collection we are in: all of it is kept
        for event, path, _, mapping in nodes:
            if kept is not None and path[: len(kept)] != kept:
                kept = None
            if kept is None and path not in self.live and not self._may_be_merged(event, path):
                continue
            if mapping is not None:
                self.keys[path] = event_start(event)
                continue
            self.values[path] = event_start(event)
            if kept is None and self._may_be_merged(event, path):
                kept = path
            self._note_merge(event, path)

    def _may_be_merged(self, event: Any, path: DocumentPath) -> bool:
        return (event.anchor is not None and not isinstance(event, AliasEvent)) or path[-1:] == ("<<",)

    def _note_merge(self, event: Any, path: DocumentPath) -> None:
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

    def find_spot(self, path: DocumentPath, *, on_key: bool) -> Spot:
        """Line and column of what stands at a path, counted from 0."""
        here: DocumentPath = ()
        for step in path:
            child = self._find_child(here, step)
            if child is None:
                return self.values.get(here, TOP_OF_FILE)
            here = child
        return (self.keys.get(here) if on_key else None) or self.values.get(here, TOP_OF_FILE)

    def _find_child(self, parent: DocumentPath, step: str | int) -> DocumentPath | None:
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

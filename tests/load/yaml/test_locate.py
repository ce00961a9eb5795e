"""A path is found where a person would look for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from yaml_samples import TREES

from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.load.document import locate

PLACED = """\
base: &base
  prompt: mist
  frames: {first: a.png}
shots:
- id: one
  <<: *base
  frames: {first: b.png}
- <<: [*base, {takes: 2}]
- *base
"""


@pytest.mark.parametrize(
    ("path", "on_key", "expected"),
    [
        ((), False, "1:1"),
        (("base", "frames", "first"), False, "3:19"),
        (("base", "frames", "first"), True, "3:12"),
        (("shots",), True, "4:1"),
        (("shots", 0), False, "5:3"),
        (("shots", 0, "id"), True, "5:3"),
        (("shots", 0, "frames", "first"), False, "7:19"),  # its own
        (("shots", 0, "prompt"), False, "2:11"),  # merged: where it is written
        (("shots", 0, "prompt"), True, "2:3"),
        (("shots", 1, "frames", "first"), False, "3:19"),
        (("shots", 1, "takes"), False, "8:23"),
        (("shots", 2), False, "9:3"),
        (("shots", 2, "prompt"), False, "9:3"),  # an alias: where it is used
        (("shots", 0, "missing"), True, "5:3"),  # what is missing: the nearest parent
        (("shots", 7, "id"), False, "5:1"),
        (("nothing", "here"), False, "1:1"),
    ],
)
def test_a_path_is_found_where_a_person_would_look_for_it(path: DocumentPath, on_key: bool, expected: str) -> None:
    place = locate(PLACED.encode(), [(path, on_key)], name="x.yaml")[path, on_key]
    assert f"{place.line}:{place.column}" == expected
    assert place.text == PLACED.splitlines()[place.line - 1]


def test_what_stands_before_a_syntax_error_is_placed_all_the_same() -> None:
    wanted = [(("a", "b"), False), (("z",), False)]
    places = locate(b"a: {b: 1}\nc: d: e\n", wanted, name="x.yaml")
    assert [(place.line, place.column) for place in places.values()] == [(1, 8), (1, 1)]


@given(TREES)
def test_every_path_is_found_where_it_was_written(value: dict[str, Any]) -> None:
    written = Writer()
    written.mapping(value, (), 0)
    wanted = dict.fromkeys(written.places)
    places = locate("\n".join(written.lines).encode(), wanted, name="x.yaml")
    assert {key: (place.line, place.column) for key, place in places.items()} == written.places


class Writer:
    """Writes a tree in block style and notes where it put each key and value."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[tuple[DocumentPath, bool], tuple[int, int]] = {}

    def mapping(self, value: dict[str, Any], path: DocumentPath, indent: int) -> None:
        for key, inner in value.items():
            self.places[(*path, key), True] = (len(self.lines) + 1, indent + 1)
            self.entry(" " * indent + json.dumps(key, ensure_ascii=False) + ":", inner, (*path, key), indent)

    def sequence(self, value: list[Any], path: DocumentPath, indent: int) -> None:
        for number, inner in enumerate(value):
            self.entry(" " * indent + "-", inner, (*path, number), indent)

    def entry(self, head: str, value: Any, path: DocumentPath, indent: int) -> None:
        if value and isinstance(value, dict | list):
            self.lines.append(head)
            self.places[path, False] = (len(self.lines) + 1, indent + 3)
            if isinstance(value, dict):
                self.mapping(value, path, indent + 2)
            else:
                self.sequence(value, path, indent + 2)
        else:
            self.lines.append(f"{head} {json.dumps(value, ensure_ascii=False)}")
            self.places[path, False] = (len(self.lines), len(head) + 2)

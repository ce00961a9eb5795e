"""What JSON Schema refuses in the items of a long list. What is wrong in the same way is described once.

Finding the words for one item takes as long as checking a thousand, and people are shown a few dozen.
"""

import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.problem import DocumentPath, Problem
from hailuo_batch.load.schemas import matches_property, matches_schema, read_schema

FEWEST_DESCRIBED = 500  # mistakes of items; where fewer are shown, the most important of so many are
# With these keywords alone, what is wrong with one value of an item depends on no other.
_INDEPENDENT = frozenset(
    {
        "type",
        "required",
        "properties",
        "patternProperties",
        "additionalProperties",
        "description",
        "default",
        "examples",
    }
)
_Describe = Callable[[object, DocumentPath], Iterable[Problem]]
_Parts = Iterator[tuple[Hashable, object]]


def find_item_problems(
    name: str, items: Sequence[object], *, many: str, definition: str, most: int, describe: _Describe
) -> Iterator[Problem]:
    """Everything that a definition refuses in a list, as many mistakes as are shown at `most`.

    The others come as one `rules.MORE` with a count.
    """
    schema = read_schema(name)["definitions"][definition]
    known: dict[Hashable, tuple[Problem, ...]] = {}
    hidden = 0
    for index, item in enumerate(items):
        if matches_schema(name, item, definition=definition):
            continue
        parts: _Parts = iter([(index, item)])
        if isinstance(item, dict) and schema.keys() <= _INDEPENDENT:
            parts = _split_item(name, definition, item, schema)
        for part, sample in parts:
            if part not in known and len(known) >= max(most, FEWEST_DESCRIBED):
                hidden += 1
                continue
            if part not in known:
                known[part] = tuple(describe(sample, (many, 0)))
            yield from (replace(each, path=(many, index, *each.path[2:])) for each in known[part])
    if hidden:
        yield Problem(rule=rules.MORE, why="", path=(many,), count=hidden)


def _split_item(name: str, definition: str, item: dict[Any, object], schema: Mapping[str, Any]) -> _Parts:
    """What is wrong with an item: what tells each mistake from others, and an item that has only this one."""
    right = {key: schema["default"][key] for key in schema["required"]}
    missing = tuple(key for key in right if key not in item)
    if missing:
        yield missing, {key: value for key, value in right.items() if key not in missing}
    for key, value in item.items():
        is_own = isinstance(key, str) and key.startswith("x-")  # a column of the user's own
        if not is_own and not matches_property(name, key, value, definition=definition):
            yield (key, json.dumps(value, default=str)), {**right, key: value}

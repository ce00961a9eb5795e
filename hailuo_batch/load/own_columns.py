"""Columns of the user's own in a manifest: what is below `meta`, and keys that begin with `x-`.

They are kept as they are written, numbers too: `1.50` and `010` are text. A secret in them is refused like elsewhere.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.document import Manifest, Meta
from hailuo_batch.core.problem import SECRET_NAME, DocumentPath, Problem

_SHORTEST_SECRET = 8  # characters without a blank


def is_own_column(path: DocumentPath) -> bool:
    """Whether a value is in a column of the user's own."""
    return _find_column(path) > 0


def _find_column(path: DocumentPath) -> int:
    """How many parts of a path lead to its column; 0 where it is in none."""
    start = 2 if path[:1] in {("shots",), ("sequences",)} else 0
    if path[start : start + 1] == ("overrides",):
        start += 2
    name = path[start] if len(path) > start else None
    return start + 1 if isinstance(name, str) and (name == "meta" or name.startswith("x-")) else 0


def put_written(tree: dict[str, Any], written: Mapping[DocumentPath, str]) -> None:
    """Puts numbers of own columns back as they were written; what an alias shares with other keys stays a number."""
    own: set[DocumentPath] = set()
    for path, words in written.items():
        length = _find_column(path)
        if not length:
            continue
        with suppress(LookupError):  # below a merge key, which is not in the values
            holder = _walk(tree, path[: length - 1])
            if path[:length] not in own:
                own.add(path[:length])
                holder[path[length - 1]] = deepcopy(holder[path[length - 1]])
            _walk(tree, path[:-1])[path[-1]] = words


def _walk(tree: Any, path: DocumentPath) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def find_secret_columns(manifest: Manifest) -> Iterator[Problem]:
    """A problem for each own column that is named like a secret and has a word that could be one."""
    yield from _search_columns(manifest.meta, ())
    for sequence in manifest.sequences:
        yield from _search_columns(sequence.meta, ("sequences", sequence.index))
    for entry in manifest.shots:
        if not entry.meta and not entry.overrides:
            continue
        yield from _search_columns(entry.meta, ("shots", entry.index))
        for number, override in enumerate(entry.overrides):
            yield from _search_columns(override.meta, ("shots", entry.index, "overrides", number))


def _search_columns(meta: Meta, place: DocumentPath) -> Iterator[Problem]:
    for name, value in meta:
        yield from _search_value(name, value, (*place, *(() if name.startswith("x-") else ("meta",)), name))


def _search_value(name: str, value: object, path: DocumentPath) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _search_value(key, each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _search_value(name, each, (*path, number))
    elif isinstance(value, str) and _may_be_secret(value) and SECRET_NAME.search(name):
        why = f'"{name}" looks like a secret. Keys come from the environment, not from a file.'
        remedy = "Delete it, and renew the key if it was ever committed."
        yield Problem(rule=rules.SECRET, why=why, remedy=remedy, path=path, on_key=True)


def _may_be_secret(words: str) -> bool:
    """Whether a value could be a key: one word that is not short."""
    return len(words) >= _SHORTEST_SECRET and len(words.split()) == 1

"""Places, values and kinds of a document in plain words, for messages about its form."""

import json
import re
from typing import Any

from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.problem import DocumentPath

_TYPE_NAMES = {
    "object": "a mapping (name: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def describe_place(path: DocumentPath) -> str:
    """Where something is, to end a sentence with: `in a shot`."""
    if not path:
        return "at the top of the file"
    names = [str(part) for part in path if isinstance(part, str)]
    if isinstance(path[-1], str):
        return f"in {path_name(path)}"
    return f"in {_ITEM_NAMES.get(names[-1], f'an entry of {names[-1]}')}"


_GROUP_KEYS = {"vars", "styles", "frames", "budget", "matrix"}  # whose members are called by both names
_ITEM_NAMES = {
    "shots": "a shot",
    "sequences": "a sequence",
    "providers": "a provider's name",
    "tags": "a tag",
    "ignore": "a rule",
    "exclude": "a cell to leave out",
    "include": "a cell to add",
    "overrides": "an override",
}


def example_remedy(key: object, schema: dict[str, Any]) -> str:
    """The schema's first example, as a line that can be copied; empty where it has none."""
    examples = schema.get("examples")
    if key is None or not examples:
        return ""
    return f"For example:  {'-' if isinstance(key, int) else f'{key}:'} {flow_yaml(examples[0])}"


def flow_yaml(value: object) -> str:
    """A value as one line of YAML, with quotes only where it needs them.

    >>> flow_yaml({"first": "assets/open.png"}), flow_yaml(["hero", "client:acme"]), flow_yaml("a, b")
    ('{first: assets/open.png}', '[hero, client:acme]', '"a, b"')
    """
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow_yaml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(flow_yaml, value)) + "]"
    return value if isinstance(value, str) and _PLAIN_WORD.match(value) else json.dumps(value, ensure_ascii=False)


_PLAIN_WORD = re.compile(r"[A-Za-z$][\w./${}-]*(?::\w+)?\Z")


def as_list(kinds: str | list[str]) -> list[str]:
    """The kinds that a schema allows, of which it may write one alone."""
    return kinds if isinstance(kinds, list) else [kinds]


def describe_kinds(kinds: list[str]) -> str:
    """Kinds of values, as people call them."""
    *others, last = (_TYPE_NAMES[kind] for kind in kinds)
    return f"{', '.join(others)}, or {last}" if others else last


def path_name(path: DocumentPath) -> str:
    """What people call the value at a path."""
    names = [part for part in path if isinstance(part, str)]
    if not names:
        return "the file"
    if len(names) > 1 and path[-2] in _GROUP_KEYS:
        return f"{names[-2]}.{names[-1]}"
    return names[-1] if isinstance(path[-1], str) else _ITEM_NAMES.get(names[-1], f"an entry of {names[-1]}")


def display_value(value: object) -> str:
    """A value as a message shows it, on one line and not too long."""
    match value:
        case None | "":
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return quote_text(value)
        case int() | float():
            return str(value)[:60]
        case list():
            return "a list" if value else "an empty list"
    return "a mapping"

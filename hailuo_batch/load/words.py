"""What JSON Schema refuses, in plain words: one problem for each thing a person has to change.

Only called when there is something to say; the library that finds the words is loaded then.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from hailuo_batch.core.problem import Path, Problem, did_you_mean
from hailuo_batch.load.schemas import holds, read_schema

Refused = Any  # jsonschema's ValidationError, whose stubs type each member as perhaps unset

_KEY_NAME = re.compile(r"api[_-]?key|token|secret|password|authorization|bearer", re.IGNORECASE)
_TYPES = {
    "object": "a mapping (name: value)",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}


def refusals(name: str, tree: object, *, many: str = "", definition: str = "") -> Iterator[Problem]:
    """Everything a schema refuses in a document.

    The items of the list `many`, each held against `definition`, are only looked into when the quick check refuses
    them: a list of 100,000 with one mistake costs little more than the mistake.
    """
    from jsonschema import Draft7Validator

    schema = read_schema(name)
    whole = tree
    if many and isinstance(tree, dict) and isinstance(tree.get(many), list):
        whole = {**tree, many: tree[many][:0] or _stand_in(tree[many])}
        sub = Draft7Validator({"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]})
        for index, item in enumerate(tree[many]):
            if not holds(name, item, definition=definition):
                for error in sub.iter_errors(item):
                    yield from _in_words(error, (many, index))
    for error in Draft7Validator(schema).iter_errors(whole):
        yield from _in_words(error, ())


def _stand_in(items: list[object]) -> list[object]:
    """A list that says no more than whether there is anything in it."""
    return [{"id": "stand-in"}] if items else []


def _in_words(error: Refused, base: Path) -> Iterator[Problem]:
    path: Path = (*base, *error.absolute_path)
    say = _SAYINGS.get(str(error.validator), _otherwise)
    yield from say(error, path)


def _unknown_keys(error: Refused, path: Path) -> Iterator[Problem]:
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key in known:
            continue
        where = (*path, key)
        if _KEY_NAME.search(key):
            why = f'"{key}" looks like a secret. Keys come from the environment, never from a file in git.'
            remedy = "Take it out, and renew the key if it was ever committed."
            yield Problem(code="secret", summary="secret in file", why=why, remedy=remedy, path=where, on_key=True)
        else:
            remedy = did_you_mean(key, known) or f"Known here: {', '.join(sorted(known))}."
            why = f'"{key}" means nothing {_here(path)}.'
            yield Problem(code="key-unknown", summary="unknown key", why=why, remedy=remedy, path=where, on_key=True)


def _here(path: Path) -> str:
    if not path:
        return "at the top of the file"
    names = [str(part) for part in path if isinstance(part, str)]
    return f"in {names[-1]}" if isinstance(path[-1], str) else f"in an entry of {names[-1]}"


def _missing(error: Refused, path: Path) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance:
            why = f'"{key}" is needed {_here(path)}.'
            example = error.schema.get("properties", {}).get(key, {}).get("examples", [None])[0]
            remedy = f"For example:  {key}: {example}" if isinstance(example, str | int) else ""
            yield Problem(code="key-missing", summary="missing key", why=why, remedy=remedy, path=path)


def _wrong_type(error: Refused, path: Path) -> Iterator[Problem]:
    wanted = error.validator_value if isinstance(error.validator_value, list) else [error.validator_value]
    want = " or ".join(_TYPES[kind] for kind in wanted)
    why = f"{_name(path)} is {_shown(error.instance)}, and should be {want}."
    yield Problem(code="type", summary="wrong kind of value", why=why, remedy=_type_remedy(error, wanted), path=path)


def _type_remedy(error: Refused, wanted: list[str]) -> str:
    value = error.instance
    if wanted == ["string"] and isinstance(value, list):
        return 'Text that starts with [ must be in quotes: "[Push in] mist clears".'
    if "boolean" in wanted and isinstance(value, str):
        says_yes = value.casefold() in {"yes", "on", "y", "true"}
        return f"Write {'true' if says_yes else 'false'}." if value.casefold() in _SPOKEN else ""
    if wanted == ["string"] and isinstance(value, bool | int | float):
        return f'Put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}".'
    if value is None:
        return "Write a value, or take the key out."
    return ""


_SPOKEN = {"yes", "on", "y", "true", "no", "off", "n", "false"}


def _not_one_of(error: Refused, path: Path) -> Iterator[Problem]:
    choices = [str(choice) for choice in error.validator_value]
    why = f"{_name(path)} is {_shown(error.instance)}."
    remedy = did_you_mean(str(error.instance), choices) or f"Choose one of {', '.join(choices)}."
    yield Problem(code="choice", summary="not one of the choices", why=why, remedy=remedy, path=path)


def _wrong_version(error: Refused, path: Path) -> Iterator[Problem]:
    why = f"{_name(path)} is {_shown(error.instance)}; this tool reads version {error.validator_value}."
    yield Problem(code="version", summary="version not known", why=why, remedy="Write version: 1.", path=path)


def _no_branch(error: Refused, path: Path) -> Iterator[Problem]:
    """Of several allowed forms, the one that the value was meant to be is spoken about."""
    meant = [sub for sub in error.context or () if sub.validator != "type" or len(sub.absolute_path) > len(path)]
    branches = {sub.relative_schema_path[0] for sub in meant}
    if isinstance(error.instance, dict) and branches:
        branch = _meant_branch(error, branches)
        for sub in meant:
            if sub.relative_schema_path[0] == branch:
                yield from _in_words(sub, path[: len(path) - len(error.absolute_path)])
        return
    yield from _duration(error, path) if path[-1:] == ("duration",) else _otherwise(error, path)


def _meant_branch(error: Refused, branches: set[Any]) -> object:
    """The form whose keys the value shares most."""

    def shared(branch: Any) -> int:
        known = error.validator_value[branch].get("properties", {})
        return len(known.keys() & error.instance.keys())

    return max(sorted(branches), key=shared)


def _duration(error: Refused, path: Path) -> Iterator[Problem]:
    why = f"duration is {_shown(error.instance)}, and should be a whole number of seconds, short or long."
    number = re.match(r"\s*(\d+)\s*(s|sec|seconds)?\s*\Z", str(error.instance))
    remedy = f"Write {number[1]}." if number and isinstance(error.instance, str) else ""
    yield Problem(code="type", summary="wrong kind of value", why=why, remedy=remedy, path=path)


def _wrong_form(error: Refused, path: Path) -> Iterator[Problem]:
    shape = str(error.schema.get("description", "")).split(". ")[-1]
    why = f"{_name(path)} is {_shown(error.instance)}."
    yield Problem(code="form", summary="wrong form", why=why, remedy=shape, path=path)


def _wrong_name(error: Refused, path: Path) -> Iterator[Problem]:
    why = f'"{error.instance}" cannot be a name {_here(path)}.'
    remedy = "Names begin with a letter and hold letters, digits, dash and underscore; `none` is taken."
    where = (*path, error.instance)
    yield Problem(code="name", summary="name not usable", why=why, remedy=remedy, path=where, on_key=True)


def _out_of_range(error: Refused, path: Path) -> Iterator[Problem]:
    low, high = error.schema.get("minimum"), error.schema.get("maximum")
    bounds = f"{low} to {high}" if high is not None else f"{low} or more"
    why = f"{_name(path)} is {_shown(error.instance)}; it may be {bounds}."
    yield Problem(code="range", summary="out of range", why=why, path=path)


def _empty(_: Refused, path: Path) -> Iterator[Problem]:
    yield Problem(code="empty", summary="nothing there", why=f"{_name(path)} is empty.", path=path)


def _twice(error: Refused, path: Path) -> Iterator[Problem]:
    why = f"{_name(path)} names something twice: {_shown(error.instance)}."
    yield Problem(code="twice", summary="named twice", why=why, path=path)


def _otherwise(error: Refused, path: Path) -> Iterator[Problem]:
    wanted = str(error.schema.get("description", "")).split(". ")[0].rstrip(".")
    why = f"{_name(path)} is {_shown(error.instance)}. Wanted: {wanted or error.message}."
    yield Problem(code="form", summary="wrong form", why=why, path=path)


def _name(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    return f"{'an entry of ' if path and isinstance(path[-1], int) else ''}{names[-1]}" if names else "the file"


def _shown(value: object) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value[:60]}{"…" if len(value) > 60 else ""}"'
        case int() | float():
            return str(value)[:60]
        case list():
            return f"a list of {len(value)}"
    return "a mapping"


_SAYINGS: dict[str, Callable[[Refused, Path], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing,
    "type": _wrong_type,
    "enum": _not_one_of,
    "const": _wrong_version,
    "anyOf": _no_branch,
    "pattern": _wrong_form,
    "propertyNames": _wrong_name,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "minItems": _empty,
    "minLength": _empty,
    "minProperties": _empty,
    "uniqueItems": _twice,
}

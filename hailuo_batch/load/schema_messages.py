"""What JSON Schema refuses, in plain words: one problem for each thing a person has to change.

Only called when there is something to say; the library that finds the words is loaded then.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.problem import SECRET_NAME, DocumentPath, Problem, did_you_mean
from hailuo_batch.core.rules import RULES
from hailuo_batch.load.schema_items import find_item_problems
from hailuo_batch.load.schema_words import (
    as_list,
    describe_kinds,
    describe_place,
    display_value,
    example_remedy,
    flow_yaml,
    path_name,
)
from hailuo_batch.load.schemas import read_schema

SchemaViolation = Any  # jsonschema's ValidationError, whose stubs type each member as perhaps unset


def find_schema_problems(
    name: str, tree: object, *, many: str = "", definition: str = "", most: int = 0, base: DocumentPath = ()
) -> Iterator[Problem]:
    """Everything a schema, or its `definition`, refuses in a document, or in what stands at `base` in one.

    The items of the list `many`, each held against `definition`, are only read when the quick check refuses
    them: a list of 100,000 with one mistake costs little more than the mistake.
    """
    from jsonschema import Draft7Validator

    schema = read_schema(name)
    if definition and not many:
        schema = {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]}
    whole = tree
    if many and isinstance(tree, dict) and isinstance(tree.get(many), list):
        whole = {**tree, many: tree[many][:0] or _placeholder_items(tree[many])}
        sub = Draft7Validator({"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]})

        def describe(item: object, place: DocumentPath) -> Iterator[Problem]:
            return _describe_errors(sub.iter_errors(item), place)

        yield from find_item_problems(name, tree[many], many=many, definition=definition, most=most, describe=describe)
    yield from _describe_errors(Draft7Validator(schema).iter_errors(whole), base)


def _placeholder_items(items: list[object]) -> list[object]:
    """A list that says no more than whether there is anything in it."""
    return [{"id": "stand-in"}] if items else []


def _describe_errors(errors: Iterable[SchemaViolation], base: DocumentPath) -> Iterator[Problem]:
    """One problem for each mistake: a value that is none of the choices is not also said to be of the wrong kind."""
    errors = tuple(errors)
    chosen = {tuple(error.absolute_path) for error in errors if error.validator in {"enum", "const"}}
    shown = (error for error in errors if error.validator != "type" or tuple(error.absolute_path) not in chosen)
    # The library has an error for each missing key, and none says which: each of them names all, and once is enough.
    yield from dict.fromkeys(problem for error in shown for problem in _describe_error(error, base))


def _describe_error(error: SchemaViolation, base: DocumentPath) -> Iterator[Problem]:
    path: DocumentPath = (*base, *error.absolute_path)
    describe = _DESCRIBERS.get(str(error.validator), _other_violation)
    yield from (_wrong_name if "propertyNames" in error.relative_schema_path else describe)(error, path)


def _unknown_keys(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    known = error.schema.get("properties", {})
    for key in error.instance:
        if key in known or key.startswith("x-"):
            continue
        where = (*path, key)
        if SECRET_NAME.search(key):
            why = f'"{key}" looks like a secret. Keys come from the environment, never from a file in git.'
            remedy = "Delete it, and renew the key if it was ever committed."
            yield Problem(rule=rules.SECRET, why=why, remedy=remedy, path=where, on_key=True)
        else:
            remedy = did_you_mean(key, known) or f"Known here: {', '.join(sorted(known))}."
            why = f'"{key}" means nothing {describe_place(path)}.'
            yield Problem(rule=rules.KEY_UNKNOWN, why=why, remedy=remedy, path=where, on_key=True)


def _missing_keys(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    for key in error.validator_value:
        if key not in error.instance:
            why = f'"{key}" is needed {describe_place(path)}.'
            remedy = example_remedy(key, error.schema.get("properties", {}).get(key, {}))
            if key == "campaign" and "shots" in error.instance:
                remedy += "\nIf it is a file that manifests include, name one of those."
            yield Problem(rule=rules.KEY_MISSING, why=why, remedy=remedy, path=path)


def _wrong_type(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    wanted = as_list(error.validator_value)
    why = f"{path_name(path)} is {display_value(error.instance)}, and should be {describe_kinds(wanted)}."
    yield Problem(rule=rules.TYPE, why=why, remedy=_type_remedy(error, wanted, path), path=path)


def _type_remedy(error: SchemaViolation, wanted: list[str], path: DocumentPath) -> str:
    value = error.instance
    if wanted == ["string"] and isinstance(value, list):
        words = 'Text that starts with [ must be in quotes: "[Push in] mist clears".'
        return words if path[-1] == "prompt" else "Write it without the brackets."
    if "boolean" in wanted and isinstance(value, str):
        says_yes = value.casefold() in {"yes", "on", "y", "true"}
        return f"Write {'true' if says_yes else 'false'}." if value.casefold() in _BOOLEAN_WORDS else ""
    if wanted == ["string"] and isinstance(value, bool | int | float):
        return f'Put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}".'
    if value is None and path not in _REQUIRED_PATHS:
        return "Write a value, or take the key out."
    if wanted == ["array"]:
        scalar = isinstance(value, str | int | float)
        return (
            f"Put it in square brackets: [{flow_yaml(value)}]."
            if scalar
            else "Begin each entry with a dash and a blank."
        )
    return example_remedy(path[-1] if path else None, error.schema)


_REQUIRED_PATHS = {("version",), ("campaign",), ("shots",)}
_BOOLEAN_WORDS = {"yes", "on", "y", "true", "no", "off", "n", "false"}


def _wrong_choice(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    choices = [str(choice) for choice in error.validator_value]
    why = f"{path_name(path)} is {display_value(error.instance)}."
    remedy = did_you_mean(str(error.instance), choices) or f"Choose one of {', '.join(choices)}."
    if path[:2] == ("lint", "ignore") and any(error.instance == rule.id for rule in RULES):
        remedy = "This rule is no warning of a manifest, so it always counts. Delete the line."
    yield Problem(rule=rules.CHOICE, why=why, remedy=remedy, path=path)


def _wrong_version(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    why = f"{path_name(path)} is {display_value(error.instance)}; this tool reads version {error.validator_value}."
    yield Problem(rule=rules.VERSION, why=why, remedy="Write version: 1.", path=path)


def _no_matching_branch(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    """Of several allowed forms, the one that the value was meant to be is spoken about."""
    if path and path[-1] in _LENGTHS and not isinstance(error.instance, dict):
        yield from _wrong_length(error, path)
        return
    causes: dict[int, list[SchemaViolation]] = {}
    for sub in error.context or ():
        causes.setdefault(sub.relative_schema_path[0], []).append(sub)
    alike = {branch: found for branch, found in causes.items() if not any(map(_is_other_kind, found))}
    only_kinds = all(form.keys() == {"type"} for form in error.validator_value)
    if not alike and (only_kinds or not error.schema.get("description")):
        yield from _none_of_the_kinds(error, [found[0] for found in causes.values()], path)
    elif (meant := _closest_branch(error, alike)) is not None:
        for sub in alike[meant]:
            yield from _describe_error(sub, path[: len(path) - len(error.absolute_path)])
    else:
        yield from _other_violation(error, path)


def _is_other_kind(cause: SchemaViolation) -> bool:
    """Whether the value has none of the kinds that a form wants, which may be a choice of kinds itself."""
    if cause.validator == "anyOf":
        return not cause.relative_path and all(map(_is_other_kind, cause.context))
    return cause.validator == "type" and not cause.relative_path


def _wanted_kinds(cause: SchemaViolation) -> list[str]:
    if cause.validator == "anyOf":
        return [kind for part in cause.context for kind in _wanted_kinds(part)]
    return as_list(cause.validator_value)


def _none_of_the_kinds(error: SchemaViolation, causes: list[SchemaViolation], path: DocumentPath) -> Iterator[Problem]:
    """A value whose kind none of the forms has: all kinds are named, and an example is shown."""
    kinds = [kind for cause in causes for kind in _wanted_kinds(cause)]
    is_shown = "examples" in error.schema
    form, wanted = (error, kinds) if is_shown else (causes[0], _wanted_kinds(causes[0]))
    why = f"{path_name(path)} is {display_value(error.instance)}, and should be {describe_kinds(kinds)}."
    yield Problem(rule=rules.TYPE, why=why, remedy=_type_remedy(form, wanted, path), path=path)


def _closest_branch(error: SchemaViolation, branches: dict[int, list[SchemaViolation]]) -> int | None:
    """The only form of the value's kind, or the mapping whose keys it shares most; None when none is nearest."""
    value = error.instance
    if value in ("", {}):
        return None
    if len(branches) == 1:
        return next(iter(branches))

    def shared(branch: int) -> int:
        return len(error.validator_value[branch].get("properties", {}).keys() & value)

    likest = max(sorted(branches), key=shared, default=None)
    return likest if likest is not None and shared(likest) else None


_LENGTHS = {"duration": "short or long", "cut": "a mapping with `in` and `out`"}


def _wrong_length(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    found = display_value(error.instance)
    why = f"{path[-1]} is {found}, and should be a number of seconds up to 60, or {_LENGTHS[str(path[-1])]}."
    number = re.match(r"\s*(\d+(?:\.\d+)?)\s*(s|sec|seconds)?\s*\Z", str(error.instance))
    remedy = f"Write {number[1]}." if number and isinstance(error.instance, str) else ""
    yield Problem(rule=rules.TYPE, why=why, remedy=remedy, path=path)


def _wrong_form(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    names = [part for part in path if isinstance(part, str)]
    why = f"{path_name(path)} is {display_value(error.instance)}."
    remedy = _FORM_REMEDIES.get(names[-1] if names else "", "") or example_remedy(path[-1], error.schema)
    yield Problem(rule=rules.FORM, why=why, remedy=remedy, path=path)


_FORM_REMEDIES = {
    "campaign": "Use lower-case letters, digits and dashes, 64 at most, and begin and end with a letter or digit.",
    "currency": "Use 3 to 16 letters, such as USD.",
    "providers": "Names of providers hold lower-case letters, digits and dashes, such as minimax.",
    "url": "Use an address that begins with https:// and has no blanks.",
    "base_url": "Use an address that begins with https:// and has neither a question mark nor a user's name.",
    "sha256": "Write 64 digits of 0-9 and a-f, as sha256sum prints them.",
}


def _wrong_name(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    why = f"{display_value(error.instance)} cannot be a name {describe_place(path)}."
    remedy = "Names begin with a letter and hold letters, digits, dash and underscore, 64 at most."
    if path == ("gateways",):
        remedy = "Names of gateways hold lower-case letters, digits and dashes, 63 at most."
    if error.instance == "none":
        why, remedy = f'"none" {describe_place(path)} means no style at all.', "Give this style another name."
    where = (*path, error.instance)
    yield Problem(rule=rules.NAME, why=why, remedy=remedy, path=where, on_key=True)


def _out_of_range(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    low, high = error.schema.get("minimum"), error.schema.get("maximum")
    if low is None:
        bounds = f"more than {error.schema.get('exclusiveMinimum')}"
    else:
        bounds = f"{low} to {high}" if high is not None else f"{low} or more"
    why = f"{path_name(path)} is {display_value(error.instance)}; it may be {bounds}."
    yield Problem(rule=rules.RANGE, why=why, path=path)


def _empty_value(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    remedy = example_remedy(path[-1], error.schema) or "Write a value, or take the key out."
    yield Problem(rule=rules.EMPTY, why=f"{path_name(path)} is empty.", remedy=remedy, path=path)


def _too_long(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    why = f"{path_name(path)} has {len(error.instance):,} characters; it may have {error.validator_value:,}."
    yield Problem(rule=rules.LONG, why=why, remedy="Make it shorter.", path=path)


def _duplicate_items(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    for place, value in enumerate(error.instance):
        if value in error.instance[:place]:
            why = f"{path_name(path)} has {display_value(value)} twice."
            yield Problem(rule=rules.TWICE, why=why, remedy="Take one of them out.", path=(*path, place))


def _other_violation(error: SchemaViolation, path: DocumentPath) -> Iterator[Problem]:
    wanted = str(error.schema.get("description", "")).split(". ")[0].rstrip(".")
    wanted = f"It should be {wanted[:1].lower()}{wanted[1:]}." if wanted else "The schema does not allow that."
    remedy = example_remedy(path[-1] if path else None, error.schema)
    why = f"{path_name(path)} is {display_value(error.instance)}. {wanted}"
    yield Problem(rule=rules.FORM, why=why, remedy=remedy, path=path)


_DESCRIBERS: dict[str, Callable[[SchemaViolation, DocumentPath], Iterator[Problem]]] = {
    "additionalProperties": _unknown_keys,
    "required": _missing_keys,
    "type": _wrong_type,
    "enum": _wrong_choice,
    "const": _wrong_version,
    "anyOf": _no_matching_branch,
    "pattern": _wrong_form,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "exclusiveMinimum": _out_of_range,
    "minItems": _empty_value,
    "minLength": _empty_value,
    "maxLength": _too_long,
    "minProperties": _empty_value,
    "uniqueItems": _duplicate_items,
}

"""Where the JSON Schemas are, and a yes or no against one of them.

`jsonschema-rs` says yes or no in microseconds; every word about a no comes from `jsonschema` (`schema_messages.py`).
The schemas stand in the package when it is installed from a wheel and at the top of the checkout otherwise.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE_FOLDER = Path(__file__).resolve().parent.parent


@cache
def schema_folder() -> Path:
    """The folder with `manifest.schema.json` and its sisters."""
    installed = PACKAGE_FOLDER / "schemas"
    return installed if installed.is_dir() else PACKAGE_FOLDER.parent / "schemas"


def schema_names() -> tuple[str, ...]:
    """The schemas that `hailuo-batch schema` prints, by their short names."""
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in schema_folder().glob("*.schema.json")))


def read_schema(name: str) -> dict[str, Any]:
    """One schema as data; `name` is its short name, such as `manifest`."""
    schema: dict[str, Any] = json.loads((schema_folder() / f"{name}.schema.json").read_text(encoding="utf-8"))
    return schema


@cache
def _validator(name: str, definition: str) -> Any:
    import jsonschema_rs

    schema = read_schema(name)
    if definition:
        schema = {"$ref": f"#/definitions/{definition}", "definitions": schema["definitions"]}
    return jsonschema_rs.Draft7Validator(schema)


@cache
def _property_validators(name: str, definition: str) -> dict[str, Any]:
    import jsonschema_rs

    schema = read_schema(name)
    properties = schema["definitions"][definition]["properties"]
    return {
        key: jsonschema_rs.Draft7Validator({**each, "definitions": schema["definitions"]})
        for key, each in properties.items()
    }


def matches_property(name: str, key: object, value: object, *, definition: str) -> bool:
    """Whether a definition of a schema knows this key, and wants its value so."""
    validator = _property_validators(name, definition).get(key)  # type: ignore[call-overload] # YAML has other keys too
    return validator is not None and bool(validator.is_valid(value))


def matches_schema(name: str, value: object, *, definition: str = "") -> bool:
    """Whether a value is as the schema (or one of its definitions) wants it."""
    accepted: bool = _validator(name, definition).is_valid(value)
    return accepted

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


def matches_schema(name: str, value: object, *, definition: str = "") -> bool:
    """Whether a value is as the schema (or one of its definitions) wants it."""
    accepted: bool = _validator(name, definition).is_valid(value)
    return accepted

"""The gateways' contracts as their OpenAPI documents say them: which calls there are, and what is wrong with one.

A document is read once a process. `jsonschema_rs` judges; its first words are kept, cut short, because a value may be a
picture of many megabytes. Nothing here knows what a call means.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from hailuo_batch.load.document import read_document
from hailuo_batch.load.schemas import schema_folder
from hailuo_batch.values import dataclass

_FILE_SUFFIX = ".openapi.yaml"
_MAX_ERROR_LENGTH = 300  # letters of a complaint
_MAX_DIGITS = 4000  # Python reads no longer numbers
_VERBS = ("get", "post", "put", "patch", "delete")


class SchemaValidator:
    """One schema of a document, ready to judge."""

    def __init__(self, schema: Mapping[str, Any], components: Mapping[str, Any]) -> None:
        import jsonschema_rs

        whole = {**schema, "components": components}
        self._validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def find_error(self, value: object) -> str:
        """What is wrong with the value and where, in one line; empty when nothing is."""
        try:
            if self._validator.is_valid(value):
                return ""
            error = next(iter(self._validator.iter_errors(value)))
        except ValueError:  # half of a surrogate pair, not a number, nested too deep
            return "it holds what JSON cannot"
        where = ".".join(str(step) for step in error.instance_path)
        return f"{where}: {error.message}"[:_MAX_ERROR_LENGTH] if where else str(error.message)[:_MAX_ERROR_LENGTH]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A part of a call beside its body: in its `path`, `query` or `header`."""

    name: str
    location: str
    required: bool
    is_integer: bool  # its text stands for a whole number
    validator: SchemaValidator

    def find_error(self, text: str | None) -> str:
        """What is wrong with its text; None is "not given"."""
        if text is None:
            return f"{self.name} is missing" if self.required else ""
        whole = self.is_integer and text.removeprefix("-").isdecimal() and len(text) < _MAX_DIGITS
        found = self.validator.find_error(int(text) if whole else text)
        return f"{self.name}: {found}" if found else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call that a gateway offers: `path` may hold a name in braces; `statuses` are those it documents."""

    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: SchemaValidator | None
    statuses: frozenset[int]


def openapi_names() -> tuple[str, ...]:
    """The gateways with a document."""
    return tuple(sorted(path.name.removesuffix(_FILE_SUFFIX) for path in _openapi_folder().glob(f"*{_FILE_SUFFIX}")))


@cache
def openapi_document(name: str) -> Mapping[str, Any]:
    """One gateway's document as data."""
    file = f"{name}{_FILE_SUFFIX}"
    document = read_document((_openapi_folder() / file).read_bytes(), name=file)
    assert not document.problems, document.problems  # noqa: S101 - our own file
    tree: Mapping[str, Any] = document.tree  # type: ignore[assignment] # no problems: it is a mapping
    return tree


@cache
def list_operations(name: str) -> tuple[Operation, ...]:
    """The calls a gateway documents."""
    document = openapi_document(name)
    return tuple(
        _operation(document, path, verb, item[verb])
        for path, item in document["paths"].items()
        for verb in _VERBS
        if verb in item
    )


def _openapi_folder() -> Any:
    return schema_folder() / "openapi"


def _operation(document: Mapping[str, Any], path: str, verb: str, found: Mapping[str, Any]) -> Operation:
    components = document["components"]
    content = found.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    return Operation(
        id=found["operationId"],
        method=verb.upper(),
        path=path,
        parameters=tuple(_parameters(found.get("parameters", ()), components)),
        body=SchemaValidator(schema, components) if schema else None,
        statuses=frozenset(int(status) for status in found["responses"]),
    )


def _parameters(found: Any, components: Mapping[str, Any]) -> Iterator[Parameter]:
    for item in found:
        row = components["parameters"][item["$ref"].rsplit("/", 1)[1]] if "$ref" in item else item
        yield Parameter(
            name=row["name"],
            location=row["in"],
            required=row.get("required", False),
            is_integer=row["schema"].get("type") == "integer",
            validator=SchemaValidator(row["schema"], components),
        )

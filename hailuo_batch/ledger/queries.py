"""The queries of a `queries.sql`, by name. Independent of what they mean."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType


@cache
def queries() -> Mapping[str, str]:
    """The queries of the ledger on SQLite."""
    return read_queries(Path(__file__).with_name("queries.sql"))


def read_queries(file: Path) -> Mapping[str, str]:
    """The text of each query by the name in the `-- name:` line above it."""
    text = file.read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return MappingProxyType({name: body.strip() for name, body in zip(parts[::2], parts[1::2], strict=True)})

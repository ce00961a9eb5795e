"""The JSON Schemas, for editors and programs."""

from typing import Any

from hailuo_batch.errors import InputError
from hailuo_batch.load.schemas import read_schema, schema_names


async def schema(name: str = "manifest") -> dict[str, Any]:
    """One of our JSON Schemas as data.

    >>> import asyncio
    >>> asyncio.run(schema("manifest"))["title"]
    'hailuo_batch manifest, version 1'
    """
    if name not in schema_names():
        raise InputError(f'there is no schema "{name}"', remedy=f"There are {', '.join(schema_names())}.")
    return read_schema(name)

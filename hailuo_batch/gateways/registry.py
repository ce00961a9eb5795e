"""The families of dialects by the name that tables call them by; plugins add to these when they are loaded."""

from collections.abc import Callable, Mapping
from typing import Any

from hailuo_batch.gateways.dialect import Dialect
from hailuo_batch.gateways.minimax import MiniMaxDialect
from hailuo_batch.gateways.table import read_gateway
from hailuo_batch.gateways.table_dialect import TabledDialect

Family = Callable[[Mapping[str, Any]], Dialect]  # a table that fits its schema → its dialect


def tabled(tree: Mapping[str, Any]) -> Dialect:
    """Two calls, a submit and a read; all else is in the table."""
    return TabledDialect(read_gateway(tree))


def minimax(tree: Mapping[str, Any]) -> Dialect:
    """As `tabled`, with a file's id that is traded for a link."""
    return MiniMaxDialect(read_gateway(tree))


FAMILIES: dict[str, Family] = {"tabled": tabled, "minimax": minimax}

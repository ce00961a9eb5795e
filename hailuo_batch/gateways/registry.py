"""The families of dialects by the name that tables call them by; plugins add to these when they are loaded."""

from collections.abc import Callable, Mapping
from typing import Any

from hailuo_batch.gateways.dialect import Dialect
from hailuo_batch.gateways.minimax import MiniMaxDialect
from hailuo_batch.gateways.table import parse_gateway_table
from hailuo_batch.gateways.table_dialect import TableDialect

DialectFactory = Callable[[Mapping[str, Any]], Dialect]  # a table that fits its schema → its dialect


def make_table_dialect(tree: Mapping[str, Any]) -> Dialect:
    """Two calls, a submit and a read; all else is in the table."""
    return TableDialect(parse_gateway_table(tree))


def make_minimax_dialect(tree: Mapping[str, Any]) -> Dialect:
    """As `make_table_dialect`, with a file's id that is traded for a link."""
    return MiniMaxDialect(parse_gateway_table(tree))


DIALECTS: dict[str, DialectFactory] = {"tabled": make_table_dialect, "minimax": make_minimax_dialect}

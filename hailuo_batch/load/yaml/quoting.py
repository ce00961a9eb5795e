"""Advice to put a value in quotes, with the line as it should be where that is short and certain.

Nothing here knows why a text needs quotes.
"""

import re

from hailuo_batch.load.yaml.marks import Spot
from hailuo_batch.load.yaml.parse_failure import ParseFailure

# Spaces, dashes of lists, and a key: what may stand before a value in its line.
VALUE_PREFIX = re.compile(r"\s*((?:- +)*)([^\s'\"\[{#&*!|>%@`][^:]*:[ \t]+)?(?=\S)")


def quoting_advice(failure: ParseFailure, spot: Spot) -> str:
    """Advice to quote a value, with the line as it should be where that is short and certain."""
    if failure.is_line_start(spot):
        return "Put the whole text in quotes."
    lead = VALUE_PREFIX.match(failure.line_text(spot))
    value = _strip_quotes(failure.rest_of_line(spot))
    certain = lead is not None and lead.end() == spot.column and len(value) <= 60 and " #" not in value
    if lead is None or not certain or failure.continues_below(spot, lead.end(1)):
        return "Put the whole value in quotes."
    return f"Put the whole value in quotes: {(lead[2] or lead[1]).strip()} {_quote_value(value)}"


def _strip_quotes(value: str) -> str:
    """Without the quotes around it, where one more of them stands inside."""
    sign = value[:1]
    return value[1:-1] if sign in ("'", '"') and value.endswith(sign) and value.count(sign) % 2 else value


def _quote_value(value: str) -> str:
    if '"' not in value and "\\" not in value:
        return f'"{value}"'
    return "'" + value.replace("'", "''") + "'"

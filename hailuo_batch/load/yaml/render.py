"""Values as YAML: what every reader takes for the same value, in the quotes that were there before."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hailuo_batch.core.sheet.cells import decimal_text
from hailuo_batch.load.sidecar import escape_line

_RESERVED = frozenset({"yes", "no", "on", "off", "y", "n", "true", "false", "null"})
_PLAIN = re.compile(r"(?:[^\W\d_]|\d+p\Z)[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]*\Z")
_SINGLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]*\Z")
_NOT_PLAIN = re.compile(r": | #|:\Z|\s\Z|\t")
_NOT_PLAIN_IN_FLOW = re.compile(r"[,\[\]{}]|:[,\[\]{}]")
_NOT_LITERAL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]|\A\s|[ ]\n|[ ]\Z|\n\n\Z")


def render_value(value: Any, *, flow: bool = True) -> str:
    """A value on one line.

    >>> render_value({"in": Decimal("0.50"), "tags": ["hero", "a, b"], "no": "no"})
    '{in: 0.5, tags: [hero, "a, b"], "no": "no"}'
    """
    match value:
        case str():
            return render_text(value, flow=flow)
        case bool() | None:
            return "null" if value is None else str(value).lower()
        case Decimal():
            return decimal_text(value)
        case Mapping():
            inner = ", ".join(f"{render_value(name)}: {render_value(each)}" for name, each in value.items())
            return f"{{{inner}}}"
        case list() | tuple():
            return f"[{', '.join(map(render_value, value))}]"
    return str(value)


def render_text(text: str, *, style: str = "", flow: bool = False) -> str:
    """A text on one line; plain only where nobody could read it as something else."""
    if style == "'" and _SINGLE.match(text):
        doubled = text.replace("'", "''")
        return f"'{doubled}'"
    special = _NOT_PLAIN.search(text) or (flow and _NOT_PLAIN_IN_FLOW.search(text))
    if style in {"", "|", ">"} and _PLAIN.match(text) and not special and text.casefold() not in _RESERVED:
        return text
    return escape_line(json.dumps(text, ensure_ascii=False))


def render_lines(text: str, indent: int) -> str | None:
    """A text of several lines as a block; None where a block would change it."""
    if "\n" not in text.rstrip("\n") or _NOT_LITERAL.search(text):
        return None
    head = "|" if text.endswith("\n") else "|-"
    lines = (f"{' ' * indent}{line}" if line else "" for line in text.removesuffix("\n").split("\n"))
    return "\n".join([head, *lines])

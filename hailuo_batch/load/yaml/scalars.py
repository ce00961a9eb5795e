"""What one scalar of a YAML file means: the core schema of YAML 1.2, and what is refused because readers differ.

Nothing here knows where a scalar stands: a refusal says why and what to write instead, and whoever read the file
adds the place. Words that only YAML 1.1 took for something else (`no`, `on`, `12:30`, `2026-01-01`, `1_000`) are
text, as a person sees them.
"""

import json
import math
import re
from typing import NamedTuple

from hailuo_batch.load.yaml.messages import (
    LEADING_ZERO,
    NOT_A_NUMBER,
    NUMBER_TOO_LARGE,
    UNFIT_TAG,
    UNKNOWN_TAG,
    Message,
    shorten,
)

Scalar = str | int | float | bool | None

# A plain scalar that starts otherwise is text, whatever follows: the reader's loop handles only these.
SPECIAL_STARTS = frozenset(["", *"~tTfFnN+-.0123456789<"])

TAG_PREFIX = "tag:yaml.org,2002:"

CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?[0-9]+", re.ASCII)
_OCTAL_OR_HEX = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAX_INTEGER = 2**63 - 1  # what SQLite, JSON readers and the gateways' own code can hold


class ScalarRefusal(NamedTuple):
    """Why a scalar is not taken. `reading` is what it would most likely mean, None where nothing would do."""

    message: Message
    reading: Scalar = None


def parse_plain_scalar(text: str) -> Scalar | ScalarRefusal:
    """The value of a scalar written without quotes and without a tag.

    >>> [parse_plain_scalar(text) for text in ("0x1f", "6", "1e3", "no", "9:16", "~")]
    [31, 6, 1000.0, 'no', '9:16', None]
    """
    if text in CONSTANTS:
        return CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    return _parse_number(text)


def parse_tagged_scalar(tag: str, text: str) -> Scalar | ScalarRefusal:
    """The value of a scalar with an explicit tag (`!!int "5"`).

    >>> parse_tagged_scalar("tag:yaml.org,2002:float", "6")
    6.0
    """
    if tag in ("!", TAG_PREFIX + "str"):
        return text
    kind = tag.removeprefix(TAG_PREFIX)
    if kind not in _TAG_TYPES or kind == tag:
        return refuse_tag(tag)
    value = parse_plain_scalar(text)
    if isinstance(value, ScalarRefusal):
        return value
    if kind == "float" and type(value) is int:
        return float(value)
    return (
        value
        if type(value) is _TAG_TYPES[kind]
        else ScalarRefusal(UNFIT_TAG.fill(shown=_display_text(text), kind=kind))
    )


def refuse_tag(tag: str) -> ScalarRefusal:
    """The refusal of a tag that plain data does not need."""
    return ScalarRefusal(UNKNOWN_TAG.fill(shown=_display_text(tag)))


_TAG_TYPES = {"int": int, "float": float, "bool": bool, "null": type(None)}


def _parse_number(text: str) -> Scalar | ScalarRefusal:
    if _DECIMAL.fullmatch(text):
        return _refuse_leading_zero(text) if _has_leading_zero(text) else _parse_integer(text, 10)
    if _OCTAL_OR_HEX.fullmatch(text):
        return _parse_integer(text, 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else _refuse_too_large(text)
    return ScalarRefusal(NOT_A_NUMBER.fill(shown=text)) if _NOT_A_NUMBER.fullmatch(text) else text


def _parse_integer(text: str, base: int) -> int | ScalarRefusal:
    # int() refuses more than 4300 decimal digits with an exception, so the length is checked first.
    if base == 10 and len(text) > 20:
        return _refuse_too_large(text)
    value = int(text, base)
    return value if -_MAX_INTEGER - 1 <= value <= _MAX_INTEGER else _refuse_too_large(text)


def _has_leading_zero(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0"


def _refuse_leading_zero(text: str) -> ScalarRefusal:
    bare = text.lstrip("+-").lstrip("0") or "0"
    meant = bare if text[0] != "-" else "-" + bare
    value = _parse_integer(meant, 10)
    reading = None if isinstance(value, ScalarRefusal) else value
    return ScalarRefusal(LEADING_ZERO.fill(shown=shorten(text), meant=shorten(meant)), reading)


def _refuse_too_large(text: str) -> ScalarRefusal:
    return ScalarRefusal(NUMBER_TOO_LARGE.fill(shown=shorten(text)))


def _display_text(text: str) -> str:
    if text.startswith(TAG_PREFIX):
        return "!!" + shorten(text.removeprefix(TAG_PREFIX))
    return shorten(text) if text.startswith("!") else json.dumps(shorten(text), ensure_ascii=False)

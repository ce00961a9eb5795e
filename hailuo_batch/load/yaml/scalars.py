"""What one scalar of a YAML file means: the core schema of YAML 1.2, and what is refused because readers differ.

Nothing here knows where a scalar stands: a refusal says why and what to write instead, and whoever read the file
adds the place. Words that only YAML 1.1 took for something else (`no`, `on`, `12:30`, `2026-01-01`, `1_000`) are
text, as a person sees them.
"""

import json
import math
import re
from typing import NamedTuple

from hailuo_batch.load.yaml.messages import LEADING_ZERO, NOT_A_NUMBER, TOO_LARGE, UNFIT_TAG, UNKNOWN_TAG, Words, cut

Scalar = str | int | float | bool | None

# A plain scalar that starts otherwise is text, whatever follows: the reader's loop asks only for these.
SPECIAL_STARTS = frozenset(["", *"~tTfFnN+-.0123456789<"])

TAGS = "tag:yaml.org,2002:"

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("+-.0123456789")
_DECIMAL = re.compile(r"[-+]?[0-9]+", re.ASCII)
_PREFIXED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_LARGEST = 2**63 - 1  # what SQLite, JSON readers and the gateways' own code can hold


class Refusal(NamedTuple):
    """Why a scalar is not taken. `reading` is what it would most likely mean, None where nothing would do."""

    words: Words
    reading: Scalar = None


def plain(text: str) -> Scalar | Refusal:
    """The value of a scalar written without quotes and without a tag.

    >>> plain("0x1f"), plain("6"), plain("1e3"), plain("no"), plain("9:16"), plain("~")
    (31, 6, 1000.0, 'no', '9:16', None)
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    return _number(text)


def tagged(tag: str, text: str) -> Scalar | Refusal:
    """The value of a scalar with an explicit tag (`!!int "5"`).

    >>> tagged("tag:yaml.org,2002:float", "6")
    6.0
    """
    if tag in ("!", TAGS + "str"):
        return text
    kind = tag.removeprefix(TAGS)
    if kind not in _KINDS or kind == tag:
        return unknown_tag(tag)
    value = plain(text)
    if isinstance(value, Refusal):
        return value
    if kind == "float" and type(value) is int:
        return float(value)
    return value if type(value) is _KINDS[kind] else Refusal(UNFIT_TAG.of(shown=_shown(text), kind=kind))


def unknown_tag(tag: str) -> Refusal:
    """The refusal of a tag that plain data does not need."""
    return Refusal(UNKNOWN_TAG.of(shown=_shown(tag)))


_KINDS = {"int": int, "float": float, "bool": bool, "null": type(None)}


def _number(text: str) -> Scalar | Refusal:
    if _DECIMAL.fullmatch(text):
        return _leading_zero(text) if _has_leading_zero(text) else _integer(text, 10)
    if _PREFIXED.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else _too_large(text)
    return Refusal(NOT_A_NUMBER.of(shown=text)) if _NOT_A_NUMBER.fullmatch(text) else text


def _integer(text: str, base: int) -> int | Refusal:
    # int() refuses more than 4300 decimal digits with an exception, so the length is looked at first.
    if base == 10 and len(text) > 20:
        return _too_large(text)
    value = int(text, base)
    return value if -_LARGEST - 1 <= value <= _LARGEST else _too_large(text)


def _has_leading_zero(text: str) -> bool:
    digits = text.lstrip("+-")
    return len(digits) > 1 and digits[0] == "0"


def _leading_zero(text: str) -> Refusal:
    bare = text.lstrip("+-").lstrip("0") or "0"
    meant = bare if text[0] != "-" else "-" + bare
    value = _integer(meant, 10)
    reading = None if isinstance(value, Refusal) else value
    return Refusal(LEADING_ZERO.of(shown=cut(text), meant=cut(meant)), reading)


def _too_large(text: str) -> Refusal:
    return Refusal(TOO_LARGE.of(shown=cut(text)))


def _shown(text: str) -> str:
    if text.startswith(TAGS):
        return "!!" + cut(text.removeprefix(TAGS))
    return cut(text) if text.startswith("!") else json.dumps(cut(text), ensure_ascii=False)

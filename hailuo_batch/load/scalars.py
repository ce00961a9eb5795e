"""What one scalar of a YAML file means: the core schema of YAML 1.2, and what is refused because readers differ.

Nothing here knows where a scalar stands: a refusal says why and what to write instead, and whoever read the file
adds the place. Words that only YAML 1.1 took for something else (`no`, `on`, `12:30`, `2026-01-01`, `1_000`) are
text, as a person sees them.
"""

import json
import math
import re
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a scalar is not taken. `reading` is what it would most likely mean, None where nothing would do."""

    code: str
    summary: str
    why: str
    remedy: str
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
    return value if type(value) is _KINDS[kind] else _unfit(text, kind)


def unknown_tag(tag: str) -> Refusal:
    """The refusal of a tag that plain data does not need."""
    return Refusal(
        code="yaml-tag",
        summary="tag not known",
        why=f"{_shown(tag)} is read as a tag. Known here are {_KNOWN}.",
        remedy="Take the tag away, or put quotes around the whole value if it is text.",
    )


_KNOWN = "!!str, !!int, !!float, !!bool, !!null, !!seq and !!map"
_KINDS = {"int": int, "float": float, "bool": bool, "null": type(None)}


def _number(text: str) -> Scalar | Refusal:
    if _DECIMAL.fullmatch(text):
        return _leading_zero(text) if _has_leading_zero(text) else _integer(text, 10)
    if _PREFIXED.fullmatch(text):
        return _integer(text, 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        value = float(text)
        return value if math.isfinite(value) else _too_large(text)
    return _not_a_number(text) if _NOT_A_NUMBER.fullmatch(text) else text


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
    return Refusal(
        code="yaml-number",
        summary="number with a leading zero",
        why=f"{_cut(text)} is {_cut(meant)} to some YAML readers and counts in eights, or is text, to others.",
        remedy=f'Write {_cut(meant)}, or "{_cut(text)}" in quotes if it is text.',
        reading=None if isinstance(value, Refusal) else value,
    )


def _too_large(text: str) -> Refusal:
    return Refusal(
        code="yaml-number",
        summary="number too large",
        why=f"{_cut(text)} does not fit in 64 bits.",
        remedy="Write a smaller number, or put it in quotes if it is text.",
    )


def _not_a_number(text: str) -> Refusal:
    return Refusal(
        code="yaml-number",
        summary="not a number",
        why=f"{text} stands for no number that could be sent or paid.",
        remedy="Write a number, or put it in quotes if it is text.",
    )


def _unfit(text: str, kind: str) -> Refusal:
    return Refusal(
        code="yaml-tag",
        summary="tag does not fit",
        why=f"{_shown(text)} cannot be read as !!{kind}.",
        remedy="Take the tag away, or write a value of that kind.",
    )


def _shown(text: str) -> str:
    if text.startswith(TAGS):
        return "!!" + _cut(text.removeprefix(TAGS))
    return _cut(text) if text.startswith("!") else json.dumps(_cut(text), ensure_ascii=False)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else text[:37] + "..."

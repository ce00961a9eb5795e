"""Readings of what gateways write in more than one way: a number as text, a link as text or list, a code with zeros.

Each takes any JSON value and gives a plain one, or nothing; none raises.
"""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from hailuo_batch.core.money import Money

_LINK_PATTERN = re.compile(r"https?://\S+", re.IGNORECASE)
_MAX_ID_LENGTH = 256
_MAX_NUMBER_LENGTH = 40  # characters; amounts and seconds need no more


def parse_text(value: object) -> str:
    """A text, or a whole number as text; everything else is empty.

    >>> parse_text(" Fail "), parse_text(1026), parse_text(True), parse_text(["x"])
    ('Fail', '1026', '', '')
    """
    if isinstance(value, str):
        return value.strip()
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_MAX_NUMBER_LENGTH
    return str(value) if whole else ""


def normalize_code(value: object) -> str:
    """A code as tables name it: lower case, without leading zeros.

    >>> normalize_code("010004095"), normalize_code(10004095), normalize_code("NOT_ENOUGH_BALANCE"), normalize_code(0)
    ('10004095', '10004095', 'not_enough_balance', '0')
    """
    text = parse_text(value).casefold()
    return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text


def parse_number(value: object) -> Decimal | None:
    """A number, written as one or as text; nothing for what is neither, or not finite, or beyond reason.

    >>> parse_number("3600"), parse_number(0.28), parse_number("soon"), parse_number(float("nan")), parse_number(True)
    (Decimal('3600'), Decimal('0.28'), None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = parse_text(value) if isinstance(value, int | str) else repr(value)
    if not text or len(text) > _MAX_NUMBER_LENGTH or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _MAX_NUMBER_LENGTH else None


def parse_fraction(value: object, full: int) -> float | None:
    """How far a task is, from 0 to 1; `full` is the gateway's number for done."""
    number = parse_number(value)
    return None if number is None else min(1.0, max(0.0, float(number) / full))


def parse_seconds(value: object) -> float | None:
    """A span of time in seconds, when it is one."""
    number = parse_number(value)
    return float(number) if number is not None and number > 0 else None


def parse_money(value: object, unit: str) -> Money | None:
    """An amount; a negative one is none."""
    number = parse_number(value)
    return Money(amount=number, currency=unit) if number is not None and number >= 0 else None


def find_link(values: Iterable[object]) -> str:
    """The first web address among texts and lists of texts, or an empty text."""
    for value in values:
        texts = value if isinstance(value, list) else [value]
        found = next((text for each in texts if _LINK_PATTERN.fullmatch(text := parse_text(each))), "")
        if found:
            return found
    return ""


def parse_task_id(value: object) -> str:
    """A task's id, when it can be one: short, printable, and no step up in a path."""
    text = parse_text(value)
    fits = len(text) <= _MAX_ID_LENGTH and text.isprintable() and text.strip(".")
    return text if fits else ""

"""Readings of what gateways write in more than one way: a number as text, a link as text or list, a code with zeros.

Each takes any JSON value and gives a plain one, or nothing; none raises.
"""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

from hailuo_batch.core.money import Money

_LINK = re.compile(r"https?://\S+", re.IGNORECASE)
_LONGEST_ID = 256
_LONGEST_NUMBER = 40  # characters; amounts and seconds need no more


def text_of(value: object) -> str:
    """A text, or a whole number as text; everything else is empty.

    >>> text_of(" Fail "), text_of(1026), text_of(True), text_of(["x"])
    ('Fail', '1026', '', '')
    """
    if isinstance(value, str):
        return value.strip()
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_LONGEST_NUMBER
    return str(value) if whole else ""


def code_of(value: object) -> str:
    """A code as tables name it: lower case, without leading zeros.

    >>> code_of("010004095"), code_of(10004095), code_of("NOT_ENOUGH_BALANCE"), code_of(0)
    ('10004095', '10004095', 'not_enough_balance', '0')
    """
    text = text_of(value).casefold()
    return text.lstrip("0") or "0" if text.isascii() and text.isdigit() else text


def number_of(value: object) -> Decimal | None:
    """A number, written as one or as text; nothing for what is neither, or not finite, or beyond reason.

    >>> number_of("3600"), number_of(0.28), number_of("soon"), number_of(float("nan")), number_of(True)
    (Decimal('3600'), Decimal('0.28'), None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = text_of(value) if isinstance(value, int | str) else repr(value)
    if not text or len(text) > _LONGEST_NUMBER or not text.isascii() or "_" in text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < _LONGEST_NUMBER else None


def fraction_of(value: object, full: int) -> float | None:
    """How far a task is, from 0 to 1; `full` is the gateway's number for done."""
    number = number_of(value)
    return None if number is None else min(1.0, max(0.0, float(number) / full))


def seconds_of(value: object) -> float | None:
    """A span of time in seconds, when it is one."""
    number = number_of(value)
    return float(number) if number is not None and number > 0 else None


def money_of(value: object, unit: str) -> Money | None:
    """An amount; a negative one is none."""
    number = number_of(value)
    return Money(amount=number, currency=unit) if number is not None and number >= 0 else None


def link_of(values: Iterable[object]) -> str:
    """The first web address among texts and lists of texts, or an empty text."""
    for value in values:
        texts = value if isinstance(value, list) else [value]
        found = next((text for each in texts if _LINK.fullmatch(text := text_of(each))), "")
        if found:
            return found
    return ""


def task_of(value: object) -> str:
    """A task's id, when it can be one: short, printable, and no step up in a path."""
    text = text_of(value)
    fits = len(text) <= _LONGEST_ID and text.isprintable() and text.strip(".")
    return text if fits else ""

"""Numbers, lengths and amounts as people write them, the same in every view."""

import re
from collections.abc import Iterable

from hailuo_batch.core.price import Money

_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "take"), count(1200, "take"), count(2, "entry", "entries")
    ('1 take', '1,200 takes', '2 entries')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def megabytes(size: int) -> str:
    """A file's size.

    >>> megabytes(1_234_567), megabytes(12_300)
    ('1.2 MB', '12 kB')
    """
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.0f} kB"


def span(seconds: float) -> str:
    """How long something took or lasts.

    >>> span(4.25), span(75), span(3720)
    ('4.2 s', '1 min 15 s', '1 h 02 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {rest:02d} s"


def amounts(sums: Iterable[Money]) -> str:
    """Sums in their own currencies, never added together."""
    return " and ".join(str(money) for money in sums)


def length(duration: int | str) -> str:
    """A shot's length as it was asked."""
    return duration if isinstance(duration, str) else f"{duration} s"


def safe(words: str) -> str:
    """What users wrote, without characters that would move a terminal's cursor or turn its text around."""
    return _UNSEEN.sub("�", words)


def clipped(words: str, width: int) -> str:
    """Words on one line, cut where they are too long."""
    line = " ".join(safe(words).split())
    return line if len(line) <= width else line[: width - 1] + "…"

"""Lengths in seconds, exact to the millisecond, as a shot and its request have them.

A whole number of seconds is that number. A part of a second, which no provider sells, is drawn in sketches only. It is
text, `6400ms`, since the pre-image of a fingerprint has integers only.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from hailuo_batch.core.manifest.document import Duration

_UNIT = "ms"


def make_duration(seconds: Decimal) -> Duration:
    """The duration of an exact length; what is shorter than a millisecond is one.

    >>> make_duration(Decimal("6.4")), make_duration(Decimal("6.0")), make_duration(Decimal("0.00001"))
    ('6400ms', 6, '1ms')
    """
    thousandths = max(1, int((seconds * 1000).to_integral_value(ROUND_HALF_UP)))
    whole, rest = divmod(thousandths, 1000)
    return whole if rest == 0 else f"{thousandths}{_UNIT}"


def has_part_second(duration: Duration) -> bool:
    """Whether it is a number of seconds that is not whole."""
    return duration.__class__ is str and duration[-2:] == _UNIT


def drawn_seconds(duration: Duration, lengths: Mapping[str, tuple[int, ...]]) -> float:
    """How long a sketch of this duration is; `lengths` are the model's, by word.

    >>> drawn_seconds("6400ms", {}), drawn_seconds(6, {}), drawn_seconds("long", {"long": (10,)})
    (6.4, 6, 10)
    """
    if not isinstance(duration, str):
        return duration
    return float(part_seconds(duration)) if has_part_second(duration) else lengths[duration][-1]


def part_seconds(duration: str) -> Decimal:
    """The seconds of a length that is not whole.

    >>> part_seconds("6400ms")
    Decimal('6.4')
    """
    return Decimal(duration.removesuffix(_UNIT)) / 1000


def seconds_text(seconds: Decimal | float) -> str:
    """Seconds as people write them.

    >>> seconds_text(Decimal("3.50")), seconds_text(Decimal(10)), seconds_text(6)
    ('3.5', '10', '6')
    """
    text = f"{seconds:f}" if isinstance(seconds, Decimal) else f"{seconds:g}"
    return text.rstrip("0").rstrip(".") if "." in text else text

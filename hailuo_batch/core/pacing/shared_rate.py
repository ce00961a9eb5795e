"""How far apart the submits of several machines are at one account, so that together they keep its limit.

Machines cannot share a window of a minute, as `rate_limit.py` has it: each would have to know of each submit of the
others at once. So their submits are spread evenly, a little slower than the limit. What that leaves is how late a slot
may be used.
"""

_SLACK = 1.05  # the distance, by that of the limit
_MAX_LATE = 3.0  # seconds: with `_SLACK`, no window of a minute holds more than the limit
_MIN_LATE = 0.04  # seconds: the same of a window of one second


def slot_distance(per_minute: float | None) -> float:
    """Seconds between two submits of all machines together; 0 where no limit is known.

    >>> slot_distance(100)
    0.63
    """
    return 60.0 / per_minute * _SLACK if per_minute else 0.0


def slot_patience(distance: float) -> float:
    """How many seconds after its beginning a slot may still be used.

    >>> slot_patience(3.15), slot_patience(0.01)
    (1.26, 0.04)
    """
    return min(_MAX_LATE, max(_MIN_LATE, round(0.4 * distance, 3)))

"""The clock of real runs."""

import time
from datetime import UTC, date, datetime


class SystemClock:
    """This machine's time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()


def days_since(day: str) -> int | None:
    """How many days ago a day (`2027-12-31`, UTC) was, below 0 in the future; None where there is no such day.

    >>> days_since("2026-02-30"), days_since("2000-02-29") > 9_000
    (None, True)
    """
    try:
        return (datetime.fromtimestamp(time.time(), UTC).date() - date.fromisoformat(day)).days
    except ValueError:
        return None

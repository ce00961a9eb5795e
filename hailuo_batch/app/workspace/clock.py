"""The clock of real runs."""

import time


class SystemClock:
    """This machine's time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def elapsed(self) -> float:
        """Seconds since some moment, never going back."""
        return time.monotonic()

"""A clock that stands still until a test turns it."""


class FakeClock:
    """A `Clock`; `advance` is the only way for time to pass."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self._begin = self._at = at

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return self._at

    def elapsed(self) -> float:
        """Seconds since the clock was made."""
        return self._at - self._begin

    def advance(self, seconds: float) -> None:
        """Lets time pass; it never goes back."""
        if seconds < 0:
            raise ValueError("time never goes back")
        self._at += seconds

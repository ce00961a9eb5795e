"""Whether a download is fast enough to continue. Reads no clock but the one it is given.

A host that sends one byte now and then would hold a download slot for ever. A host that sends nothing at all is caught
by the connection's time-out.
"""

from collections import deque
from collections.abc import Callable

WINDOW_SECONDS = 60.0
LEAST_RATE = 16_000  # bytes a second over a window; a clip of 10 s has some MB
LONGEST_SECONDS = 1800.0
SLEPT_SECONDS = 2 * WINDOW_SECONDS  # between two pieces of a file: well above the connection's time-out
_SAMPLES_PER_WINDOW = 60  # of a window: how finely it slides


class StallGuard:
    """One download as it comes; made when its first byte may come."""

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._start = self._last = elapsed()
        self._total = 0
        self._samples: deque[tuple[float, int]] = deque([(self._start, 0)])

    def check_rate(self, size: int) -> str:
        """Counts bytes that came just now; what is wrong with the rate at which they come, empty when nothing is."""
        now = self._elapsed()
        if now - self._last >= SLEPT_SECONDS:
            # The connection's time-out ends such a silence before: this machine slept, and the host was not slow.
            self._start += now - self._last
            self._samples = deque([(now, self._total)])
        self._last = now
        self._total += size
        if now - self._start > LONGEST_SECONDS:
            return f"the download was not finished after {LONGEST_SECONDS / 60:.0f} minutes"
        while len(self._samples) > 1 and now - self._samples[1][0] >= WINDOW_SECONDS:
            self._samples.popleft()
        since, before = self._samples[0]
        came, took = self._total - before, now - since
        if took >= WINDOW_SECONDS and came < LEAST_RATE * WINDOW_SECONDS:
            return f"the download is too slow: {came:,} bytes in {took:.0f} s"
        if now - self._samples[-1][0] >= WINDOW_SECONDS / _SAMPLES_PER_WINDOW:
            self._samples.append((now, self._total))
        return ""

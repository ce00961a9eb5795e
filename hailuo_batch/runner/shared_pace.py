"""The turns of this run at a gateway account that other machines use too: slots that the shared ledger leases.

A slot that is not used soon after it begins has lapsed. The ledger is asked again only when no slot is left.
"""

from collections import deque
from collections.abc import Callable

from hailuo_batch.core.pacing.shared_rate import slot_patience
from hailuo_batch.ports import SharedAccount, SlotSource
from hailuo_batch.values import dataclass

_CLOCK_LIFE = 60.0  # seconds for which two clocks keep their distance well enough
_MAX_LEASE = 64  # slots at once: as many submits as may be unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clocks:
    """How far our clock is ahead of the ledger's, by an answer that was so long under way."""

    trip: float
    distance: float
    at: float


class SharedPace:
    """The slots of one run at one account. `elapsed` is a clock in seconds that never goes back."""

    def __init__(self, account: SharedAccount, source: SlotSource, elapsed: Callable[[], float]) -> None:
        self.is_full = False  # whether the last wait is for a place
        self._account, self._source, self._elapsed = account, source, elapsed
        self._patience = slot_patience(account.distance)
        self._slots: deque[float] = deque()
        self._clocks = _Clocks(trip=0.0, distance=0.0, at=-_CLOCK_LIFE)
        self._ask_at = 0.0
        self._pause: float | None = None  # until then the gateway wants no submit, of whatever machine

    def pause(self, seconds: float) -> None:
        """The gateway said "too fast": no machine submits for so long."""
        self._pause = self._elapsed() + seconds
        self._slots.clear()
        self._ask_at = 0.0

    async def take(self, *, used: int, wanted: int) -> float:
        """Takes a slot: 0 when it begins now, else the seconds until this should be asked again.

        `used` are the places of this run's own tasks, `wanted` how many steps wait.
        """
        now = self._elapsed()
        while self._slots and self._slots[0] + self._patience < now:
            self._slots.popleft()
        if not self._slots:
            if now < self._ask_at:
                return self._ask_at - now
            await self._lease(used, wanted)
            now = self._elapsed()
        if self._slots and self._slots[0] <= now:
            self._slots.popleft()
            return 0.0
        return max(0.001, (self._slots[0] if self._slots else self._ask_at) - now)

    async def _lease(self, used: int, wanted: int) -> None:
        before = self._elapsed()
        pause = None if self._pause is None else max(0.0, self._pause - before)
        lease = await self._source.lease_slots(
            self._account, used=used, wanted=min(max(1, wanted), _MAX_LEASE), pause=pause
        )
        self._pause = None
        self._compare_clocks(before, lease.now)
        now = lease.now + self._clocks.distance
        self._slots.extend(now + each for each in lease.begins)
        self._ask_at, self.is_full = now + lease.retry_after, lease.is_full

    def _compare_clocks(self, before: float, there: float) -> None:
        """An answer may be long under way, and would make its slots late. The quickest one knows best."""
        after = self._elapsed()
        trip, known = after - before, self._clocks
        if trip <= known.trip or after - known.at >= _CLOCK_LIFE:
            self._clocks = _Clocks(trip=trip, distance=(before + after) / 2 - there, at=after)

"""When one gateway is looked at: learnt from the clips that it made before, spread out, and held back when it asks so.

The arithmetic stands in `core/pacing/poll_schedule.py` and `core/pacing/progress_eta.py`; here is what is remembered
during a run.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

from hailuo_batch.core.pacing.poll_schedule import History, history, pause, ready_between, share_until
from hailuo_batch.core.pacing.progress_eta import Told, ahead, kept, promise, promises

Kin = tuple[str, int]  # clips that take alike: resolution and seconds
_What = Kin | tuple[Kin, tuple[bool, int]]  # what is learnt about: such clips, or promises of one kind about them
_REMEMBERED = 200  # clips of a kin: what a gateway was like last month says little about today
_INCREDIBLE = 1e-3  # what is less likely than this is not what was learnt any more


class Looks:
    """The looks at one gateway's tasks; `every` is the interval that it advises, `per_second` the most it takes.

    `elapsed` is a clock in the seconds that limits are written in, and `sleep` waits for such seconds.
    """

    def __init__(
        self,
        *,
        every: float,
        elapsed: Callable[[], float],
        per_second: float | None = None,
        past: Iterable[tuple[Kin, float]] = (),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.every, self._gap = every, 0.0 if per_second is None else 1 / per_second
        self.elapsed, self._sleep = elapsed, sleep
        self._next = 0.0
        # By kin the seconds that clips took; by kin and kind of promise how much longer than promised they took.
        self._took: dict[_What, deque[float]] = {}
        self._known: dict[_What, tuple[int, History | None]] = {}
        self._seen: dict[_What, int] = {}
        self._early: dict[Kin, float] = {}  # how likely it was that the last clips were ready at their first look
        for kin, seconds in past:
            self.ready(kin, seconds)

    def pause(self, kin: Kin, age: float, told: Sequence[Told] = ()) -> float:
        """Seconds until the next look at a task of this age; `told` is what it said at the looks before."""
        belief, since = self._belief(kin, told)
        # A promise lets so few looks do that there are some to spare for a shorter delay, where gateways round it.
        return pause(belief, age - since, self.every if since == 0 else self.every / 2)

    def made(self, kin: Kin, age: float, told: Sequence[Told]) -> None:
        """A task that said all this while it ran was found ready at an age."""
        belief, since = self._belief(kin, told)
        before = told[-1].age if told else 0.0
        ready = since + ready_between(belief, before - since, age - since)
        if self._is_incredible(kin, belief, age, first=not told):
            self._forget(kin)
            ready = age / 2
        self.ready(kin, ready)
        for promised in promises(told):
            self._remember((kin, promised.kind), kept(promised, ready))

    def ready(self, kin: Kin, seconds: float) -> None:
        """A clip was ready after so long."""
        self._remember(kin, seconds)

    async def turn(self) -> None:
        """Waits until one more look is not too fast."""
        now = self.elapsed()
        at = max(self._next, now)
        self._next = at + self._gap
        if at > now:
            await self._sleep(at - now)

    def throttled(self, seconds: float) -> None:
        """The gateway asks everybody to wait."""
        self._next = max(self._next, self.elapsed() + seconds)

    def _belief(self, kin: Kin, told: Sequence[Told]) -> tuple[History | None, float]:
        """What is known of when a task is ready, and the age from which that counts."""
        known, made = self._history(kin), promise(told)
        if made is not None and (found := ahead(made, self._history((kin, made.kind)), known)) is not None:
            return found, made.age
        return known, 0.0

    def _is_incredible(self, kin: Kin, belief: History | None, age: float, *, first: bool) -> bool:
        """Whether so many clips in a row were ready at their first look that the gateway must have become faster."""
        if belief is None or not first:
            self._early.pop(kin, None)
            return False
        self._early[kin] = self._early.get(kin, 1.0) * share_until(belief, age)
        return self._early[kin] < _INCREDIBLE

    def _forget(self, kin: Kin) -> None:
        del self._early[kin]
        for memory in (self._took, self._known, self._seen):
            for what in [what for what in memory if what == kin or what[0] == kin]:
                del memory[what]

    def _remember(self, what: _What, number: float) -> None:
        self._took.setdefault(what, deque(maxlen=_REMEMBERED)).append(number)
        self._seen[what] = self._seen.get(what, 0) + 1

    def _history(self, what: _What) -> History | None:
        """What is known, thought over again whenever a quarter more was seen."""
        seen = self._seen.get(what, 0)
        at, known = self._known.get(what, (-1, None))
        if at < 0 or seen > at * 1.25:
            known = history(self._took.get(what, ()))
            self._known[what] = (seen, known)
        return known

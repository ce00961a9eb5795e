"""Pauses that a ring ends: when, how often at most, and what is remembered. Time passes only where a test says so."""

import asyncio
from itertools import pairwise

import pytest

from hailuo_batch.drivers.wakeups import LEAST_SECONDS, MOST_TASKS, TaskWakeups

LONG = 10.0


class Sleeps:
    """A sleep that lasts until `wake`, or forgets to wait at all where it is `hasty`; remembers what was asked."""

    def __init__(self, *, hasty: bool = False) -> None:
        self.asked: list[float] = []
        self._hasty, self._over = hasty, asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        if not self._hasty:
            self._over.clear()
            await self._over.wait()

    def wake(self) -> None:
        self._over.set()


async def settled() -> None:
    """All that can go on has gone on."""
    for _ in range(10):
        await asyncio.sleep(0)


async def test_a_pause_that_nobody_ends_is_as_long_as_it_was_to_be():
    sleeps = Sleeps(hasty=True)
    assert await TaskWakeups(sleeps).pause("a", LONG) == LONG
    assert sleeps.asked == [LONG]


async def test_a_ring_ends_the_pause_of_its_own_task_only():
    rings = TaskWakeups(Sleeps())
    one, other = (asyncio.create_task(rings.pause(task, LONG)) for task in ("a", "b"))
    await settled()
    rings.wake("a")
    await settled()
    assert one.done()
    assert not other.done()
    assert await one == 0.0
    other.cancel()


async def test_a_ring_before_the_pause_is_remembered_once():
    sleeps = Sleeps(hasty=True)
    rings = TaskWakeups(sleeps)
    rings.wake("a")
    rings.wake("a")
    assert await rings.pause("a", LONG) == 0.0
    assert await rings.pause("a", LONG) == LONG
    assert sleeps.asked == [LEAST_SECONDS, LONG - LEAST_SECONDS]


async def test_a_ring_hurries_nobody_so_soon_after_another():
    sleeps = Sleeps()
    rings = TaskWakeups(sleeps)
    rings.wake("a")
    await rings.pause("a", LONG)
    second = asyncio.create_task(rings.pause("a", LONG))
    await settled()
    rings.wake("a")
    await settled()
    assert not second.done()
    sleeps.wake()
    assert await second == LEAST_SECONDS


@pytest.mark.parametrize("seconds", [0.5, 1.0, LEAST_SECONDS, 3.0])
async def test_short_pauses_do_not_make_rings_more_frequent(seconds: float):
    sleeps = Sleeps(hasty=True)
    rings = TaskWakeups(sleeps)
    hurried, rung_at = 0, []
    for _ in range(40):
        rings.wake("a")
        if await rings.pause("a", seconds) < seconds:
            hurried += 1
            rung_at.append(sum(sleeps.asked))
    gaps = [after - before for before, after in pairwise(rung_at)]
    assert all(gap >= LEAST_SECONDS for gap in gaps)
    assert hurried >= 1


async def test_a_flood_neither_uses_up_nor_puts_off_what_counts_as_waited():
    sleeps = Sleeps(hasty=True)
    rings = TaskWakeups(sleeps)
    waited = 0.0
    for _ in range(1000):
        rings.wake("a")
        waited += await rings.pause("a", LONG)
    assert waited == sum(sleeps.asked) == 999 * LEAST_SECONDS


async def test_only_so_many_rings_are_remembered_and_the_oldest_are_forgotten():
    rings = TaskWakeups(Sleeps(hasty=True))
    for number in range(MOST_TASKS + 1):
        rings.wake(str(number))
    assert len(rings._early_wakeups) == MOST_TASKS
    assert await rings.pause("0", LONG) == LONG
    assert await rings.pause("1", LONG) == 0.0
    assert await rings.pause(str(MOST_TASKS), LONG) == 0.0


async def test_only_so_many_tasks_are_remembered_as_rung():
    rings = TaskWakeups(Sleeps(hasty=True))
    for number in range(MOST_TASKS + 5):
        rings.wake(str(number))
        await rings.pause(str(number), LONG)
    assert len(rings._cooldowns) == MOST_TASKS
    assert not rings._early_wakeups


async def test_a_pause_that_is_cancelled_leaves_nothing_behind():
    sleeps = Sleeps()
    rings = TaskWakeups(sleeps)
    pause = asyncio.create_task(rings.pause("a", LONG))
    await settled()
    pause.cancel()
    with pytest.raises(asyncio.CancelledError):
        await pause
    await settled()
    assert not rings._waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_sleep_that_fails_is_no_ring():
    async def broken(_: float) -> None:
        raise OSError("no timers left")

    with pytest.raises(OSError, match="no timers left"):
        await TaskWakeups(broken).pause("a", LONG)


async def test_a_second_who_waits_for_a_task_loses_no_ring():
    sleeps = Sleeps()
    rings = TaskWakeups(sleeps)
    first, second = (asyncio.create_task(rings.pause("a", LONG)) for _ in range(2))
    await settled()
    rings.wake("a")
    await settled()
    assert second.done()
    rings.wake("a")
    sleeps.wake()
    assert await first == LONG
    assert list(rings._early_wakeups) == ["a"]

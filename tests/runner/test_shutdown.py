import asyncio
from time import monotonic

from hailuo_batch.runner.shutdown import Signal, Stop, wake


async def napping(*signals: Signal) -> list["asyncio.Task[None]"]:
    """Somebody who would sleep for an hour on each signal."""
    naps = [asyncio.create_task(signal.sleep(3600.0)) for signal in signals]
    await asyncio.sleep(0)
    return naps


async def test_a_signal_wakes_everybody_who_naps_on_it_and_nobody_else():
    signal, other = Signal(), Signal()
    *naps, stranger = await napping(*[signal] * 20, other)
    signal.trigger()
    await asyncio.wait_for(asyncio.gather(*naps), 30)
    assert not stranger.done()
    stranger.cancel()


async def test_after_a_signal_nobody_falls_asleep_any_more():
    signal = Signal()
    signal.trigger()
    signal.trigger()
    begin = monotonic()
    await signal.sleep(3600.0)
    await signal.wait(asyncio.get_running_loop().create_future())
    assert monotonic() - begin < 30


async def test_a_nap_ends_by_itself():
    signal = Signal()
    await asyncio.wait_for(signal.sleep(0.002), 30)
    assert not signal.is_triggered


async def test_a_nap_that_is_cancelled_is_forgotten():
    signal = Signal()
    (nap,) = await napping(signal)
    nap.cancel()
    await asyncio.wait([nap])
    signal.trigger()
    assert nap.cancelled()


async def test_somebody_may_be_woken_alone():
    signal, bed = Signal(), asyncio.get_running_loop().create_future()
    sleeper = asyncio.create_task(signal.wait(bed))
    await asyncio.sleep(0)
    wake(bed)
    wake(bed)
    await asyncio.wait_for(sleeper, 30)
    assert not signal.is_triggered


async def test_a_stop_ends_submits_and_waiting_for_tasks():
    stop = Stop()
    naps = await napping(stop.submits, stop.waits)
    assert not stop.is_requested
    stop.request("interrupted")
    await asyncio.wait_for(asyncio.gather(*naps), 30)
    assert stop.is_requested
    assert stop.reason == "interrupted"


async def test_a_stop_that_does_not_leave_lets_tasks_run_to_their_end_until_one_comes_that_does():
    stop = Stop()
    submits, waits = await napping(stop.submits, stop.waits)
    stop.request("a take failed", leave_tasks=False)
    await asyncio.wait_for(submits, 30)
    await asyncio.sleep(0)
    assert not waits.done()
    stop.request("interrupted")
    await asyncio.wait_for(waits, 30)
    assert stop.reason == "a take failed", "the first reason counts"

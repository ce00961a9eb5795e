import asyncio
from collections.abc import Callable, Iterable

import pytest
from run_samples import PAID, shot

from hailuo_batch.core.plan.plan import Step, StepReason, Use
from hailuo_batch.errors import LedgerError
from hailuo_batch.runner.workers import run_workers


def steps(*ids: str) -> list[Step]:
    return [Step(why=StepReason.NEW, uses=(Use(shot=shot(each), take=1, version=1),), route=PAID) for each in ids]


def name(step: Step) -> str:
    return step.uses[0].shot.id


class Bench:
    """Work that is finished when the test says so, and that knows how many worked at once."""

    def __init__(self, brings: Callable[[str], Iterable[str]] = lambda _: ()) -> None:
        self.brings = brings
        self.begun: list[str] = []
        self.working = self.most = 0

    async def __call__(self, step: Step) -> Iterable[Step]:
        self.begun.append(name(step))
        self.working += 1
        self.most = max(self.most, self.working)
        for _ in range(5):  # others get their turn
            await asyncio.sleep(0)
        self.working -= 1
        return steps(*self.brings(name(step)))


async def test_one_worker_takes_the_steps_in_order():
    work = Bench()
    await run_workers(steps("a", "b", "c"), work, 1)
    assert work.begun == ["a", "b", "c"]
    assert work.most == 1


@pytest.mark.parametrize("workers", [1, 2, 3, 50])
async def test_no_more_steps_are_worked_on_at_once_than_there_are_workers(workers: int):
    work = Bench()
    await run_workers(steps(*"abcdefghij"), work, workers)
    assert sorted(work.begun) == list("abcdefghij")
    assert work.most == min(workers, 10)


async def test_several_workers_begin_in_order_too():
    work = Bench()
    await run_workers(steps(*"abcdefgh"), work, 3)
    assert work.begun == list("abcdefgh")


async def test_steps_may_bring_steps_which_may_bring_steps():
    work = Bench(lambda step: [f"{step}{end}" for end in "xy"] if len(step) < 4 else [])
    await run_workers(steps("a"), work, 2)
    assert len(work.begun) == len(set(work.begun)) == 1 + 2 + 4 + 8
    assert work.most == 2


async def test_one_step_that_brings_many_keeps_all_workers_busy():
    work = Bench(lambda step: "bcdefgh" if step == "a" else [])
    await run_workers(steps("a"), work, 4)
    assert work.most == 4
    assert work.begun == list("abcdefgh")


async def test_steps_that_come_when_some_workers_have_gone_home_bring_them_back():
    work = Bench(lambda step: {"a": ["b"], "b": ["c", "d", "e"]}.get(step, []))
    await run_workers(steps("a", "z", "y"), work, 3)
    assert sorted(work.begun) == list("abcdeyz")
    assert work.most == 3


async def test_an_empty_list_ends_at_once():
    work = Bench()
    async with asyncio.timeout(30):
        await run_workers([], work, 4)
    assert work.begun == []


async def test_an_exception_ends_the_other_workers_and_surfaces_as_it_is():
    ended: list[str] = []

    async def work(step: Step) -> Iterable[Step]:
        if name(step) == "b":
            await asyncio.sleep(0)
            raise LedgerError("the disk is gone")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append(name(step))
            raise
        return ()

    async with asyncio.timeout(30):
        with pytest.raises(LedgerError, match="the disk is gone"):
            await run_workers(steps("a", "b", "c", "d"), work, 3)
    assert sorted(ended) == ["a", "c"]


async def test_of_several_exceptions_the_first_surfaces_and_the_others_are_told_with_it():
    async def work(step: Step) -> Iterable[Step]:
        raise LedgerError(name(step))

    with pytest.raises(LedgerError, match=r"^a$") as caught:
        await run_workers(steps("a", "b"), work, 2)
    assert isinstance(caught.value.__cause__, ExceptionGroup)
    assert [str(each) for each in caught.value.__cause__.exceptions] == ["a", "b"]


async def test_cancelling_the_spread_cancels_the_work_in_hand_and_begins_nothing_more():
    work = Bench()
    task = asyncio.create_task(run_workers(steps(*"abcdef"), work, 2))
    while len(work.begun) < 2:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert work.begun == ["a", "b"]

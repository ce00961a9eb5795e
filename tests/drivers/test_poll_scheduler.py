import asyncio

import pytest
from driver_samples import Pauses, driver, order

from hailuo_batch.core.pacing.poll_schedule import MIN_CLIPS
from hailuo_batch.drivers.poll_scheduler import PollScheduler
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.ports import Produced, ProviderTask
from hailuo_batch.testing.clips import CLIP

KIN, OTHER = ("768p", 6), ("768p", 10)


class Hands:
    """A clock that only sleeping turns."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, list[float]()

    def elapsed(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def looks(hands: Hands, **how: object) -> PollScheduler:
    return PollScheduler(every=10.0, elapsed=hands.elapsed, sleep=hands.sleep, **how)  # type: ignore[arg-type]


def test_what_is_not_known_is_polled_soon_and_then_as_the_gateway_advises():
    assert [looks(Hands()).poll_delay(KIN, age) for age in (0.0, 2.0, 4.0, 8.0, 16.0, 100.0)] == [2, 2, 4, 8, 10, 10]


def test_clips_of_the_same_kind_tell_when_the_first_look_is_due():
    found = looks(Hands())
    for _ in range(MIN_CLIPS):
        found.record_duration(KIN, 180.0)
    assert 140 < found.poll_delay(KIN, 0.0) < 180
    assert found.poll_delay(OTHER, 0.0) == 2.0, "clips of another length say nothing"


def test_clips_of_earlier_runs_are_known_from_the_beginning():
    found = looks(Hands(), past=[(KIN, 180.0)] * MIN_CLIPS)
    assert 140 < found.poll_delay(KIN, 0.0) < 180


def test_a_gateway_that_has_become_slower_is_believed():
    found = looks(Hands(), past=[(KIN, 60.0)] * 200)
    early = found.poll_delay(KIN, 0.0)
    for _ in range(200):
        found.record_duration(KIN, 240.0)
    assert early < 60 < 180 < found.poll_delay(KIN, 0.0) < 240


async def test_looks_keep_their_distance_whoever_wants_one():
    hands = Hands()
    found = looks(hands, per_second=2.0)
    begun = []
    for _ in range(5):
        await found.wait_turn()
        begun.append(hands.now)
    assert begun == [0.0, 0.5, 1.0, 1.5, 2.0]


async def test_looks_that_are_wanted_together_come_one_after_the_other():
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    found = PollScheduler(every=10.0, per_second=4.0, elapsed=lambda: 0.0, sleep=sleep)
    await asyncio.gather(*(found.wait_turn() for _ in range(4)))
    assert waits == [0.25, 0.5, 0.75]


async def test_without_a_limit_nobody_waits_for_a_turn():
    hands = Hands()
    found = looks(hands)
    for _ in range(100):
        await found.wait_turn()
    assert hands.slept == []


async def test_a_gateway_that_says_too_fast_holds_back_all_looks():
    hands = Hands()
    found = looks(hands)
    found.back_off(30.0)
    found.back_off(5.0)
    await found.wait_turn()
    assert hands.slept == [30.0]


@pytest.mark.parametrize("fresh", [True, False])
async def test_a_driver_learns_from_what_it_saw_begin_and_from_nothing_else(fresh: bool):
    hands = Hands()
    found = looks(hands)
    async with (
        Mock(parse_script({"task": {"queued": 0, "running": 0}}), clip=CLIP) as mock,
        driver(
            "minimax", mock, pauses=Pauses(lambda seconds: setattr(hands, "now", hands.now + seconds)), scheduler=found
        ) as asked,
    ):
        for _ in range(MIN_CLIPS):
            task = await asked.submit(order())
            assert isinstance(task, ProviderTask)
            assert task.is_new
            hands.now += 1000.0
            assert isinstance(await asked.wait(order(), task if fresh else ProviderTask(id=task.id)), Produced)
    # A poll two seconds after the submit found each made: half of that, on average.
    seen = {kin: {seconds for seconds, _ in rows} for kin, rows in found._durations.items()}
    assert seen == ({KIN: {1.0}} if fresh else {})


async def test_a_task_of_an_earlier_run_is_polled_by_its_age_and_one_of_unknown_age_as_if_nothing_were_known():
    """Once learnt, the first poll is minutes away: a task that is nearly ready must not wait so long again."""
    paused: dict[float | None, list[float]] = {}
    async with Mock(parse_script({"task": {"queued": 0, "running": 400, "spread": 0}}), clip=CLIP) as mock:
        for age in (0.0, 100.0, 175.0, 86_400.0, None):
            hands = Hands()

            async def sleep(seconds: float, hands: Hands = hands) -> None:
                mock.clock.advance(seconds)
                await hands.sleep(seconds)

            known = looks(hands, past=[(KIN, 180.0)] * MIN_CLIPS)
            async with driver("minimax", mock, pauses=Pauses(), scheduler=known) as asked:
                asked._sleep = sleep
                task = await asked.submit(order())
                assert isinstance(task, ProviderTask)
                assert isinstance(await asked.wait(order(), ProviderTask(id=task.id, age=age)), Produced)
            paused[age] = hands.slept
    assert 140 < paused[0.0][0] < 180
    assert 40 < paused[100.0][0] < 80
    assert 1 <= paused[175.0][0] < 15
    assert paused[None][:4] == paused[86_400.0][:4] == [2.0, 2.0, 4.0, 8.0], "no run waits a day for one task"


@pytest.mark.parametrize("usual", [None, 3.0])
async def test_clips_of_three_seconds_are_found_within_one_over_http(usual: float | None):
    hands = Hands()
    task = {"queued": 0.5, "running": 2.5, "spread": 0.5}
    async with Mock(parse_script({"task": task}), clip=CLIP) as mock:
        known = looks(hands, usual=usual)

        def pass_time(seconds: float) -> None:
            mock.clock.advance(seconds)
            hands.now += seconds

        async with driver("minimax", mock, pauses=Pauses(pass_time), scheduler=known) as asked:
            for take in range(60):
                order_of_take = order(take=take)
                made = await asked.submit(order_of_take)
                assert isinstance(made, ProviderTask)
                assert isinstance(await asked.wait(order_of_take, made), Produced)
        ready = {task.id: task.end_time for task in mock.tasks("minimax")}
        polls = [entry for entry in mock.log if entry.call == "poll"]
    seen = {entry.task: entry.at for entry in polls}  # the last poll of each
    late = [seen[task] - end for task, end in ready.items()][0 if usual else 12 :]
    assert len(polls) <= 6 * 60
    assert sum(each <= 1.0 for each in late) >= 0.9 * len(late)

"""The door to a provider: who passes when, who is told that nobody does, and that every place comes back."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from run_samples import PAID, World, mark, scripted, shot

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.pacing.circuit_breaker import FAILURE_THRESHOLD
from hailuo_batch.core.pacing.rate_limit import INITIAL_UNANSWERED, RateState
from hailuo_batch.core.pacing.slow_start import FIRST_TAKES, LOSS_THRESHOLD, begin_slow_start
from hailuo_batch.core.trace import WaitLine
from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.ports import DriverRequest
from hailuo_batch.runner.limiter import PATIENCE, Limiter, Tempo
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.runner.step import run_step
from hailuo_batch.testing.driver import ScriptedDriver

SPEED = 5000.0  # a minute is over after 12 ms
BUSY = Failure(kind=FailureKind.THROTTLED, why="too fast")


def gate(
    name: str = "minimax", *, stop: Stop | None = None, speed: float = SPEED, delivered: bool = True, **pace: Any
) -> Limiter:
    return Limiter(
        name,
        RateState(**{"max_unanswered": 100, **pace}),
        begin_slow_start(50, delivered_within_a_day=delivered),
        tempo=Tempo(elapsed=monotonic, speed=speed),
        stop=stop or Stop(),
    )


async def queue(door: Limiter, people: int) -> tuple[list["asyncio.Task[Failure | None]"], list[int]]:
    """People who want to pass, and who has passed so far."""
    passed: list[int] = []

    async def pass_through(number: int) -> Failure | None:
        answer = await door.acquire()
        if answer is None:
            passed.append(number)
        return answer

    tasks = [asyncio.create_task(pass_through(number)) for number in range(people)]
    await turns()
    return tasks, passed


async def turns(number: int = 10) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_who_comes_first_passes_first():
    door = gate(max_running=2)
    tasks, passed = await queue(door, 6)
    assert passed == [0, 1]
    for freed in range(4):
        door.release()
        await turns()
        assert passed == list(range(3 + freed))
    await asyncio.gather(*tasks)
    assert door.pace.running == 2


async def test_no_more_pass_in_a_minute_than_the_limit():
    door = gate(per_minute=3)
    moments: list[float] = []
    for _ in range(9):
        assert await door.acquire() is None
        moments.append(monotonic() * SPEED)
    assert all(later - earlier >= 60 for earlier, later in zip(moments, moments[3:], strict=False))


@pytest.mark.parametrize("pace", [{"max_running": 1}, {"per_minute": 1}], ids=["a place", "the minute"])
@pytest.mark.parametrize("kind", [FailureKind.UNPAID, FailureKind.UNAUTHORIZED])
async def test_a_door_that_closes_wakes_all_who_wait(pace: dict[str, Any], kind: FailureKind):
    door, closed = gate(speed=1.0, **pace), Failure(kind=kind, why="not any more")
    tasks, passed = await queue(door, 5)
    assert passed == [0]
    door.record_refusal(closed)
    assert await asyncio.wait_for(asyncio.gather(*tasks[1:]), 30) == [closed] * 4
    assert await door.acquire() == closed
    assert door.pace.running == 1


@pytest.mark.parametrize("pace", [{"max_running": 1}, {"per_minute": 1}], ids=["a place", "the minute"])
@pytest.mark.parametrize("leave", [True, False])
async def test_a_stop_wakes_all_who_wait(pace: dict[str, Any], leave: bool):
    stop = Stop()
    door = gate(stop=stop, speed=1.0, **pace)
    tasks, passed = await queue(door, 5)
    stop.request("enough", leave_tasks=leave)
    answers = await asyncio.wait_for(asyncio.gather(*tasks[1:]), 30)
    assert [answer.kind for answer in answers if answer] == [FailureKind.STOPPED] * 4
    assert not any(answer.running for answer in answers if answer)
    assert passed == [0]
    assert door.pace.running == 1


async def test_who_gives_up_waiting_lets_the_next_one_pass():
    door = gate(max_running=1)
    tasks, passed = await queue(door, 4)
    tasks[1].cancel()  # the first in line
    tasks[2].cancel()  # behind it
    await turns()
    door.release()
    await asyncio.wait_for(tasks[3], 30)
    assert passed == [0, 3]
    assert door.pace.running == 1


async def test_tasks_of_an_earlier_run_take_places_at_once():
    door = gate(max_running=2)
    for _ in range(3):
        door.add_running_task()
    tasks, passed = await queue(door, 1)
    assert passed == []
    door.release()
    door.release()
    await asyncio.wait_for(tasks[0], 30)
    assert door.pace.running == 2


async def test_a_failure_of_one_provider_is_no_matter_of_the_others():
    one, other = gate("minimax"), gate("vtrix")
    one.record_refusal(Failure(kind=FailureKind.UNPAID, why="no balance"))
    other.record_refusal(BUSY)
    assert await one.acquire() is not None
    assert await other.acquire() is None
    assert one.pace.share == 1.0


async def test_after_too_fast_everybody_waits_as_long_as_was_asked_for():
    door = gate()
    begin = monotonic() * SPEED
    assert door.record_refusal(
        Failure(kind=FailureKind.THROTTLED, why="too fast", wait_seconds=100.0)
    ) == pytest.approx(100, rel=0.1)
    assert await door.acquire() is None
    assert monotonic() * SPEED - begin >= 100


async def test_a_provider_that_asks_for_more_than_patience_is_sent_nothing_more_and_that_is_said():
    door = gate(speed=1.0)
    assert (
        door.record_refusal(Failure(kind=FailureKind.THROTTLED, why="too fast", wait_seconds=2 * PATIENCE)) > PATIENCE
    )
    for _ in range(3):
        shut = await asyncio.wait_for(door.acquire(), 30)
        assert shut is not None
        assert shut.kind is FailureKind.THROTTLED
        assert shut.why == "minimax asks to wait 600 s before the next call"
        assert shut.remedy == "Run again then. Nothing was submitted."
    assert door.pace.running == 0
    assert door.closed is None, "another run may ask"


async def test_the_same_error_again_and_again_closes_the_door_and_a_yes_in_between_does_not():
    door, bad = gate(), Failure(kind=FailureKind.REFUSED, why="no such model")
    for _ in range(3):
        for _ in range(FAILURE_THRESHOLD - 1):
            door.record_refusal(bad)
        door.record_acceptance()
    assert door.closed is None
    for _ in range(FAILURE_THRESHOLD):
        door.record_refusal(bad)
    assert door.closed is not None
    assert door.closed.kind is FailureKind.CLOSED


async def test_tasks_that_all_end_alike_close_the_door_and_a_clip_in_between_does_not():
    door, broken = gate(), Failure(kind=FailureKind.BROKEN, why="the renderer is down")
    for _ in range(3):
        for number in range(LOSS_THRESHOLD - 1):
            door.record_loss(f"task {number}", broken)
        door.record_acceptance()  # says nothing of how tasks end
        door.record_clip()
    assert door.closed is None
    for number in range(LOSS_THRESHOLD):
        door.record_loss(f"task {number} (s{number}#1)", broken)
    assert door.closed is not None
    assert all(f"task {number} (s{number}#1)" in door.closed.remedy for number in range(LOSS_THRESHOLD))


async def test_a_few_are_bought_before_a_clip_is_stored_and_who_waits_is_told(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG, "hailuo_batch.wait")
    door, told = gate(delivered=False), list[str]()

    @contextmanager
    def listen(line: WaitLine) -> Iterator[None]:
        told.append(line.why)
        yield
        told.append("over")

    takes = [asyncio.create_task(door.acquire(listen)) for _ in range(FIRST_TAKES + 5)]
    await turns()
    assert [take.done() for take in takes] == [True] * FIRST_TAKES + [False] * 5
    assert told == ["4 takes go first"]
    assert [str(record.msg) for record in caplog.records] == ["minimax waits: first_clips (4 takes go first)"]
    door.record_acceptance()  # wakes who waits, who waits on for the same reason
    await turns()
    assert told == ["4 takes go first"]
    door.record_clip()
    await turns()
    assert told[:2] == ["4 takes go first", "over"]
    await asyncio.wait_for(asyncio.gather(*takes), 1)


async def test_what_is_proved_not_to_be_bought_gives_its_place_back():
    door = gate(delivered=False)
    for _ in range(FIRST_TAKES):
        assert await door.acquire() is None
        door.release()
        door.record_refusal(Failure(kind=FailureKind.PROMPT_REFUSED, why="no hands, please"))
    assert door.slow_start.not_stored == 0
    for _ in range(FIRST_TAKES):
        assert await door.acquire() is None
        door.cancel_submit()
    assert door.slow_start.not_stored == 0


async def test_takes_that_may_have_been_bought_fill_the_window_and_are_named():
    door = gate(delivered=False)
    for number in range(FIRST_TAKES):
        assert await door.acquire() is None
        door.release()
        door.record_refusal(Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="no answer"), f"s{number}#1 (in doubt)")
    shut = await asyncio.wait_for(door.acquire(), 1)
    assert shut is not None
    assert shut.kind is FailureKind.CLOSED
    assert all(f"    s{number}#1 (in doubt)\n" in shut.remedy for number in range(FIRST_TAKES))


async def test_submits_that_patience_ended_for_close_the_door_when_they_are_many():
    door = gate()
    for _ in range(FAILURE_THRESHOLD):
        assert door.closed is None
        door.record_give_up(BUSY)
    assert door.closed is not None


async def _carried_out(world: World, doors: dict[str, Limiter], **instead: Any) -> object:
    [step] = (await world.plan()).steps
    async with open_ledger(world.file, clock=world.clock) as ledger:
        for name, value in instead.items():
            setattr(ledger, name, value)
        return await run_step(step, await world.bench(ledger, limiters=doors))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=tmp_path, shots=[shot("open")], route=PAID)


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("point", ["submit", "wait", "download"])
async def test_a_place_comes_back_after_every_failure_and_when_its_task_is_followed_again(
    world: World, point: str, kind: FailureKind
):
    doors = {"minimax": gate()}
    world.driver = scripted(point, {mark(shot("open")): Failure(kind=kind, why="so it is")})
    await _carried_out(world, doors)
    assert doors["minimax"].pace.running == 0
    if (await world.stages())[-1] in {Stage.SUBMITTED, Stage.PRODUCED}:
        world.driver = ScriptedDriver()
        doors = {"minimax": gate()}
        await _carried_out(world, doors)
        assert await world.stages() == [Stage.STORED]
        assert doors["minimax"].pace.running == 0


def _burst(_: DriverRequest) -> None:
    raise ZeroDivisionError


def _cancel(_: DriverRequest) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("script", [_burst, _cancel])
@pytest.mark.parametrize("point", ["submit", "wait", "download"])
async def test_a_place_comes_back_when_a_call_bursts_or_is_cancelled(
    world: World, point: str, script: Callable[[DriverRequest], None]
):
    doors = {"minimax": gate()}
    world.driver = scripted(point, script)
    with pytest.raises((ZeroDivisionError, asyncio.CancelledError)):
        await _carried_out(world, doors)
    assert doors["minimax"].pace.running == 0


@pytest.mark.parametrize("move", ["intend", "accept", "produce", "keep", "miss"])
async def test_a_place_comes_back_when_the_ledger_cannot_be_written(world: World, move: str):
    doors = {"minimax": gate()}
    if move == "miss":
        await _carried_out(world, {"minimax": gate()})
        for digest in world.clips():
            Path(world.store.location(digest)).unlink()
        for name in world.names():
            (world.folder / "renders" / name).unlink()

    async def full(*about: Any) -> None:
        raise LedgerError("the ledger cannot be written", why="the disk is full")

    async def move_or_fail(attempt: int, what: Move, *facts: Any) -> Stage:
        if what == move:
            await full()
        return Stage.SUBMITTED if what is Move.ACCEPT else Stage.PRODUCED

    answer = await _carried_out(
        world, doors, **({{"intend": "record_intent", "keep": "keep_clip"}.get(move, ""): full, "move": move_or_fail})
    )
    assert isinstance(answer, Failure), answer
    assert answer.kind is (FailureKind.UNRECORDED if move == "accept" else FailureKind.NO_ROOM)
    assert doors["minimax"].pace.running == 0


async def test_what_a_cap_leaves_out_takes_no_place(world: World):
    from test_reservations import cap, purse

    doors = {"minimax": gate()}
    [step] = (await world.plan()).steps
    async with open_ledger(world.file, clock=world.clock) as ledger:
        answer = await run_step(step, await world.bench(ledger, limiters=doors, reservations=purse(cap("0.01"))))
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.OVER_CAP
    assert doors["minimax"].pace.running == 0
    assert await world.stages() == []
    assert world.driver.submits.total() == 0


async def test_a_listener_that_bursts_leaves_no_place_taken(world: World):
    doors = {"minimax": gate()}
    [step] = (await world.plan()).steps

    def started(*_: object) -> None:
        raise ZeroDivisionError

    async with open_ledger(world.file, clock=world.clock) as ledger:
        with pytest.raises(ZeroDivisionError):
            await run_step(step, await world.bench(ledger, limiters=doors, on_start=started))
    assert doors["minimax"].pace.running == 0


async def test_a_few_go_first_and_the_others_when_one_was_accepted():
    door = gate(max_unanswered=INITIAL_UNANSWERED)
    tasks, passed = await queue(door, 20)
    assert passed == list(range(INITIAL_UNANSWERED))
    door.record_acceptance()
    await turns()
    assert len(passed) == 2 * INITIAL_UNANSWERED + 1, "one is answered, and twice as many may be under way"
    for _ in range(3):
        door.record_acceptance()
    await asyncio.wait_for(asyncio.gather(*tasks), 30)


async def test_after_an_answer_that_proves_nothing_they_go_one_by_one():
    door = gate(max_unanswered=INITIAL_UNANSWERED)
    tasks, passed = await queue(door, 12)
    for _ in range(INITIAL_UNANSWERED):
        door.record_refusal(Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="the connection broke off"))
        await turns()
    assert len(passed) == INITIAL_UNANSWERED + 1, "with the last of those under way answered, one more goes"
    door.record_refusal(Failure(kind=FailureKind.UNKNOWN_OUTCOME, why="the connection broke off"))
    await asyncio.wait_for(asyncio.gather(*tasks), 30)
    assert len(passed) == FAILURE_THRESHOLD, "so many doubts, and not twelve"

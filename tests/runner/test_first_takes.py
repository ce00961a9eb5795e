"""A run at a provider of which no clip came lately: how many takes are bought before one is stored."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run_samples import World, mark, scripted, shot

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.pacing.slow_start import FIRST_TAKES
from hailuo_batch.core.plan.event import WaitEnded, WaitStarted
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.trace import WaitLine, WaitReason
from hailuo_batch.ports import DriverRequest
from hailuo_batch.testing.driver import ScriptedDriver

PAGE = Failure(kind=FailureKind.CORRUPT, why="the link leads to a page (text/html), not to a clip")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=tmp_path, shots=[shot(f"s{number:02d}") for number in range(20)], delivered=False)


def held_back(world: World) -> tuple[Callable[[DriverRequest], Any], asyncio.Event, list[int]]:
    """A download that waits for its turn, what gives it, and how many were submitted at each download's end."""
    turn, seen = asyncio.Event(), list[int]()

    async def download(_: DriverRequest) -> None:
        await turn.wait()
        seen.append(world.driver.submits.total())

    return download, turn, seen


async def test_four_takes_go_first_and_the_others_when_one_is_stored(world: World):
    script, turn, _ = held_back(world)
    world.driver = scripted("download", script)
    ran = asyncio.create_task(world.run(workers=20))
    while world.driver.calls.count(("download", mark(world.shots[FIRST_TAKES - 1]))) < 1:
        await asyncio.sleep(0.001)
    assert world.driver.submits.total() == FIRST_TAKES
    turn.set()
    assert (await ran).stored == 20
    waits = [event for event in world.events if isinstance(event, WaitStarted)]
    first = WaitLine(reason=WaitReason.FIRST_CLIPS, seconds=None, gateway="minimax", why="4 takes go first")
    assert waits[0] == WaitStarted(number=1, line=first, waiting=20 - FIRST_TAKES)
    assert [event.number for event in world.events if isinstance(event, WaitEnded)] == [each.number for each in waits]


@pytest.mark.parametrize("workers", [1, 3, 20])
async def test_without_a_clip_only_those_four_are_bought_and_the_rest_is_told(world: World, workers: int):
    world.driver = scripted("download", lambda _: PAGE)
    outcome = await world.run(workers=workers)
    assert world.driver.charges.total() == FIRST_TAKES
    assert [failure.kind for _, failure in outcome.failed].count(FailureKind.CLOSED) == 20 - FIRST_TAKES
    assert await world.stages() == [Stage.PRODUCED] * FIRST_TAKES


async def test_what_a_chain_unlocks_is_held_like_any_other_and_a_chain_alone_is_not(world: World):
    world.shots = [shot("a"), *(shot(f"b{number}", after="a") for number in range(9))]
    world.driver = ScriptedDriver(download=lambda order: None if order.shot == "a" else PAGE)
    outcome = await world.run(workers=20)
    assert outcome.stored == 1
    assert world.driver.charges.total() <= 1 + 2 * FIRST_TAKES


@pytest.mark.parametrize("is_recent", [True, False])
async def test_a_task_of_an_earlier_run_counts_when_it_was_bought_within_a_day(world: World, is_recent: bool):
    world.driver = scripted("download", lambda _: PAGE)
    await world.run(workers=20)
    recent = frozenset(attempt.id for attempt in await world.attempts()) if is_recent else frozenset()
    world.recent_attempts = recent
    await world.run(workers=20)
    assert world.driver.charges.total() == (FIRST_TAKES if is_recent else 2 * FIRST_TAKES)


async def test_a_clip_of_an_earlier_run_that_comes_home_opens_the_way(world: World):
    world.driver = scripted("download", lambda _: PAGE)
    await world.run(workers=20)
    world.driver.download_script = {mark(each): PAGE for each in world.shots[1:FIRST_TAKES]}
    world.recent_attempts = frozenset(attempt.id for attempt in await world.attempts())
    outcome = await world.run(workers=20)
    assert (outcome.stored, len(outcome.failed)) == (17, 3)


# Where a take ends, and how; "" is a stored clip.
ENDS = st.sampled_from(
    [
        ("", FailureKind.BROKEN),
        ("submit", FailureKind.PROMPT_REFUSED),
        ("submit", FailureKind.UNKNOWN_OUTCOME),
        ("wait", FailureKind.BROKEN),
        ("wait", FailureKind.CLIP_REFUSED),
        ("wait", FailureKind.PENDING),
        ("download", FailureKind.EXPIRED),
    ]
)


@settings(deadline=None, max_examples=25)
@given(st.lists(ENDS, min_size=1, max_size=14), st.integers(1, 14))
async def test_however_takes_end_each_is_answered_and_without_a_clip_few_are_bought(
    ends: list[tuple[str, FailureKind]], workers: int
):
    shots = [shot(f"s{number:02d}") for number in range(len(ends))]
    scripts: dict[str, dict[str, Failure]] = {"": {}, "submit": {}, "wait": {}, "download": {}}
    for each, (point, kind) in zip(shots, ends, strict=True):
        scripts[point][mark(each)] = Failure(kind=kind, why=f"so it is: {kind}")
    driver = ScriptedDriver(submit=scripts["submit"], wait=scripts["wait"], download=scripts["download"])
    with tempfile.TemporaryDirectory() as folder:
        world = World(folder=Path(folder), shots=shots, delivered=False, driver=driver)
        outcome = await asyncio.wait_for(world.run(workers=workers), 60)
    assert outcome.stored + len(outcome.failed) == len(shots), "nobody waits for ever"
    assert outcome.stored or world.driver.charges.total() <= FIRST_TAKES
    closed = sum(failure.kind is FailureKind.CLOSED for _, failure in outcome.failed)
    assert world.driver.submits.total() == len(shots) - closed


async def test_tasks_that_were_bought_without_this_ledger_count_as_bought_lately(world: World):
    for number, each in enumerate(world.shots[:FIRST_TAKES], 1):
        task = f"{mark(each)}/{number}"
        world.known_tasks[mark(each)] = KnownTask(provider="minimax", task=task, source="spring.tasks.yaml")
    world.driver = scripted("download", lambda _: PAGE)
    outcome = await world.run(workers=20)
    assert world.driver.submits.total() == 0
    assert len(outcome.failed) == 20


async def test_what_failed_for_another_manifest_is_reported_and_holds_nothing_back(world: World):
    """Its tasks were counted in the run in which they failed; counted again, they would hold the window for ever."""
    world.driver = scripted("download", lambda _: PAGE)
    first = await world.run(workers=20, only=[each.id for each in world.shots[:FIRST_TAKES]])
    world.recent_attempts = frozenset(attempt.id for attempt in await world.attempts())
    world.driver = ScriptedDriver()
    settled = {step.fingerprint: failure for step, failure in first.failed}
    async with asyncio.timeout(20):
        outcome = await world.run(workers=20, settled=settled)
    assert (outcome.stored, len(outcome.failed)) == (20 - FIRST_TAKES, FIRST_TAKES)
    assert world.driver.submits.total() == 20 - FIRST_TAKES
    assert {failure.kind for _, failure in outcome.failed} == {FailureKind.CORRUPT}

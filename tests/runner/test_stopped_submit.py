"""A second Ctrl-C in the middle of a submit: in doubt is only what may have left."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from run_samples import PAID, World, scripted, shot

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.ports import NEVER_LEFT, DriverRequest
from hailuo_batch.runner.step import run_step

OPEN = shot("open")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(folder=tmp_path, shots=[OPEN])


def stopped(*words: str) -> object:
    def cancel(_: DriverRequest) -> None:
        raise asyncio.CancelledError(*words)

    return cancel


@pytest.mark.parametrize(
    ("words", "stage", "action"),
    [((NEVER_LEFT,), Stage.FAILED, Action.SUBMIT), ((), Stage.INTENDED, Action.HOLD)],
    ids=["it never left", "nothing is known"],
)
async def test_a_submit_that_is_cut_off_is_in_doubt_unless_it_never_left(
    world: World, words: tuple[str, ...], stage: Stage, action: Action
):
    world.driver = scripted("submit", stopped(*words))
    with pytest.raises(asyncio.CancelledError):
        await world.step()
    assert (await world.stages(), await world.actions()) == ([stage], {"open": action})


async def test_a_second_sending_that_never_left_says_nothing_about_the_first(world: World):
    world.route = replace(PAID, idempotent=True)
    for words in ((), (NEVER_LEFT,)):
        world.driver = scripted("submit", stopped(*words))
        with pytest.raises(asyncio.CancelledError):
            await world.step()
    assert await world.stages() == [Stage.INTENDED]


@pytest.mark.parametrize("turns", range(1, 4))
async def test_a_step_that_is_cut_off_while_its_intent_is_written_was_never_sent(world: World, turns: int):
    [step] = (await world.plan()).steps
    async with open_ledger(world.file, clock=world.clock) as ledger:
        task = asyncio.create_task(run_step(step, await world.bench(ledger)))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert world.driver.submits == {}
    assert [attempt.failure is not None for attempt in await world.attempts()] in ([], [True])
    assert await world.actions() == {"open": Action.SUBMIT}

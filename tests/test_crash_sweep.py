"""A real process that buys from each gateway, killed by the mock at its moments and at any time: nothing twice or lost.

Four shots are in flight at once, one of two takes, one that starts from another's last frame. Here every fifth moment
of each gateway is a kill, another fifth at each, about eighty in all; `benchmarks/crashes.py` takes all four hundred.
"""

import random
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from crashing import ENVIRONMENT, Film, new_mock
from forking import KILLED, Forks
from rehearsal import GATEWAYS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
EVERY = 5
PARTS = 4  # of a gateway's sweep, for the workers of the suite
KILLS_IN_A_ROW = 3


@pytest.fixture
async def forks() -> AsyncIterator[Forks]:
    async with Forks(ENVIRONMENT) as found:
        yield found


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_run_that_is_killed_at_any_moment_buys_once_and_loses_nothing(
    gateway: str, part: int, tmp_path: Path, forks: Forks
):
    number = 1 + GATEWAYS.index(gateway) % EVERY + part * EVERY
    code = KILLED
    while code == KILLED:
        async with new_mock() as mock:
            film = Film.begun(tmp_path / f"moment {number}", forks, mock, gateway)
            code = await film.run_until(lambda moment: moment.number == number)  # noqa: B023 - used at once
            await film.assert_kept()
        number += EVERY * PARTS
    assert code == 0
    assert number > 2 * EVERY * PARTS, "a run has more moments than that"


@pytest.mark.parametrize("gateway", GATEWAYS)
async def test_a_run_that_is_killed_again_and_again_buys_once_and_loses_nothing(
    gateway: str, tmp_path: Path, forks: Forks
):
    chance = random.Random(gateway)  # noqa: S311 - it has to be repeatable, not secret
    async with new_mock() as mock:
        film = Film.begun(tmp_path, forks, mock, gateway)
        for _ in range(KILLS_IN_A_ROW):
            await film.run_for(chance.uniform(0.02, 0.12))
        await film.assert_kept()
    assert film.tally.kills


async def test_what_the_sweep_counts_would_show_a_take_that_was_bought_twice_or_lost(tmp_path: Path, forks: Forks):
    async with new_mock() as mock:
        film = Film.begun(tmp_path, forks, mock, "minimax")
        await film.assert_kept()
        assert (film.tally.takes, film.tally.charges, film.tally.twice, film.tally.lost) == (5, 5, 0, 0)
        mock._journal.charges.append(replace(mock.charges[0], task="a-task-that-nobody-follows"))
        for clip in (tmp_path / ".hailuo" / "store").glob("*/*.mp4"):
            clip.unlink()
        for name in (tmp_path / "renders").iterdir():
            name.unlink()
        await film._count()
    assert film.tally.twice == 1
    assert film.tally.lost == 6, "the task that nobody follows, and five takes whose clips are gone"

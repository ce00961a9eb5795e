"""A real process that buys from each gateway, killed by the mock at its moments and at any time: nothing twice or lost.

Four shots are in flight at once, one of two takes, one that starts from another's last frame. Here every moment is a
kill for each way of buying: MiniMax's own dialect, a table, and a table whose gateway honours keys. The other tables
meet one moment of a submit each; `benchmarks/crashes.py` takes all four hundred moments.
"""

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from crashing import Film, new_mock
from forking import KILLED, Forks
from rehearsal import GATEWAYS, nth

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.asyncio(loop_scope="session"),  # in which the server of the forks lives
]
# Money: between these moments of a submit, what is charged and what the ledger knows differ.
PAYING = tuple(("submit", kind) for kind in ("received", "charged", "half_sent", "answered"))
READING = tuple((call, kind) for call in ("poll", "download") for kind in ("received", "half_sent", "answered"))
FILE = tuple(("file", kind) for kind in ("received", "half_sent", "answered"))
KILLS_IN_A_ROW = 3
TAKES = 4  # a kill meets the first to the fourth take, in turn; the last of five may be all that is left to do


WAYS = ("minimax", "odkkk", "mindvideo")
TABLES = tuple(gateway for gateway in GATEWAYS if gateway != "minimax")


def moments() -> Iterator[tuple[str, str, str, int]]:
    """Gateway, call, kind of moment, and the how manieth of its kind in a run."""
    for place, (call, kind) in enumerate(PAYING):
        for number, gateway in enumerate(WAYS):
            yield gateway, call, kind, 1 + (place + number) % TAKES
    for number, gateway in enumerate(gateway for gateway in GATEWAYS if gateway not in WAYS):
        yield gateway, *PAYING[1 + number % 3], 1 + number % TAKES
    for place, (call, kind) in enumerate(READING):
        for number, gateway in enumerate(("minimax", TABLES[place % len(TABLES)])):
            yield gateway, call, kind, 1 + (place + number) % TAKES
    for place, (call, kind) in enumerate(FILE):
        yield "minimax", call, kind, 1 + place


@pytest.mark.parametrize(("gateway", "call", "kind", "number"), tuple(moments()))
async def test_a_run_that_is_killed_at_any_moment_buys_once_and_loses_nothing(
    gateway: str, call: str, kind: str, number: int, tmp_path: Path, forks: Forks
):
    async with new_mock() as mock:
        film = Film.begun(tmp_path, forks, mock, gateway)
        assert await film.run_until(nth(number, kind, call)) == KILLED, "the moment never came"
        await film.assert_kept()


@pytest.mark.parametrize("gateway", ["mindvideo", "minimax", "vtrix"])
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
        for name in (tmp_path / "renders").glob("*.*"):
            name.unlink()
        await film._count()
    assert film.tally.twice == 1
    assert film.tally.lost == 6, "the task that nobody follows, and five takes whose clips are gone"

"""A run that dies between two system calls that write to the ledger, the store or the names: nothing twice or lost.

Here a few calls of each kind; `benchmarks/crashes.py --calls` takes every one until a run ends undisturbed.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from crashing import ENVIRONMENT, Film, new_mock
from forking import KILLED, Forks
from rehearsal import nth
from tracing import PLACES, Place, traced, why_not

from hailuo_batch.app.workspace.workspace import Workspace

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),  # in which the server of the forks lives
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has strace"),
    pytest.mark.skipif(sys.platform == "linux" and bool(why_not()), reason=why_not() or "it can be traced"),
]
# Which call of each kind. The ledger's come in bursts: while it is made, at each commit, when it is closed.
BOUGHT = {
    "pwrite64 of the ledger": (2, 35, 90),
    "fdatasync of the ledger": (9,),
    "fsync": (2,),
    "rename": (7,),
    "link": (2,),
    "unlink": (1,),
    "write": (9,),
}
DRAWN = {"fsync": (3,)}
# The copy, its way to its name, and the mark in the old place; then the run goes on.
MOVED = {"pwrite64 of the ledger": (1, 4, 12, 20), "fdatasync of the ledger": (2, 4), "rename": (1, 2)}


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def spread(wanted: Mapping[str, tuple[int, ...]]) -> list[object]:
    rows = [(place, number) for place in PLACES for number in wanted.get(str(place), ())]
    return [pytest.param(place, number, id=f"{place} {number}") for place, number in rows]


@pytest.mark.parametrize(("place", "number"), spread(BOUGHT))
async def test_a_run_that_buys_may_die_before_any_write(place: Place, number: int, tmp_path: Path, forks: Forks):
    async with new_mock() as mock:
        film = Film.begun(tmp_path, forks, mock, "minimax")
        code, said = await traced(tmp_path, film.base, place, f"signal=SIGKILL:when={number}")
        assert code == KILLED, said
        await film.assert_kept()


@pytest.mark.parametrize(("place", "number"), spread(MOVED))
async def test_a_ledger_may_die_before_any_write_of_its_move_into_the_git_folder(
    place: Place, number: int, tmp_path: Path, forks: Forks
):
    async with new_mock() as mock:
        film = Film.begun(tmp_path, forks, mock, "minimax")
        assert await film.run_until(nth(2, "answered", "submit")) == KILLED
        for name in ("objects", "refs"):
            (tmp_path / ".git" / name).mkdir(parents=True)
        (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
        code, said = await traced(tmp_path, film.base, place, f"signal=SIGKILL:when={number}")
        assert code == KILLED, said
        await film.assert_kept()
        assert ".git" in Workspace(tmp_path).ledger_file.parts


@pytest.mark.parametrize(("place", "number"), spread(DRAWN))
async def test_a_run_that_draws_may_die_before_any_write(place: Place, number: int, tmp_path: Path, forks: Forks):
    film = Film.begun(tmp_path, forks, None)
    code, said = await traced(tmp_path, film.base, place, f"signal=SIGKILL:when={number}")
    assert code == KILLED, said
    await film.assert_kept()

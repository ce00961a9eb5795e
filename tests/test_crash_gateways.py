"""A real process that buys over HTTP is killed at named moments, then started again: nothing is bought twice."""

import asyncio
import sys
from pathlib import Path

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.core.plan import Action
from hailuo_batch.mock.moments import Moment
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
CHILD = Path(__file__).with_name("rehearsal.py")
KILLED = -9
MOMENTS = (
    ("received", "submit", 1),
    ("charged", "submit", 1),
    ("charged", "submit", 3),
    ("answered", "submit", 2),
    ("received", "poll", 1),
    ("answered", "poll", 2),
    ("received", "download", 2),
    ("half_sent", "download", 1),
    ("answered", "download", 3),
)
SHOTS = 3


async def go_on(found: Studio, *, killed_at: tuple[str, str, int] | None = None) -> int:
    """One run in a process of its own, which dies at the n-th moment of a kind, if one is named; its exit code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(CHILD), str(found.folder / "film.yaml"), found.mock.base, stderr=asyncio.subprocess.PIPE
    )
    passed = 0

    def kill(moment: Moment) -> None:
        nonlocal passed
        if killed_at is not None and (moment.kind, moment.call) == killed_at[:2]:
            passed += 1
            if passed == killed_at[2]:
                process.kill()

    found.mock.listeners.append(kill)
    try:
        _, words = await asyncio.wait_for(process.communicate(), 30)
    finally:
        found.mock.listeners.remove(kill)
    assert process.returncode is not None
    assert b"Traceback" not in words, words.decode()
    return process.returncode


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: f"{moment[0]} {moment[1]} {moment[2]}")
@pytest.mark.parametrize("gateway", ["minimax", "mindvideo"])
async def test_a_run_that_is_killed_buys_nothing_twice(
    gateway: str, moment: tuple[str, str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with Mock(speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film(gateway, *(f"kite number {number}" for number in range(SHOTS))))
        assert await go_on(found, killed_at=moment) == KILLED

        code = await go_on(found)

        left = await found.run()
        assert left.outcome.stored == 0
        assert all(step.action is Action.HOLD for step in left.after.work)
        assert code == (8 if left.after.work else 0)
        doubts = sum(stage in {"intended", "in_doubt"} for stage in found.stages())
        assert found.stages().count("stored") + doubts == SHOTS
        assert doubts == len(left.after.work)
        if moment[1] != "submit":
            assert doubts <= 1, "only what was being asked for at that moment may be in doubt"
        assert max(mock.charged().values(), default=0) <= 1
        assert found.leftovers() == []

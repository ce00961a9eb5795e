"""A rehearsal is killed with its mock at any moment, and the next goes on: nothing is lost, stuck or bought twice."""

import asyncio
import json
import random
import sys
from collections import Counter
from pathlib import Path

import pytest
from crashing import RUNS, small_clip, storm
from forking import KILLED, REHEARSAL, Fork, Forks

from hailuo_batch.app.costs import audit
from hailuo_batch.app.resolve import list_open_attempts, settle
from hailuo_batch.app.verify import verify
from hailuo_batch.core.attempt.in_doubt import Verdict
from hailuo_batch.core.world import World

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.asyncio(loop_scope="session"),  # in which the server of the forks lives
]
WORLD = {"world": World.REHEARSAL}
SHOTS = ("open", "pair", "turn", "close")


def charged(folder: Path) -> list[dict[str, str]]:
    """What the mock has on the disk."""
    file = folder / ".hailuo" / "rehearsal" / ".hailuo" / "mock.jsonl"
    return [json.loads(line)["task"] for line in file.read_text().splitlines() if line]


async def settle_doubts(folder: Path, prompts: dict[str, int]) -> None:
    found = await list_open_attempts(folder=folder, **WORLD)
    known = {task for _, task in found.known_tasks}
    for doubt in found.in_doubt:
        prompt = dict(zip(SHOTS, prompts, strict=True))[doubt.shot]
        mine = (task["id"] for task in charged(folder) if task["prompt"] == prompt)
        task = next((each for each in mine if each not in known), None)
        known.add(task or "")
        verdict = Verdict.FOUND if task else Verdict.NEVER_SENT
        ids = {doubt.attempt: task} if task else None
        await settle(found, [doubt], verdict, reason="by the mock's tasks", tasks=ids)


async def finish(folder: Path, forks: Forks, prompts: dict[str, int]) -> None:
    for _ in range(RUNS):
        code = await forks.run(folder, REHEARSAL)
        assert code in {0, 8}, (folder / "told").read_text()
        if not code:
            return
        await settle_doubts(folder, prompts)
    raise AssertionError((folder / "told").read_text())


@pytest.mark.parametrize("gateway", ["minimax", "mindvideo"])
async def test_a_rehearsal_killed_at_any_moment_ends_whole(gateway: str, tmp_path: Path, forks: Forks):
    chance, killed = random.Random(gateway), 0  # noqa: S311 - it has to be repeatable, not secret
    text, prompts = storm(gateway)
    for number in range(10):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "hailuo.yaml").write_text("version: 1\n")
        (folder / "film.yaml").write_text(text)
        (folder / "clip.mp4").write_bytes(small_clip())

        def kill_later(fork: Fork) -> None:
            asyncio.get_running_loop().call_later(chance.uniform(0.02, 0.25), fork.kill)

        killed += await forks.run(folder, REHEARSAL, begun=kill_later) == KILLED
        await finish(folder, forks, prompts)

        assert Counter(task["prompt"] for task in charged(folder)) == prompts
        booked = await audit(folder, deep=True, **WORLD)
        assert (booked.findings, booked.double_purchases, booked.clips) == ((), 0, sum(prompts.values()))
        assert (await verify(folder / "film.yaml", deep=True, **WORLD)).findings == ()
    assert killed >= 5

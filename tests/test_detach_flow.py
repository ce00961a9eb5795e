"""A run that submits and leaves: what it submitted is followed by the next one, and nothing is bought twice."""

import json
import signal
import sys
from pathlib import Path

import pytest
from crashing import small_clip
from rehearsal import SPEED, nth
from test_stop_flow import LONG, Project, project, told

from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
THREE = ("--only", "s[123]")
HEAD = "version: 1\ncampaign: film\nproviders: [minimax]\ndefaults: {duration: 6, resolution: 768p}\nshots:\n"
CHAIN = """\
  - {id: open, prompt: a kite rises}
  - {id: turn, prompt: the kite turns, frames: {first: {shot: open, frame: last}}}
"""


def bought_once(found: Project) -> bool:
    return max(found.mock.charge_counts().values()) == 1


async def ended(found: Project, *words: str) -> tuple[int, str, str]:
    async with found.running(*words) as process:
        return await told(process)


async def test_it_leaves_when_all_was_accepted_and_the_next_run_brings_the_clips(tmp_path: Path):
    async with project(tmp_path, **LONG) as found:
        code, out, _ = await ended(found, "--detach", *THREE)
        assert code == 0, out
        assert found.stages() == dict.fromkeys(("s1", "s2", "s3"), "submitted")
        assert "Detached: nothing is left to submit now.\n3 tasks are still running" in out
        assert out.splitlines()[-1] == "    hailuo-batch run --only 's[123]' film.yaml"
        code, out, _ = await ended(found, "--detach", *THREE)
        assert (code, found.submits()) == (0, 3), "nothing is left to submit"
        assert "3 tasks are still running" in out
        found.mock.clock.advance(60_000.0)
        code, out, _ = await ended(found, *THREE)
        assert code == 0, out
        assert found.stages() == dict.fromkeys(("s1", "s2", "s3"), "stored")
        assert (found.submits(), bought_once(found)) == (3, True)


async def test_it_follows_its_tasks_until_the_last_place_is_free(tmp_path: Path):
    """Three places and six takes: the first three are stored before the last one goes out."""
    async with project(tmp_path, task={"queued": 0, "running": 60}) as found:
        code, out, _ = await ended(found, "--detach", "--progress", "json")
        assert code == 0, out
        assert found.submits() == 6
        assert list(found.stages().values()).count("stored") >= 3


async def test_takes_that_wait_for_a_frame_are_left_to_the_next_run(tmp_path: Path):
    async with Mock(parse_script(LONG), speed=SPEED, clip=small_clip()) as mock:
        found = Project(folder=tmp_path, mock=mock)
        (tmp_path / "film.yaml").write_text(HEAD + CHAIN)
        code, out, _ = await ended(found, "--detach")
        assert code == 0, out
        assert found.stages() == {"open": "submitted"}
        assert "1 take waits for a frame of another, and is submitted by the next run." in out
        found.mock.clock.advance(60_000.0)
        code, out, _ = await ended(found, "--detach")  # the clip is ready now: what starts from it is submitted
        assert code == 0, out
        assert found.stages() == {"open": "stored", "turn": "submitted"}
        assert out.splitlines()[-1] == "    hailuo-batch run film.yaml"


@pytest.mark.parametrize(
    ("fault", "code", "running", "command"),
    [
        ({"fault": "input_refused", "nth": 2}, 4, 2, "run --only 's[123]' film.yaml"),
        ({"fault": "reset", "accepted": True, "nth": 2}, 8, 2, "resolve film.yaml"),
        ({"fault": "no_balance", "nth": 2}, 7, 1, "run --only 's[123]' film.yaml"),
    ],
    ids=lambda value: value["fault"] if isinstance(value, dict) else None,
)
async def test_what_went_wrong_keeps_its_exit_code(
    fault: dict[str, object], code: int, running: int, command: str, tmp_path: Path
):
    async with project(tmp_path, fault, **LONG) as found:
        ended_with, out, _ = await ended(found, "--detach", *THREE)
        assert ended_with == code, out
        assert list(found.stages().values()).count("submitted") >= running
        assert out.splitlines()[-1] == f"    hailuo-batch {command}"


@pytest.mark.parametrize("moment", ["charged", "answered"])
async def test_killed_while_it_submits_it_buys_nothing_twice(moment: str, tmp_path: Path):
    async with project(tmp_path, **LONG) as found:
        async with found.running("--detach", *THREE) as process:
            await found.until(nth(2, moment, "submit"))
            process.send_signal(signal.SIGKILL)
            await process.wait()
        found.mock.clock.advance(60_000.0)
        code, out, _ = await ended(found, *THREE)
        assert code in {0, 8}, out  # what was cut off is in doubt, and is not submitted again
        assert bought_once(found)


@pytest.mark.parametrize(
    "words",
    [
        ("--sketch",),
        ("--frozen",),
        ("--dry-run",),
        ("other.yaml",),
        ("--callback-url", "https://me.test/", "--callback-listen", "127.0.0.1:0"),
    ],
    ids=" ".join,
)
async def test_what_does_not_go_with_leaving_is_refused(words: tuple[str, ...], tmp_path: Path):
    async with project(tmp_path) as found:
        (tmp_path / "other.yaml").write_text(HEAD + CHAIN)
        code, _, err = await ended(found, "--detach", *words)
        assert code == 2, err
        assert "--detach" in err
        assert found.submits() == 0


async def test_programs_see_each_task_that_was_accepted(tmp_path: Path):
    async with project(tmp_path, **LONG) as found:
        code, out, err = await ended(found, "--detach", *THREE, "--progress", "json", "--format", "json")
        assert code == 0
        events = [json.loads(line) for line in err.splitlines()]
        tasks = {each["task"] for each in events if each["event"] == "StepAccepted"}
        assert len(tasks) == 3
        ran = json.loads(out)["run"]
        assert (ran["stopped"], ran["left_running"]) == ("detached", 3)

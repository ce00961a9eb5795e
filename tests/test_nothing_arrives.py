"""A gateway that accepts everything and delivers nothing: few takes are bought, and it is said which and why."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.app.run import RunResult
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.pacing.slow_start import FIRST_TAKES
from hailuo_batch.errors import Exit
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

SHOTS = 24
PROMPTS = tuple(f"kite number {number}" for number in range(SHOTS))
# What stands between an accepted submit and a stored clip, and a word of the reason that is told.
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "a sign-in page": ({"fault": "wrong_type", "call": "download", "every": 1}, "page"),
    "a dead link": ({"fault": "expired_link", "every": 1}, "dead"),
    "a host that refuses": ({"fault": "server_error", "call": "download", "status": 503, "every": 1}, "503"),
    "a connection that breaks": ({"fault": "reset", "call": "download", "every": 1}, "broke off"),
    "a file that is cut": ({"fault": "cut", "every": 1, "part": 0.5}, ""),
    "another file than a clip": ({"fault": "length_too_short", "bytes": 3000, "every": 1}, ""),
    "a private address": ({"fault": "redirect", "to": "http://10.0.0.1/a.mp4", "every": 1}, ""),
    "outputs refused": ({"fault": "output_refused", "every": 1}, ""),
    "a model that fails every task": ({"fault": "task_failed", "every": 1}, ""),
}


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Studio]:
    def make(mock: Mock, *prompts: str, providers: str = "mindvideo") -> Studio:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film(providers, *(prompts or PROMPTS)))
        return found

    return make


def open_mock(*faults: dict[str, Any], **script: Any) -> Mock:
    return Mock(parse_script({"faults": list(faults), **script}), speed=SPEED, clip=CLIP)


def submits(studio: Studio) -> int:
    return len(studio.calls("submit"))


def closed(ran: RunResult) -> list[str]:
    """What was said to the takes that were not submitted any more."""
    return [f"{each.why}\n{each.remedy}" for _, each in ran.outcome.failed if each.kind is FailureKind.CLOSED]


@pytest.mark.parametrize("name", FAULTS)
async def test_with_no_clip_coming_home_only_the_first_takes_are_bought(name: str, studio: Callable[..., Studio]):
    fault, word = FAULTS[name]
    async with open_mock(fault) as mock:
        found = studio(mock)
        ran = await found.run()
        assert submits(found) == FIRST_TAKES
        told = closed(ran)
        assert len(told) == SHOTS - FIRST_TAKES
        assert word in told[0]
        tasks = [task for (task,) in found.rows("SELECT task FROM attempts WHERE task <> ''")]
        assert len(tasks) == FIRST_TAKES
        assert all(f"task {task} (s" in told[0] for task in tasks), "each of them is named"
        assert ran.exit is Exit.TAKES_FAILED


async def test_a_second_run_buys_nothing_before_the_first_takes_are_home(studio: Callable[..., Studio]):
    runs = 3
    async with open_mock({"fault": "wrong_type", "call": "download", "first": runs * FIRST_TAKES}) as mock:
        found = studio(mock)
        for _ in range(runs):
            await found.run()
            assert submits(found) == FIRST_TAKES
        ran = await found.run()
        assert (ran.exit, ran.outcome.stored, submits(found)) == (Exit.DONE, SHOTS, SHOTS)


async def test_one_by_one_no_more_are_bought_either(studio: Callable[..., Studio]):
    async with open_mock(FAULTS["a dead link"][0]) as mock:
        found = studio(mock)
        await found.run(jobs=1)
        assert submits(found) == FIRST_TAKES


async def test_who_delivered_within_a_day_goes_on_at_once_and_stops_when_nothing_comes_any_more(
    studio: Callable[..., Studio],
):
    async with open_mock({**FAULTS["a dead link"][0], "prompt": "number"}) as mock:
        found = studio(mock, "a kite")
        await found.run()
        found.write(film("mindvideo", "a kite", *PROMPTS))
        ran = await found.run(jobs=2)
        assert len(closed(ran)) >= SHOTS - 7, "five in a row, and what was under way with them"
        assert "takes in a row" in closed(ran)[0]


async def test_refused_prompts_are_no_purchase_and_hold_nobody_back(studio: Callable[..., Studio]):
    async with open_mock({"fault": "input_refused", "prompt": "hail"}) as mock:
        found = studio(mock, *(f"hail {n}" for n in range(12)), "sun", "rain", providers="minimax")
        ran = await found.run()
        assert (ran.outcome.stored, closed(ran)) == (2, [])


async def test_each_provider_has_its_own_first_takes(studio: Callable[..., Studio]):
    async with open_mock({**FAULTS["a dead link"][0], "gateway": "mindvideo"}) as mock:
        found = studio(mock, providers="mindvideo, highwayapi")
        ran = await found.run()
        assert ran.outcome.stored == SHOTS - FIRST_TAKES
        assert len(mock.charges) == SHOTS
        [(other, clips, why)] = ran.outcome.other_providers
        assert (other, clips) == ("highwayapi", SHOTS - FIRST_TAKES)
        assert "none of the last 4 takes submitted to mindvideo was stored" in why

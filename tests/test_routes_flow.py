"""What is refused, who gets the request next, and with which exit code a run says so, over real loopback HTTP."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rehearsal import SPEED, Studio

from hailuo_batch.app.run import run
from hailuo_batch.app.running.drivers import _task_timeout
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.pacing.rate_limit import RateState, submit_delay
from hailuo_batch.core.providers.offers import Limits
from hailuo_batch.core.world import World
from hailuo_batch.load.provider_tables import read_provider
from hailuo_batch.load.settings import read_project
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Limiter
from hailuo_batch.testing.clips import CLIP

Open = Callable[..., AbstractAsyncContextManager[Studio]]
REFUSED = {"fault": "input_refused", "gateway": "minimax"}


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    @asynccontextmanager
    async def opened(providers: str, *faults: dict[str, Any], more: str = "") -> AsyncIterator[Studio]:
        async with Mock(parse_script({"faults": list(faults)}), speed=SPEED, clip=CLIP) as mock:
            found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
            found.write(
                f"version: 1\ncampaign: film\nproviders: [{providers}]\n{more}defaults: {{duration: short}}\n"
                "shots:\n  - {id: open, prompt: a bottle in mist}\n"
            )
            yield found

    return opened


async def test_a_refused_shot_has_one_exit_code_in_every_run(studio: Open) -> None:
    async with studio("minimax", REFUSED) as found:
        assert [(await found.run()).exit for _ in range(3)] == [4, 4, 4]
        assert len(found.calls("submit")) == 1


async def test_what_one_gateway_refused_goes_to_the_next_of_the_list_in_the_next_run(studio: Open) -> None:
    async with studio("minimax, highwayapi", REFUSED) as found:
        assert (await found.run()).exit == 4
        ran = await found.run()
        assert (ran.exit, ran.outcome.stored) == (0, 1)
        assert [call.gateway for call in found.calls("submit")] == ["minimax", "highwayapi"]


async def test_an_empty_account_is_the_reason_when_the_next_price_is_unknown_under_a_cap(studio: Open) -> None:
    empty = {"fault": "no_balance", "gateway": "minimax"}
    async with studio("minimax, mindvideo", empty, more="budget: {max: 5, currency: USD}\n") as found:
        ran = await found.run()
        ((_, failure),) = ran.outcome.failed
        assert (ran.exit, failure.kind) == (7, FailureKind.UNPAID)
        assert "MiniMax says that the balance or the plan is used up" in failure.why
        assert "mindvideo" in failure.why
        assert [call.gateway for call in found.calls("submit")] == ["minimax"]


async def test_the_pace_of_a_gateway_survives_between_runs(studio: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    paces = []

    class Watched(Limiter):
        def __init__(self, provider: str, pace: RateState, *rest: Any, **more: Any) -> None:
            paces.append(pace)
            super().__init__(provider, pace, *rest, **more)

    monkeypatch.setattr("hailuo_batch.app.running.context.Limiter", Watched)
    async with studio("minimax") as found:
        (found.folder / "hailuo.yaml").write_text("version: 1\nlimits: {minimax: {per_minute: 0.05}}\n")
        await found.run()
        found.write((found.folder / "film.yaml").read_text().replace("in mist", "in fog"))
        await found.run()
    first, second = paces
    assert (len(first.submit_times), len(second.submit_times)) == (0, 1)
    assert submit_delay(second, second.submit_times[0] + 1.0) == pytest.approx(1199.0)


async def test_spent_so_far_has_older_versions_and_other_providers(studio: Open) -> None:
    async with studio("minimax") as found:
        await found.run()
        text = (found.folder / "film.yaml").read_text()
        found.write(text.replace("in mist", "in fog").replace("[minimax]", "[highwayapi]"))
        ran = await found.run()
        report = ran.after.report
        assert ([str(money) for money in report.estimated], report.unknown_cost) == (["0.28 USD"], 1)
        assert report.silent_providers == ("highwayapi", "minimax")


@pytest.mark.parametrize(
    ("limits", "waits"),
    [("", "30 min"), ("limits: {minimax: {task_minutes: 7.5}}\n", "7.5 min")],
)
async def test_how_long_a_run_waits_for_a_task_is_a_setting(limits: str, waits: str, tmp_path: Path) -> None:
    (tmp_path / "hailuo.yaml").write_text(f"version: 1\n{limits}")
    (tmp_path / "film.yaml").write_text("version: 1\ncampaign: film\nshots: [{id: open, prompt: a bottle}]\n")
    (tmp_path / "script.yaml").write_text("faults: [{fault: stuck}]\n")
    rehearsal = Rehearsal(script=tmp_path / "script.yaml", speed=20_000.0)
    ran = await run(tmp_path / "film.yaml", RunOptions(world=World.REHEARSAL, rehearsal=rehearsal))
    ((_, failure),) = ran.outcome.failed
    assert (ran.exit, failure.kind) == (8, FailureKind.PENDING)
    assert f"within {waits} (last status" in failure.why
    assert "limits: {minimax: {task_minutes: 60}}" in failure.remedy


def test_a_table_may_say_how_long_a_task_takes(tmp_path: Path) -> None:
    slow = replace(read_provider("minimax", "hailuo-02"), limits=Limits(task_seconds=7200))
    assert _task_timeout(slow, read_project(tmp_path)) == 7200

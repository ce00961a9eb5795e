"""A run that is no rehearsal, at a mock on loopback: the plan is agreed to, the lock written, the key seen nowhere."""

import dataclasses
import json
import logging
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from aiohttp import web
from rehearsal import KEY, SPEED, film
from trusting import trust_project

from hailuo_batch.app.planning.changed_plan import plan_changed_shots
from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.plan.outcome import INTERRUPTED
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, KeyMissingError, RefusedError
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.json_report import outcome_dict, report_dict
from hailuo_batch.views.run_summary import draw_run_summary


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose key is set, and for which time flies."""
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setattr(
        "hailuo_batch.app.running.context.make_scaled_clock", lambda _: Tempo(elapsed=monotonic, speed=SPEED)
    )
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "film.yaml").write_text(film("minimax", "a kite", "a boat"))
    return folder


def settle(folder: Path, base: str) -> None:
    (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{minimax: '{base}'}}\n")
    trust_project(folder)


@asynccontextmanager
async def mocked(folder: Path, *faults: dict[str, Any]) -> AsyncIterator[Mock]:
    async with Mock(parse_script({"faults": list(faults)}), speed=SPEED, clip=CLIP) as mock:
        settle(folder, mock.url("minimax"))
        yield mock


def written(folder: Path) -> str:
    """All that there is on the disk, and every row of the ledger."""
    files = "\n".join(file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file())
    with closing(sqlite3.connect(folder / ".hailuo" / "ledger.db")) as ledger:
        return files + "\n".join(ledger.iterdump())


def shown(ran: RunResult) -> str:
    """A run as people and programs see it."""
    report = ran.after.report
    members = json.dumps({**report_dict(report), "run": outcome_dict(ran.outcome, report)})
    return "\n".join(
        (members, draw_run_summary(ran.outcome, report, lock=ran.lock, folder="renders/"), repr(ran.outcome))
    )


async def test_the_plan_is_agreed_to_and_the_lock_names_what_was_bought(project: Path):
    asked: list[PlannedRun] = []
    async with mocked(project) as mock:
        ran = await run(project / "film.yaml", approve=asked.append)
        assert [str(money) for money in asked[0].report.to_spend] == ["0.56 USD"]
        assert (ran.outcome.stored, ran.exit, ran.lock) == (2, Exit.DONE, project / "film.lock.yaml")
        assert len(mock.charges) == 2
        assert {entry.call for entry in mock.log if entry.key} == {"submit", "poll", "file"}, (
            "the clip's host gets none"
        )
        assert (await run(project / "film.yaml")).outcome.stored == 0
        assert len(mock.charges) == 2
    lock = (project / "film.lock.yaml").read_text()
    assert lock.count("sha256:") == 2
    assert "minimax" in lock
    assert len(list((project / "renders").glob("*.mp4"))) == 2


async def test_a_run_leaves_the_memory_that_the_next_plan_would_write(project: Path):
    manifest, memory = project / "film.yaml", project / ".hailuo" / "memory"
    async with mocked(project):
        await run(manifest)
        text = manifest.read_text()
        manifest.write_text(text.replace("a boat", "a ship"))
        ran = await run(manifest)  # a second version: the lock was another before
    assert (ran.outcome.stored, ran.error) == (1, None)
    assert read_cached_summary(manifest) is not None
    left = _read_memory(memory)
    shutil.rmtree(memory)
    await plan(manifest)
    assert _read_memory(memory) == left
    manifest.write_text(text.replace("a boat", "a junk"))
    assert await plan_changed_shots(manifest, world=World.REAL) is not None


def _read_memory(folder: Path) -> dict[str, object]:
    """All that is remembered, without when."""
    found: dict[str, object] = {}
    for file in folder.iterdir():
        _, _, text = file.read_text().partition("\n")
        if file.name.startswith("finished-"):
            head, *lists = text.split("\n\n")
            known = {key: value for key, value in json.loads(head).items() if key not in {"at", "content"}}
            found[file.name] = (known, *(set(each.split("\n")) for each in lists))
        elif file.name.startswith("copy-"):
            found[file.name] = text
    return found


async def test_a_lock_that_another_branch_put_there_is_not_remembered(project: Path, monkeypatch: pytest.MonkeyPatch):
    manifest, lock = project / "film.yaml", project / "film.lock.yaml"

    def check_out(path: Path, entries: object) -> None:
        lock.write_text(lock.read_text().replace("version: 1\n    takes", "version: 2\n    takes"))

    monkeypatch.setattr("hailuo_batch.app.run.write_task_entries", check_out)
    async with mocked(project):
        lock.write_text("version: 1\ncampaign: film\nshots: {}\n")
        await run(manifest)
    assert "version: 2\n    takes" in lock.read_text()
    assert read_cached_summary(manifest) is None


async def test_a_plan_that_is_not_agreed_to_sends_nothing(project: Path):
    def no(_: PlannedRun) -> None:
        raise RefusedError("not approved")

    async with mocked(project) as mock:
        with pytest.raises(RefusedError):
            await run(project / "film.yaml", approve=no)
        assert list(mock.log) == []
    assert not (project / "film.lock.yaml").exists()


async def test_without_a_key_nothing_is_sent_and_nothing_is_made(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("MINIMAX_API_KEY")
    async with mocked(project) as mock:
        with pytest.raises(KeyMissingError) as missing:
            await run(project / "film.yaml")
        assert missing.value.exit is Exit.KEY
        assert "MINIMAX_API_KEY" in missing.value.summary
        assert list(mock.log) == []
    assert not (project / ".hailuo").exists()


async def test_one_key_of_two_is_enough_where_another_provider_may_be_asked(project: Path):
    (project / "film.yaml").write_text(film("odkkk, minimax", "a kite"))
    async with mocked(project) as mock:
        ran = await run(project / "film.yaml")
        assert (ran.outcome.stored, ran.exit) == (1, Exit.DONE)
        assert {entry.gateway for entry in mock.log} == {"minimax"}


async def test_the_key_and_signed_links_are_seen_nowhere(
    project: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    faults = (
        {"fault": "reset", "accepted": True, "nth": 1},
        {"fault": "server_error", "call": "poll", "nth": 1},
        {"fault": "cut", "call": "download", "nth": 1},
    )
    async with mocked(project, *faults):
        ran = await run(project / "film.yaml")
    words = capfd.readouterr()
    assert ran.outcome.stored == 1
    for secret in (KEY, "sig=", "/clips/"):
        assert secret not in written(project)
        assert secret not in shown(ran)
        assert secret not in caplog.text + words.out + words.err


@dataclasses.dataclass
class Echo:
    """A gateway that says everything that it was told, its key included."""

    status: int = 400
    asked: int = 0

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked += 1
        said = {"status_code": 2013, "status_msg": f"invalid: {dict(request.headers)} {KEY} https://x.test/a?sig={KEY}"}
        return web.json_response({"base_resp": said, "error": str(said)}, status=self.status)


@asynccontextmanager
async def echoing(folder: Path, echo: Echo) -> AsyncIterator[None]:
    runner = web.ServerRunner(web.Server(echo.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        settle(folder, f"http://127.0.0.1:{runner.addresses[0][1]}/minimax")
        yield
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 422, 429, 500])
async def test_a_gateway_that_repeats_the_key_in_its_error_does_not_make_us_say_it(
    status: int, project: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    caplog.set_level(logging.DEBUG)
    echo = Echo(status=status)
    async with echoing(project, echo):
        ran = await run(project / "film.yaml")
    words = capfd.readouterr()
    assert echo.asked
    assert ran.outcome.stored == 0
    assert not {failure.kind for _, failure in ran.outcome.failed} & {FailureKind.NO_ROOM, FailureKind.STOPPED}
    for text in (written(project), shown(ran), caplog.text, words.out, words.err):
        assert KEY not in text
        assert KEY[3:] not in text, "nor the rest of it"


async def test_what_was_paid_for_comes_home_without_a_question_though_more_is_left_to_buy(project: Path):
    def no(_: PlannedRun) -> None:
        raise RefusedError("not approved")

    async with mocked(project) as mock:
        stop = Stop()

        def leave(moment: HookEvent) -> None:
            if (moment.kind, moment.call) == ("answered", "submit"):
                stop.request(INTERRUPTED)

        mock.listeners.append(leave)
        left = await run(project / "film.yaml", RunOptions(only=("s1",)), stop=stop)
        mock.listeners.remove(leave)
        assert (left.outcome.left_running, left.exit, len(mock.charges)) == (1, Exit.INTERRUPTED, 1)

        home = await run(project / "film.yaml", RunOptions(scope=Scope.FETCH), approve=no)

        assert (home.outcome.stored, home.exit, len(mock.charges)) == (1, Exit.DONE, 1)


async def test_a_person_is_asked_about_that_part_of_the_plan_which_is_carried_out(project: Path):
    asked: list[PlannedRun] = []
    async with mocked(project, {"fault": "input_refused", "nth": 1}) as mock:
        await run(project / "film.yaml", RunOptions(jobs=1))
        (project / "film.yaml").write_text(film("minimax", "a kite", "a boat", "a swan"))
        await run(project / "film.yaml", RunOptions(scope=Scope.FAILED), approve=asked.append)
        assert [row.shot for row in asked[0].report.rows] == ["s1"]
        assert [str(money) for money in asked[0].report.to_spend] == ["0.28 USD"]
        assert len(mock.charges) == 2


async def test_a_provider_without_a_key_that_comes_first_is_told_before_the_question(project: Path):
    asked: list[PlannedRun] = []
    (project / "film.yaml").write_text(film("gccai, minimax", "a kite"))
    async with mocked(project):
        ran = await run(project / "film.yaml", approve=asked.append)
    assert asked[0].notes == (
        "GCCAI_API_KEY is not set, so minimax renders instead of gccai, at 0.28 USD for the first of them.",
    )
    assert [(who, clips) for who, clips, _ in ran.outcome.other_providers] == [("minimax", 1)]


async def test_where_one_provider_has_no_key_the_shots_of_the_others_are_made_all_the_same(project: Path):
    frame = "frames: {first: {url: 'https://frames.example/a.png', sha256: '" + "ab" * 32 + "'}}"
    shots = f"  - {{id: a, prompt: kite}}\n  - {{id: b, prompt: boat, resolution: 512p, {frame}, duration: 5}}\n"
    (project / "film.yaml").write_text(f"version: 1\ncampaign: film\nproviders: [minimax, gccai]\nshots:\n{shots}")
    async with mocked(project) as mock:
        ran = await run(project / "film.yaml")
        assert (ran.outcome.stored, len(mock.charges), ran.exit) == (1, 1, Exit.KEY)
        assert "GCCAI_API_KEY" in ran.outcome.failed[0][1].why

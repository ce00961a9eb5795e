"""`fetch` over several manifests, of which some are gone or broken: what was paid for comes home all the same."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rehearsal import SPEED, Studio

from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

FILM = """\
version: 1
campaign: {name}
providers: [minimax]
defaults: {{duration: 6, resolution: 768p}}
shots: [{{id: open, prompt: a kite over {name}}}]
"""
STUCK = {"fault": "server_error", "call": "poll"}


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A project with three manifests, whose tasks all run still."""
    monkeypatch.chdir(tmp_path)

    @asynccontextmanager
    async def opened() -> AsyncIterator[Studio]:
        async with Mock(parse_script({"faults": [{**STUCK, "first": 18}]}), speed=SPEED, clip=CLIP) as mock:
            found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
            for name in ("autumn", "spring", "winter"):
                (tmp_path / f"{name}.yaml").write_text(FILM.format(name=name))
                await _run(found, name)
            assert found.stages() == ["submitted"] * 3
            yield found

    return opened


async def _run(found: Studio, name: str) -> RunResult:
    return await run(found.folder / f"{name}.yaml", RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=SPEED)))


async def _fetch(capfd: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    """`fetch` from the command line, in a thread of its own: it has its own loop."""
    capfd.readouterr()
    line = ["fetch", "--rehearsal", "--progress", "none", *args]
    code = await asyncio.to_thread(run_command_line, line)
    return code, *capfd.readouterr()


@pytest.fixture(autouse=True)
def _no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals belong to the main thread."""
    monkeypatch.setattr("hailuo_batch.cli.interactive._handle_signals", lambda *_: None)


async def test_trouble_with_one_manifest_keeps_no_other_from_coming_home(studio: Any, capfd: Any):
    async with studio() as found:
        (found.folder / "autumn.yaml").write_text("version: 1\ncampaign: autumn\nshots: [{id: open, promt: x}]\n")
        (found.folder / "spring.yaml").write_bytes(b"\xff\xfe\xfd")
        code, out, err = await _fetch(capfd)
        assert code == Exit.INVALID
        assert sorted(found.stages()) == ["stored", "submitted", "submitted"]
        assert "Not downloaded: autumn.yaml\n" in err
        assert "promt" in err
        assert "Not downloaded: spring.yaml\n" in err
        assert "Rehearsed 1 clip" in out
        code, out, err = await _fetch(capfd, "--format", "json")
        told = json.loads(out)
        assert [each["manifest"] for each in told["left_out"]] == ["autumn.yaml", "spring.yaml"]
        assert len(found.mock.charges) == 3


async def test_the_clips_of_a_manifest_that_is_gone_come_home_and_get_their_names_when_it_is_back(
    studio: Any, capfd: Any
):
    async with studio() as found:
        gone = found.folder / "spring.yaml"
        gone.rename(found.folder / "elsewhere.txt")
        code, out, err = await _fetch(capfd)
        assert (code, err, found.stages()) == (Exit.DONE, "", ["stored"] * 3)
        task = found.rows("SELECT task FROM attempts WHERE campaign = 'spring'")[0][0]
        assert "Downloaded 1 clip whose manifest no longer exists; it has no file name in renders/:" in out
        assert f"  spring open#1  task {task} at minimax\n" in out
        assert "Restore spring.yaml and run it" in out
        assert not list((found.base / "renders").glob("spring*.mp4"))
        (found.folder / "elsewhere.txt").rename(gone)
        ran = await _run(found, "spring")
        assert (ran.exit, ran.outcome.named) == (Exit.DONE, 1)
        assert list((found.base / "renders").glob("spring*.mp4"))
        assert len(found.mock.charges) == 3
        assert (await _fetch(capfd))[1] == "Nothing to download.\n"


async def test_a_manifest_that_is_of_another_campaign_now_keeps_no_task_from_coming_home(studio: Any, capfd: Any):
    async with studio() as found:
        (found.folder / "spring.yaml").write_text(FILM.format(name="summer"))
        code, out, _ = await _fetch(capfd, "--format", "json")
        assert (code, found.stages()) == (Exit.DONE, ["stored"] * 3)
        (stray,) = json.loads(out)["strays"]
        assert (stray["campaign"], stray["home"], stray["why"]) == ("spring", True, None)
        assert len(found.mock.charges) == 3


async def test_a_task_without_a_manifest_that_does_not_come_home_is_named_with_what_to_do(studio: Any, capfd: Any):
    async with studio() as found:
        for name in ("autumn", "spring", "winter"):
            (found.folder / f"{name}.yaml").unlink()
        async with Mock(parse_script({"faults": [STUCK]}), speed=SPEED, clip=CLIP) as found.mock:
            code, out, _ = await _fetch(capfd)
        assert code == Exit.NEEDS_PERSON
        assert "3 tasks without a manifest are still pending:" in out
        assert "hailuo-batch resolve --rehearsal open#1@1 --write-off --reason" in out
        assert ".yaml" not in out.replace("hailuo.yaml", "")


async def test_who_stops_a_fetch_is_asked_no_second_time_for_the_next_manifest(
    studio: Any, capfd: Any, monkeypatch: pytest.MonkeyPatch
):
    async with studio() as found:
        begun = []

        async def stopped(manifest: Path, *_: Any, **__: Any) -> Any:
            begun.append(manifest.name)
            return SimpleNamespace(exit=Exit.INTERRUPTED)

        monkeypatch.setattr("hailuo_batch.cli.interactive.run_interactive", stopped)
        monkeypatch.setattr("hailuo_batch.cli.run_output.run_dict", lambda _: {})
        (found.folder / "winter.yaml").unlink()
        code, _, _ = await _fetch(capfd, "--format", "json")
        assert (code, begun, found.stages()) == (Exit.INTERRUPTED, ["autumn.yaml"], ["submitted"] * 3)

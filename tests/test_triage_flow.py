"""Clips that arrive from a gateway are measured: their marks are in the run, in later reports, and can be made anew."""

import asyncio
import json
import shutil
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from moving_samples import ASSETS, view, write_film
from rehearsal import KEY, SPEED
from trusting import trust_project

from hailuo_batch.app.inspect import read_report, status
from hailuo_batch.app.report import report
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.marks import MarkKind
from hailuo_batch.core.plan.event import Event, StepStored
from hailuo_batch.core.plan.report import Report
from hailuo_batch.errors import Exit
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Tempo

FILM = """\
version: 1
campaign: film
providers: [minimax]
defaults: {duration: short, resolution: 768p}
shots:
  - {id: open, prompt: "dawn [Push in]", frames: {first: open.webp}}
  - {id: cap, prompt: "the cap [Tilt up]", frames: {first: cap.jpg}}
  - {id: next, prompt: it goes on, frames: {first: {shot: open, frame: last}}}
"""


SIZE = (640, 360)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose key is set, and for which time flies."""
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    fast = Tempo(elapsed=monotonic, speed=SPEED)
    monkeypatch.setattr("hailuo_batch.app.running.context.make_scaled_clock", lambda _: fast)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "film.yaml").write_text(FILM)
    shutil.copy(ASSETS / "dawn.webp", folder / "open.webp")
    shutil.copy(ASSETS / "cap.jpg", folder / "cap.jpg")
    return folder


@asynccontextmanager
async def gateway(folder: Path, film: bytes):
    """A mock that delivers one film for every shot."""
    async with Mock(parse_script({}), speed=SPEED, clip=film) as mock:
        address = mock.url("minimax")
        (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{minimax: '{address}'}}\n")
        trust_project(folder)
        yield mock


async def bought(folder: Path, film: bytes, events: list[Event] | None = None) -> RunResult:
    async with gateway(folder, film):
        return await run(folder / "film.yaml", listener=(events if events is not None else []).append)


def frozen(folder: Path) -> bytes:
    """Dawn, large enough for a frame of it to begin the next shot, and not as large as requested."""
    return write_film(folder / "film.mp4", lambda _: view(size=SIZE)).read_bytes()


def kinds(report: Report) -> dict[str, list[MarkKind]]:
    return {row.shot: [mark.kind for mark in row.marks] for row in report.rows}


FROZEN_DAWN = {
    "open": [MarkKind.FROZEN, MarkKind.WRONG_LENGTH, MarkKind.WRONG_SIZE],
    "cap": [MarkKind.FROZEN, MarkKind.WRONG_LENGTH, MarkKind.WRONG_SIZE, MarkKind.FIRST_FRAME],
    "next": [MarkKind.FROZEN, MarkKind.WRONG_LENGTH, MarkKind.WRONG_SIZE],
}


async def test_a_run_marks_what_arrives_and_every_report_after_it_does(project: Path, tmp_path: Path):
    film = frozen(tmp_path)
    events: list[Event] = []
    ran = await bought(project, film, events)
    assert (ran.exit, ran.outcome.stored) == (Exit.DONE, 3), "a mark is no verdict"
    assert kinds(ran.after.report) == FROZEN_DAWN
    assert [words for step, words in ran.outcome.remarks if step.uses[0].shot.id == "cap"] == [
        "frozen: nothing changes for 100 % of its length",
        "requested short (6 s), got 1.50 s",
        "requested 768p, got 640 × 360",
        next(mark.why for mark in ran.after.report.rows[1].marks if mark.kind is MarkKind.FIRST_FRAME),
    ]
    clips = [each for each in events if isinstance(each, StepStored)]
    stored = {each.step.uses[0].shot.id: [mark.kind for mark in each.marks] for each in clips}
    assert stored == FROZEN_DAWN
    assert kinds(await status(project / "film.yaml")) == FROZEN_DAWN
    assert len(list((project / ".hailuo" / "measures").iterdir())) == 3
    assert len(list((project / "renders" / "posters").iterdir())) == 9


async def test_measures_that_were_deleted_are_made_anew_when_marks_are_shown(project, tmp_path, monkeypatch):
    film = frozen(tmp_path)
    await bought(project, film)
    file, measures = project / "film.yaml", project / ".hailuo" / "measures"
    shutil.rmtree(measures)
    assert MarkKind.FROZEN not in kinds(await status(file))["cap"]
    assert not any(row.is_measured for row in (await status(file)).rows)
    with monkeypatch.context() as readers:
        readers.setattr("hailuo_batch.app.measuring._can_write", lambda _: False)
        (note,) = (await read_report(file, sort_marks=True)).notes
    assert note == f"3 clips not measured: {project / 'renders'} cannot be written."
    planned = await read_report(file, sort_marks=True)
    assert planned.notes == ("3 clips measured.",)
    assert [row.shot for row in planned.report.rows] == ["cap", "open", "next"]
    assert kinds(planned.report) == FROZEN_DAWN
    assert (await read_report(file, sort_marks=True)).notes == ()
    (measures / next(measures.iterdir()).name).write_bytes(b"damaged")
    shutil.rmtree(project / "renders" / "posters")
    drawn, _ = await report(file)
    assert kinds(drawn) == FROZEN_DAWN
    assert len(list((project / "renders" / "posters").iterdir())) == 9


async def test_a_chained_first_frame_is_compared_with_the_clip_that_it_is_from(project: Path, tmp_path: Path):
    film = write_film(tmp_path / "film.mp4", lambda at: view("dawn.webp" if at < 0.5 else "cap.jpg", size=SIZE))
    ran = await bought(project, film.read_bytes())
    assert kinds(ran.after.report)["open"] == [MarkKind.WRONG_LENGTH, MarkKind.WRONG_SIZE], "it begins as it should"
    assert MarkKind.FIRST_FRAME in kinds(ran.after.report)["next"], "its clip begins where the other one began"


@pytest.mark.parametrize("fault", ["measure_clip", "_draw_jpeg"])
async def test_whatever_goes_wrong_in_measuring_the_clip_is_kept(
    project: Path, tmp_path: Path, monkeypatch, fault: str
):
    hook = tmp_path / "hook"
    hook.mkdir()
    broken = f"import hailuo_batch.media.measures as m\ndef broken(*a, **k): raise KeyError(1)\nm.{fault} = broken\n"
    (hook / "sitecustomize.py").write_text(broken)
    monkeypatch.syspath_prepend(str(hook))  # workers search where we do
    ran = await bought(project, frozen(tmp_path))
    assert (ran.exit, ran.outcome.stored, ran.outcome.failed) == (Exit.DONE, 3, ())
    marks = {mark.why for row in ran.after.report.rows for mark in row.marks if mark.kind is MarkKind.NOT_MEASURED}
    assert marks == {"not measured: 1"}
    assert len(list((project / "renders").glob("*.mp4"))) == 3


async def test_commands_show_marks_sort_by_them_and_give_them_to_programs(project, tmp_path, monkeypatch, capsys):
    await bought(project, frozen(tmp_path))
    monkeypatch.chdir(project)

    async def printed(*words: str) -> str:
        assert await asyncio.to_thread(run_command_line, words) == 0
        return str(capsys.readouterr().out)

    text = await printed("status", "film.yaml", "--sort", "marks")
    assert [line.split()[0] for line in text.splitlines() if "#1" in line] == ["cap#1", "open#1", "next#1"]
    assert "first frame unlike the given image: 0." in text
    for command in ("status", "report"):
        takes = json.loads(await printed(command, "film.yaml", "--sort", "marks", "--format", "json"))["takes"]
        found = [(take["shot"], take["measured"], len(take["marks"])) for take in takes]
        assert found == [("cap", True, 4), ("open", True, 3), ("next", True, 3)]
    assert "frozen: nothing changes for 100 % of its length" in await printed("show", "cap#1", "film.yaml")

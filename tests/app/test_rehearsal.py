"""A rehearsal as it is found on the disk: its folders, its clips, and what they never become in the real world."""

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from hailuo_batch.app.costs import audit, costs
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.report import report
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import Rehearsal, RunOptions
from hailuo_batch.app.verify import verify
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.rules import REHEARSED_CLIPS
from hailuo_batch.core.world import World
from hailuo_batch.media.frames import read_frame
from hailuo_batch.media.probe import VideoFacts, probe
from hailuo_batch.testing.clips import CLIP

FILM = """\
version: 1
campaign: film
providers: [minimax]
defaults: {duration: 6, resolution: 512p}
shots:
  - {id: open, prompt: a kite rises, frames: {first: open.png}}
"""
CHAINED = "  - {id: turn, prompt: the kite turns, frames: {first: {shot: open, frame: last}}}\n"
PLAIN = FILM.replace(", frames: {first: open.png}", "").replace("512p", "768p")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    file = tmp_path / "film.yaml"
    file.write_text(PLAIN)
    return file


async def rehearse(film: Path, **how: object) -> Path:
    """Rehearses it; the folder of its names."""
    options = RunOptions(world=World.REHEARSAL, rehearsal=Rehearsal(speed=1000.0, **how))  # type: ignore[arg-type]
    ran = await run(film, options)
    assert ran.outcome.failed == ()
    return film.parent / ".hailuo" / "rehearsal" / "renders"


async def test_clips_are_the_sketches_of_their_shots_of_the_size_and_length_that_was_asked(film: Path):
    Image.new("RGB", (400, 600), (200, 40, 40)).save(film.parent / "open.png")
    film.write_text(FILM + CHAINED)
    renders = await rehearse(film)
    for name in ("open", "turn"):
        clip = probe(renders / f"film_{name}_v001_t01.mp4")
        assert isinstance(clip, VideoFacts)
        assert clip.height > clip.width
        assert float(clip.seconds) == pytest.approx(6, abs=0.1)
        frame = read_frame(renders / f"film_{name}_v001_t01.mp4", "first")
        red, _, blue = frame.crop((100, 100, 101, 101)).tobytes()
        assert red > blue + 50, "the picture is the shot's own"
        about = json.loads((renders / f"film_{name}_v001_t01.json").read_text())
        assert (about["rehearsal"], about["made_by_ai"]) == (True, False)


@pytest.mark.parametrize("is_report", [False, True])
async def test_the_projects_own_folder_is_private_and_hidden_before_anything_is_in_it(film: Path, is_report: bool):
    if is_report:
        await report(film, world=World.REHEARSAL)
    else:
        await rehearse(film, sketches=False, clip=CLIP)
    for folder in (film.parent / ".hailuo", film.parent / ".hailuo" / "rehearsal" / ".hailuo"):
        assert folder.stat().st_mode & 0o777 == 0o700
        assert (folder / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("is_marked", [True, False])  # clips of an older version have no mark
async def test_a_rehearsed_clip_that_is_copied_into_renders_is_never_a_purchase(film: Path, is_marked: bool):
    rehearsed = await rehearse(film, sketches=False, clip=CLIP)
    shutil.copytree(rehearsed, film.parent / "renders")
    if not is_marked:
        file = film.parent / "renders" / "film_open_v001_t01.json"
        about = json.loads(file.read_text())
        del about["rehearsal"]
        file.write_text(json.dumps(about))

    planned = await plan(film)
    (step,) = planned.plan.steps
    assert step.action is Action.SUBMIT
    assert step.named_clip is None
    assert step.uses[0].version == 2, "its name is taken"
    (problem,) = [each for each in planned.extra_problems if each.rule is REHEARSED_CLIPS]
    assert "film_open_v001_t01.mp4" in problem.why
    assert planned.lost_ledger is None
    assert (await costs(film.parent)).totals == ()
    assert (await audit(film.parent)).findings == ()
    assert (await verify(film)).findings == ()


async def test_a_rehearsal_takes_its_own_clips_back(film: Path):
    rehearsed = await rehearse(film, sketches=False, clip=CLIP)
    store = rehearsed.parent / ".hailuo" / "store"
    shutil.rmtree(store)
    (step,) = (await plan(film, world=World.REHEARSAL)).plan.steps
    assert step.named_clip is not None

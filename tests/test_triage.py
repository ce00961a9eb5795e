"""What is seen in films, and what of it is marked: bad films are, and films that only look unusual are not."""

from pathlib import Path

import pytest
from moving_samples import ASSETS, FILMS, write_film

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.manifest.camera import CameraCommand
from hailuo_batch.core.manifest.document import NO_FRAMES
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.measures import ClipMeasures, FrameMatch
from hailuo_batch.core.plan.clip_marks import list_marks
from hailuo_batch.core.request.request import ImageRef, make_request
from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.load.model_tables import read_model
from hailuo_batch.media.animatic.draw import draw
from hailuo_batch.media.measures import measure_clip

MODEL = read_model("hailuo-02")
CLIP = Clip(digest="sha256:aa", size=1, width=1366, height=768, seconds=6.0, frames=144, codec="h264")


def marks_of(seen: ClipMeasures, prompt: str) -> set[str]:
    shot = Shot(
        id="open", index=0, prompt=prompt, frames=NO_FRAMES, duration=6, resolution="768p", takes=1, tags=(),
        switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip
    request = make_request(shot, 1, model=MODEL, first=None, last=None)
    found = list_marks(shot, CLIP, MODEL, request=request, measures=seen)
    return {str(mark.kind) for mark in found}


MARKED = {
    "black": {"black"},
    "nearly black": {"black"},
    "frozen": {"frozen"},
    "stops after a fifth": {"frozen"},
    "static, small light flickers": {"no-motion"},
    "static, light grain": {"no-motion"},
}


@pytest.mark.parametrize("name", FILMS)
def test_a_film_gets_the_marks_that_its_camera_command_calls_for(name: str, tmp_path: Path) -> None:
    seen = measure_clip(write_film(tmp_path / "film.mp4", FILMS[name])).measures
    assert marks_of(seen, "a bottle [Push in]") == MARKED.get(name, set())
    at_rest = MARKED.get(name, set()) - {"no-motion"}
    assert marks_of(seen, "a bottle [Static shot]") == marks_of(seen, "a bottle") == at_rest


@pytest.mark.parametrize("still", ["pack-sea.webp", ""])
@pytest.mark.parametrize("command", CameraCommand)
def test_a_camera_that_moves_as_commanded_is_never_marked(command: CameraCommand, still: str, tmp_path: Path) -> None:
    first = Still(path=str(ASSETS / still)) if still else None
    prompt = f"A bottle rises out of the mist [{command}]"
    sketch = Sketch(campaign="a", shot="b", take=1, prompt=prompt, seconds=3, resolution="512p", first=first)
    draw(sketch, tmp_path / "film.mp4")
    expected = {"frozen"} if command is CameraCommand.STATIC_SHOT else set()
    assert marks_of(measure_clip(tmp_path / "film.mp4").measures, prompt) == expected


def test_an_image_ref_of_another_request_is_not_what_was_compared() -> None:
    """Measures are kept by clip: after another image was given, the old comparison says nothing."""
    shot = Shot(
        id="open", index=0, prompt="a", frames=NO_FRAMES, duration=6, resolution="768p", takes=1, tags=(),
        switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip
    seen = ClipMeasures(frames=16, matches=(FrameMatch(role="first", digest="sha256:old", ssim=0.1, shape=1.78),))
    for digest, kinds in (("sha256:old", ["first-frame"]), ("sha256:new", [])):
        request = make_request(shot, 1, model=MODEL, first=ImageRef(digest=digest), last=None)
        assert [str(mark.kind) for mark in list_marks(shot, CLIP, MODEL, request=request, measures=seen)] == kinds

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from media_samples import Drawn, decoded
from PIL import Image, ImageChops, ImageStat

from hailuo_batch.core.sketch import Still
from hailuo_batch.errors import InputError
from hailuo_batch.media.frames import draw_poster, read_frame, write_frame_png


def apart(a: Image.Image, b: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(a, b)).mean) / 3


@pytest.fixture
def clip(drawn: Drawn) -> Path:
    return drawn(prompt="copper [Zoom in]", seconds=3)


def test_a_poster_is_a_small_jpeg_of_the_first_frame(clip: Path) -> None:
    with Image.open(BytesIO(draw_poster(clip))) as image:
        assert (image.format, image.size) == ("JPEG", (480, 270))


def test_a_poster_is_never_wider_than_its_video(clip: Path) -> None:
    with Image.open(BytesIO(draw_poster(clip, width=4000))) as image:
        assert image.size == (910, 512)


@pytest.mark.parametrize(("which", "place"), [("first", 0), ("last", -1)])
def test_a_frame_as_png_is_that_frame(clip: Path, tmp_path: Path, which: str, place: int) -> None:
    write_frame_png(clip, which, tmp_path / "frame")
    frames = decoded(clip)
    with Image.open(tmp_path / "frame") as image:
        assert image.format == "PNG"
        bands: Any = ImageChops.difference(image, frames[place]).getextrema()  # a pair for each colour
        assert max(high for _, high in bands) <= 24
        assert apart(image, frames[place]) < 6 < apart(image, frames[36])


def test_a_frame_keeps_the_colours_of_the_picture_it_was_made_from(drawn: Drawn, tmp_path: Path) -> None:
    """A chain of shots, each from the last frame of the one before, must not drift in colour."""
    colour = (30, 140, 120)
    Image.new("RGB", (160, 90), colour).save(tmp_path / "teal.png")
    still = Still(path=str(tmp_path / "teal.png"))
    for _ in range(3):
        clip = drawn(prompt="[Static shot]", first=still)
        still = Still(path=str(clip), frame="last")
    found = read_frame(clip, "last").getpixel((300, 200))
    assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) <= 6  # type: ignore[arg-type]


@pytest.mark.parametrize("which", ["first", "last"])
@pytest.mark.parametrize("sent", [b"", b"<html>502</html>", b"\0\0\0\x14ftypisom\0\0\0\0isom"])
def test_what_is_no_video_has_no_frames(tmp_path: Path, which: str, sent: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(sent)
    with pytest.raises(InputError, match=f"no {which} frame"):
        read_frame(tmp_path / "clip.mp4", which)


def test_a_video_that_is_not_there_has_no_frames(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no first frame"):
        draw_poster(tmp_path / "nothing.mp4")

"""What a gateway is told of a picture: its address, or its bytes under the type they really have."""

import os
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import pytest
from driver_samples import PICTURE, order
from PIL import Image, ImageChops

from hailuo_batch.core.failure import Failure, Kind
from hailuo_batch.core.manifest import End
from hailuo_batch.core.request import Input
from hailuo_batch.drivers.pictures import picture_for
from hailuo_batch.media.frames import frame_picture
from hailuo_batch.testing.clips import CLIP


def drawn(file: Path, kind: str) -> Path:
    Image.new("RGB", (400, 300), "teal").save(file, kind)
    return file


async def told(picture: Input | None, file: Path, **members: object) -> str | Failure | None:
    pictures = {picture.digest: file} if picture else {}
    return await picture_for(picture, order(first=picture, pictures=pictures, **members))


def bytes_of(uri: object, kind: str) -> bytes:
    assert isinstance(uri, str), uri
    head, _, data = uri.partition(",")
    assert head == f"data:image/{kind};base64"
    return b64decode(data, validate=True)


async def test_no_picture_is_nothing_to_tell(tmp_path: Path):
    assert await told(None, tmp_path) is None


@pytest.mark.parametrize(("kind", "mime"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp")])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.txt", "ä ü"])
async def test_a_files_type_is_what_its_bytes_are_and_not_its_name(kind: str, mime: str, name: str, tmp_path: Path):
    file = drawn(tmp_path / name, kind)
    assert bytes_of(await told(PICTURE, file), mime) == file.read_bytes()


async def test_a_web_address_is_told_as_it_stands(tmp_path: Path):
    addresses = {PICTURE.digest: "https://frames.example/a%20b.png?x=1"}
    assert await told(PICTURE, tmp_path / "gone", addresses=addresses) == "https://frames.example/a%20b.png?x=1"


@pytest.mark.parametrize("end", list(End))
async def test_a_frame_of_another_clip_is_a_png_of_it(end: End, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(CLIP)
    frame = Input(digest=PICTURE.digest, frame=end)
    with Image.open(BytesIO(bytes_of(await told(frame, clip), "png"))) as still:
        assert still.format == "PNG"
        assert ImageChops.difference(still.convert("RGB"), frame_picture(clip, str(end))).getbbox() is None


async def test_a_picture_that_cannot_be_read_is_refused_before_anything_is_sent(tmp_path: Path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for file, picture in (
        (tmp_path / "gone.png", PICTURE),
        (tmp_path / "broken.png", PICTURE),
        (tmp_path, PICTURE),
        (tmp_path / "broken.png", Input(digest=PICTURE.digest, frame=End.LAST)),
        (tmp_path / "gone.mp4", Input(digest=PICTURE.digest, frame=End.FIRST)),
    ):
        said = await told(picture, file)
        assert isinstance(said, Failure), said
        assert (said.kind, bool(said.why)) == (Kind.REFUSED, True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
async def test_a_picture_that_may_not_be_read_is_refused(tmp_path: Path):
    file = drawn(tmp_path / "a.png", "PNG")
    file.chmod(0)
    said = await told(PICTURE, file)
    assert isinstance(said, Failure)
    assert said.kind is Kind.REFUSED


async def test_a_picture_that_is_not_here_is_refused():
    said = await picture_for(PICTURE, order(first=PICTURE))
    assert isinstance(said, Failure)
    assert said.kind is Kind.REFUSED

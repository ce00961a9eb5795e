"""What a gateway is told of its pictures: addresses, or bytes under the type they really have, upright and alike."""

import os
from base64 import b64decode
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from driver_samples import PICTURE, order
from PIL import Image, ImageChops, ImageCms

from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.manifest.document import FrameRole
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.drivers.image_payload import load_image_payloads
from hailuo_batch.media import reencode
from hailuo_batch.media.frames import read_frame
from hailuo_batch.testing.clips import CLIP

ORIENTATION = 0x0112
BLUE_LEFT = ((0, 0, 255), (255, 0, 0))  # what stands left and right in the picture as it is seen


def drawn(file: Path, kind: str, size: tuple[int, int] = (400, 300), *, orientation: int = 0, **how: object) -> Path:
    """A picture that is blue on the left and red on the right, seen upright."""
    upright = Image.new("RGB", size, "red")
    upright.paste("blue", (0, 0, size[0] // 2, size[1]))
    exif = Image.Exif()
    if orientation:
        exif[ORIENTATION] = orientation
        exif[0x010F] = "a phone"
    # The ways back from how it is seen to how it is stored.
    back = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    stored = upright.transpose(back[orientation]) if orientation in back else upright
    stored.save(file, kind, exif=exif, **how)
    return file


def digest(file: Path) -> str:
    return f"sha256:{sha256(file.read_bytes()).hexdigest()}"


async def told(picture: ImageRef | None, file: Path, **members: Any) -> str | Failure | None:
    """What is told of a first frame, which is in a file."""
    pictures = {picture.digest: file} if picture else {}
    return (load_image_payloads(order(first=picture, pictures=pictures, **members)))[0]


async def told_of(file: Path) -> str | Failure | None:
    return await told(ImageRef(digest=digest(file)), file)


async def both(first: Path, last: Path, *, hosted: tuple[Path, ...] = (), **how: bool) -> tuple[object, object]:
    """What is told of two files, some of which have an address too."""
    addresses = {digest(file): f"https://frames.example/{file.name}" for file in hosted}
    pictures = {digest(file): file for file in (first, last) if file.exists()}
    asked = order(
        first=ImageRef(digest=digest(first)), last=ImageRef(digest=digest(last)), pictures=pictures, addresses=addresses
    )
    return load_image_payloads(asked, **how)


def bytes_of(uri: object, kind: str) -> bytes:
    assert isinstance(uri, str), uri
    head, _, data = uri.partition(",")
    assert head == f"data:image/{kind};base64"
    return b64decode(data, validate=True)


def seen(uri: object, kind: str) -> Image.Image:
    with Image.open(BytesIO(bytes_of(uri, kind))) as image:
        image.load()
        return image


def near(image: Image.Image, x: float, wanted: tuple[int, int, int]) -> bool:
    """Whether the picture has about this colour at a part of its width."""
    found = image.convert("RGB").getpixel((int(image.width * x), image.height // 2))
    assert isinstance(found, tuple)
    return all(abs(one - other) < 12 for one, other in zip(found, wanted, strict=True))


async def test_no_picture_is_nothing_to_tell(tmp_path: Path):
    assert await told(None, tmp_path) is None


@pytest.mark.parametrize("orientation", [0, 1, 9])
@pytest.mark.parametrize(("kind", "mime"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "webp")])
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.txt", "ä ü"])
async def test_an_upright_file_is_sent_byte_for_byte_under_its_own_type(
    kind: str, mime: str, name: str, orientation: int, tmp_path: Path
):
    file = drawn(tmp_path / name, kind, orientation=orientation)
    assert bytes_of(await told_of(file), mime) == file.read_bytes()


async def test_without_metadata_the_same_pixels_are_sent_and_addresses_as_they_are(tmp_path: Path):
    first = drawn(tmp_path / "first.jpg", "JPEG", orientation=1)
    last = drawn(tmp_path / "last.jpg", "JPEG", orientation=1, quality=50)
    stripped, address = await both(first, last, hosted=(last,), strip_metadata=True)
    assert b"a phone" in first.read_bytes()
    assert b"a phone" not in bytes_of(stripped, "jpeg")
    with Image.open(first) as image:
        assert ImageChops.difference(seen(stripped, "jpeg"), image.convert("RGB")).getbbox() is None
    assert address == "https://frames.example/last.jpg"


async def test_a_web_address_is_told_as_it_stands(tmp_path: Path):
    addresses = {PICTURE.digest: "https://frames.example/a%20b.png?x=1"}
    assert await told(PICTURE, tmp_path / "gone", addresses=addresses) == "https://frames.example/a%20b.png?x=1"


async def test_who_takes_no_addresses_is_told_the_bytes_behind_them(tmp_path: Path):
    first, last = drawn(tmp_path / "a.png", "PNG"), drawn(tmp_path / "b.jpg", "JPEG")
    assert await both(first, last, hosted=(first, last)) == (
        "https://frames.example/a.png", "https://frames.example/b.jpg",
    )  # fmt: skip
    one, other = await both(first, last, hosted=(first, last), allow_urls=False)
    assert (bytes_of(one, "png"), bytes_of(other, "jpeg")) == (first.read_bytes(), last.read_bytes())


@pytest.mark.parametrize("end", list(FrameRole))
async def test_a_frame_of_another_clip_is_a_png_of_it(end: FrameRole, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(CLIP)
    frame = ImageRef(digest=PICTURE.digest, frame=end)
    still = seen(await told(frame, clip), "png")
    assert ImageChops.difference(still.convert("RGB"), read_frame(clip, str(end))).getbbox() is None


@pytest.mark.parametrize("orientation", [3, 6, 8])
@pytest.mark.parametrize(("kind", "sent"), [("JPEG", "jpeg"), ("PNG", "png"), ("WEBP", "jpeg")])
async def test_a_picture_that_lies_down_is_sent_upright_and_says_nothing_else(
    kind: str, sent: str, orientation: int, tmp_path: Path
):
    file = drawn(tmp_path / "phone", kind, orientation=orientation, comment=b"at home") if kind == "JPEG" else drawn(
        tmp_path / "phone", kind, orientation=orientation
    )  # fmt: skip
    uri = await told_of(file)
    image = seen(uri, sent)
    assert image.size == (400, 300)
    assert near(image, 0.2, BLUE_LEFT[0])
    assert near(image, 0.8, BLUE_LEFT[1])
    assert dict(image.getexif()) == {}
    assert not {"comment", "exif", "xmp"} & image.info.keys()
    assert b"phone" not in bytes_of(uri, sent)
    assert await told_of(file) == uri, "the same each time"


async def test_a_turned_picture_keeps_what_its_colours_mean(tmp_path: Path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for kind, sent in (("JPEG", "jpeg"), ("PNG", "png")):
        file = drawn(tmp_path / f"a.{sent}", kind, orientation=6, icc_profile=profile)
        assert seen(await told_of(file), sent).info["icc_profile"] == profile
    Image.new("CMYK", (400, 300)).save(tmp_path / "print.jpg", exif=b"Exif\0\0" + _turned(), icc_profile=b"x" * 200)
    assert "icc_profile" not in seen(await told_of(tmp_path / "print.jpg"), "jpeg").info


def _turned() -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    return exif.tobytes().removeprefix(b"Exif\0\0")


async def test_what_turning_would_make_too_large_is_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "noise.png"
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.effect_noise((400, 300), 90).convert("RGB").save(file, exif=exif)
    whole = len(bytes_of(await told_of(file), "png"))
    monkeypatch.setattr(reencode, "MAX_BYTES", whole)
    assert len(bytes_of(await told_of(file), "jpeg")) < whole


@pytest.mark.parametrize(
    ("first", "last", "sent"),
    [
        ((640, 360), (1000, 1000), (1000, 563)),
        ((360, 640), (1000, 1000), (563, 1000)),
        ((1000, 400), (801, 801), (801, 321)),
        ((640, 360), (1280, 721), (1280, 721)),
        ((360, 640), (640, 360), (640, 360)),
    ],
)
async def test_the_last_frame_gets_the_first_ones_shape_while_enough_of_it_is_left(
    first: tuple[int, int], last: tuple[int, int], sent: tuple[int, int], tmp_path: Path
):
    files = drawn(tmp_path / "a.png", "PNG", first), drawn(tmp_path / "b.png", "PNG", last)
    one, other = await both(*files)
    assert bytes_of(one, "png") == files[0].read_bytes()
    image = seen(other, "png")
    assert image.size == sent
    assert (bytes_of(other, "png") == files[1].read_bytes()) is (sent == last)
    assert near(image, 0.45, BLUE_LEFT[0])
    assert near(image, 0.55, BLUE_LEFT[1])


async def test_shapes_are_compared_as_they_are_seen(tmp_path: Path):
    first = drawn(tmp_path / "a.jpg", "JPEG", (640, 360), orientation=6)
    last = drawn(tmp_path / "b.jpg", "JPEG", (1280, 720))
    assert bytes_of((await both(first, last))[1], "jpeg") == last.read_bytes()
    last = drawn(tmp_path / "c.jpg", "JPEG", (1000, 1000), orientation=8)
    image = seen((await both(first, last))[1], "jpeg")
    assert image.size == (1000, 563)
    assert near(image, 0.2, BLUE_LEFT[0])


async def test_a_last_frame_that_goes_by_address_is_left_to_the_gateway(tmp_path: Path):
    first, last = drawn(tmp_path / "a.png", "PNG", (640, 360)), drawn(tmp_path / "b.png", "PNG", (1000, 1000))
    assert (await both(first, last, hosted=(last,)))[1] == "https://frames.example/b.png"
    # The other way round the first one's bytes are known here, and so is its shape.
    assert seen((await both(first, last, hosted=(first,)))[1], "png").size == (1000, 563)


async def test_beside_a_picture_that_is_not_here_the_last_frame_stays_as_it_is(tmp_path: Path):
    last = drawn(tmp_path / "b.png", "PNG", (1000, 1000))
    asked = order(
        first=PICTURE, last=ImageRef(digest=digest(last)), pictures={digest(last): last},
        addresses={PICTURE.digest: "https://frames.example/pinned.png"},
    )  # fmt: skip
    first, other = load_image_payloads(asked)
    assert (first, bytes_of(other, "png")) == ("https://frames.example/pinned.png", last.read_bytes())


@pytest.mark.parametrize("chained", ["first", "last"])
async def test_a_frame_of_a_clip_has_a_shape_too(chained: str, tmp_path: Path):
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(CLIP)
    shape = read_frame(clip, "first").size
    other = drawn(tmp_path / "a.png", "PNG", (1000, 1000))
    frame, picture = ImageRef(digest=PICTURE.digest, frame=FrameRole.LAST), ImageRef(digest=digest(other))
    first, end = (frame, picture) if chained == "first" else (picture, frame)
    pictures = {PICTURE.digest: clip, digest(other): other}
    _, last = load_image_payloads(order(first=first, last=end, pictures=pictures))
    wide, high = seen(last, "png").size
    if chained == "first":
        assert wide / high == pytest.approx(shape[0] / shape[1], rel=0.01)
    else:
        assert wide == high == min(shape) or (wide, high) == shape, "too little would be left of a small clip"


async def test_a_picture_that_changed_since_the_plan_is_not_sent(tmp_path: Path):
    file = drawn(tmp_path / "a.png", "PNG")
    before = ImageRef(digest=digest(file))
    drawn(file, "PNG", (401, 300))
    said = await told(before, file)
    assert isinstance(said, Failure)
    assert (said.kind, said.why) == (FailureKind.STALE, "the image a.png changed since the plan was made")


async def test_a_picture_that_cannot_be_read_is_refused_before_anything_is_sent(tmp_path: Path):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    for file, picture in (
        (tmp_path / "gone.png", PICTURE),
        (broken, ImageRef(digest=digest(broken))),
        (tmp_path, PICTURE),
        (broken, ImageRef(digest=PICTURE.digest, frame=FrameRole.LAST)),
        (tmp_path / "gone.mp4", ImageRef(digest=PICTURE.digest, frame=FrameRole.FIRST)),
    ):
        said = await told(picture, file)
        assert isinstance(said, Failure), said
        assert (said.kind, bool(said.why)) == (FailureKind.UNABLE, True)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
async def test_a_picture_that_may_not_be_read_is_refused(tmp_path: Path):
    file = drawn(tmp_path / "a.png", "PNG")
    file.chmod(0)
    said = await told(PICTURE, file)
    assert isinstance(said, Failure)
    assert said.kind is FailureKind.UNABLE


async def test_a_picture_that_is_not_here_is_refused():
    said, _ = load_image_payloads(order(first=PICTURE))
    assert isinstance(said, Failure)
    assert said.kind is FailureKind.UNABLE

import struct
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from hailuo_batch.core.providers.image_traits import ImageTrait
from hailuo_batch.errors import InputError
from hailuo_batch.media.images import ImageFacts, fit_image, open_image, read_image_facts


def saved(path: Path, kind: str, *, mode: str = "RGB", size: tuple[int, int] = (64, 48)) -> Path:
    Image.effect_mandelbrot(size, (-2, -1.5, 1, 1.5), 60).convert(mode).save(path, kind)
    return path


def bomb(path: Path, width: int, height: int) -> Path:
    """A PNG of some dozen bytes that says it is very large."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_is_known_by_its_bytes_whatever_its_name_says(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path / "picture.txt", kind)
    assert read_image_facts(path) == ImageFacts(kind=kind, width=64, height=48, bytes=path.stat().st_size)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_is_the_one_seen_upright(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "phone.jpg"
    Image.new("RGB", (64, 48)).save(path, exif=exif)
    facts = read_image_facts(path)
    assert (facts.width, facts.height) == ((48, 64) if orientation >= 5 else (64, 48))
    assert open_image(path).size == (facts.width, facts.height)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@pytest.mark.parametrize("orientation", range(10))
def test_a_picture_is_opened_upright_as_exif_says(tmp_path: Path, kind: str, orientation: int) -> None:
    """What is stored is made by undoing what each orientation asks for; a number without meaning asks for nothing."""
    upright = Image.new("RGB", (64, 48), "white")
    upright.paste("blue", (0, 0, 32, 24))
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright.transpose(undo[orientation]) if orientation in undo else upright
    stored.save(tmp_path / "phone", kind, exif=exif)
    corners = [open_image(tmp_path / "phone").getpixel(at) for at in ((8, 8), (56, 8), (8, 40), (56, 40))]
    assert [isinstance(found, tuple) and found[0] < 100 for found in corners] == [True, False, False, False]
    assert read_image_facts(tmp_path / "phone").is_rotated is (orientation in undo)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_a_picture_cut_short_is_refused(tmp_path: Path, kind: str) -> None:
    path = saved(tmp_path / f"cut.{kind}", kind)
    whole = path.read_bytes()
    for part in (0.2, 0.5, 0.9):
        path.write_bytes(whole[: int(len(whole) * part)])
        for read in (read_image_facts, open_image):
            with pytest.raises(InputError) as error:
                read(path)
            assert str(path) in error.value.summary
            assert error.value.remedy


@pytest.mark.parametrize(
    ("sent", "words"),
    [(b"", "The file is empty."), (b"<html>not found</html>", "Its bytes are not an image"), (b"\xff\xd8\xff", "")],
)
def test_what_is_no_picture_is_refused_in_words(tmp_path: Path, sent: bytes, words: str) -> None:
    path = tmp_path / "open.png"
    path.write_bytes(sent)
    with pytest.raises(InputError) as error:
        read_image_facts(path)
    assert words in error.value.why


def test_a_gif_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a JPEG, PNG or WebP") as error:
        read_image_facts(saved(tmp_path / "loop.png", "gif", mode="P"))
    assert error.value.why == "It is GIF."


@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_picture_that_would_unpack_to_gigabytes_is_refused(tmp_path: Path, side: int) -> None:
    with pytest.raises(InputError, match="too large"):
        open_image(bomb(tmp_path / "bomb.png", side, side))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.png", tmp_path):
        with pytest.raises(InputError, match="cannot open"):
            read_image_facts(path)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16", "1"])
def test_every_mode_becomes_plain_rgb(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "picture"
    if mode == "I;16":
        Image.frombytes("I;16", (2, 1), struct.pack("<HH", 0, 65535)).save(path, "png")
    else:
        saved(path, "jpeg" if mode == "CMYK" else "png", mode=mode)
    picture = open_image(path)
    assert picture.mode == "RGB"
    if mode == "I;16":
        assert (picture.getpixel((0, 0)), picture.getpixel((1, 0))) == ((0, 0, 0), (255, 255, 255))


def test_what_is_see_through_lies_on_white(tmp_path: Path) -> None:
    path = tmp_path / "clear.png"
    Image.new("RGBA", (4, 4), (200, 0, 0, 0)).save(path)
    assert open_image(path).getpixel((1, 1)) == (255, 255, 255)


def test_a_large_jpeg_may_come_smaller_when_less_is_enough(tmp_path: Path) -> None:
    path = saved(tmp_path / "large.jpg", "jpeg", size=(3200, 1600))
    assert open_image(path, min_side=400).size == (800, 400)
    assert open_image(path, min_side=5000).size == (3200, 1600)


@pytest.mark.parametrize("size", [(300, 100), (100, 300), (200, 113), (1, 1)])
def test_a_fitted_picture_fills_the_frame_from_its_middle(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "red")
    image.putpixel((size[0] // 2, size[1] // 2), (0, 0, 255))
    result = fit_image(image, 160, 90)
    assert result.size == (160, 90)
    assert max(blue for *_, blue in (result.getpixel((x, 45)) for x in range(70, 90))) > 20  # type: ignore[misc]


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from(["jpeg", "png", "webp"]))
def test_damaged_bytes_give_a_picture_or_an_input_error(tmp_path: Path, data: st.DataObject, kind: str) -> None:
    path = saved(tmp_path / "hostile", kind, size=(24, 16))
    broken = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 5))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(broken)
    for read in (read_image_facts, open_image):
        with suppress(InputError):
            assert read(path)


def test_a_png_with_a_wrong_sum_of_its_pixels_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", "png")
    data = bytearray(path.read_bytes())
    at = data.index(b"IDAT") - 4
    data[at + 8 + int.from_bytes(data[at : at + 4])] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match="damaged picture") as error:
        read_image_facts(path)
    assert "wrong control sum" in error.value.why


@pytest.mark.parametrize(
    ("kind", "mode", "frames", "traits"),
    [
        ("jpeg", "CMYK", 1, (ImageTrait.CMYK,)),
        ("jpeg", "RGB", 1, ()),
        ("webp", "RGB", 3, (ImageTrait.ANIMATED,)),
        ("png", "RGB", 3, (ImageTrait.ANIMATED,)),
        ("webp", "RGB", 1, ()),
        ("mpo", "RGB", 2, ()),  # a phone's photo with its preview
    ],
)
def test_what_may_change_at_a_gateway_is_known(
    tmp_path: Path, kind: str, mode: str, frames: int, traits: tuple[ImageTrait, ...]
) -> None:
    first, *others = [Image.new("RGB", (64, 48), (each, 0, 99)).convert(mode) for each in range(0, 100 * frames, 100)]
    first.save(tmp_path / "a", kind, **({"save_all": True, "append_images": others} if others else {}))
    assert read_image_facts(tmp_path / "a").traits == traits

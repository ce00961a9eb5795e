"""Numbers and stills from films as gateways deliver them; what of it is a mark is in `tests/test_triage.py`."""

from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from moving_samples import ASSETS, FILMS, PORTRAIT, SIZE, add_grain, view, write_film
from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from hailuo_batch.core.measures import GivenImage, measures_dict, parse_measures
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.errors import InputError
from hailuo_batch.media.images import open_image
from hailuo_batch.media.measures import MAX_STILL_BYTES, measure_clip
from hailuo_batch.media.similarity import best_ssim, ssim


def given(name: str, role: str = "first") -> GivenImage:
    return GivenImage(role=role, digest="sha256:aa", path=str(ASSETS / name))


def test_the_first_the_middle_and_the_last_frame_become_small_jpegs(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", lambda at: Image.new("RGB", SIZE, (round(255 * at), 0, 0)))
    stills = measure_clip(film).stills
    reds = []
    for at in (StillAt.FIRST, StillAt.MIDDLE, StillAt.LAST):
        with Image.open(BytesIO(stills[at])) as image:
            assert (image.format, image.size) == ("JPEG", (480, 270))
            reds.append(image.convert("RGB").getpixel((240, 135))[0])  # type: ignore[index]
    assert reds == pytest.approx([0, 128, 255], abs=12)


@pytest.mark.parametrize(
    ("size", "still"), [(PORTRAIT, PORTRAIT), ((1366, 768), (640, 360)), ((768, 1366), (450, 800))]
)
def test_a_still_fits_a_page_whatever_its_shape_and_grain(tmp_path: Path, size, still) -> None:
    noise = add_grain(Image.new("RGB", size, "grey"), 90)
    stills = measure_clip(write_film(tmp_path / "a.mp4", lambda _: noise, frames=2)).stills
    with Image.open(BytesIO(stills[StillAt.FIRST])) as image:
        assert image.size in {still, (still[0] // 2, still[1] // 2)}
    assert all(len(each) <= MAX_STILL_BYTES for each in stills.values())


def test_a_clip_of_one_frame_has_measures_and_stills(tmp_path: Path) -> None:
    found = measure_clip(write_film(tmp_path / "a.mp4", FILMS["frozen"], frames=1))
    assert (found.measures.frames, found.measures.moved) == (1, 1.0)
    assert set(found.stills) == set(StillAt)


@pytest.mark.parametrize("sent", [b"", b"<html>502</html>", b"\0\0\0\x14ftypisom\0\0\0\0isom"])
def test_what_is_no_video_is_not_measured(tmp_path: Path, sent: bytes) -> None:
    (tmp_path / "clip.mp4").write_bytes(sent)
    with pytest.raises(InputError, match="cannot measure"):
        measure_clip(tmp_path / "clip.mp4")


def test_frames_that_would_fill_memory_are_not_measured(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", lambda _: Image.new("RGB", (8192, 4400)), frames=1)
    with pytest.raises(InputError) as refused:
        measure_clip(film)
    assert refused.value.why == "decoding it stopped: its frames have 8192 × 4400 pixels"


def test_both_ends_are_compared_each_with_its_image_and_a_frame_of_another_clip_too(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mp4", lambda at: view() if at < 0.5 else view("cap.jpg"))
    chained = GivenImage(role="first", digest="sha256:bb", path=str(film), frame="last")
    matches = measure_clip(film, [given("dawn.webp"), given("cap.jpg", "last"), chained]).measures.matches
    likeness = [each.ssim for each in matches]
    assert likeness == pytest.approx([1.0, 1.0, 0.2], abs=0.1)
    assert [(each.role, each.digest, each.frame) for each in matches][2] == ("first", "sha256:bb", "last")


@pytest.mark.parametrize("path", ["", "gone.png", "text.png"])
def test_an_image_that_cannot_be_read_is_not_compared(tmp_path: Path, path: str) -> None:
    (tmp_path / "text.png").write_text("no image")
    film = write_film(tmp_path / "a.mp4", FILMS["frozen"], frames=2)
    lost = GivenImage(role="first", digest="sha256:aa", path=str(tmp_path / path) if path else "")
    (match,) = measure_clip(film, [lost]).measures.matches
    assert match.ssim is None


def grey(image: Image.Image) -> Image.Image:
    """As a frame of a clip is compared: 160 pixels on its longer side."""
    scale = 160 / max(image.size)
    size = (max(16, round(image.width * scale)), max(16, round(image.height * scale)))
    return image.convert("L").resize(size, Image.Resampling.BOX)


def zoomed(image: Image.Image, share: float) -> Image.Image:
    return ImageOps.fit(image, image.size, bleed=share / 2)


CHANGES = {
    "same": lambda image: image,
    "flatter and lighter": lambda image: ImageEnhance.Contrast(ImageEnhance.Brightness(image).enhance(1.15)).enhance(
        0.8
    ),
    "darker": lambda image: ImageEnhance.Brightness(image).enhance(0.7),
    "softer": lambda image: image.filter(ImageFilter.GaussianBlur(6)),
    "closer by 2 %": lambda image: zoomed(image, 0.02),
    "closer by 5 %": lambda image: zoomed(image, 0.05),
    "letterbox": lambda image: ImageOps.pad(image, (image.height * 21 // 9, image.height)),
    "pillars": lambda image: ImageOps.pad(image, (image.height * 16 // 9, image.height)),
    "cut to portrait": lambda image: ImageOps.fit(image, (720, 1280)),
    "stretched": lambda image: image.resize((1280, 900)),
}
IMAGES = sorted(path.name for path in ASSETS.iterdir())
PACKS = {"pack-amber.webp", "pack-rose.webp", "pack-sea.webp"}


@pytest.mark.parametrize("change", CHANGES)
def test_an_image_that_came_through_a_gateway_is_still_alike(change: str) -> None:
    found = {}
    for name in IMAGES:
        image = open_image(ASSETS / name)
        found[name] = best_ssim(grey(CHANGES[change](image)), image.convert("L"))
    assert min(found.values()) >= 0.7, found


def test_unlike_images_are_unlike_whichever_way_they_are_fitted() -> None:
    """Bottles of one layout in three colours are alike in grey: colours are not compared."""
    found = {}
    for one, other in combinations(IMAGES, 2):
        if not {one, other} <= PACKS:
            found[one, other] = best_ssim(grey(open_image(ASSETS / one)), open_image(ASSETS / other).convert("L"))
    assert sorted(found.values())[len(found) // 2] < 0.3
    assert max(found.values()) < 0.6, max(found, key=lambda pair: found[pair])


def test_ssim_is_one_for_the_same_and_falls_with_what_differs() -> None:
    base = grey(view())
    noisy = [ssim(base, grey(add_grain(view(), sigma))) for sigma in (0.01, 40, 120)]
    assert ssim(base, base) == pytest.approx(1.0)
    assert noisy == sorted(noisy, reverse=True)
    assert ssim(base, ImageOps.invert(base)) < 0.1


def test_measures_come_back_from_json_and_what_is_none_is_refused(tmp_path: Path) -> None:
    found = measure_clip(write_film(tmp_path / "a.mp4", FILMS["frozen"], frames=4), [given("dawn.webp")]).measures
    data = measures_dict(found)
    assert measures_dict(parse_measures(data)) == data
    changes: tuple[dict[str, Any], ...] = ({"version": 0}, {"black": "x"}, {"matches": [1]}, {"more": 1})
    wrongs: list[Any] = [{}, [], *({**data, **change} for change in changes)]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="measure"):
            parse_measures(wrong)

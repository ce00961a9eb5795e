from hashlib import sha256
from itertools import combinations
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageColor

from hailuo_batch.core.manifest.camera import CameraCommand, camera_moves, strip_commands
from hailuo_batch.core.sketch import Sketch
from hailuo_batch.media.animatic import slate
from hailuo_batch.media.animatic.camera_icons import icon_mask
from hailuo_batch.media.animatic.camera_motion import camera_path, common_area
from hailuo_batch.media.animatic.palettes import palette
from hailuo_batch.media.animatic.resampler import FrameSize, background_size
from hailuo_batch.media.animatic.title_card import draw_title_card

FRAME = FrameSize(width=910, height=512)


def sketch(**fields: Any) -> Sketch:
    usual: dict[str, Any] = {"campaign": "aurora", "shot": "open", "take": 1, "prompt": "", "mark": "a91f3c"}
    return Sketch(**{**usual, "seconds": 6, "resolution": "512p", **fields})


def painted(prompt: str) -> tuple[Image.Image, Image.Image, Any]:
    """The card of a prompt, the same card without words, and the windows on it."""
    windows = camera_path(camera_moves(prompt), 6, drift=False)
    size = background_size(FRAME, windows)
    full = draw_title_card(sketch(prompt=prompt), FRAME, size, windows)
    seed = sha256(strip_commands(prompt).encode()).digest()
    return (
        full,
        Image.new("RGB", (size.width, size.height), palette(seed).paper),
        windows,
    )


@pytest.mark.parametrize(
    "prompt",
    [
        "copper [Truck left]",
        "copper [Push in, Tilt up]",
        "many words " * 180 + "[Pan right]",
        "copper [Pull out], [Shake]",
    ],
)
def test_words_stay_inside_what_every_frame_shows(prompt: str) -> None:
    full, paper, windows = painted(prompt)
    # The quiet shape differs from the paper by little; type and icons by much.
    ink = ImageChops.difference(full, paper).convert("L").point(lambda value: 255 * (value > 60))
    left, top, right, bottom = common_area(windows)
    box = ink.getbbox()
    assert box
    assert left * full.width <= box[0] < box[2] <= right * full.width + 1
    assert top * full.height <= box[1] < box[3] <= bottom * full.height + 1


def test_another_move_keeps_the_colours_of_the_card() -> None:
    one, other = (painted(f"copper sunrise {move}")[0].getpixel((2, 2)) for move in ("[Push in]", "[Truck left]"))
    assert one == other


def brightness(colour: str) -> float:
    parts = [channel / 255 for channel in ImageColor.getrgb(colour)[:3]]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((brightness(one), brightness(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("first", range(10))
def test_type_can_be_read_on_every_palette(first: int) -> None:
    colours = palette(bytes([first]) + bytes(31))
    assert contrast(colours.ink, colours.paper) >= 4.5
    assert contrast(colours.ink, colours.shape) >= 4.3
    assert contrast(colours.quiet, colours.paper) >= 3
    assert contrast(colours.on_accent, colours.accent) >= 3


def test_fifteen_commands_have_fifteen_icons() -> None:
    icons = {command: icon_mask(command, 32) for command in CameraCommand}
    assert len(icons) == 15
    for one, other in combinations(icons, 2):
        assert ImageChops.difference(icons[one], icons[other]).getbbox(), (one, other)
    for image in icons.values():
        assert image.size == (32, 32)
        assert image.getextrema()[1] == 255


@pytest.mark.parametrize(("width", "height"), [(910, 512), (512, 910), (512, 512), (2048, 512), (1920, 1080)])
def test_the_slate_fills_the_width_at_every_shape(width: int, height: int) -> None:
    size = FrameSize(width=width, height=height)
    strip = slate.draw_slate(sketch(shot="pack-red-" * 12, campaign="x" * 80, prompt="[Push in]" * 40), size)
    assert strip.size == (width, slate.slate_height(size))
    assert strip.height % 2 == 0
    assert 0.04 < strip.height / min(width, height) < 0.06


def test_fields_of_the_slate_change_it() -> None:
    size = FrameSize(width=1366, height=768)
    base = slate.draw_slate(sketch(), size)
    changes: list[dict[str, Any]] = [{"shot": "turn"}, {"take": 2}, {"campaign": "b"}, {"mark": "0"}, {"seconds": 10}]
    changes += [{"resolution": "768p"}, {"prompt": "[Shake]"}]
    for change in changes:
        assert ImageChops.difference(base, slate.draw_slate(sketch(**change), size)).getbbox(), change

"""Films as gateways may deliver them, each made by a function of time: for what is measured of clips."""

from collections.abc import Callable
from functools import cache
from math import sin
from pathlib import Path

import av
from PIL import Image, ImageChops, ImageDraw, ImageEnhance

from hailuo_batch.media.images import fit_image, open_image

ASSETS = Path(__file__).parents[1] / "manifests" / "assets"
SIZE = (480, 270)
PORTRAIT = (270, 480)
FPS, FRAMES = 24, 36

Paint = Callable[[float], Image.Image]  # what is seen at a time from 0 to 1


def write_film(file: Path, paint: Paint, *, frames: int = FRAMES) -> Path:
    """An MP4 with one key frame, as x264 makes it by default."""
    with av.open(str(file), "w", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "veryfast", "crf": "23"})
        stream.width, stream.height = paint(0.0).size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(frames):
            container.mux(stream.encode(av.VideoFrame.from_image(paint(number / max(1, frames - 1)))))
        container.mux(stream.encode())
    return file


@cache
def asset(name: str, size: tuple[int, int] = SIZE) -> Image.Image:
    """An image of the example manifests, large enough to move over."""
    return fit_image(open_image(ASSETS / name), 2 * size[0], 2 * size[1])


def view(
    name: str = "dawn.webp", *, zoom: float = 1.0, x: float = 0.0, y: float = 0.0, size: tuple[int, int] = SIZE
) -> Image.Image:
    """A part of an image: `zoom` 1.1 comes nearer by a tenth, `x` and `y` are frame widths and heights."""
    whole = asset(name, size)
    wide, high = whole.width / zoom, whole.height / zoom
    left, top = (whole.width - wide) / 2 + x * wide, (whole.height - high) / 2 + y * high
    return whole.transform(size, Image.Transform.EXTENT, (left, top, left + wide, top + high), Image.Resampling.BICUBIC)


def add_grain(image: Image.Image, sigma: float) -> Image.Image:
    """The image with the grain of a film: other grain each time."""
    noise = Image.effect_noise(image.size, sigma)
    return Image.merge("RGB", [ImageChops.add(band, noise, 1, -128) for band in image.split()])


def darken(image: Image.Image, share: float) -> Image.Image:
    return ImageEnhance.Brightness(image).enhance(share)


def candle(at: float) -> Image.Image:
    """Nothing moves but a small light that flickers."""
    image, level = view("night.webp"), 185 + round(65 * sin(at * 90))
    ImageDraw.Draw(image).ellipse((375, 188, 393, 214), fill=(level, level - 60, 20))
    return image


def walker(at: float) -> Image.Image:
    """The camera rests, and somebody walks by."""
    image = view()
    ImageDraw.Draw(image).rectangle((30 + 225 * at, 105, 90 + 225 * at, 250), fill=(60, 30, 40))
    return image


# How each film is painted. Those that rest but for a little are what a camera command must not deliver.
FILMS: dict[str, Paint] = {
    "black": lambda _: Image.new("RGB", SIZE),
    "nearly black": lambda at: darken(view(zoom=1 + 0.05 * at), 0.04),
    "fade from black": lambda at: darken(view(zoom=1 + 0.05 * at), min(1.0, at * 4)),
    "dark scene, slow push in": lambda at: darken(view("night.webp", zoom=1 + 0.05 * at), 0.3),
    "frozen": lambda _: view(),
    "stops after a fifth": lambda at: view(zoom=1 + 0.15 * min(at, 0.2)),
    "static, light grain": lambda _: add_grain(view(), 3),
    "static, small light flickers": candle,
    "static, somebody walks by": walker,
    "drift of 2 %": lambda at: view(zoom=1 + 0.02 * at),
    "slow push in of 5 %": lambda at: view(zoom=1 + 0.05 * at),
    "push in of 15 %": lambda at: view(zoom=1 + 0.15 * at),
    "end card, push in of 5 %": lambda at: view("endcard.png", zoom=1 + 0.05 * at),
    "slow pan": lambda at: view("pack-sea.webp", zoom=1.3, x=-0.03 + 0.03 * at),
    "fast pan": lambda at: view("pack-sea.webp", zoom=1.6, x=-0.25 + 0.5 * at),
    "shake": lambda at: view(zoom=1.05, x=0.012 * sin(at * 70), y=0.012 * sin(at * 110)),
    "cut between stills": lambda at: view() if at < 0.5 else view("cap.jpg"),
    "portrait, pedestal up": lambda at: view("portrait.jpg", zoom=1.2, y=0.05 - 0.1 * at, size=PORTRAIT),
}

"""Pictures and clips the tests of this room look at, and the eyes to look with."""

from collections.abc import Callable
from pathlib import Path

import av
from PIL import Image

Drawn = Callable[..., Path]


def decoded(path: Path) -> list[Image.Image]:
    """Every frame of a clip."""
    with av.open(str(path)) as container:
        return [frame.to_image() for frame in container.decode(video=0)]


def facts(path: Path) -> tuple[int, int, int, float]:
    """Width, height, frames, seconds, as PyAV decodes them."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = sum(1 for _ in container.decode(video=0))
        assert container.duration is not None
        return stream.width, stream.height, frames, container.duration / av.time_base


def centre(image: Image.Image, channel: int | None = None) -> tuple[float, float]:
    """Where the disc of one colour, or the one light, is to a small part of a pixel: the centre of its light."""
    image = image.crop((0, 0, image.width, image.height - 30))
    light = image.convert("L")
    if channel is not None:
        bands = image.split()
        dark_in_the_other = bands[1 - channel].point(lambda value: 255 * (value < 110))
        light = Image.composite(bands[channel], Image.new("L", image.size), dark_in_the_other)
    light = light.point(lambda value: max(0, value - 60))
    width, height = light.size
    light_bytes = light.tobytes()
    columns = [0] * width
    total = weighted = 0
    for y in range(height):
        row = light_bytes[y * width : (y + 1) * width]
        if any(row):
            total += sum(row)
            weighted += y * sum(row)
            for x, value in enumerate(row):
                columns[x] += value
    assert total, "no disc in the frame"
    return sum(x * value for x, value in enumerate(columns)) / total, weighted / total

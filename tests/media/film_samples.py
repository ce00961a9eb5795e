"""Clips whose frames say which one they are, by a grey of their own."""

from pathlib import Path

import av
from PIL import Image

STEP = 5  # levels of grey between two frames


def write_clip(
    path: Path, frames: int, *, rate: int = 24, size: tuple[int, int] = (64, 36), begin: int = 20, **options: str
) -> Path:
    """A clip whose n-th frame has the grey `begin` + STEP · n; a key frame each 12 and B-frames in between."""
    with av.open(str(path), "w", format="mp4") as container:
        known = {
            "g": "12",
            "keyint_min": "12",
            "sc_threshold": "0",
            "bf": "2",
            "b_strategy": "0",
            "crf": "8",
            **options,
        }
        stream = container.add_stream("libx264", rate=rate, options=known)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for place in range(frames):
            image = Image.new("RGB", size, (begin + STEP * place,) * 3)
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode(None))
    return path


def greys(path: Path) -> list[int]:
    """Which frame each of a film's is, by the grey of its middle."""
    with av.open(str(path)) as container:
        images = [frame.to_image().convert("L") for frame in container.decode(video=0)]
    return [round((image.getpixel((image.width // 2, image.height // 2)) - 20) / STEP) for image in images]

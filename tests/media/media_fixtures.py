"""Clips and pictures made for one test."""

from pathlib import Path
from typing import Any

import pytest
from media_samples import Drawn
from PIL import Image, ImageDraw, ImageFilter

from hailuo_batch.core.sketch import Sketch
from hailuo_batch.media.animatic.draw import draw


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    """Draws a sketch of these fields, the rest filled in, and gives its file."""

    def make(**fields: Any) -> Path:
        usual: dict[str, Any] = {"campaign": "aurora", "shot": "open", "take": 1, "prompt": "", "mark": "a91f3c"}
        target = tmp_path / f"{len(list(tmp_path.glob('*.mp4')))}.mp4"
        draw(Sketch(**{**usual, "seconds": 1, "resolution": "512p", **fields}), target)
        return target

    return make


@pytest.fixture
def dots(tmp_path: Path) -> Path:
    """A dark picture with a red disc left of its middle and a green one right of it."""
    image = Image.new("RGB", (1280, 720), "#101830")
    pen = ImageDraw.Draw(image)
    pen.ellipse((520, 316, 560, 356), fill="#ff2020")
    pen.ellipse((720, 316, 760, 356), fill="#20ff20")
    path = tmp_path / "dots.png"
    image.filter(ImageFilter.GaussianBlur(2)).save(path)
    return path

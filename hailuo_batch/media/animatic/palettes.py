"""Colours and the large shape of a title card, chosen by a digest: the same prompt always gets the same ones.

There are ten palettes in the style of film posters, with enough contrast for small type, and six shapes. The shape is
close to the background colour, so that text on it stays readable.
"""

from collections.abc import Callable

from PIL import Image, ImageDraw

from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Palette:
    """Six matching colours: ground, type, second type, shape, accent, and type on the accent."""

    paper: str
    ink: str
    quiet: str
    shape: str
    accent: str
    on_accent: str


# Ground, type, second type, shape, accent, type on the accent.
_PALETTES = (
    "#e2492f #17120e #5c1a0f #e95a41 #17120e #f6e7d0",  # vermilion
    "#f1eadb #161513 #6f695d #e7decb #d3382b #fff6e6",  # cream
    "#131722 #f3efe6 #9aa0ae #1b2130 #f2b632 #131722",  # night
    "#ecb324 #17130a #6b4f08 #e3a716 #17130a #f8e3ad",  # mustard
    "#13392f #f2ecdd #98b0a4 #19463a #f08a4b #13261f",  # forest
    "#1f3fb5 #f7f3e9 #b3c0f0 #2749c4 #ffc93c #12235f",  # cobalt
    "#3a1730 #f8eadf #c09aae #471d3b #ff6f4d #2a0f22",  # plum
    "#d8d5cd #191919 #66635c #cdc9bf #1f3fb5 #f4f2ec",  # stone
    "#0e5a63 #f8f1e2 #9cc6c6 #126771 #ffb08f #0a3a40",  # petrol
    "#0f0f10 #f5f4ef #97958d #1a1a1c #e2492f #0f0f10",  # black
)


def palette(seed: bytes) -> Palette:
    """The palette of a digest."""
    paper, ink, quiet, shape, accent, on_accent = _PALETTES[seed[0] % len(_PALETTES)].split()
    return Palette(paper=paper, ink=ink, quiet=quiet, shape=shape, accent=accent, on_accent=on_accent)


def draw_ornament(image: Image.Image, seed: bytes, colour: str) -> None:
    """Draws the shape of a digest over the whole picture."""
    fine = 2  # drawn at twice the size and scaled down: Pillow's own edges are rough
    mask = Image.new("L", (image.width * fine, image.height * fine))
    lean = (seed[2] - 128) / 128
    _SHAPES[seed[1] % len(_SHAPES)](ImageDraw.Draw(mask), mask.width, mask.height, lean)
    image.paste(colour, (0, 0), mask.reduce(fine))


def _disc(pen: ImageDraw.ImageDraw, width: int, height: int, lean: float) -> None:
    radius = 0.62 * min(width, height)
    x, y = width * (0.80 + 0.06 * lean), height * (0.66 + 0.1 * lean)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)


def _ring(pen: ImageDraw.ImageDraw, width: int, height: int, lean: float) -> None:
    x, y = width * (0.9 + 0.05 * lean), height * 0.92
    for radius, fill in ((1.0, 255), (0.78, 0), (0.56, 255), (0.34, 0)):
        r = radius * min(width, height) * 0.95
        pen.ellipse((x - r, y - r, x + r, y + r), fill=fill)


def _slab(pen: ImageDraw.ImageDraw, width: int, height: int, lean: float) -> None:
    slant = 0.10 + 0.05 * lean
    pen.polygon([(width * (0.60 + slant), 0), (width, 0), (width, height), (width * (0.60 - slant), height)], fill=255)


def _bars(pen: ImageDraw.ImageDraw, width: int, height: int, lean: float) -> None:
    """Four bars of unequal length falling from the upper edge, as in a title by Saul Bass."""
    for place, length in enumerate((0.42, 0.78, 0.58, 0.92)):
        left = width * (0.60 + 0.095 * place)
        tilt = width * 0.012 * lean * (1 if place % 2 else -1)
        bottom = height * length
        right = left + width * 0.07
        pen.polygon([(left, 0), (right, 0), (right + tilt, bottom), (left + tilt, bottom * 0.985)], fill=255)


def _wedge(pen: ImageDraw.ImageDraw, width: int, height: int, lean: float) -> None:
    pen.polygon([(0, height), (width, height * (0.40 + 0.08 * lean)), (width, height)], fill=255)


def _steps(pen: ImageDraw.ImageDraw, width: int, height: int, lean: float) -> None:
    for place in range(4):
        left = width * (0.36 + 0.16 * place)
        top = height * (0.84 - (0.19 + 0.02 * lean) * place)
        pen.rectangle((left, top, width, height), fill=255)


_SHAPES: tuple[Callable[[ImageDraw.ImageDraw, int, int, float], None], ...] = (
    _disc,
    _ring,
    _slab,
    _bars,
    _wedge,
    _steps,
)

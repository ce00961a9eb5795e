"""The bottle of the example film, and the light it stands in: gradients, glows, ridges of mist, petals, soft shadows.

Everything is drawn with Pillow from numbers and fixed seeds, so a picture is the same wherever it is drawn with the
same Pillow. Nothing here knows scenes or files; those are in `draw_assets.py`.
"""

from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from math import cos, pi, sin
from random import Random

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageFont

Rgb = tuple[int, int, int]
Point = tuple[float, float]
Stops = Sequence[tuple[float, str]]  # where on the way from 0 to 1, and which colour there

COPPER: Stops = (
    (0.00, "#4a2013"), (0.05, "#8d4a2c"), (0.14, "#c97a4e"), (0.25, "#ffe2c4"), (0.31, "#f4b98c"),
    (0.48, "#c2714a"), (0.68, "#8a452b"), (0.82, "#5f2b1b"), (0.92, "#b56a45"), (1.00, "#5a2a1b"),
)  # fmt: skip


def rgb(colour: str) -> Rgb:
    """A colour's red, green and blue."""
    red, green, blue = ImageColor.getrgb(colour)[:3]
    return red, green, blue


def mixed(one: str, other: str, share: float) -> str:
    """The colour `share` of the way from one to the other."""
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in zip(rgb(one), rgb(other), strict=True))


def at(stops: Stops, where: float) -> str:
    """The colour of a gradient at one place."""
    for (before, one), (after, other) in pairwise(stops):
        if where <= after:
            return mixed(one, other, max(0.0, (where - before) / (after - before)))
    return stops[-1][1]


def gradient(size: tuple[int, int], stops: Stops, *, across: bool = False) -> Image.Image:
    """A picture that changes colour from top to bottom, or from left to right."""
    length = size[0] if across else size[1]
    line = Image.new("RGB", (length, 1) if across else (1, length))
    line.putdata([rgb(at(stops, (n + 0.5) / length)) for n in range(length)])
    return line.resize(size, Image.Resampling.NEAREST)


def blurred(image: Image.Image, radius: float) -> Image.Image:
    """The picture out of focus."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def veil(picture: Image.Image, mask: Image.Image, colour: str, strength: float = 1.0) -> None:
    """Lays a colour over the picture where the mask is light."""
    picture.paste(rgb(colour), (0, 0), mask.point(lambda value: value * strength))


def shine(picture: Image.Image, mask: Image.Image, colour: str, strength: float = 1.0) -> None:
    """Adds light of a colour where the mask is light, as a lamp does; what is bright stays bright."""
    light = Image.new("RGB", picture.size)
    light.paste(rgb(colour), (0, 0), mask.point(lambda value: value * strength))
    picture.paste(ImageChops.screen(picture.convert("RGB"), light))


def glow(size: tuple[int, int], centre: Point, radius: Point, power: float = 2.0) -> Image.Image:
    """A mask that is light in the middle and dies away softly; `radius` may differ across and down."""
    round_ = Image.radial_gradient("L").point([round(255 * max(0.0, 1 - n / 181) ** power) for n in range(256)])
    wide, high = round(2 * radius[0]), round(2 * radius[1])
    mask = Image.new("L", size)
    mask.paste(
        round_.resize((wide, high), Image.Resampling.BICUBIC),
        (round(centre[0] - radius[0]), round(centre[1] - radius[1])),
    )
    return mask


def ellipse(size: tuple[int, int], centre: Point, radius: Point, soft: float = 0.0) -> Image.Image:
    """The mask of an ellipse, with an edge as soft as wanted."""
    mask = Image.new("L", size)
    box = (centre[0] - radius[0], centre[1] - radius[1], centre[0] + radius[0], centre[1] + radius[1])
    ImageDraw.Draw(mask).ellipse(box, fill=255)
    return blurred(mask, soft) if soft else mask


def block(
    size: tuple[int, int], box: tuple[float, float, float, float], corner: float = 0, soft: float = 0
) -> Image.Image:
    """The mask of a rectangle with round corners."""
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).rounded_rectangle(box, corner, fill=255)
    return blurred(mask, soft) if soft else mask


def ridge(size: tuple[int, int], height: float, swell: float, seed: int) -> Image.Image:
    """The mask of a range of hills that reaches `height` pixels down from the top, give or take `swell`."""
    chance = Random(seed)  # noqa: S311 - hills, not secrets
    waves = [(chance.uniform(0.6, 1.4) * 2**n, chance.uniform(0, 2 * pi), 0.52**n) for n in range(6)]
    width = size[0]
    line = [
        (x, height - swell * sum(a * sin(f * 2 * pi * x / width + phase) for f, phase, a in waves))
        for x in range(0, width + 8, 8)
    ]
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([*line, (width, size[1]), (0, size[1])], fill=255)
    return mask


def mist(size: tuple[int, int], band: tuple[float, float], seed: int, puffs: int = 26) -> Image.Image:
    """The mask of a bank of mist between two heights; drawn small and enlarged, since mist has no edges."""
    chance = Random(seed)  # noqa: S311
    small = (size[0] // 8, size[1] // 8)
    mask = Image.new("L", small)
    for _ in range(puffs):
        x, y = chance.uniform(-0.1, 1.1) * small[0], chance.uniform(*band) / 8
        wide, high = chance.uniform(0.10, 0.32) * small[0], chance.uniform(0.25, 0.7) * (band[1] - band[0]) / 8
        puff = glow(small, (x, y), (wide, high), 1.6).point(lambda value: value * 0.75)
        mask = ImageChops.screen(mask, puff)
    return blurred(mask, 3).resize(size, Image.Resampling.BICUBIC)


def petal(length: float, colour: str, seed: int, soft: float = 0.0) -> Image.Image:
    """One petal, curled a little, lit from the upper left."""
    chance = Random(seed)  # noqa: S311
    side = round(length * 1.5)
    curl, fat = chance.uniform(-0.16, 0.16), chance.uniform(0.24, 0.36)
    edge = []
    for n in range(80):
        t = 2 * pi * n / 80
        along = cos(t) * 0.5
        across = sin(t) * fat * (0.62 + 0.38 * along / 0.5) + curl * (along * along * 4 - 0.5)
        edge.append((side / 2 + along * length, side / 2 + across * length))
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).polygon(edge, fill=255)
    mask = blurred(mask, max(1.0, soft))
    face = gradient(
        (side, side), ((0.15, mixed(colour, "#ffffff", 0.55)), (0.55, colour), (0.9, mixed(colour, "#40101a", 0.4)))
    )
    shine(face, glow((side, side), (side * 0.62, side * 0.4), (side * 0.3, side * 0.14)), "#ffffff", 0.35)
    vein = Image.new("L", (side, side))
    ImageDraw.Draw(vein).line(
        [(side * 0.2, side / 2), (side * 0.75, side * (0.5 + curl * 0.3))], fill=90, width=max(1, side // 60)
    )
    veil(face, blurred(vein, side / 50), mixed(colour, "#40101a", 0.5), 0.8)
    face.putalpha(mask)
    return face.rotate(chance.uniform(0, 360), Image.Resampling.BICUBIC, expand=False)


def stamp(picture: Image.Image, thing: Image.Image, centre: Point) -> None:
    """Puts a cut-out into the picture, its middle at `centre`."""
    picture.paste(thing, (round(centre[0] - thing.width / 2), round(centre[1] - thing.height / 2)), thing)


def lettering(size: tuple[int, int], words: str, centre: Point, height: float, tracking: float) -> Image.Image:
    """The mask of a line of capitals, set wide; the font is the one that Pillow carries."""
    font = ImageFont.load_default(height)
    widths = [font.getlength(letter) + tracking * height for letter in words]
    left = centre[0] - (sum(widths) - tracking * height) / 2
    mask = Image.new("L", size)
    pen = ImageDraw.Draw(mask)
    for letter, width in zip(words, widths, strict=True):
        pen.text((left, centre[1]), letter, fill=255, font=font, anchor="lm")
        left += width
    return mask


def copper(size: tuple[int, int], seed: int, stops: Stops = COPPER) -> Image.Image:
    """Brushed copper around a cylinder: light runs down it, the brush went round it."""
    metal = gradient(size, stops, across=True)
    chance = Random(seed)  # noqa: S311
    strokes = Image.new("L", (1, size[1]))
    strokes.putdata([round(chance.gauss(128, 15)) for _ in range(size[1])])
    brushed = blurred(strokes.resize(size), max(0.6, size[1] / 900)).convert("RGB")
    return Image.blend(metal, ImageChops.overlay(metal, brushed), 0.55)


@cache
def bottle(high: int, tint: str, rim: str = "#ffffff") -> Image.Image:
    """The bottle as a cut-out `high` pixels tall: frosted glass, perfume of the colour `tint`, a copper cap.

    `rim` is the colour of the light that comes from behind on the right.
    """
    wide = round(high * 0.60)
    size = (wide, high)
    top, bottom = high * 0.345, high * 0.995
    body = (wide * 0.02, top, wide * 0.98, bottom)
    corner = wide * 0.13
    glass = gradient(
        size,
        ((0.30, "#f4efee"), (0.42, mixed(tint, "#ffffff", 0.62)), (0.80, tint), (1.0, mixed(tint, "#1a0f1c", 0.45))),
    )
    mask = block(size, body, corner)
    _liquid(glass, tint, body)
    _edges(glass, mask, tint, rim, body)
    _words(glass, tint, body)
    whole = Image.new("RGBA", size)
    whole.paste(glass, (0, 0), mask)
    _neck(whole, tint, top)
    _cap(whole, rim, top)
    return whole


def _liquid(glass: Image.Image, tint: str, body: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = body
    wall, wide, high = glass.width * 0.075, right - left, bottom - top
    surface = top + high * 0.23
    inside = block(
        glass.size, (left + wall, surface, right - wall, bottom - wall * 1.25), wide * 0.085, glass.width * 0.006
    )
    stops = ((0.40, mixed(tint, "#ffffff", 0.34)), (0.70, tint), (0.93, mixed(tint, "#2a0f20", 0.22)), (1.0, tint))
    glass.paste(gradient(glass.size, stops), (0, 0), inside)
    shine(
        glass,
        glow(glass.size, (left + wide * 0.60, bottom - high * 0.20), (wide * 0.42, high * 0.34), 1.6),
        mixed(tint, "#fff3dc", 0.6),
        0.75,
    )
    meniscus = ellipse(glass.size, (left + wide / 2, surface), (wide / 2 - wall, wide * 0.022), glass.width * 0.004)
    veil(glass, meniscus, mixed(tint, "#ffffff", 0.75), 0.75)
    straw = block(
        glass.size, (left + wide * 0.492, top, left + wide * 0.508, bottom - wall * 1.7), 0, glass.width * 0.004
    )
    veil(glass, straw, "#ffffff", 0.26)


def _edges(glass: Image.Image, mask: Image.Image, tint: str, rim: str, body: tuple[float, float, float, float]) -> None:
    """What makes a slab of colour into glass: dark flanks, a bright rim, a window's reflection, a thick foot."""
    left, top, right, bottom = body
    wide, high, soft = right - left, bottom - top, glass.width
    core = blurred(mask, soft * 0.05)
    veil(glass, ImageChops.invert(core), mixed(tint, "#241426", 0.62), 0.80)
    thin = ImageChops.subtract(mask, blurred(mask, soft * 0.011)).point(lambda value: min(255, value * 2))
    shine(glass, thin, "#ffffff", 0.75)
    shine(
        glass,
        block(
            glass.size,
            (right - wide * 0.075, top + high * 0.09, right - wide * 0.035, bottom - high * 0.10),
            wide * 0.02,
            soft * 0.010,
        ),
        rim,
        0.95,
    )
    window = block(
        glass.size,
        (left + wide * 0.095, top + high * 0.10, left + wide * 0.215, bottom - high * 0.16),
        wide * 0.05,
        soft * 0.016,
    )
    fade = gradient(glass.size, ((0.40, "#ffffff"), (0.75, "#777777"), (0.98, "#111111"))).convert("L")
    shine(glass, ImageChops.multiply(window, fade), "#ffffff", 0.85)
    shine(
        glass,
        block(
            glass.size,
            (left + wide * 0.245, top + high * 0.13, left + wide * 0.262, bottom - high * 0.30),
            wide * 0.01,
            soft * 0.006,
        ),
        "#ffffff",
        0.30,
    )
    shoulder = block(
        glass.size,
        (left + wide * 0.12, top + high * 0.018, right - wide * 0.12, top + high * 0.040),
        wide * 0.02,
        soft * 0.008,
    )
    shine(glass, shoulder, "#ffffff", 0.75)
    foot = block(
        glass.size,
        (left + wide * 0.13, bottom - high * 0.060, right - wide * 0.10, bottom - high * 0.036),
        wide * 0.02,
        soft * 0.008,
    )
    shine(glass, foot, mixed(rim, "#fff1d8", 0.5), 0.80)


def _words(glass: Image.Image, tint: str, body: tuple[float, float, float, float]) -> None:
    left, top, right, bottom = body
    wide, high = right - left, bottom - top
    ink = mixed(tint, "#2a1118", 0.74)
    centre = ((left + right) / 2, top + high * 0.50)
    veil(glass, lettering(glass.size, "AURORA", centre, wide * 0.105, 0.30), ink, 0.88)
    veil(
        glass,
        lettering(glass.size, "EAU DE PARFUM", (centre[0], centre[1] + wide * 0.125), wide * 0.036, 0.45),
        ink,
        0.75,
    )
    arc = Image.new("L", glass.size)
    box = (centre[0] - wide * 0.13, centre[1] - wide * 0.27, centre[0] + wide * 0.13, centre[1] - wide * 0.01)
    ImageDraw.Draw(arc).arc(box, 180, 360, fill=255, width=max(1, round(wide * 0.007)))
    veil(glass, arc, ink, 0.80)


def _neck(whole: Image.Image, tint: str, top: float) -> None:
    wide, high = whole.size
    neck = (round(wide * 0.36), round(high * 0.290), round(wide * 0.64), round(top + high * 0.008))
    clear = gradient(
        (neck[2] - neck[0], neck[3] - neck[1]),
        ((0, "#6d5a60"), (0.2, "#fdf6f2"), (0.5, mixed(tint, "#ffffff", 0.5)), (0.85, "#77606a"), (1, "#f2e4df")),
        across=True,
    )
    whole.paste(clear, neck[:2])
    ring = (round(wide * 0.325), round(high * 0.302), round(wide * 0.675), round(high * 0.330))
    band = copper((ring[2] - ring[0], ring[3] - ring[1]), 5)
    whole.paste(band, ring[:2], block(band.size, (0, 0, band.width - 1, band.height - 1), band.height * 0.35))


def _cap(whole: Image.Image, rim: str, top: float) -> None:
    wide, high = whole.size
    box = (round(wide * 0.305), round(high * 0.004), round(wide * 0.695), round(top - high * 0.047))
    size = (box[2] - box[0], box[3] - box[1])
    metal = copper(size, 11)
    veil(metal, gradient(size, ((0, "#000000"), (0.6, "#0c0c0c"), (1, "#707070"))).convert("L"), "#2a0f0a", 0.8)
    bevel = size[0] * 0.035
    shine(
        metal,
        block(size, (size[0] * 0.05, bevel, size[0] * 0.95, bevel * 1.7), bevel / 2, bevel * 0.3),
        "#ffe9d2",
        0.65,
    )
    veil(metal, block(size, (0, bevel * 2.2, size[0], bevel * 2.6), 0, bevel * 0.3), "#3a160c", 0.55)
    shine(
        metal,
        block(size, (size[0] * 0.91, size[1] * 0.06, size[0] * 0.955, size[1] * 0.96), 2, size[0] * 0.012),
        rim,
        0.6,
    )
    whole.paste(metal, box[:2], block(size, (0, 0, size[0] - 1, size[1] - 1), size[0] * 0.07))


def standing(
    picture: Image.Image, thing: Image.Image, foot: Point, tint: str, *, shadow: float = 0.55, lean: float = 0.35
) -> None:
    """Stands a cut-out on a surface at `foot`: its shadow to the right, and the light that came through."""
    wide, size = thing.width, picture.size
    veil(
        picture,
        ellipse(size, (foot[0] + wide * lean, foot[1] + wide * 0.03), (wide * 0.80, wide * 0.105), wide * 0.085),
        "#1b0d16",
        shadow * 0.75,
    )
    veil(
        picture,
        ellipse(size, (foot[0] + wide * 0.02, foot[1] - wide * 0.005), (wide * 0.50, wide * 0.045), wide * 0.022),
        "#12070d",
        min(1.0, shadow * 1.5),
    )
    caustic = glow(size, (foot[0] + wide * (lean + 0.22), foot[1] + wide * 0.035), (wide * 0.48, wide * 0.075), 1.4)
    shine(picture, caustic, mixed(tint, "#fff0d0", 0.35), 0.55)
    picture.paste(thing, (round(foot[0] - wide / 2), round(foot[1] - thing.height)), thing)


def mirrored(picture: Image.Image, thing: Image.Image, foot: Point, strength: float) -> None:
    """The reflection of a cut-out in a wet or polished surface, fading with depth."""
    upside_down = blurred(thing.transpose(Image.Transpose.FLIP_TOP_BOTTOM), thing.width * 0.008)
    fade = gradient(thing.size, ((0, "#ffffff"), (0.25, "#8a8a8a"), (0.8, "#000000"))).convert("L")
    mask = ImageChops.multiply(upside_down.getchannel("A"), fade).point(lambda value: value * strength)
    picture.paste(upside_down.convert("RGB"), (round(foot[0] - thing.width / 2), round(foot[1])), mask)

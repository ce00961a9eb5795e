"""Draws the stills of manifests/product-film.yaml: `python tools/draw_assets.py [FOLDER]`, by default manifests/assets.

Nobody's photographs are in this repository: each still is made here from numbers, with Pillow and nothing else. They
are drawn at twice their size and scaled down. Running it again with the same Pillow gives the same files.
"""

import sys
from collections.abc import Callable
from math import cos, pi, sin
from pathlib import Path
from random import Random

from flacon import (
    COPPER,
    Stops,
    at,
    block,
    blurred,
    bottle,
    ellipse,
    glow,
    gradient,
    lettering,
    mirrored,
    mist,
    mixed,
    petal,
    ridge,
    shine,
    stamp,
    standing,
    veil,
)
from PIL import Image, ImageChops, ImageDraw

WIDE = (2560, 1440)
TALL = (1440, 2560)
SQUARE = (1440, 1440)
ROSE, AMBER, SEA = "#e2849c", "#e39a45", "#3f95a6"


def dawn() -> Image.Image:
    """The lake at sunrise, the bottle on a stone in the water."""
    sky = ((0, "#39406f"), (0.30, "#8d6f9a"), (0.48, "#e59b92"), (0.60, "#ffcf9e"), (0.66, "#ffe6bf"), (1, "#ffe6bf"))
    picture = gradient(WIDE, sky)
    shine(picture, glow(WIDE, (1820, 840), (1500, 900), 1.8), "#ffb27c", 0.55)
    shine(picture, glow(WIDE, (1820, 650), (520, 520), 1.8), "#fff0c9", 0.9)
    veil(picture, ellipse(WIDE, (1820, 650), (74, 74), 3), "#fff8e4")
    _lake(picture, ("#cf939c", "#a9758f", "#735781", "#4a4370"), haze="#ffd9b8", strength=0.85)
    shine(picture, glow(WIDE, (1820, 800), (1000, 520), 1.7), "#ffc890", 0.60)
    shine(picture, glow(WIDE, (1820, 1010), (300, 420), 1.6), "#ffd9a8", 0.45)
    _on_the_stone(picture, rim="#fff0c4", lift="#ffcf9f", haze="#ffe3cc")
    return picture


def night() -> Image.Image:
    """The same lake under northern lights: what the dawn grows out of."""
    picture = gradient(WIDE, ((0, "#070d26"), (0.35, "#0f2242"), (0.58, "#1d4a5c"), (0.66, "#2c6a6c"), (1, "#2c6a6c")))
    chance = Random(4)  # noqa: S311 - stars, not secrets
    pen = ImageDraw.Draw(picture)
    for _ in range(420):
        x, y, size = chance.uniform(0, 2560), chance.uniform(0, 860), chance.choice((1.2, 1.2, 1.6, 2.6))
        pen.ellipse((x - size, y - size, x + size, y + size), fill=mixed("#20345c", "#f2f6ff", chance.uniform(0.3, 1)))
    for seed, base, colour, strength in (
        (3, 640, "#35f0a8", 0.95),
        (8, 500, "#3fe0c8", 0.65),
        (5, 380, "#a06bf0", 0.65),
    ):
        shine(picture, _curtain(seed, base), colour, strength)
    _lake(picture, ("#22536a", "#1a4059", "#122c47", "#0b1c34"), haze="#5fb9a8", strength=0.34)
    _on_the_stone(picture, rim="#7dffd0", lift="#2f8f86", haze="#8fd8cc", dim=0.46)
    return picture


def _curtain(seed: int, base: float) -> Image.Image:
    """The mask of one curtain of northern light: rays that start on a wavy line and fade upward."""
    wide, high, chance = 640, 360, Random(seed)  # noqa: S311
    mask = Image.new("L", (wide, high))
    waves = [(chance.uniform(0.5, 2.2), chance.uniform(0, 2 * pi), chance.uniform(8, 26)) for _ in range(3)]
    rays = [(chance.uniform(9, 40), chance.uniform(0, 2 * pi)) for _ in range(4)]
    for x in range(wide):
        foot = base / 4 + sum(a * sin(f * 2 * pi * x / wide + phase) for f, phase, a in waves)
        ray = 0.55 + 0.45 * sum(sin(f * 2 * pi * x / wide + phase) for f, phase in rays) / len(rays)
        reach = 60 + 85 * ray
        for y in range(max(0, int(foot - reach)), min(high, int(foot) + 10)):
            up = (foot - y) / reach
            mask.putpixel(
                (x, y), round(255 * ray * (max(0.0, 1 - up) ** 1.7 if up >= 0 else max(0.0, 1 + up * reach / 10)))
            )
    return blurred(mask, 2.2).resize(WIDE, Image.Resampling.BICUBIC)


def _lake(picture: Image.Image, hills: tuple[str, str, str, str], *, haze: str, strength: float) -> None:
    """Four ranges of hills with haze between them, and the water that mirrors it all."""
    shore = 950
    for n, colour in enumerate(hills):
        veil(picture, ridge(WIDE, 690 + 70 * n, 105 - 14 * n, 21 + n), colour, 0.92)
        veil(picture, mist(WIDE, (760 + 55 * n, 940 + 20 * n), 40 + n, 20), haze, strength * 0.55)
    above = picture.crop((0, shore - 490, 2560, shore)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    water = blurred(above, 5)
    water = Image.blend(water, gradient(water.size, ((0, haze), (0.25, hills[1]), (1, hills[3]))), 0.42)
    chance = Random(9)  # noqa: S311
    ripples = Image.new("L", water.size)
    pen = ImageDraw.Draw(ripples)
    for _ in range(520):
        y = chance.uniform(0, 1) ** 1.3 * 490
        x, long = chance.uniform(-100, 2560), chance.uniform(40, 120) * (0.5 + y / 240)
        pen.line([(x, y), (x + long, y)], fill=round(chance.uniform(30, 150)), width=1 + round(y / 170))
    shine(water, blurred(ripples, 1.6), haze, 0.30)
    picture.paste(water, (0, shore))
    veil(picture, mist(WIDE, (900, 1010), 60, 34), haze, strength)


def _on_the_stone(picture: Image.Image, *, rim: str, lift: str, haze: str, dim: float = 0.0) -> None:
    foot = (1180, 1196)
    stone = ImageChops.lighter(ellipse(WIDE, (1180, 1250), (560, 74)), ellipse(WIDE, (1010, 1235), (330, 62)))
    slab = gradient(WIDE, ((0.80, mixed(lift, "#2a2233", 0.45)), (0.85, "#3a3040"), (0.92, "#140f1c")))
    veil(picture, ellipse(WIDE, (1180, 1318), (640, 46), 22), "#0d0a16", 0.55)
    picture.paste(slab, (0, 0), blurred(stone, 3))
    shine(picture, ImageChops.subtract(blurred(stone, 3), ImageChops.offset(blurred(stone, 3), -6, 12)), lift, 0.55)
    flask = bottle(840, ROSE, rim)
    if dim:
        shade = Image.new("RGB", flask.size, "#0a2036")
        dark = Image.blend(
            flask.convert("RGB"),
            ImageChops.multiply(flask.convert("RGB"), Image.new("RGB", flask.size, "#4a7f9c")),
            dim,
        )
        dark = Image.blend(dark, shade, 0.12)
        dark.putalpha(flask.getchannel("A"))
        flask = dark
    shine(picture, glow(WIDE, (1180, 860), (620, 640), 1.6), lift, 0.45)
    mirrored(picture, flask, (1180, 1190), 0.10)
    standing(picture, flask, foot, ROSE if not dim else "#4fd6b4", shadow=0.45)
    veil(picture, mist(WIDE, (1190, 1360), 71, 22), haze, 0.50 if not dim else 0.22)


def cap() -> Image.Image:
    """The cap so near that it fills the left of the frame; lights far behind it, dew on the shoulder of the glass."""
    picture = gradient(WIDE, ((0, "#2b1420"), (0.5, "#6b3038"), (1, "#2a121c")))
    shine(picture, glow(WIDE, (2000, 500), (1500, 1000), 1.5), "#f0a070", 0.65)
    chance = Random(12)  # noqa: S311
    for _ in range(46):
        x, y, size = chance.uniform(1100, 2700), chance.uniform(-60, 1250), chance.uniform(40, 135)
        disc = ellipse(WIDE, (x, y), (size, size), 7)
        ring = ImageChops.subtract(disc, ellipse(WIDE, (x, y), (size * 0.86, size * 0.86), 12))
        warm = chance.choice(("#ffcf9a", "#ff9f80", "#ffe8c8", "#f6a8b8", "#8fd0c8"))
        strength = chance.uniform(0.08, 0.34)
        shine(picture, disc, warm, strength)
        shine(picture, ring, warm, strength * 0.6)
    high = 4300
    flask = bottle(high, ROSE, "#ffe2c0")
    picture.paste(flask, (-250, -430), flask)
    _dew(
        picture, [(x, y) for x, y in ((260, 1230), (520, 1345), (1660, 1300), (1960, 1240), (2100, 1390), (820, 1400))]
    )
    shine(picture, glow(WIDE, (560, 180), (700, 560), 2.2), "#ffd2a8", 0.45)
    return picture


def _dew(picture: Image.Image, places: list[tuple[int, int]]) -> None:
    chance = Random(15)  # noqa: S311
    small = [(chance.uniform(0, 2130), chance.uniform(1130, 1440)) for _ in range(70)]
    for n, (x, y) in enumerate([*places, *small]):
        size = chance.uniform(20, 34) if n < len(places) else chance.uniform(4, 11)
        veil(picture, ellipse(WIDE, (x + size * 0.2, y + size * 0.3), (size, size * 1.02), size * 0.2), "#5a2a38", 0.35)
        veil(picture, ellipse(WIDE, (x, y), (size, size * 1.04), 1.5), "#f6d4d4", 0.40)
        shine(
            picture,
            ellipse(WIDE, (x + size * 0.25, y + size * 0.40), (size * 0.55, size * 0.42), size * 0.16),
            "#fff0e4",
            0.65,
        )
        shine(
            picture, ellipse(WIDE, (x - size * 0.35, y - size * 0.4), (size * 0.18, size * 0.14), 1.2), "#ffffff", 1.0
        )


def pack(tint: str, wall: Stops, disc: str, plinth: str, leaf: str) -> Image.Image:
    """One scent in the studio: a disc of light behind it, a plinth under it, petals around it."""
    picture = gradient(WIDE, wall)
    shine(picture, glow(WIDE, (700, 300), (1700, 1200), 1.6), "#ffffff", 0.40)
    face = gradient(WIDE, ((0.08, mixed(disc, "#ffffff", 0.35)), (0.80, disc)))
    veil(picture, ellipse(WIDE, (1340, 720), (560, 560), 46), mixed(disc, "#301018", 0.65), 0.42)
    picture.paste(face, (0, 0), ellipse(WIDE, (1280, 660), (540, 540), 2))
    floor = gradient(WIDE, ((0.78, mixed(plinth, "#ffffff", 0.12)), (1, mixed(plinth, "#40202a", 0.25))))
    picture.paste(floor, (0, 0), block(WIDE, (-60, 1130, 2620, 1600), 0, 16))
    veil(picture, ellipse(WIDE, (1500, 1410), (860, 80), 46), "#2a1018", 0.40)
    _plinth(picture, plinth)
    flask = bottle(880, tint, "#fff6ea")
    standing(picture, flask, (1280, 1150), tint, shadow=0.42, lean=0.26)
    chance = Random(31)  # noqa: S311
    lying = (
        (720, 1290, 120),
        (1830, 1300, 136),
        (2010, 1345, 100),
        (560, 1350, 96),
        (1600, 1178, 74),
        (1010, 1172, 66),
    )
    for n, (x, y, size) in enumerate(lying):
        veil(
            picture,
            ellipse(WIDE, (x + size * 0.16, y + size * 0.16), (size * 0.5, size * 0.16), size * 0.1),
            "#2a1018",
            0.36,
        )
        flat = petal(size, leaf, 90 + n)
        stamp(picture, flat.resize((flat.width, round(flat.height * 0.55)), Image.Resampling.LANCZOS), (x, y))
    for n in range(7):
        place = chance.uniform(120, 2440), chance.uniform(80, 900)
        if abs(place[0] - 1280) > 420:
            stamp(picture, petal(chance.uniform(70, 150), leaf, 120 + n, soft=chance.uniform(2, 9)), place)
    shine(picture, _sunbeams(), "#fff4e2", 0.16)
    return picture


def _plinth(picture: Image.Image, colour: str) -> None:
    light, dark = mixed(colour, "#ffffff", 0.45), mixed(colour, "#402028", 0.42)
    side = gradient(
        (1120, 190),
        ((0, dark), (0.2, light), (0.42, colour), (0.8, dark), (0.93, mixed(dark, light, 0.4)), (1, dark)),
        across=True,
    )
    shape = ImageChops.lighter(block(WIDE, (720, 1165, 1839, 1345), 0), ellipse(WIDE, (1279.5, 1345), (559.5, 62)))
    body = Image.new("RGB", WIDE)
    body.paste(side.resize((1120, 260)), (720, 1160))
    picture.paste(body, (0, 0), shape)
    top = gradient(WIDE, ((0.25, mixed(colour, "#ffffff", 0.75)), (0.75, mixed(colour, "#ffffff", 0.18))), across=True)
    picture.paste(top, (0, 0), ellipse(WIDE, (1280, 1165), (560, 62), 1.5))


def _sunbeams() -> Image.Image:
    mask = Image.new("L", WIDE)
    pen = ImageDraw.Draw(mask)
    for left, wide in ((-200, 260), (240, 150), (560, 340)):
        pen.polygon([(left, -40), (left + wide, -40), (left + wide + 900, 1480), (left + 900, 1480)], fill=255)
    return blurred(mask, 34)


def portrait() -> Image.Image:
    """For the upright cut: a plaster wall, a window's light and a branch's shadow on it, the bottle on two stones."""
    picture = gradient(TALL, ((0, "#d9b4a0"), (0.55, "#c2937f"), (0.80, "#a87463"), (1, "#6d4238")))
    light = Image.new("L", TALL)
    pen = ImageDraw.Draw(light)
    for n in range(2):
        for row in range(3):
            x, y = 360 + n * 430, 170 + row * 520 + n * 130
            pen.polygon([(x, y), (x + 380, y + 118), (x + 380, y + 598), (x, y + 480)], fill=255)
    light = ImageChops.subtract(blurred(light, 16), _branch().point(lambda value: value * 0.85))
    shine(picture, light, "#ffdcae", 0.62)
    shine(picture, blurred(light, 90), "#ffcf9a", 0.30)
    floor = gradient(TALL, ((0.80, "#b58370"), (1, "#5c342c")))
    picture.paste(floor, (0, 0), block(TALL, (-80, 2110, 1520, 2700), 0, 20))
    stones = ((720, 2240, 500, 130, "#8d6a5e"), (690, 2070, 400, 96, "#b39284"))
    for x, y, wide, high, colour in stones:
        veil(picture, ellipse(TALL, (x + 150, y + high * 0.86), (wide * 0.98, high * 0.5), 40), "#28100c", 0.5)
        whole = ellipse(TALL, (x, y), (wide, high), 2)
        picture.paste(
            gradient(
                TALL,
                (
                    (y / 2560 - 0.05, mixed(colour, "#ffe9d2", 0.55)),
                    (y / 2560, colour),
                    (y / 2560 + 0.05, mixed(colour, "#2a120e", 0.7)),
                ),
            ),
            (0, 0),
            whole,
        )
        shine(
            picture,
            ImageChops.multiply(whole, glow(TALL, (x - wide * 0.4, y - high * 0.6), (wide * 0.8, high), 1.5)),
            "#ffe4c0",
            0.5,
        )
    flask = bottle(1060, AMBER, "#fff1d2")
    standing(picture, flask, (690, 2004), AMBER, shadow=0.5, lean=0.24)
    shine(picture, glow(TALL, (420, 900), (1100, 1300), 2.0), "#ffd9a4", 0.28)
    return picture


def _branch() -> Image.Image:
    """The mask of a twig's shadow, out of focus."""
    mask, chance = Image.new("L", TALL), Random(27)  # noqa: S311
    pen = ImageDraw.Draw(mask)
    for right, top, bend, count in ((1500.0, 120.0, 1.05, 15), (1500.0, 760.0, 1.25, 12)):
        x, y, heading = right, top, pi * 0.86
        for n in range(count):
            nx, ny = x + 78 * cos(heading), y + 78 * sin(heading)
            pen.line([(x, y), (nx, ny)], fill=255, width=13 - n // 2)
            for side in (-1, 1):
                angle, long = heading + side * chance.uniform(0.7, 1.1), chance.uniform(100, 165)
                tip = (nx + long * cos(angle), ny + long * sin(angle))
                out = (0.24 * long * sin(angle), -0.24 * long * cos(angle))
                middle = ((nx + tip[0]) / 2, (ny + tip[1]) / 2)
                pen.polygon(
                    [(nx, ny), (middle[0] + out[0], middle[1] + out[1]), tip, (middle[0] - out[0], middle[1] - out[1])],
                    fill=255,
                )
            x, y, heading = nx, ny, heading - (bend - 1) * 0.16 + chance.uniform(-0.07, 0.05)
    return blurred(mask, 15)


def above() -> Image.Image:
    """Straight down: the cap in shallow water, rings going out, petals afloat."""
    picture = gradient(SQUARE, ((0, "#3c8d98"), (0.5, "#1f6675"), (1, "#0e3d4f")))
    shine(picture, glow(SQUARE, (380, 300), (1100, 1000), 1.5), "#bdf0e0", 0.55)
    centre = (740, 740)
    for n in range(9, 0, -1):
        radius = 235 + 92 * n**1.08
        lit = ImageChops.subtract(
            ellipse(SQUARE, centre, (radius, radius), 9),
            ellipse(SQUARE, (centre[0] + 7, centre[1] + 9), (radius - 15, radius - 15), 9),
        )
        shaded = ImageChops.subtract(
            ellipse(SQUARE, centre, (radius - 16, radius - 16), 9),
            ellipse(SQUARE, (centre[0] - 6, centre[1] - 8), (radius - 36, radius - 36), 12),
        )
        shine(picture, lit, "#e6fff6", 0.62 * (1 - n / 11))
        veil(picture, shaded, "#062634", 0.45 * (1 - n / 11))
    veil(picture, ellipse(SQUARE, (centre[0] + 52, centre[1] + 62), (292, 292), 36), "#031820", 0.62)
    _from_above(picture, centre, 280)
    for n, (x, y, size) in enumerate(
        ((300, 420, 190), (1130, 300, 150), (1190, 1090, 210), (380, 1150, 160), (170, 800, 110), (830, 1290, 120))
    ):
        flat = petal(size, "#f09aae", 50 + n)
        shadow = Image.new("L", SQUARE)
        shadow.paste(flat.getchannel("A"), (round(x - flat.width / 2 + 16), round(y - flat.height / 2 + 22)))
        veil(picture, blurred(shadow, 12), "#04202c", 0.5)
        stamp(picture, flat, (x, y))
    return picture


def _from_above(picture: Image.Image, centre: tuple[int, int], radius: int) -> None:
    """The cap's top, turned on a lathe: light stands in it as two bright fans."""
    side = radius * 2
    disc = Image.new("RGB", (side, side))
    pen = ImageDraw.Draw(disc)
    for degree in range(720):
        turn = (degree / 2 + 35) % 180 / 180
        pen.pieslice(
            (-side, -side, 2 * side, 2 * side),
            degree / 2,
            degree / 2 + 1.2,
            fill=at(COPPER[2:9], 0.14 + 0.68 * abs(2 * turn - 1)),
        )
    disc = blurred(disc, 2)
    for n in range(6, radius, 5):
        box = (radius - n, radius - n, radius + n, radius + n)
        ImageDraw.Draw(disc, "RGBA").ellipse(box, outline=(60, 20, 10, 26) if n % 2 else (255, 225, 200, 30), width=2)
    picture.paste(
        disc,
        (centre[0] - radius, centre[1] - radius),
        ellipse((side, side), (radius, radius), (radius - 1, radius - 1), 1),
    )
    for inner, colour, strength in ((0.97, "#ffe9d2", 0.7), (0.90, "#4a1c10", 0.6), (0.885, "#ffdcba", 0.4)):
        ring = ImageChops.subtract(
            ellipse(SQUARE, centre, (radius * inner, radius * inner), 2),
            ellipse(SQUARE, centre, (radius * inner - 8, radius * inner - 8), 2),
        )
        veil(picture, ring, colour, strength)
    veil(picture, lettering(SQUARE, "AURORA", centre, 46, 0.34), "#4a1c10", 0.75)


def endcard() -> Image.Image:
    """The card that the film ends on: the house's mark and nothing else."""
    picture = gradient(WIDE, ((0, "#241626"), (0.55, "#3d2233"), (1, "#1a0f1c")))
    line = Image.new("L", WIDE)
    pen = ImageDraw.Draw(line)
    for radius in (150, 190, 238):
        pen.arc((1280 - radius, 560 - radius, 1280 + radius, 560 + radius), 180, 360, fill=255, width=6)
    pen.line([(980, 572), (1580, 572)], fill=255, width=6)
    words = lettering(WIDE, "AURORA", (1280, 760), 168, 0.34)
    small = lettering(WIDE, "THE FIRST LIGHT OF SPRING", (1280, 930), 46, 0.42)
    mark = ImageChops.lighter(ImageChops.lighter(line, words), small)
    picture.paste(
        gradient(
            WIDE,
            ((0.2, "#ffd9b4"), (0.42, "#d58a5c"), (0.54, "#f7c299"), (0.68, "#b4684a")),
        ),
        (0, 0),
        mark,
    )
    return picture


def _pack(tint: str) -> Callable[[], Image.Image]:
    sets = {
        ROSE: (((0, "#f7dcd6"), (0.8, "#eab5b2")), "#f4c3b8", "#e9b3a8", "#ef8fa6"),
        AMBER: (((0, "#f6e3c4"), (0.8, "#e6bd88")), "#f7d39c", "#dfb07c", "#f4c56a"),
        SEA: (((0, "#d9ebe8"), (0.8, "#9cc6c6")), "#c4e2dc", "#a3c4be", "#f3f7f2"),
    }
    return lambda: pack(tint, *sets[tint])


STILLS: dict[str, tuple[Callable[[], Image.Image], tuple[int, int]]] = {
    "night.webp": (night, (1280, 720)),
    "dawn.webp": (dawn, (1280, 720)),
    "cap.jpg": (cap, (1280, 720)),
    "pack-rose.webp": (_pack(ROSE), (1280, 720)),
    "pack-amber.webp": (_pack(AMBER), (1280, 720)),
    "pack-sea.webp": (_pack(SEA), (1280, 720)),
    "portrait.jpg": (portrait, (720, 1280)),
    "above.webp": (above, (768, 768)),
    "endcard.png": (endcard, (1280, 720)),
}


def main(folder: Path) -> None:
    """Draws every still into the folder and says how large each became."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (draw, size) in STILLS.items():
        file = folder / name
        still = draw().resize(size, Image.Resampling.LANCZOS)
        match file.suffix:
            case ".webp":
                still.save(file, quality=84, method=6)
            case ".jpg":
                still.save(file, quality=82, optimize=True, progressive=True)
            case _:
                still.quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)
        sys.stdout.write(f"{name:16} {size[0]} × {size[1]}  {file.stat().st_size / 1000:5.1f} kB\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "manifests" / "assets")

"""How like two small grey pictures are, by structure (SSIM): 1 for the same picture, about 0 for two unlike ones.

The mean over windows of 8 by 8 pixels (Wang et al., 2004), of pictures that are small enough for plain Python. An image
reaches a gateway's clip cut or with bars, so each way of fitting it is tried, and the best one counts.
"""

from collections.abc import Iterator
from operator import mul
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_WINDOW, _STEP = 8, 4  # pixels
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_ENOUGH = 0.8  # so like that no other way of fitting needs to be tried
_CLOSER = (0.02, 0.05)  # what some models cut off at the edges, as shares of width and height
_LEAST_SIDE = 2 * _WINDOW  # of the part of a frame that is compared


def best_ssim(frame: "Image.Image", image: "Image.Image") -> float:
    """How like a frame is to an image of any size and shape, both grey; of all ways of fitting it, the best."""
    best = -1.0
    for part, fitted in _fit(frame, image):
        best = max(best, ssim(part, fitted))
        if best >= _ENOUGH:
            break
    return best


def ssim(one: "Image.Image", other: "Image.Image") -> float:
    """The structural similarity of two grey pictures of one size, both sides at least 8 pixels."""
    width, height = one.size
    first, second = one.tobytes(), other.tobytes()
    sums, count = 0.0, 0
    for top in range(0, height - _WINDOW + 1, _STEP):
        for left in range(0, width - _WINDOW + 1, _STEP):
            starts = range(top * width + left, (top + _WINDOW) * width + left, width)
            sums += _window_ssim(
                b"".join([first[at : at + _WINDOW] for at in starts]),
                b"".join([second[at : at + _WINDOW] for at in starts]),
            )
            count += 1
    return sums / count


def _window_ssim(x: bytes, y: bytes) -> float:
    n = len(x)
    mx, my = sum(x) / n, sum(y) / n
    vx, vy = sum(map(mul, x, x)) / n - mx * mx, sum(map(mul, y, y)) / n - my * my
    vxy = sum(map(mul, x, y)) / n - mx * my
    likeness = ((2 * mx * my + _C1) * (2 * vxy + _C2)) / ((mx * mx + my * my + _C1) * (vx + vy + _C2))
    return float(likeness)


def _fit(frame: "Image.Image", image: "Image.Image") -> Iterator[tuple["Image.Image", "Image.Image"]]:
    """The part of the frame that shows the image, and the image as it is there: cut, inside bars, or stretched."""
    from PIL import Image, ImageOps

    yield frame, ImageOps.fit(image, frame.size, Image.Resampling.BOX)
    inside = ImageOps.contain(image, frame.size, Image.Resampling.BOX)
    if inside.size != frame.size and min(inside.size) >= _LEAST_SIDE:
        left, top = (frame.width - inside.width) // 2, (frame.height - inside.height) // 2
        yield frame.crop((left, top, left + inside.width, top + inside.height)), inside
    yield frame, image.resize(frame.size, Image.Resampling.BOX)
    for cut in _CLOSER:
        yield frame, ImageOps.fit(image, frame.size, Image.Resampling.BOX, cut / 2)

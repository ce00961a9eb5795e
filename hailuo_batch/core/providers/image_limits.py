"""Which pictures gateways take as a frame, and how a last frame is cut to the first one's shape: numbers only.

The limits are those that odkkk, Vtrix and MiniMax publish (read 2026-11-20); the others name none, and run the same
model. Nothing here opens a picture.
"""

from fractions import Fraction

MAX_BYTES = 20_000_000  # bytes; "less than 20 MB", which no reading of MB refuses
MIN_SIDE = 300  # pixels; "more than 300"
MIN_ASPECT, MAX_ASPECT = Fraction(2, 5), Fraction(5, 2)
_ASPECT_TOLERANCE = Fraction(102, 100)  # a pixel more or less, of rounding, is no other shape

Size = tuple[int, int]  # width and height as they are seen upright


def is_same_aspect(first: Size, last: Size) -> bool:
    """Whether two pictures have the same shape, but for rounding."""
    one, other = Fraction(*first), Fraction(*last)
    return max(one, other) <= _ASPECT_TOLERANCE * min(one, other)


def crop_size(first: Size, last: Size) -> Size | None:
    """How much of the last frame's middle has the first one's shape.

    None where nothing is to be cut: they are alike, or what is left would be too small for gateways, which then do it.

    >>> crop_size((1280, 720), (1000, 1000)), crop_size((720, 1280), (1000, 1000)), crop_size((9, 16), (640, 360))
    ((1000, 563), (563, 1000), None)
    """
    if is_same_aspect(first, last):
        return None
    wide, high = last
    shape = Fraction(*first)
    # What does not come out even is rounded towards a square: so it stays among the shapes that gateways take.
    if Fraction(wide, high) > shape:
        wide = _round_fraction(high * shape, up=shape < 1)
    else:
        high = _round_fraction(wide / shape, up=shape >= 1)
    return (wide, high) if min(wide, high) > MIN_SIDE else None


def _round_fraction(length: Fraction, *, up: bool) -> int:
    return -(-length.numerator // length.denominator) if up else length.numerator // length.denominator

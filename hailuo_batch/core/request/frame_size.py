"""Width and height of a clip in pixels, from the requested resolution and the shape of its first frame.

Pure arithmetic: it opens no image, and does not know what a provider really delivers.
"""

from fractions import Fraction

SHORT_SIDES = {"512p": 512, "768p": 768, "1080p": 1080}


def frame_size(resolution: str, aspect_width: int = 16, aspect_height: int = 9) -> tuple[int, int]:
    """Width and height, both even: the short side is the resolution's number, the long side follows the aspect.

    >>> frame_size("768p"), frame_size("1080p"), frame_size("512p")
    ((1366, 768), (1920, 1080), (910, 512))
    >>> frame_size("512p", 3, 4)
    (512, 682)
    """
    short = SHORT_SIDES[resolution]
    if aspect_width < 1 or aspect_height < 1:
        raise ValueError(f"an aspect of {aspect_width}:{aspect_height} is no shape of a picture")
    # H.264's 4:2:0 planes hold one colour sample for two by two pixels, so both sides must be even.
    long = 2 * round(Fraction(short * max(aspect_width, aspect_height), 2 * min(aspect_width, aspect_height)))
    return (long, short) if aspect_width >= aspect_height else (short, long)

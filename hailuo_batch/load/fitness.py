"""Whether gateways take a picture as a frame, by its facts.

The limits are those that odkkk, Vtrix and MiniMax publish (read 2026-11-20); the others name none, and run the same
model. Nothing here opens a file.
"""

from fractions import Fraction

from hailuo_batch.core.fill import quoted
from hailuo_batch.errors import InputError
from hailuo_batch.load.stamp import Remembered

LARGEST = 20 * 1024 * 1024  # bytes; "less than 20 MB"
SHORTEST_SIDE = 300  # pixels; "more than 300"
TALLEST, WIDEST = Fraction(2, 5), Fraction(5, 2)
_ALIKE = 1.02  # a pixel more or less, of rounding, is no other shape
_NAMES = {"jpeg": ("jpg", "jpeg", "jpe", "jfif"), "png": ("png",), "webp": ("webp",)}
_SPOKEN = {"jpeg": "a JPG", "png": "a PNG", "webp": "a WebP"}

# Code, summary and remedy of the two warnings.
LYING = ("frame-name", "misleading file name", "It works as it is; a right name saves questions.")
UNLIKE = (
    "frame-shapes",
    "frames of unlike shape",
    "Give both the same shape, or see that nothing is lost at the edges.",
)


def refuse_large(name: str, length: int) -> None:
    """Raises `InputError` for a file that is too large to send."""
    if length >= LARGEST:
        why = f"{quoted(name)} has {length / 1e6:.1f} MB; gateways take less than {LARGEST // 1024 // 1024} MB."
        raise InputError("picture too large", why=why, remedy="Save it smaller; JPG at 1080 pixels is plenty.")


def refuse_unfit(name: str, memory: Remembered) -> None:
    """Raises `InputError` for a picture that gateways refuse for its size or its shape."""
    refuse_large(name, memory.stamp[0])
    width, height = memory.size
    if min(width, height) <= SHORTEST_SIDE:
        why = f"{quoted(name)} has {width} × {height} pixels; gateways want more than {SHORTEST_SIDE} on each side."
        raise InputError("picture too small", why=why, remedy="Take a larger one; 768 pixels high or more looks best.")
    if not TALLEST <= Fraction(width, height) <= WIDEST:
        long = "too wide" if width > height else "too tall"
        why = f"{quoted(name)} has {width} × {height} pixels, which is {long}; gateways take from 2:5 to 5:2."
        raise InputError("picture shape not taken", why=why, remedy="Crop it, to 16:9 for example.")


def lying_name(name: str, kind: str) -> str:
    """What to say about a name that promises another kind of picture than the file holds; else nothing."""
    _, dot, ending = name.casefold().rpartition(".")
    if not dot or not kind or ending in _NAMES[kind]:
        return ""
    return f"{quoted(name)} is {_SPOKEN[kind]}, whatever its name says."


def unlike(first: tuple[int, int], last: tuple[int, int]) -> str:
    """What to say about two frames of unlike shape; nothing when they are alike."""
    one, other = first[0] / first[1], last[0] / last[1]
    if max(one, other) / min(one, other) <= _ALIKE:
        return ""
    sizes = f"the first frame has {first[0]} × {first[1]} pixels and the last {last[0]} × {last[1]}"
    return f"{sizes}; the clip has the first one's shape, and the last is cropped to it."

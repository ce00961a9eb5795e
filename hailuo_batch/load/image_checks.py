"""Whether gateways take a picture as a frame, by its facts; nothing here opens a file."""

from fractions import Fraction

from hailuo_batch.core.manifest.interpolate import quoted
from hailuo_batch.core.providers.image_limits import LARGEST, SHORTEST_SIDE, TALLEST, WIDEST, Size, alike, cut_to
from hailuo_batch.errors import InputError

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


def refuse_unfit(name: str, *, length: int, size: Size) -> None:
    """Raises `InputError` for a picture that gateways refuse for its size or its shape."""
    refuse_large(name, length)
    width, height = size
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


def unlike(first: Size, last: Size, *, by_address: bool) -> str:
    """What to say about two frames of unlike shape; nothing when they are alike.

    A last frame that is sent `by_address` leaves this machine as a word only: cropping it is left to the gateway.
    """
    if alike(first, last):
        return ""
    cut = None if by_address else cut_to(first, last)
    done = f"only the middle of the last is sent, {cut[0]} × {cut[1]}" if cut else "the gateway crops the last to it"
    sizes = f"the first frame has {first[0]} × {first[1]} pixels and the last {last[0]} × {last[1]}"
    return f"{sizes}; the clip has the first one's shape, and {done}."

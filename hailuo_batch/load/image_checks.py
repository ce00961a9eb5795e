"""Whether gateways take a picture as a frame, by its facts; nothing here opens a file."""

from collections.abc import Collection, Iterator
from fractions import Fraction

from hailuo_batch.core import rules
from hailuo_batch.core.manifest.interpolate import quote_text
from hailuo_batch.core.problem import Rule
from hailuo_batch.core.providers.image_limits import (
    MAX_ASPECT,
    MAX_BYTES,
    MIN_ASPECT,
    MIN_SIDE,
    Size,
    crop_size,
    is_same_aspect,
)
from hailuo_batch.core.providers.image_traits import PERSONAL_TRAITS, ImageTrait
from hailuo_batch.errors import InputError

_EXTENSIONS = {"jpeg": ("jpg", "jpeg", "jpe", "jfif"), "png": ("png",), "webp": ("webp",)}
_REVEALED = {ImageTrait.PLACE: "the place where it was taken", ImageTrait.OWNER: "the name of its owner"}
_KIND_NAMES = {"jpeg": "a JPG", "png": "a PNG", "webp": "a WebP"}


def refuse_large_image(name: str, length: int) -> None:
    """Raises `InputError` for a file that is too large to send."""
    if length >= MAX_BYTES:
        why = f"{quote_text(name)} has {length / 1e6:.1f} MB; gateways take less than {MAX_BYTES // 1_000_000} MB."
        raise InputError("picture too large", why=why, remedy="Save it smaller; JPG at 1080 pixels is plenty.")


def refuse_unfit_image(name: str, *, length: int, size: Size) -> None:
    """Raises `InputError` for a picture that gateways refuse for its size or its shape."""
    refuse_large_image(name, length)
    width, height = size
    if min(width, height) <= MIN_SIDE:
        why = f"{quote_text(name)} has {width} × {height} pixels; gateways want more than {MIN_SIDE} on each side."
        raise InputError("picture too small", why=why, remedy="Take a larger one; 768 pixels high or more looks best.")
    if not MIN_ASPECT <= Fraction(width, height) <= MAX_ASPECT:
        long = "too wide" if width > height else "too tall"
        why = f"{quote_text(name)} has {width} × {height} pixels, which is {long}; gateways take from 2:5 to 5:2."
        raise InputError("picture shape not taken", why=why, remedy="Crop it, to 16:9 for example.")


def describe_misleading_name(name: str, kind: str) -> str:
    """What to say about a name that promises another kind of picture than the file holds; else nothing."""
    _, dot, ending = name.casefold().rpartition(".")
    if not dot or not kind or ending in _EXTENSIONS[kind]:
        return ""
    return f"{quote_text(name)} is {_KIND_NAMES[kind]}, despite its name."


def describe_traits(name: str, traits: Collection[ImageTrait]) -> Iterator[tuple[Rule, str]]:
    """What to say about an image that gateways take, and that may change there or reveals something."""
    quoted = quote_text(name)
    if ImageTrait.ANIMATED in traits:
        yield rules.FRAME_ANIMATED, f"{quoted} is an animation; the clip is made from its first frame only."
    if ImageTrait.CMYK in traits:
        yield rules.FRAME_CMYK, f"{quoted} has the colours of print (CMYK); each gateway shows them in another way."
    personal = [_REVEALED[trait] for trait in sorted(PERSONAL_TRAITS.intersection(traits), reverse=True)]
    if personal:
        yield rules.FRAME_METADATA, f"{quoted} contains {' and '.join(personal)}, and gateways are sent them."


def describe_shape_mismatch(first: Size, last: Size, *, by_address: bool) -> str:
    """What to say about two frames of unlike shape; nothing when they are alike.

    A last frame that is sent `by_address` leaves this machine as a word only: cropping it is left to the gateway.
    """
    if is_same_aspect(first, last):
        return ""
    cut = None if by_address else crop_size(first, last)
    done = f"only the middle of the last is sent, {cut[0]} × {cut[1]}" if cut else "the gateway crops the last to it"
    sizes = f"the first frame has {first[0]} × {first[1]} pixels and the last {last[0]} × {last[1]}"
    return f"{sizes}; the clip has the first one's shape, and {done}."

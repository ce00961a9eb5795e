"""What a frame sent as a data URI really is: its shape for the clip, and whether the gateways that name limits take it.

A picture that cannot be read at all is taken: the documents' own examples hold such, and no gateway says what it does.
"""

from base64 import b64decode
from binascii import Error
from math import gcd
from pathlib import Path
from tempfile import TemporaryDirectory

from hailuo_batch.errors import InputError
from hailuo_batch.media.images import ImageFacts, read_image_facts

_MAX_BYTES = 20_000_000
_MIN_SHORT_SIDE = 300  # pixels; the short side is longer
_MAX_ASPECT = 5 / 2  # sides in relation


def is_data_uri(frame: str) -> bool:
    """Whether it is the picture itself and no address."""
    return frame.startswith("data:")


def decode_image_facts(frame: str) -> ImageFacts | None:
    """What a data URI holds; None when it is no picture that can be read. Slow: call it in a thread."""
    try:
        data = b64decode(frame.partition(",")[2], validate=True)
    except (Error, ValueError):
        return None
    with TemporaryDirectory(prefix="hailuo-mock-") as folder:
        path = Path(folder) / "frame"
        path.write_bytes(data)
        try:
            return read_image_facts(path)
        except InputError:
            return None


def aspect_ratio(facts: ImageFacts) -> tuple[int, int]:
    """Its sides in relation, in the smallest whole numbers."""
    common = gcd(facts.width, facts.height)
    return facts.width // common, facts.height // common


def check_frame(facts: ImageFacts) -> str:
    """Which of the published limits it breaks."""
    short, long = sorted((facts.width, facts.height))
    if facts.bytes >= _MAX_BYTES:
        return "the image is larger than 20 MB"
    if short <= _MIN_SHORT_SIDE:
        return f"the image's short side is {short} pixels, it must exceed {_MIN_SHORT_SIDE}"
    if long > short * _MAX_ASPECT:
        return f"the image's aspect ratio {facts.width}:{facts.height} is outside 2:5 to 5:2"
    return ""

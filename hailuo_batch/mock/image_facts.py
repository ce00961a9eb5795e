"""What a frame sent as a data URI really is: its shape for the clip, and whether the gateways that name limits take it.

A picture that cannot be read at all is taken: the documents' own examples hold such, and no gateway says what it does.
"""

from base64 import b64decode
from binascii import Error
from math import gcd
from pathlib import Path
from tempfile import TemporaryDirectory

from hailuo_batch.errors import InputError
from hailuo_batch.media.images import PictureFacts, picture_facts

_MOST_BYTES = 20 * 1024 * 1024
_SHORTEST = 300  # pixels; the short side is longer
_LONGEST = 5 / 2  # sides in relation


def is_inline(frame: str) -> bool:
    """Whether it is the picture itself and no address."""
    return frame.startswith("data:")


def facts_of(frame: str) -> PictureFacts | None:
    """What a data URI holds; None when it is no picture that can be read. Slow: call it in a thread."""
    try:
        data = b64decode(frame.partition(",")[2], validate=True)
    except (Error, ValueError):
        return None
    with TemporaryDirectory(prefix="hailuo-mock-") as folder:
        path = Path(folder) / "frame"
        path.write_bytes(data)
        try:
            return picture_facts(path)
        except InputError:
            return None


def shape_of(facts: PictureFacts) -> tuple[int, int]:
    """Its sides in relation, in the smallest whole numbers."""
    common = gcd(facts.width, facts.height)
    return facts.width // common, facts.height // common


def frame_complaint(facts: PictureFacts) -> str:
    """Which of the published limits it breaks."""
    short, long = sorted((facts.width, facts.height))
    if facts.bytes >= _MOST_BYTES:
        return "the image is larger than 20 MB"
    if short <= _SHORTEST:
        return f"the image's short side is {short} pixels, it must exceed {_SHORTEST}"
    if long > short * _LONGEST:
        return f"the image's aspect ratio {facts.width}:{facts.height} is outside 2:5 to 5:2"
    return ""

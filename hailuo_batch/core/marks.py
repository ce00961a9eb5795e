"""Marks of a clip: what a machine saw in it that a person should check, each with its measure. Never a verdict.

The measures are taken once, when a clip arrives (`media`), and kept by its digest. What is a mark depends on the
request too, so marks are computed from both whenever they are shown.
"""

from enum import StrEnum

from hailuo_batch.values import dataclass


class MarkKind(StrEnum):
    """What is unlike what was requested, or unlike a usable clip; what a person should see first comes first."""

    BLACK = "black"
    FROZEN = "frozen"
    WRONG_LENGTH = "wrong-length"
    WRONG_SIZE = "wrong-size"
    FIRST_FRAME = "first-frame"  # unlike the image that was given
    LAST_FRAME = "last-frame"
    NO_MOTION = "no-motion"  # where a camera command asked for some
    NOT_MEASURED = "not-measured"  # it could not be decoded, or not in time; the clip is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One mark: `measure` is what was measured, `limit` what it was compared with, both in `unit`.

    `unit` is one of "s", "px", "ssim" (0 to 1), "share" (0 to 1 of the frames or of the picture), "shape" (width by
    height) and "" where nothing was measured.
    """

    kind: MarkKind
    measure: float
    limit: float
    unit: str
    why: str  # a remark for people, with the measure

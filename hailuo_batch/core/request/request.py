"""What is asked for one take, in words that no provider owns.

A switch that the model does not have is `None` and takes no part in the fingerprint.
"""

from dataclasses import dataclass

from hailuo_batch.core.manifest.document import Duration, FrameRole
from hailuo_batch.core.manifest.shot import Shot

ANIMATIC = "animatic"
HAILUO_02 = "hailuo-02"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """A picture by its content: the digest of a file's bytes, or (with `frame`) a frame of the artifact of that digest.

    A chained frame is named by the artifact, not by decoded pixels: those depend on the decoder's version.
    """

    digest: str
    frame: FrameRole | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The whole question for one take: the same request is the same fingerprint is the same clip."""

    model: str
    prompt: str
    duration: Duration
    resolution: str
    first: ImageRef | None
    last: ImageRef | None
    prompt_optimizer: bool | None
    fast_pretreatment: bool | None
    watermark: bool | None
    take: int


def make_request(shot: Shot, take: int, *, model: str, first: ImageRef | None, last: ImageRef | None) -> Request:
    """The request of one take of a shot, with its frames by content."""
    drawn_here = model == ANIMATIC
    return Request(
        model=model,
        prompt=shot.prompt,
        duration=shot.duration,
        resolution=shot.resolution,
        first=first,
        last=last,
        prompt_optimizer=None if drawn_here else shot.prompt_optimizer,
        # MiniMax: pretreatment acts only with the optimizer, yet it is part of what is asked; it stays as written.
        fast_pretreatment=None if drawn_here else shot.fast_pretreatment,
        watermark=None if drawn_here else shot.watermark,
        take=take,
    )


def sketch_seconds(duration: Duration) -> int:
    """How long a clip drawn on this machine is: `short` is 6 s and `long` is 10 s, a number is itself."""
    return {"short": 6, "long": 10}[duration] if isinstance(duration, str) else duration

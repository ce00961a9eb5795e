"""The request of one take, in words that belong to no provider.

A switch that the model does not have is absent, and is no part of the fingerprint.
"""

from collections.abc import Mapping

from hailuo_batch.core.manifest.document import Duration, FrameRole
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.switches import SWITCH_NAMES, SwitchValues
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRef:
    """An image by its content: the digest of a file's bytes, or (with `frame`) a frame of the clip of that digest.

    A chained frame is named by the clip, not by decoded pixels: those depend on the decoder's version.
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
    switches: SwitchValues
    take: int

    @property
    def members(self) -> Mapping[str, object]:
        """Every member by name, each switch among them; a frame or a switch that it does not have is None."""
        switches = dict(self.switches)
        return {
            "model": self.model,
            "prompt": self.prompt,
            "duration": self.duration,
            "resolution": self.resolution,
            "first": self.first,
            "last": self.last,
            **{name: switches.get(name) for name in SWITCH_NAMES},
            "take": self.take,
        }


def make_request(shot: Shot, take: int, *, model: Model, first: ImageRef | None, last: ImageRef | None) -> Request:
    """The request of one take of a shot, with its frames by content."""
    switches = shot.switches if model.switches else ()
    if len(model.switches) < len(switches):  # else the model has all of them, and the requests share one tuple
        had = dict(model.switches)
        switches = tuple(each for each in switches if each[0] in had)
    return Request(
        model=model.name,
        prompt=shot.prompt,
        duration=shot.duration,
        resolution=shot.resolution,
        first=first,
        last=last,
        # MiniMax: pretreatment acts only with the optimizer, yet it is part of the request; it stays as written.
        switches=switches,
        take=take,
    )

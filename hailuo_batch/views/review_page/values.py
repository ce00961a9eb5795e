"""What the review page shows besides the shots: how the work stands at this moment, and where clips are found."""

from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.values import dataclass

_PREFIX = "sha256:"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderWait:
    """Takes that a provider renders now: the labels of the first, and since when the oldest waits (epoch seconds)."""

    provider: str
    takes: int
    labels: tuple[str, ...]
    since: float
    usual: float | None = None  # seconds that such a clip took before


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkNow:
    """What happens at this moment; `problem` is why the page is older than the files."""

    is_running: bool = False
    waits: tuple[ProviderWait, ...] = ()
    queue: tuple[str, ...] = ()  # what else is not done: "2 takes wait for a frame"
    problem: str = ""


class ServedMedia:
    """Clips and stills by the digest of the clip; implements `SheetMedia`."""

    def clip(self, row: TakeRow) -> str:
        """The address of the take's clip."""
        return f"/clips/{row.clip.digest.removeprefix(_PREFIX)}.mp4" if row.clip is not None else ""

    def still(self, digest: str, at: StillAt) -> str:
        """The address of a still of a clip."""
        return f"/stills/{digest.removeprefix(_PREFIX)}{at}.jpg"

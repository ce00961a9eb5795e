"""A rejected clip: a paid file that is not a whole video. It is kept aside, since it may be all there is."""

from collections.abc import Iterable, Mapping

from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedClip:
    """Whose it is, why it was rejected, and where it is kept; `file` is for messages."""

    digest: str
    fingerprint: str
    campaign: str
    shot: str
    take: int
    provider: str
    task: str
    why: str
    file: str = ""
    size: int = 0
    modified_at: float = 0.0

    @property
    def label(self) -> str:
        """The take it is for, as people write it."""
        return f"{self.shot}#{self.take}"


def find_last_copies(rejected: Iterable[RejectedClip], standings: Mapping[str, Standing]) -> tuple[RejectedClip, ...]:
    """Those whose take has no other clip: it is rendered, not stored, and nobody has given it up."""
    return tuple(each for each in rejected if _is_last_copy(each, standings.get(each.fingerprint)))


def _is_last_copy(clip: RejectedClip, standing: Standing | None) -> bool:
    if standing is None:
        return True  # its ledger is gone: nobody knows of another
    return standing.stage in {Stage.SUBMITTED, Stage.PRODUCED} and standing.task == clip.task

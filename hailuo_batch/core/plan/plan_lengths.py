"""How long the clips of a plan are, how long the edit is that its cuts leave of them, and what would keep a clip."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from math import fsum
from typing import Protocol

from hailuo_batch.core.manifest.document import Duration
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.models import Model
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.request.fingerprint import diff_requests
from hailuo_batch.core.request.request import Request
from hailuo_batch.values import dataclass


class _ClipLength(Protocol):
    @property
    def seconds(self) -> float:
        """How long it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLengths:
    """Seconds: of all clips, of those that a run buys, and of the edit (None where no shot has a cut)."""

    bought: float = 0.0
    to_buy: float = 0.0
    edit: float | None = None


NO_LENGTHS = PlanLengths()


def sum_lengths(steps: Sequence[Step], purchases: Sequence[Step], clips: Mapping[str, _ClipLength]) -> PlanLengths:
    """The sums of a plan; `clips` are those in the store, by digest.

    A clip that is there counts as long as it is, another as long as its first provider sells it. The edit has each
    shot once, however many takes it has; a shot without a cut is in it as a whole.
    """
    seconds = [_clip_seconds(step, clips) for step in steps]
    return PlanLengths(
        bought=fsum(seconds),
        to_buy=fsum(step.route.seconds for step in purchases),
        edit=_edit_seconds(steps, seconds),
    )


def _clip_seconds(step: Step, clips: Mapping[str, _ClipLength]) -> float:
    digest = step.standing.digest or "" if step.standing is not None and step.action is Action.REUSE else ""
    return clips[digest].seconds if digest in clips else step.route.seconds


def _edit_seconds(steps: Sequence[Step], seconds: Sequence[float]) -> float | None:
    if not any(use.shot.cut is not None for step in steps for use in step.uses):
        return None
    parts: dict[str, Decimal | float] = {}
    for step, length in zip(steps, seconds, strict=True):
        for use in step.uses:
            parts.setdefault(use.shot.id, length if use.shot.cut is None else use.shot.cut.seconds)
    return float(sum(part for part in parts.values() if isinstance(part, Decimal))) + fsum(
        part for part in parts.values() if not isinstance(part, Decimal)
    )


def find_kept_duration(shot: Shot, before: Request | None, now: Request | None, model: Model) -> Duration | None:
    """The duration of the clip before, where its cut alone changed what is bought, and that clip holds the cut too.

    Written at the shot, it keeps the clip.
    """
    if before is None or now is None or shot.cut is None or not shot.follows_cut:
        return None
    if [name for name, _, _ in diff_requests(before, now)] != ["duration"]:
        return None
    return before.duration if shot.cut.end <= min(model.list_seconds(before.duration), default=0) else None

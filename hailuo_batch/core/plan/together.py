"""What the manifests before one buy in the same command, so that one request is bought, priced and capped once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from hashlib import sha256

from hailuo_batch.core.manifest.document import NO_FRAMES, Frame
from hailuo_batch.core.manifest.frame_links import frame_sources, sort_by_dependency
from hailuo_batch.core.manifest.same_requests import request_key
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Plan, Step, TakeName
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPurchases:
    """By its request, the take that each clip is bought for; and the steps that buy them, with the campaign of each."""

    takes: Mapping[str, str] = field(default_factory=dict)
    steps: tuple[tuple[str, Step], ...] = ()

    def add(self, bought: Sequence[Step], plan: Plan, shots: Sequence[Shot], *, manifest: str) -> "EarlierPurchases":
        """These, and what another manifest buys."""
        keys = purchase_keys(plan, shots)
        takes = {keys[step.take_names[0]]: f"{step.take_names[0].label} of {manifest}" for step in bought}
        steps = tuple((plan.campaign, step) for step in bought)
        return EarlierPurchases(takes={**takes, **self.takes}, steps=(*self.steps, *steps))

    def find_promised(self, plan: Plan, shots: Sequence[Shot]) -> dict[TakeName, str]:
        """The takes of a plan whose clip an earlier manifest buys, each with that manifest's take."""
        if not self.takes:
            return {}
        keys = purchase_keys(plan, shots)
        return {name: self.takes[key] for name, key in keys.items() if key in self.takes}


def purchase_keys(plan: Plan, shots: Sequence[Shot]) -> dict[TakeName, str]:
    """What each take buys, equal in all manifests; that of a shot which waits for a frame follows from its source."""
    known = {name: step.fingerprint for name, step in _iter_takes(plan.steps) if step.fingerprint}
    for shot in sort_by_dependency(shots):
        waiting = [take for take in range(1, shot.takes + 1) if TakeName(shot.id, take) not in known]
        key = _waiting_key(shot, plan, known) if waiting else ""
        known.update({TakeName(shot.id, take): f"{key}#{take}" for take in waiting})
    return known


def _iter_takes(steps: Iterable[Step]) -> Iterator[tuple[TakeName, Step]]:
    return ((TakeName(use.shot.id, use.take), step) for step in steps for use in step.uses)


def _waiting_key(shot: Shot, plan: Plan, known: Mapping[TakeName, str]) -> str:
    """A name for a request that is not whole yet; short, since chains are long."""
    frames: dict[Frame, object] = {**plan.inputs.images}
    if shot.frames is not NO_FRAMES:
        ends = {"first": shot.frames.first, "last": shot.frames.last}
        for end, giver in frame_sources(shot).items():
            frame = ends[end]
            assert frame is not None  # noqa: S101 - it has a source
            frames[frame] = (known.get(TakeName(giver, 1), giver), getattr(frame, "frame", ""))
    words = repr((plan.inputs.model.name, request_key(shot, frames)))
    return f"waiting:{sha256(words.encode(errors='replace')).hexdigest()}"

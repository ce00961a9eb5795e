"""Why one take would be rendered or not, member by member of its request."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hailuo_batch.core.manifest.document import ShotFrame
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.chains import LinkPlace, find_chains, find_links
from hailuo_batch.core.plan.compare_requests import KnownFrames, Member, compare_members, previous_request
from hailuo_batch.core.plan.plan import Action, NamedClip, Plan, Step, StepReason, Use
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.request.fingerprint import parse_preimage, preimage
from hailuo_batch.values import dataclass

_LOCK_REASONS = frozenset(
    {StepReason.LOCKED, StepReason.LOCKED_ELSEWHERE}
)  # the lock has who made the clip, and for how much


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One shot of the chain that the explained one is in, and what a run does with its first take."""

    shot: str
    place: LinkPlace
    action: Action
    reason: str
    frames: tuple[str, ...]  # what it starts from


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that led to one take's step."""

    shot: str
    take: int
    version: int
    action: Action
    reason: str
    members: tuple[Member, ...]
    fingerprint: str
    previous_fingerprint: str
    preimage: str
    provider: str
    estimate: Money | None
    free: bool
    shared_with: tuple[str, ...]
    digest: str
    chain: tuple[ChainLink, ...] = ()
    is_repeatable: bool = False  # another rendering of the same request has the same bytes
    has_images: bool = False  # a frame is a file or an address
    has_shot_frames: bool = False
    is_past_known: bool = True  # False: the request changed, and the earlier one is not in this ledger


def explain_take(plan: Plan, shot: str, take: int, requests: Mapping[str, str]) -> Explanation | None:
    """The explanation of one take; None when the plan has no such take. `requests` are pre-images by fingerprint."""
    for step, use in _iter_uses(plan):
        if use.shot.id == shot and use.take == take:
            locked = plan.inputs.locked_clips.get(step.fingerprint) if step.why in _LOCK_REASONS else None
            old, known = previous_request(step, requests), KnownFrames(plan)
            members = tuple(compare_members(step, use, plan.inputs, old, known))
            found = _make_explanation(step, use, members, requests, locked)
            return replace(
                found,
                reason=describe_reason(step, find_chains(plan.steps).causes.get(shot, ())),
                chain=_explain_chain(plan, shot),
                is_repeatable=plan.inputs.model.is_local,
                is_past_known=old is not None or not step.previous_fingerprint,
            )
    return None


def _explain_chain(plan: Plan, shot: str) -> tuple[ChainLink, ...]:
    causes = find_chains(plan.steps).causes
    return tuple(
        ChainLink(
            shot=link.shot,
            place=link.place,
            action=link.step.action,
            reason=describe_reason(link.step, causes.get(link.shot, ())),
            frames=link.frames,
        )
        for link in find_links(plan.steps, shot)
    )


def _iter_uses(plan: Plan) -> Iterator[tuple[Step, Use]]:
    return ((step, use) for step in plan.steps for use in step.uses)


def _make_explanation(
    step: Step, use: Use, members: tuple[Member, ...], requests: Mapping[str, str], locked_clip: NamedClip | None
) -> Explanation:
    provider = step.standing.provider if step.standing is not None else step.route.provider
    digest = step.standing.digest or "" if step.standing is not None else ""
    frames = [frame for frame in (use.shot.frames.first, use.shot.frames.last) if frame is not None]
    return Explanation(
        shot=use.shot.id,
        take=use.take,
        version=use.version,
        action=step.action,
        reason=describe_reason(step),
        members=members,
        fingerprint=step.fingerprint,
        previous_fingerprint=_find_previous_fingerprint(step, use, requests),
        preimage=preimage(step.request).decode() if step.request is not None else "",
        provider=provider if locked_clip is None else locked_clip.provider,
        estimate=step.estimate if locked_clip is None else locked_clip.cost,
        free=step.route.free and step.estimate is None,
        shared_with=tuple(other.shot.id for other in step.uses if other is not use),
        digest=digest if locked_clip is None else locked_clip.digest,
        has_images=any(not isinstance(frame, ShotFrame) for frame in frames),
        has_shot_frames=any(isinstance(frame, ShotFrame) for frame in frames),
    )


def _find_previous_fingerprint(step: Step, use: Use, requests: Mapping[str, str]) -> str:
    """The take's own fingerprint of before: another take's would say nothing about this one."""
    if step.accepted is not None:
        return step.accepted.made_for
    return step.previous_fingerprint if _take_number(step.previous_fingerprint, requests) == use.take else ""


def _take_number(fingerprint: str, requests: Mapping[str, str]) -> int:
    return parse_preimage(requests[fingerprint]).take if fingerprint in requests else 0

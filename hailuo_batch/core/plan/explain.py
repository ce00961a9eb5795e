"""Why one take would be rendered or not, member by member of its request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hailuo_batch.core.manifest.document import FileFrame, Frame, ShotFrame
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Action, NamedClip, Plan, PlanInputs, Step, StepReason, Use
from hailuo_batch.core.plan.provenance import request_members
from hailuo_batch.core.plan.report import describe_reason, previous_request
from hailuo_batch.core.redaction import redact_text
from hailuo_batch.core.request.fingerprint import parse_preimage, preimage
from hailuo_batch.core.request.request import Request, make_request
from hailuo_batch.core.switches import SWITCH_NAMES

_MEMBER_ORDER = (
    "model", "prompt", "duration", "resolution", "first", "last", *SWITCH_NAMES, "take",
)  # fmt: skip
_LOCK_REASONS = frozenset(
    {StepReason.LOCKED, StepReason.LOCKED_ELSEWHERE}
)  # the lock has who made the clip, and for how much


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a request: what it is, and what it was when the shot was last rendered (None: not known).

    A frame also has a `label`: the file, the address or the shot that the manifest names. A frame that is not rendered
    yet has only that.
    """

    name: str
    now: object
    before: object = None
    changed: bool = False
    label: str = ""
    label_before: str = ""


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


def explain_take(plan: Plan, shot: str, take: int, requests: Mapping[str, str]) -> Explanation | None:
    """The explanation of one take; None when the plan has no such take. `requests` are pre-images by fingerprint."""
    for step, use in _iter_uses(plan):
        if use.shot.id == shot and use.take == take:
            locked = plan.inputs.locked_clips.get(step.fingerprint) if step.why in _LOCK_REASONS else None
            members = tuple(_compare_members(step, use, plan.inputs, requests))
            return _make_explanation(step, use, members, requests, locked)
    return None


def _iter_uses(plan: Plan) -> Iterator[tuple[Step, Use]]:
    return ((step, use) for step in plan.steps for use in step.uses)


def _make_explanation(
    step: Step, use: Use, members: tuple[Member, ...], requests: Mapping[str, str], locked_clip: NamedClip | None
) -> Explanation:
    provider = step.standing.provider if step.standing is not None else step.route.provider
    digest = step.standing.digest or "" if step.standing is not None else ""
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
    )


def _find_previous_fingerprint(step: Step, use: Use, requests: Mapping[str, str]) -> str:
    """The take's own fingerprint of before: another take's would say nothing about this one."""
    if step.accepted is not None:
        return step.accepted.made_for
    return step.previous_fingerprint if _take_number(step.previous_fingerprint, requests) == use.take else ""


def _take_number(fingerprint: str, requests: Mapping[str, str]) -> int:
    return parse_preimage(requests[fingerprint]).take if fingerprint in requests else 0


def _compare_members(step: Step, use: Use, inputs: PlanInputs, requests: Mapping[str, str]) -> Iterator[Member]:
    frames = {"first": use.shot.frames.first, "last": use.shot.frames.last}
    now = request_members(step.request or _known_request(use, inputs))
    old = previous_request(step, requests)
    before = request_members(old) if old is not None else {}
    for name in sorted(
        {**now, **before, **{end: 0 for end, frame in frames.items() if frame}}, key=_MEMBER_ORDER.index
    ):
        frame = frames.get(name)
        is_unknown = frame is not None and name not in now
        changed = step.is_frame_renewed if is_unknown else now.get(name) != before.get(name)
        yield Member(
            name=name,
            now=now.get(name),
            before=before.get(name),
            changed=bool(before) and name != "take" and changed,
            label=_frame_label(frame) + (", not here yet" if is_unknown else ""),
            label_before=_earlier_label(frame, before.get(name), inputs),
        )


def _known_request(use: Use, inputs: PlanInputs) -> Request:
    """What is known of a request whose frames are not all here."""
    ends = (use.shot.frames.first, use.shot.frames.last)
    first, last = (None if end is None else inputs.images.get(end) for end in ends)
    return make_request(use.shot, use.take, model=inputs.model, first=first, last=last)


def _frame_label(frame: Frame | None) -> str:
    """What the manifest names as a frame."""
    if isinstance(frame, ShotFrame):
        return f"{frame.frame} frame of {frame.shot}"
    if isinstance(frame, FileFrame):
        return f"{frame.folder}/{frame.path}" if frame.folder else frame.path
    return "" if frame is None else redact_text(frame.url)


def _earlier_label(frame: Frame | None, before: object, inputs: PlanInputs) -> str:
    """Which shot's clip a frame was from, if it is the shot that the manifest names now."""
    if not isinstance(frame, ShotFrame) or not isinstance(before, dict):
        return ""
    past = inputs.last_renders.get(frame.shot)
    standing = inputs.standings.get(past.fingerprint) if past else None
    locked = inputs.locked_clips.get(past.fingerprint) if past else None
    known = {clip.digest for clip in (standing, locked) if clip is not None}
    return f"{_frame_label(frame)} v{past.version:03d}" if past and before.get("artifact") in known else ""

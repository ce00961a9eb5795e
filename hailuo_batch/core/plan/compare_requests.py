"""A take's request beside the one that its shot was last rendered with, member by member.

The earlier request is the pre-image that the ledger has. It has digests and no names, so an earlier frame is named only
where the manifest still names something with the same digest. What is not known is empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property

from hailuo_batch.core.manifest.document import FileFrame, Frame, ShotFrame
from hailuo_batch.core.plan.frame_givers import known_digest, list_other_givers
from hailuo_batch.core.plan.plan import Plan, PlanInputs, Step, Use
from hailuo_batch.core.plan.provenance import member_value
from hailuo_batch.core.redaction import redact_text
from hailuo_batch.core.request.fingerprint import diff_requests, parse_preimage
from hailuo_batch.core.request.request import ImageRef, Request, make_request
from hailuo_batch.core.switches import SWITCH_NAMES
from hailuo_batch.values import dataclass

_MEMBER_ORDER = (
    "model", "prompt", "duration", "resolution", "first", "last", *SWITCH_NAMES, "take",
)  # fmt: skip
_ENDS = frozenset({"first", "last"})


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

    @property
    def is_frame_of_later_clip(self) -> bool:
        """Whether it is a frame of a clip that was there, and is rendered again."""
        return self.now is None and isinstance(self.before, dict)


class KnownFrames:
    """What a plan knows of frames: the clip of each shot, and what has which digest. Read only where it is needed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    @cached_property
    def clips(self) -> Mapping[str, str]:
        """The digest of the clip that gives a shot's frames, by shot, where there is one."""
        inputs = self._plan.inputs
        givers = ((step, use) for step in self._plan.steps for use in step.uses if use.gives_frames)
        return {use.shot.id: digest for step, use in givers if (digest := known_digest(step, inputs))}

    @cached_property
    def shots(self) -> Mapping[str, str]:
        """Whose clip has a digest now."""
        return {digest: shot for shot, digest in self.clips.items()}

    @cached_property
    def takes(self) -> Mapping[str, tuple[str, int]]:
        """The shot and the take that have a digest now."""
        inputs = self._plan.inputs
        uses = ((step, use) for step in self._plan.steps for use in step.uses)
        return {digest: (use.shot.id, use.take) for step, use in uses if (digest := known_digest(step, inputs))}

    @cached_property
    def other_givers(self) -> Mapping[str, int]:
        """The takes that give frames, by shot, where it is not the first."""
        return list_other_givers(self._plan.steps)

    @cached_property
    def images(self) -> Mapping[str, str]:
        """Which file or address of the manifest has a digest now."""
        return {image.digest: frame_label(frame) for frame, image in self._plan.inputs.images.items()}


def previous_request(step: Step, requests: Mapping[str, str]) -> Request | None:
    """The request when the shot's clip was made, if it is still known; None when it is the same as now."""
    if step.accepted is not None:
        return step.accepted.request
    return parse_preimage(requests[step.previous_fingerprint]) if step.previous_fingerprint in requests else None


def compare_members(
    step: Step, use: Use, inputs: PlanInputs, old: Request | None, known: KnownFrames
) -> Iterator[Member]:
    """Each member as it is and as it was; of a waiting take, what is known of it."""
    now = (step.request or _known_request(step, use, inputs, known)).members
    before = {} if old is None else old.members
    for name in _MEMBER_ORDER:
        if now[name] is not None or before.get(name) is not None or _find_frame(use, name) is not None:
            member = _compare_values(name, now[name], before.get(name), use, inputs, known)
            yield member if old is not None else replace(member, changed=False, label_before="")


def list_changes(
    step: Step, use: Use, inputs: PlanInputs, old: Request | None, known: KnownFrames
) -> tuple[Member, ...]:
    """The members that differ from the version before, where that is still known."""
    if old is None:
        return ()
    if step.request is None:
        return tuple(member for member in compare_members(step, use, inputs, old, known) if member.changed)
    different = diff_requests(old, step.request)
    return tuple(_compare_values(name, now, before, use, inputs, known) for name, before, now in different)


def _compare_values(name: str, now: object, before: object, use: Use, inputs: PlanInputs, known: KnownFrames) -> Member:
    frame = _find_frame(use, name)
    is_unknown = frame is not None and now is None
    changed = name != "take" and (isinstance(frame, ShotFrame) if is_unknown else now != before)
    is_other_frame = changed and name in _ENDS and before is not None
    label, label_before = frame_label(frame), ""
    if is_other_frame:
        label_before = _earlier_label(frame, member_value(before), inputs, known)
    if isinstance(frame, ShotFrame):
        label, label_before = _name_takes(frame, label, label_before, before, known)
    return Member(
        name=name,
        now=member_value(now),
        before=member_value(before),
        changed=changed,
        label=label + (", not here yet" if is_unknown else ""),
        label_before=label_before,
    )


def _name_takes(frame: ShotFrame, label: str, label_before: str, before: object, known: KnownFrames) -> tuple[str, str]:
    """Both labels with the number of the take, where another take of the same shot gave the frame or gives it."""
    giver = known.other_givers.get(frame.shot, 1)
    shot, take = known.takes.get(before.digest, ("", 0)) if isinstance(before, ImageRef) else ("", 0)
    if shot == frame.shot and take != giver and isinstance(before, ImageRef):
        return f"{label}#{giver}", f"{before.frame} frame of {shot}#{take}"
    return (f"{label}#{giver}" if giver != 1 else label), label_before


def _find_frame(use: Use, name: str) -> Frame | None:
    return (use.shot.frames.first if name == "first" else use.shot.frames.last) if name in _ENDS else None


def frame_label(frame: Frame | None) -> str:
    """What the manifest names as a frame."""
    if isinstance(frame, ShotFrame):
        return f"{frame.frame} frame of {frame.shot}"
    if isinstance(frame, FileFrame):
        return f"{frame.folder}/{frame.path}" if frame.folder else frame.path
    return "" if frame is None else redact_text(frame.url)


def _known_request(step: Step, use: Use, inputs: PlanInputs, known: KnownFrames) -> Request:
    """What is known of a request whose frames are not all here."""

    def find_image(frame: Frame | None) -> ImageRef | None:
        if not isinstance(frame, ShotFrame):
            return None if frame is None else inputs.images.get(frame)
        is_here = frame.shot not in step.waits_for and frame.shot in known.clips
        return ImageRef(digest=known.clips[frame.shot], frame=frame.frame) if is_here else None

    first, last = find_image(use.shot.frames.first), find_image(use.shot.frames.last)
    return make_request(use.shot, use.take, model=inputs.model, first=first, last=last)


def _earlier_label(frame: Frame | None, before: object, inputs: PlanInputs, known: KnownFrames) -> str:
    """What an earlier frame was, where something with its digest is still named; of a clip, the shot's version too."""
    if not isinstance(before, dict):
        return known.images.get(str(before), "")
    digest, role = str(before.get("artifact")), before.get("frame")
    if isinstance(frame, ShotFrame) and (past := inputs.last_renders.get(frame.shot)):
        clips = (inputs.standings.get(past.fingerprint), inputs.locked_clips.get(past.fingerprint))
        if digest in {clip.digest for clip in clips if clip is not None}:
            return f"{role} frame of {frame.shot} v{past.version:03d}"
    return f"{role} frame of {known.shots[digest]}" if digest in known.shots else ""

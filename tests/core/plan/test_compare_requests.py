"""What each frame was before: the ledger has digests, so a name is given only where something still has the digest."""

from dataclasses import replace
from typing import Any

import pytest
from core_samples import after_shot, planned, request, shot, standing

from hailuo_batch.core.manifest.document import FileFrame, Frame, FrameRole, Frames
from hailuo_batch.core.plan.compare_requests import KnownFrames, list_changes
from hailuo_batch.core.plan.plan import LastRender
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, Request

OPEN, OTHER = FileFrame(path="open.png"), FileFrame(path="other.png")
IMAGES: dict[Frame, ImageRef] = {OPEN: ImageRef(digest="sha256:open"), OTHER: ImageRef(digest="sha256:other")}
GIVER, GIVER_CLIP = request(prompt="giver"), "sha256:clip"
HERE = {
    "standings": {fingerprint(GIVER): standing(digest=GIVER_CLIP)},
    "stored_digests": frozenset({GIVER_CLIP}),
}


def changes(now: Frames, old: Request, **members: Any) -> list[tuple[str, str, str]]:
    """What the frames of a shot were, and are."""
    past = {"b": LastRender(version=1, take=1, fingerprint=fingerprint(old)), **members.pop("last_renders", {})}
    shots = (shot("giver", prompt="giver"), shot("b", frames=now), shot("c", frames=Frames(first=OTHER)))
    plan = planned(*shots, images=IMAGES, last_renders=past, **members)
    step = next(step for step in plan.steps if step.uses[0].shot.id == "b")
    found = list_changes(step, step.uses[0], plan.inputs, old, KnownFrames(plan))
    return [(each.name, each.label_before, each.label) for each in found]


def image(digest: str, frame: FrameRole | None = None) -> ImageRef:
    return ImageRef(digest=digest, frame=frame)


@pytest.mark.parametrize(
    ("now", "before", "known", "change"),
    [
        (Frames(first=OPEN), image("sha256:lost"), {}, ("first", "", "open.png")),
        (Frames(first=OPEN), image("sha256:other"), {}, ("first", "other.png", "open.png")),
        (Frames(first=OPEN), None, {}, ("first", "", "open.png")),
        (Frames(), image("sha256:other"), {}, ("first", "other.png", "")),
        (Frames(first=OPEN), image(GIVER_CLIP, FrameRole.LAST), HERE, ("first", "last frame of giver", "open.png")),
        (after_shot("giver"), image("sha256:open"), HERE, ("first", "open.png", "last frame of giver")),
        (after_shot("giver"), image("sha256:open"), {}, ("first", "open.png", "last frame of giver, not here yet")),
        (after_shot("giver"), image("sha256:lost"), HERE, ("first", "", "last frame of giver")),
        (
            after_shot("giver"), image(GIVER_CLIP, FrameRole.FIRST), HERE,
            ("first", "first frame of giver", "last frame of giver"),
        ),
    ],
)  # fmt: skip
def test_a_frame_is_named_as_it_was_where_that_is_known(
    now: Frames, before: ImageRef | None, known: dict[str, Any], change: tuple[str, str, str]
) -> None:
    assert changes(now, request(first=before), **known) == [change]


def test_of_two_frames_only_the_one_that_is_not_here_counts_as_changed() -> None:
    """A waiting shot's other frame is known, and is compared."""
    now = Frames(first=after_shot("giver").first, last=after_shot("c").first)
    old = replace(request(), first=image(GIVER_CLIP, FrameRole.LAST), last=image("sha256:lost", FrameRole.LAST))
    assert changes(now, old, **HERE) == [("last", "", "last frame of c, not here yet")]

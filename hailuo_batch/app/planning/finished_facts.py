"""What is kept of a manifest with nothing to do, so that a plan of a few changed shots need not read the others."""

from typing import TYPE_CHECKING
from zlib import crc32

from hailuo_batch.app.recovery.missing_ledger import has_bought
from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame, UrlFrame
from hailuo_batch.core.manifest.frame_links import frame_sources
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.world import World
from hailuo_batch.load.finished_copy import FinishedCopy, ManifestFacts
from hailuo_batch.load.lock_part import own_lock_digest

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun


def make_finished_copy(planned: "PlannedRun") -> FinishedCopy | None:
    """The manifest and what is in it; None where its shots cannot be planned without each other.

    What a plan warns of may be about several shots. Shots of included files come before its own; tasks without a clip
    and accepted clips are about any shot; the length of an edit is summed over all.
    """
    validation, review = planned.validation, planned.validation.review
    manifest = validation.manifest
    if manifest is None or planned.tasks or planned.report.lengths.edit is not None:
        return None
    sources = validation.sources
    origins = (source for path, (source, _) in sources.origins.items() if path[0] == "shots")
    if validation.external_problems or any(source is not sources.main for source in origins):
        return None
    if review is not None and any(review.acceptances):
        return None
    shots = validation.every_shot
    framed = [shot for shot in shots if shot.frames is not NO_FRAMES]
    facts = ManifestFacts(
        entries=len(manifest.shots),
        ids=tuple(shot.id for shot in shots),
        givers=tuple(dict.fromkeys(giver for shot in framed for giver in frame_sources(shot).values())),
        judged=() if review is None else tuple(review.shots),
        omitted=tuple(shot.id for shot in validation.omitted),
        text_length=sum(len(shot.prompt) for shot in shots),
        prompts=tuple(number_prompt(shot.prompt) for shot in shots),
        kinds=tuple(dict.fromkeys((shot.providers, shot.resolution, shot.duration) for shot in shots)),
        has_joint_images=any(map(has_joint_image, framed)),
        has_warnings=bool(validation.problems),
        lock=own_lock_digest(planned.lock) if validation.world is World.REAL else "",
        has_bought=any(has_bought(step.standing) for step in planned.plan.steps if step.standing is not None),
    )
    return FinishedCopy(data=sources.main.data, facts=facts)


def has_joint_image(shot: Shot) -> bool:
    """Whether `validate` compares one of its images with those of other shots, or with what is known of the web."""
    images = [frame for frame in (shot.frames.first, shot.frames.last) if isinstance(frame, (FileFrame, UrlFrame))]
    return shot.frames.last is not None or any(isinstance(each, UrlFrame) or each.rights for each in images)


def number_prompt(prompt: str) -> int:
    """A number that equal prompts share. That others share it too only means that the whole is read."""
    return crc32(prompt.encode(errors="surrogatepass"))

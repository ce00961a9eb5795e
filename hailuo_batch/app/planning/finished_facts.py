"""What is kept of a manifest with nothing to do, so that a plan of a few changed shots need not read the others."""

from typing import TYPE_CHECKING
from zlib import crc32

from hailuo_batch.app.recovery.missing_ledger import has_bought
from hailuo_batch.core.manifest.document import NO_FRAMES
from hailuo_batch.core.manifest.frame_links import frame_sources
from hailuo_batch.core.world import World
from hailuo_batch.load.finished_copy import FinishedCopy, ManifestFacts
from hailuo_batch.load.lock_part import own_lock_digest

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun


def make_finished_copy(planned: "PlannedRun") -> FinishedCopy | None:
    """The manifest and what is in it; None where its shots cannot be planned without each other.

    A warning may be about several shots. A review, included files and tasks without a clip are about any of them, and
    the length of an edit is summed over all.
    """
    validation, report = planned.validation, planned.report
    manifest = validation.manifest
    if manifest is None or validation.problems or validation.review is not None or validation.sources.included:
        return None
    if planned.tasks or report.lengths.edit is not None:
        return None
    shots = validation.shots
    framed = [shot for shot in shots if shot.frames is not NO_FRAMES]
    facts = ManifestFacts(
        entries=len(manifest.shots),
        ids=tuple(shot.id for shot in shots),
        givers=tuple(dict.fromkeys(giver for shot in framed for giver in frame_sources(shot).values())),
        text_length=sum(len(shot.prompt) for shot in shots),
        prompts=tuple(number_prompt(shot.prompt) for shot in shots),
        kinds=tuple(dict.fromkeys((shot.providers, shot.resolution, shot.duration) for shot in shots)),
        has_frames=bool(framed),
        lock=own_lock_digest(planned.lock) if validation.world is World.REAL else "",
        has_bought=any(map(has_bought, planned.snapshot.standings.values())),
    )
    return FinishedCopy(data=validation.sources.main.data, facts=facts)


def number_prompt(prompt: str) -> int:
    """A number that equal prompts share. That others share it too only means that the whole is read."""
    return crc32(prompt.encode(errors="surrogatepass"))

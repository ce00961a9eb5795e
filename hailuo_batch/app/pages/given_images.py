"""The images that shots start from or end on, for a page that shows them before anything is bought."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.manifest.document import FileFrame, Frame, ShotFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.render_names import StillAt, poster_name
from hailuo_batch.core.redaction import redact_text
from hailuo_batch.drivers.data_plane import read_still_size
from hailuo_batch.views.sheet.media import SheetMedia
from hailuo_batch.views.sheet.takes import clip_shape
from hailuo_batch.views.sheet.values import SheetInput

_WORDS_ALONE = SheetInput(missing="from words alone")


def list_image_files(planned: PlannedRun) -> Mapping[str, Path]:
    """The image files of the shots of this plan, by the digests of their bytes."""
    inputs = planned.validation.inputs
    refs = (inputs.images.get(frame) for shot in _shots(planned) for _, frame in _frames(shot))
    return {ref.digest: inputs.files[ref.digest] for ref in refs if ref is not None and ref.digest in inputs.files}


def list_given_images(planned: PlannedRun, media: SheetMedia, folder: Path) -> Mapping[str, tuple[SheetInput, ...]]:
    """By shot, what the page shows of its frames; their stills are below `folder` (renders/)."""
    digests = {row.shot: row.clip.digest for row in reversed(planned.report.rows) if row.clip is not None}
    digests |= {row.shot: row.clip.digest for row in planned.report.rows if row.is_selected and row.clip is not None}

    def describe(shot: Shot) -> Iterator[SheetInput]:
        for role, frame in _frames(shot):
            name = _find_still(planned, frame, digests)
            width, height = read_still_size(folder / poster_name(*name)) if name and media.still(*name) else (16, 9)
            yield SheetInput(
                role=role,
                name=_frame_name(frame),
                image=media.still(*name) if name else "",
                missing="not here yet",
                width=width,
                height=height,
                shape=clip_shape(width, height),
            )

    return {shot.id: tuple(describe(shot)) or (_WORDS_ALONE,) for shot in _shots(planned)}


def _shots(planned: PlannedRun) -> Iterator[Shot]:
    shown = {use.shot.id for step in planned.selected for use in step.uses}
    return (shot for shot in planned.validation.shots if shot.id in shown)


def _frames(shot: Shot) -> Iterator[tuple[str, Frame]]:
    for role, frame in (("first", shot.frames.first), ("last", shot.frames.last)):
        if frame is not None:
            yield role, frame


def _find_still(planned: PlannedRun, frame: Frame, digests: Mapping[str, str]) -> tuple[str, StillAt] | None:
    """The still of an image, or of the frame of another shot's clip where that is there."""
    if isinstance(frame, ShotFrame):
        at = StillAt.FIRST if frame.frame == "first" else StillAt.LAST
        return (digests[frame.shot], at) if frame.shot in digests else None
    ref = planned.validation.inputs.images.get(frame)
    return (ref.digest, StillAt.FIRST) if ref is not None else None


def _frame_name(frame: Frame) -> str:
    if isinstance(frame, ShotFrame):
        return f"{frame.frame} frame of {frame.shot}"
    return frame.path if isinstance(frame, FileFrame) else redact_text(frame.url)

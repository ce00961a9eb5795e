"""A take of a report as the sheet shows it."""

from dataclasses import replace

from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.views.format import format_seconds, join_names
from hailuo_batch.views.plan_lines import reason_text
from hailuo_batch.views.sheet.media import SheetMedia
from hailuo_batch.views.sheet.states import take_state
from hailuo_batch.views.sheet.values import Shape, SheetNote, SheetTake
from hailuo_batch.views.unfetched import task_location

_WIDE, _TALL = 1.2, 0.85  # a clip between both is a square one


def make_take(row: TakeRow, media: SheetMedia) -> SheetTake:
    """One take."""
    clip = row.clip if row.action is Action.REUSE else None
    whys = tuple(mark.why for mark in row.marks)
    shown = SheetTake(
        label=f"{row.shot}#{row.take}",
        take=row.take,
        version=f"v{row.version:03d}",
        shape=Shape.WIDE,
        state=take_state(row),
        is_selected=row.is_selected,
        missing="" if clip is not None else reason_text(row),
        file=row.file,
        provider="" if is_local(row.provider) else row.provider,
        task=task_location(row),
        price=price_text(row),
        verdict_why=row.verdict_why,
        marks=whys,
        remarks=tuple(each for each in row.remarks if each not in whys),  # a mark is a remark, too
        notes=tuple(map(note, row.review_notes)),
        shared=join_names(row.shared_with, row.shared_count),
    )
    if clip is None:
        return shown
    return replace(
        shown,
        shape=clip_shape(clip.width, clip.height),
        width=clip.width,
        height=clip.height,
        digest=clip.digest,
        clip=media.clip(row),
        poster=media.still(clip.digest, StillAt.FIRST),
        middle=media.still(clip.digest, StillAt.MIDDLE),
        last=media.still(clip.digest, StillAt.LAST),
        facts=(format_seconds(clip.seconds), f"{clip.width} × {clip.height}"),
    )


def price_text(row: TakeRow) -> str:
    """The actual cost against the estimate, as far as they are known; "" of a take that costs nothing."""
    if not row.provider or is_local(row.provider) or (row.same_clip_as and row.action is not Action.REUSE):
        return ""
    if row.cost is None:
        return f"{row.counted_estimate} estimated" if row.counted_estimate is not None else "price not known"
    if row.counted_estimate is None or row.cost == row.counted_estimate:
        return f"{row.cost} actual"
    return f"{row.cost} actual, {row.counted_estimate} estimated"


def note(written: ReviewNote) -> SheetNote:
    """A note of the review: who, on which day, what."""
    return SheetNote(by=written.by, day=written.at[:10], text=written.text)


def clip_shape(width: int, height: int) -> Shape:
    """Whether a clip or an image is wide, tall or about square."""
    ratio = width / height
    return Shape.WIDE if ratio >= _WIDE else Shape.TALL if ratio <= _TALL else Shape.SQUARE

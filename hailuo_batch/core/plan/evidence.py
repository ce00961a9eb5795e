"""What a campaign can show of each clip: who made it, from what, for how much, who judged it, its file's marks."""

from collections.abc import Mapping

from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.days import utc_time
from hailuo_batch.core.models import is_local
from hailuo_batch.core.origin import Disclosure, OriginMarks
from hailuo_batch.core.plan.approval import Approval
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.plan.review import EMPTY_REVIEW, Review, ShotReview
from hailuo_batch.core.world import World
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovedPlan:
    """An approval of a saved plan, and the plan's file as seen from the project's root."""

    file: str
    approval: Approval


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Evidence:
    """All of it, as one value.

    `attempts` are those that stored a clip, by its digest, `events` theirs by the attempt's number, `marks` what the
    clips' files say, by digest, and `sources` what each shot's frames were taken from.
    """

    report: Report
    tool: str
    written_at: str  # UTC, ISO 8601
    manifest_digest: str
    attempts: Mapping[str, AttemptRecord]
    events: Mapping[int, tuple[EventRecord, ...]]
    marks: Mapping[str, OriginMarks]
    sources: Mapping[str, Mapping[str, str]]
    review: Review | None
    plans: tuple[ApprovedPlan, ...]

    @property
    def clips(self) -> tuple[TakeRow, ...]:
        """The takes that have their clip."""
        return tuple(row for row in self.report.rows if row.action is Action.REUSE and row.clip is not None)

    @property
    def unmarked(self) -> tuple[TakeRow, ...]:
        """The clips that AI made and whose file does not say so; no other world than the real one has any."""
        return find_unmarked(self.clips, self.marks) if self.report.world is World.REAL else ()

    def shot_review(self, shot: str) -> ShotReview:
        """What was decided about a shot."""
        return EMPTY_REVIEW if self.review is None else self.review.shots.get(shot, EMPTY_REVIEW)


def find_unmarked(rows: tuple[TakeRow, ...], marks: Mapping[str, OriginMarks]) -> tuple[TakeRow, ...]:
    """The rows whose clip's file says nothing of how it was made."""
    return tuple(
        row for row in rows if row.clip is not None and not marks.get(row.clip.digest, OriginMarks()).is_disclosed
    )


def is_made_by_ai(model: str, world: World) -> bool:
    """Whether clips of a model are made by AI: sketches, rehearsals and clips of a local model are drawn."""
    return world is World.REAL and not is_local(model)


def make_disclosure(
    row: TakeRow,
    *,
    model: str,
    tool: str,
    text: str,
    world: World,
    attempt: AttemptRecord | None,
    review: ShotReview,
) -> Disclosure:
    """What an export says of one take's clip. Without a `text` of the project, it is one plain sentence."""
    made_by_ai = is_made_by_ai(model, world)
    kind = "a rehearsal" if world is World.REHEARSAL else "a sketch"
    plain = f"This video was made by AI ({model})." if made_by_ai else f"This video is {kind}, drawn by a program."
    return Disclosure(
        made_by_ai=made_by_ai,
        tool=tool,
        model=model,
        made=utc_time(attempt.changed_at) if attempt is not None else "",
        oversight=oversight(row, review),
        text=text or plain,
        title=f"{row.shot}#{row.take}",
    )


def oversight(row: TakeRow, review: ShotReview) -> str:
    """Which person judged the clip of a take: "approved by Ann, 2026-11-26"; "" where nobody did."""
    digest = row.clip.digest if row.clip is not None else ""
    for judged in reversed(review.judgements):
        if judged.clip == digest:
            return f"{judged.verdict} by {judged.by}, {judged.at[:10]}"
    chosen = review.selection
    if chosen is not None and chosen.clip == digest:
        return f"selected by {chosen.by}, {chosen.at[:10]}"
    return ""

"""A report with what people decided: where each shot stands, verdicts, selections and notes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage
from hailuo_batch.core.plan.frame_givers import known_digest, list_selected
from hailuo_batch.core.plan.judgement import Judgement, ShotState, Verdict
from hailuo_batch.core.plan.plan import Action, Plan, Step, StepReason
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.plan.review import EMPTY_REVIEW, NO_REVIEW, Review, ShotReview, shot_review

_CLIP_ELSEWHERE = frozenset({
    StepReason.IN_RENDERS, StepReason.IN_OTHER_STORE, StepReason.LOCKED, StepReason.LOCKED_ELSEWHERE,
    StepReason.STORED_ELSEWHERE, StepReason.ACCEPTED_ELSEWHERE,
})  # fmt: skip


def add_review(report: Report, plan: Plan, review: Review | None, shot_ids: Iterable[str]) -> Report:
    """The report with the states of these shots, those that are left out too, and with what was said of its takes."""
    found = review or NO_REVIEW
    takes, clips = _list_takes(plan), _list_clips(plan, found)
    ids = tuple(shot_ids)
    selected = {(shot, take) for _, shot, take in list_selected(plan)}
    states = find_states(plan, found, (shot for shot in ids if shot in takes or shot in report.omitted))
    notes = {shot: tuple(note for note in shot_review(found, shot).notes if not note.take) for shot in ids}
    rows = report.rows
    if found.shots:
        rows = tuple(_judge_row(row, shot_review(found, row.shot), clips, selected) for row in rows)
    return replace(report, states=states, rows=rows, shot_notes={shot: each for shot, each in notes.items() if each})


def find_states(plan: Plan, review: Review, shots: Iterable[str]) -> dict[str, ShotState]:
    """Where these shots stand."""
    takes, clips = _list_takes(plan), _list_clips(plan, review)
    return {shot: find_state(takes.get(shot, {}), clips.get(shot, {}), shot_review(review, shot)) for shot in shots}


def _list_takes(plan: Plan) -> dict[str, dict[int, Step]]:
    takes: dict[str, dict[int, Step]] = {}
    for step in plan.steps:
        for use in step.uses:
            takes.setdefault(use.shot.id, {})[use.take] = step
    return takes


def _list_clips(plan: Plan, review: Review) -> dict[str, dict[int, str]]:
    """The digests of clips of the shots about which something was decided."""
    return {
        shot: {take: known_digest(step, plan.inputs) for take, step in takes.items()}
        for shot, takes in _list_takes(plan).items()
        if shot in review.shots
    }


def _judge_row(
    row: TakeRow, shot: ShotReview, clips: Mapping[str, Mapping[int, str]], selected: set[tuple[str, int]]
) -> TakeRow:
    if shot is EMPTY_REVIEW:
        return row
    judgement = shot.find_judgement(row.take, clips.get(row.shot, {}).get(row.take, ""))
    return replace(
        row,
        is_selected=(row.shot, row.take) in selected,
        verdict=None if judgement is None else judgement.verdict,
        verdict_why="" if judgement is None else judgement.why,
        review_notes=tuple(note for note in shot.notes if note.take == row.take),
    )


def find_state(takes: Mapping[int, Step], clips: Mapping[int, str], shot: ShotReview) -> ShotState:
    """Where a shot stands; `clips` are the digests of its takes, which are needed only where somebody judged.

    A retake that was requested after an approval counts: somebody wants another clip.
    """
    if shot.omission is not None:
        return ShotState.OMITTED
    verdicts = [each for take, clip in clips.items() if clip and (each := shot.find_judgement(take, clip)) is not None]
    requested = [each.at for each in shot.retakes if each.take in takes and not _has_clip(takes[each.take])]
    approved = [each.at for each in verdicts if each.verdict is Verdict.APPROVED]
    if approved and max(approved) >= max(requested, default=""):
        return ShotState.DONE
    if requested:
        return ShotState.RETAKE
    if any(map(_is_under_way, takes.values())):
        return ShotState.WIP
    there = [take for take, step in takes.items() if _has_clip(step)]
    if not there:
        return ShotState.TODO
    return ShotState.RETAKE if _are_all_rejected(there, verdicts) else ShotState.WFA


def _are_all_rejected(there: Sequence[int], verdicts: Sequence[Judgement]) -> bool:
    return {each.take for each in verdicts if each.verdict is Verdict.REJECTED} >= set(there)


def _has_clip(step: Step) -> bool:
    """Whether the take has its clip, here or on another machine."""
    is_stored = step.standing is not None and step.standing.stage is Stage.STORED
    return is_stored or step.action is Action.REUSE or step.why in _CLIP_ELSEWHERE


def _is_under_way(step: Step) -> bool:
    is_live = step.standing is not None and step.standing.stage in LIVE_STAGES and not _has_clip(step)
    return is_live or step.known_task is not None

"""The report as a client may see it: clips and what was chosen. Nothing of money, providers, tasks or our own notes.

It is made from nothing, member by member, so that what a report gets later is not in it unless somebody adds it here.
"""

from dataclasses import replace

from hailuo_batch.core.plan.judgement import ShotState, Verdict
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.plan.used_takes import find_used_takes


def make_client_report(report: Report) -> Report:
    """The takes with a clip that nobody rejected, of shots that are not left out."""
    left_out = {shot for shot, state in report.states.items() if state is ShotState.OMITTED}
    rows = tuple(_client_row(row) for row in report.rows if row.shot not in left_out and _is_shown(row))
    shown = {row.shot for row in rows}
    return Report(
        campaign=report.campaign,
        manifest="",
        model="",
        sketch=report.sketch,
        rehearsal=report.rehearsal,
        rows=rows,
        takes=len(rows),
        sequences=report.sequences,
        sequence_titles=report.sequence_titles,
        states={shot: state for shot, state in report.states.items() if shot in shown},
        now=report.now,
    )


def _is_shown(row: TakeRow) -> bool:
    return row.action is Action.REUSE and row.clip is not None and row.verdict is not Verdict.REJECTED


def _client_row(row: TakeRow) -> TakeRow:
    return TakeRow(
        shot=row.shot,
        take=row.take,
        version=row.version,
        action=row.action,
        why="",
        stage=None,
        prompt=row.prompt,
        tags=(),
        notes="",
        duration=row.duration,
        resolution=row.resolution,
        fingerprint="",
        file="",
        provider="",
        clip=row.clip,
        sequence=row.sequence,
        is_selected=row.is_selected,
        verdict=row.verdict,
    )


def make_selects_report(report: Report) -> Report:
    """The one take of each shot that is used in the edit, not marked as such."""
    kept = {id(row) for row in find_used_takes(report.rows).values()}
    return _without_choices(
        make_client_report(replace(report, rows=tuple(row for row in report.rows if id(row) in kept)))
    )


def _without_choices(report: Report) -> Report:
    return replace(report, rows=tuple(replace(row, is_selected=False, verdict=None) for row in report.rows), states={})

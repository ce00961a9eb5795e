"""What was decided about shots, as text and as JSON: what is written down, and what a run would do with it."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.review import Acceptance, Retake
from hailuo_batch.core.world import command_line
from hailuo_batch.views.format import safe_text, shorten_digest, single_line
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.style import PLAIN, TextStyle


def draw_retakes(
    retakes: Mapping[str, Retake], notes: Sequence[str], report: Report, *, review: str, style: TextStyle = PLAIN
) -> str:
    """The new takes, what to know about them, and what the next run would buy."""
    lines = [
        f"Requested one more take, {style.good(safe_text(f'{shot}#{each.take}'))}{reason_suffix(each.why)}."
        for shot, each in retakes.items()
    ]
    return "\n".join((*lines, *decision_ending(notes, report, review, style)))


def draw_acceptances(
    accepted: Mapping[str, Sequence[Acceptance]],
    withdrawn: Mapping[str, Sequence[Acceptance]],
    notes: Sequence[str],
    report: Report,
    *,
    review: str,
    style: TextStyle = PLAIN,
) -> str:
    """The clips that were kept or are kept no more, what to know about them, and what a run would do."""
    lines = [
        f"{style.good(safe_text(f'{shot}#{each.take}'))} keeps {shorten_digest(each.clip)} for its changed request"
        f"{reason_suffix(each.why)}."
        for shot, each in _flatten(accepted)
    ]
    lines += [
        f"{style.warning(safe_text(f'{shot}#{each.take}'))} no longer keeps {shorten_digest(each.clip)}."
        for shot, each in _flatten(withdrawn)
    ]
    return "\n".join((*lines, *decision_ending(notes, report, review, style)))


def retakes_dict(retakes: Mapping[str, Retake], notes: Sequence[str], report: Report) -> dict[str, object]:
    """The same as plain data; `plan` is as `plan --format json` prints it."""
    return {
        "version": 1,
        "retakes": [
            {"shot": shot, "take": each.take, "by": each.by, "at": each.at, "why": each.why}
            for shot, each in retakes.items()
        ],
        "notes": list(notes),
        "plan": report_dict(report),
    }


def acceptances_dict(
    accepted: Mapping[str, Sequence[Acceptance]],
    withdrawn: Mapping[str, Sequence[Acceptance]],
    notes: Sequence[str],
    report: Report,
) -> dict[str, object]:
    """The same as plain data; `plan` is as `plan --format json` prints it."""
    return {
        "version": 1,
        "accepted": [_acceptance_dict(shot, each) for shot, each in _flatten(accepted)],
        "withdrawn": [_acceptance_dict(shot, each) for shot, each in _flatten(withdrawn)],
        "notes": list(notes),
        "plan": report_dict(report),
    }


def _flatten(found: Mapping[str, Sequence[Acceptance]]) -> Iterable[tuple[str, Acceptance]]:
    return ((shot, each) for shot, several in found.items() for each in several)


def _acceptance_dict(shot: str, each: Acceptance) -> dict[str, object]:
    members = ("take", "request", "clip", "made_for", "by", "at", "why")
    return {"shot": shot, **{name: getattr(each, name) for name in members}}


def reason_suffix(why: str) -> str:
    """A reason behind a sentence, without the full stop of its own."""
    return f": {single_line(why).rstrip('.')}" if why else ""


def _note_lines(notes: Sequence[str], style: TextStyle) -> Iterable[str]:
    return (f"  {style.warning('Note')}: {single_line(note)}" for note in notes)


def decision_ending(notes: Sequence[str], report: Report, review: str, style: TextStyle) -> Iterable[str]:
    """What to know, where it was saved, the plan, and what to run."""
    return (*_note_lines(notes, style), _commit_hint(review, report), "", draw_plan(report, style), *_run_hint(report))


def _run_hint(report: Report) -> Iterable[str]:
    """The command that buys what was requested, where there is something to do."""
    if report.takes > report.counts.get(Action.REUSE, 0):
        line = safe_text(command_line("run", manifest=report.manifest, world=report.world))
        yield f"To carry it out, with all that the manifest has left to do:\n    {line}"


def _commit_hint(review: str, report: Report) -> str:
    """Decisions about rehearsed clips are in the hidden folder, which git ignores."""
    is_own = report.rehearsal and ".hailuo" in PurePath(review).parts
    kept = "It is about this rehearsal only." if is_own else "Commit it together with the manifest."
    return f"Saved in {safe_text(review)}. {kept}"

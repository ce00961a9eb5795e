"""What was decided about shots, as text and as JSON: what is written down, and what a run would do with it."""

from collections.abc import Iterable, Mapping, Sequence

from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.review import Acceptance, Retake
from hailuo_batch.views.format import on_one_line, safe
from hailuo_batch.views.json_report import report_members
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.style import PLAIN, Ink

_DIGITS = 19  # of a digest: `sha256:` and twelve


def draw_retakes(
    retakes: Mapping[str, Retake], notes: Sequence[str], report: Report, *, review: str, ink: Ink = PLAIN
) -> str:
    """The new takes, what to know about them, and what the next run would buy."""
    lines = [f"{ink.good(safe(f'{shot}#{each.take}'))} asked for{_why(each.why)}." for shot, each in retakes.items()]
    return "\n".join((*lines, *_notes(notes, ink), _written(review), "", draw_plan(report, ink)))


def draw_acceptances(
    accepted: Mapping[str, Sequence[Acceptance]],
    withdrawn: Mapping[str, Sequence[Acceptance]],
    notes: Sequence[str],
    report: Report,
    *,
    review: str,
    ink: Ink = PLAIN,
) -> str:
    """The clips that were kept or are kept no more, what to know about them, and what a run would do."""
    lines = [
        f"{ink.good(safe(f'{shot}#{each.take}'))} keeps {each.clip[:_DIGITS]}… for what it asks now{_why(each.why)}."
        for shot, each in _each(accepted)
    ]
    lines += [
        f"{ink.care(safe(f'{shot}#{each.take}'))} keeps {each.clip[:_DIGITS]}… no more."
        for shot, each in _each(withdrawn)
    ]
    return "\n".join((*lines, *_notes(notes, ink), _written(review), "", draw_plan(report, ink)))


def retake_members(retakes: Mapping[str, Retake], notes: Sequence[str], report: Report) -> dict[str, object]:
    """The same as plain data; `plan` is as `plan --format json` prints it."""
    return {
        "version": 1,
        "retakes": [
            {"shot": shot, "take": each.take, "by": each.by, "at": each.at, "why": each.why}
            for shot, each in retakes.items()
        ],
        "notes": list(notes),
        "plan": report_members(report),
    }


def acceptance_members(
    accepted: Mapping[str, Sequence[Acceptance]],
    withdrawn: Mapping[str, Sequence[Acceptance]],
    notes: Sequence[str],
    report: Report,
) -> dict[str, object]:
    """The same as plain data; `plan` is as `plan --format json` prints it."""
    return {
        "version": 1,
        "accepted": [_members(shot, each) for shot, each in _each(accepted)],
        "withdrawn": [_members(shot, each) for shot, each in _each(withdrawn)],
        "notes": list(notes),
        "plan": report_members(report),
    }


def _each(found: Mapping[str, Sequence[Acceptance]]) -> Iterable[tuple[str, Acceptance]]:
    return ((shot, each) for shot, several in found.items() for each in several)


def _members(shot: str, each: Acceptance) -> dict[str, object]:
    members = ("take", "request", "clip", "made_for", "by", "at", "why")
    return {"shot": shot, **{name: getattr(each, name) for name in members}}


def _why(why: str) -> str:
    return f": {on_one_line(why).rstrip('.')}" if why else ""


def _notes(notes: Sequence[str], ink: Ink) -> Iterable[str]:
    return (f"  {ink.care('Note')}: {on_one_line(note)}" for note in notes)


def _written(review: str) -> str:
    return f"Written to {safe(review)}; commit it with the manifest."

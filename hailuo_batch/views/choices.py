"""Decisions about shots and takes, as text and as JSON: what was written down, and what a run would do with it."""

from collections.abc import Mapping, Sequence

from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.plan import TakeName
from hailuo_batch.core.plan.report import Report
from hailuo_batch.views.format import safe_text, single_line
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.review import decision_ending, reason_suffix
from hailuo_batch.views.style import PLAIN, TextStyle

_DONE: Mapping[ChoiceKind, str] = {
    ChoiceKind.SELECT: "Selected",
    ChoiceKind.APPROVE: "Approved",
    ChoiceKind.REJECT: "Rejected",
    ChoiceKind.OMIT: "Omitted",
    ChoiceKind.NOTE: "Noted about",
    ChoiceKind.RETAKE: "Requested one more take of",
}
_UNDONE: Mapping[ChoiceKind, str] = {
    ChoiceKind.SELECT: "Took back the selection of",
    ChoiceKind.APPROVE: "Took back the approval of",
    ChoiceKind.REJECT: "Took back the rejection of",
    ChoiceKind.OMIT: "Took back the omission of",
    ChoiceKind.NOTE: "Took back the newest note about",
    ChoiceKind.RETAKE: "Took back the newest retake of",
}
_MAX_LINES = 20  # of decisions; JSON has them all


def draw_choices(
    made: Sequence[Choice], notes: Sequence[str], report: Report, *, review: str, style: TextStyle = PLAIN
) -> str:
    """A line for each decision, what to know about them, and what the next run would do."""
    lines = [_choice_line(choice, style) for choice in made[:_MAX_LINES]]
    if len(made) > _MAX_LINES:
        lines.append(f"… and {len(made) - _MAX_LINES:,} more; --format json shows them all")
    return "\n".join((*lines, *decision_ending(notes, report, review, style)))


def _choice_line(choice: Choice, style: TextStyle) -> str:
    name = TakeName(choice.shot, choice.take).label if choice.take else choice.shot
    words = (_UNDONE if choice.is_undo else _DONE)[choice.kind]
    said = choice.text if choice.kind is ChoiceKind.NOTE and not choice.is_undo else choice.why
    return f"{words} {style.good(safe_text(single_line(name)))}{reason_suffix(said)}."


def choices_dict(made: Sequence[Choice], notes: Sequence[str], report: Report) -> dict[str, object]:
    """The same as plain data; `plan` is as `plan --format json` prints it."""
    return {
        "version": 1,
        "choices": [
            {
                "kind": str(each.kind),
                "shot": each.shot,
                "take": each.take,
                "why": each.why,
                "text": each.text,
                "undo": each.is_undo,
            }
            for each in made
        ],
        "notes": list(notes),
        "plan": report_dict(report),
    }

"""What a page sends → a decision that `choosing` carries out, and in which words it is confirmed.

A page names one shot by its id, and the clip that the viewer saw. It can't name patterns, and decides nothing about a
clip that has become another one meanwhile.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from hailuo_batch.core.money import sum_by_currency
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.errors import InputError
from hailuo_batch.views.format import count, join_amounts

_LONGEST_TEXT = 2000  # characters
_ABOUT_CLIPS = frozenset({ChoiceKind.SELECT, ChoiceKind.APPROVE, ChoiceKind.REJECT})
_MAY_COST = frozenset({ChoiceKind.SELECT, ChoiceKind.APPROVE, ChoiceKind.RETAKE})
_DONE = {
    ChoiceKind.SELECT: "{label} is selected",
    ChoiceKind.APPROVE: "{label} is approved",
    ChoiceKind.REJECT: "{label} is rejected",
    ChoiceKind.OMIT: "{label} is omitted",
    ChoiceKind.NOTE: "Note about {label} written",
    ChoiceKind.RETAKE: "One more take of {label} requested",
}
_UNDONE = {
    ChoiceKind.SELECT: "{label} is no longer selected",
    ChoiceKind.APPROVE: "The approval of {label} is taken back",
    ChoiceKind.REJECT: "The rejection of {label} is taken back",
    ChoiceKind.OMIT: "{label} is in the campaign again",
    ChoiceKind.NOTE: "Note about {label} taken back",
    ChoiceKind.RETAKE: "The request of a take of {label} is taken back",
}


def parse_decision(decision: Mapping[str, Any], report: Report) -> Choice:
    """The choice that a page asks for; `InputError` for anything that the report does not have."""
    kind, shot, take = _parse_kind(decision), decision.get("shot"), decision.get("take")
    rows = [row for row in report.rows if row.shot == shot]
    if not isinstance(shot, str) or (not rows and shot not in report.omitted):
        raise InputError("there is no such shot", remedy="Reload the page.")
    if take is not None or kind in _ABOUT_CLIPS:
        _require_clip(
            kind, next((row for row in rows if row.take == take), None), decision.get("clip"), f"{shot}#{take}"
        )
    text, is_undo = decision.get("text", ""), decision.get("undo", False)
    if not isinstance(text, str) or len(text) > _LONGEST_TEXT or not isinstance(is_undo, bool):
        raise InputError("this is not a decision", remedy="Reload the page.")
    written = "text" if kind in {ChoiceKind.NOTE, ChoiceKind.RETAKE} else "why"
    return Choice(kind=kind, shot=shot, take=take, is_undo=is_undo, **{written: text.strip()})


def describe_choice(choice: Choice) -> str:
    """What was decided, in one sentence."""
    label = choice.shot if choice.take is None else f"{choice.shot}#{choice.take}"
    return f"{(_UNDONE if choice.is_undo else _DONE)[choice.kind].format(label=label)}."


def price_words(choice: Choice, report: Report) -> Iterator[str]:
    """What the next run would buy by this decision: the take that was requested, or shots that start from another now.

    `report` is that of the plan after it.
    """
    is_retake = choice.kind is ChoiceKind.RETAKE
    if choice.kind not in _MAY_COST or (is_retake and choice.is_undo):
        return
    rows = [row for row in report.rows if row.is_bought and (row.shot == choice.shot) is is_retake]
    if rows:
        total = sum_by_currency(row.estimate for row in rows if row.estimate is not None and not row.same_clip_as)
        what = count(len(rows), "take") + ("" if is_retake else " that start from it")
        yield f"The next run would buy {what}, for {join_amounts(total) or 'an unknown price'}."


def _parse_kind(decision: Mapping[str, Any]) -> ChoiceKind:
    try:
        return ChoiceKind(decision.get("do", ""))
    except ValueError:
        raise InputError("this is not a decision", remedy="Reload the page.") from None


def _require_clip(kind: ChoiceKind, row: TakeRow | None, seen: object, label: str) -> None:
    if row is None or isinstance(row.take, bool):
        raise InputError("there is no such take", remedy="Reload the page.")
    clip = row.clip.digest if row.clip is not None else ""
    if kind in _ABOUT_CLIPS and (not clip or seen != clip):
        why = "It was rendered again, or its request changed, since the page showed it." if clip else "It has no clip."
        raise InputError(f"the clip of {label} is not the one that you saw", why=why, remedy="See the new one first.")

"""What a page may decide: about shots and clips that it showed, one at a time."""

from typing import Any

import pytest
from report_samples import CLIP, report, row

from hailuo_batch.app.reviewing.decisions import describe_choice, parse_decision, price_words
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.errors import InputError

REPORT = report(
    row("open", take=2),
    row("turn", action=Action.SUBMIT, clip=None),
    omitted=("gone",),
)
OPEN = {"shot": "open", "take": 2, "clip": CLIP.digest}


@pytest.mark.parametrize(
    ("decision", "choice", "said"),
    [
        ({"do": "select", **OPEN}, {"take": 2}, "open#2 is selected."),
        (
            {"do": "approve", **OPEN, "undo": True},
            {"take": 2, "is_undo": True},
            "The approval of open#2 is taken back.",
        ),
        ({"do": "reject", **OPEN, "text": " too dark "}, {"take": 2, "why": "too dark"}, "open#2 is rejected."),
        ({"do": "note", **OPEN, "text": "warmer"}, {"take": 2, "text": "warmer"}, "Note about open#2 written."),
        ({"do": "retake", "shot": "open", "text": "warmer"}, {"text": "warmer"}, "One more take of open requested."),
        ({"do": "note", "shot": "turn", "text": "x"}, {"shot": "turn", "text": "x"}, "Note about turn written."),
        ({"do": "omit", "shot": "turn", "text": ""}, {"shot": "turn"}, "turn is omitted."),
        (
            {"do": "omit", "shot": "gone", "undo": True},
            {"shot": "gone", "is_undo": True},
            "gone is in the campaign again.",
        ),
    ],
    ids=str,
)
def test_a_decision_becomes_a_choice(decision: dict[str, Any], choice: dict[str, Any], said: str) -> None:
    parsed = parse_decision(decision, REPORT)
    assert parsed == Choice(**{"kind": ChoiceKind(decision["do"]), "shot": "open", **choice})
    assert describe_choice(parsed) == said


@pytest.mark.parametrize(
    "decision",
    [
        {},
        {"do": "buy", "shot": "open"},
        {"do": ["select"], **OPEN},
        {"do": "omit"},
        {"do": "omit", "shot": "*"},
        {"do": "omit", "shot": "tag:hero"},
        {"do": "omit", "shot": ["open"]},
        {"do": "select", "shot": "open", "clip": CLIP.digest},
        {"do": "select", **OPEN, "take": 3},
        {"do": "select", **OPEN, "take": "2"},
        {"do": "select", **OPEN, "clip": "sha256:" + "cd" * 32},
        {"do": "select", **OPEN, "clip": None},
        {"do": "approve", "shot": "turn", "take": 1, "clip": ""},
        {"do": "note", "shot": "open", "text": "x" * 2001},
        {"do": "note", "shot": "open", "text": 7},
        {"do": "omit", "shot": "open", "undo": "yes"},
    ],
    ids=str,
)
def test_anything_else_is_refused(decision: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        parse_decision(decision, REPORT)


def test_a_decision_says_what_the_next_run_would_buy_by_it() -> None:
    bought = {"action": Action.SUBMIT, "clip": None, "is_bought": True, "same_clip_as": ""}
    shared = {**bought, "same_clip_as": "turn#1"}
    after = report(row("open", take=3, **bought), row("turn", **bought), row("end", **shared))

    def said(kind: ChoiceKind, **how: Any) -> str:
        return "".join(price_words(Choice(kind=kind, shot="open", **how), after))

    assert said(ChoiceKind.RETAKE) == "The next run would buy 1 take, for 0.27 USD."
    assert said(ChoiceKind.SELECT) == "The next run would buy 2 takes that start from it, for 0.27 USD."
    assert said(ChoiceKind.RETAKE, is_undo=True) == said(ChoiceKind.NOTE) == said(ChoiceKind.OMIT) == ""

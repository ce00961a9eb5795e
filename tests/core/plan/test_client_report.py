"""A client's report has nothing that a client is not to see, whatever a report has."""

from dataclasses import fields, replace

from report_samples import report, row

from hailuo_batch.core.plan.client_report import make_client_report
from hailuo_batch.core.plan.judgement import ShotState, Verdict
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report

SHOWN = {"campaign", "shot", "prompt", "resolution", "sequence"}


def test_nothing_of_money_providers_tasks_or_notes_is_left() -> None:
    seen = make_client_report(report(row()))
    words = repr([(field.name, getattr(seen, field.name)) for field in fields(Report)])
    left = {word for word in words.replace("'", " ").split() if word.startswith("word-")}
    assert left <= {f"word-{name}" for name in SHOWN}
    assert "USD" not in words
    assert len(seen.rows) == 1


def test_what_is_rejected_omitted_or_not_there_is_not_shown() -> None:
    rows = (
        row("good", verdict=Verdict.APPROVED, is_selected=True),
        row("bad", verdict=Verdict.REJECTED),
        row("left-out"),
        row("waiting", action=Action.RESUME, clip=None),
    )
    whole = report(*rows)
    seen = make_client_report(replace(whole, states={**whole.states, "left-out": ShotState.OMITTED}))
    assert [(each.shot, each.is_selected) for each in seen.rows] == [("good", True)]
    assert set(seen.states) == {"good"}

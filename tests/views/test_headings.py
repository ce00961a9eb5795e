"""The sequence above its takes, in plans and reports."""

from view_samples import report, row

from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.report import draw_report

TITLES = {"sq010": "The harbour", "sq020": ""}


def test_a_sequence_is_named_above_its_takes() -> None:
    rows = (row("a", sequence="sq010"), row("b", sequence="sq010"), row("c", sequence="sq020"), row("d"))
    for drawn in (draw_plan(report(*rows, sequence_titles=TITLES)), draw_report(report(*rows, sequence_titles=TITLES))):
        lines = [line.strip().lstrip("+ ").partition("#")[0] for line in drawn.splitlines()[2:9]]
        assert lines == ["sq010  The harbour", "a", "b", "sq020", "c", "no sequence", "d"]


def test_without_sequences_there_is_no_heading() -> None:
    assert "sequence" not in draw_plan(report(row("a"), row("b")))

"""Text and tables fit the terminal: measured in cells, with whole words and names that keep both ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_samples import report, row, stored, usd

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.views.fit import fit_lines, measure_text, shorten_middle, wrap_words
from hailuo_batch.views.plan import draw_plan
from hailuo_batch.views.report import draw_report
from hailuo_batch.views.style import TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

NAMES = st.text(st.sampled_from("ab-日本語é\u0301"), min_size=1, max_size=70)
COMMAND = "To settle takes:\n    hailuo-batch resolve " + "long/" * 30 + "film.yaml"
SENTENCE = "Plan: 2 to render, 2 waiting for a frame, 1 left out under a cap. Cost: 0.56 USD. 2 clips to buy."


@given(st.lists(NAMES, min_size=1, max_size=4), st.integers(60, 200))
def test_no_line_of_a_plan_or_a_report_is_wider_than_the_terminal(names: list[str], width: int) -> None:
    waiting = [row(name, action=Action.WAIT, why=f"it starts from {name}, not rendered yet") for name in names]
    shown = report(*waiting, stored("x" * 64, remarks=("requested 6 s, got 5.88 s",)), to_spend=(usd("0.28"),))
    for colour in (False, True):
        style = TextStyle(colour=colour, width=width)
        for drawn in (draw_plan(shown, style), draw_report(shown, style)):
            assert max(map(measure_text, fit_lines(drawn, width).split("\n"))) <= width


@given(NAMES, st.integers(3, 40))
def test_a_short_name_keeps_both_ends_and_fits(name: str, width: int) -> None:
    short = shorten_middle(name, width)
    assert measure_text(short) <= width
    assert short == name or "…" in short


@given(st.text(st.sampled_from("ab 日"), max_size=80), st.integers(8, 40))
def test_wrapping_loses_no_word(words: str, width: int) -> None:
    lines = wrap_words(words, width)
    assert all(measure_text(line) <= width for line in lines)
    if all(measure_text(word) <= width for word in words.split()):
        assert " ".join(lines).split() == words.split()


def test_columns_use_a_wide_terminal_and_share_a_narrow_one() -> None:
    why = "the last attempt failed: " + "the picture was refused by the gateway " * 3
    rows = [(Cell("+"), Cell("sq010-s010-rooftop-at-dawn#1"), Cell(why.strip()), Cell("minimax 0.28 USD"))]
    columns = (Column(gap=1), Column(fit=Fit.MIDDLE), Column(fit=Fit.WRAP), Column())
    assert len(list(draw_table(rows, columns, width=200))) == 1
    narrow = list(draw_table(rows, columns, width=80))
    assert narrow[0].endswith("minimax 0.28 USD")
    assert "sq010-s010-rooftop-at-dawn#1" in narrow[0], "the widest column gives first"
    assert len(narrow) > 1


def test_a_sentence_with_a_path_is_continued_below_and_the_path_stays_whole() -> None:
    path = ".hailuo/store/rejected/" + "ab" * 25
    columns = (Column(fit=Fit.MIDDLE), Column(fit=Fit.TEXT, least=24))
    rows = [(Cell("open#1"), Cell(f"what came is kept aside as {path}")), (Cell("turn#1"), Cell("no room"))]
    drawn = fit_lines("\n".join(draw_table(rows, columns, width=80)), 80)
    assert path in drawn
    assert drawn.splitlines()[-1] == "  turn#1  no room"
    assert max(map(measure_text, drawn.splitlines())) <= 80


def test_each_of_several_commands_stays_whole() -> None:
    """As `resolve` prints them: three below one sentence, further in than others."""
    line = "      hailuo-batch resolve --rehearsal lost-order#1 manifests/night-market.yaml "
    lines = (f'{line}{verdict} --reason "..."' for verdict in ("--never-sent", "--write-off"))
    text = "\n".join(("Then run one of:", *lines))
    assert fit_lines(text, 80) == text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_sentences_break_between_words_and_commands_stay_whole(width: int) -> None:
    lines = fit_lines(f"{SENTENCE}\n{COMMAND}", width).split("\n")
    assert " ".join(lines[:-2]).split() == SENTENCE.split()
    assert "\n".join(lines[-2:]) == COMMAND


def test_a_long_value_continues_under_its_column() -> None:
    drawn = fit_lines("    prompt    a bottle rises out of the morning mist, then the cap turns", 40)
    assert drawn.split("\n") == [
        "    prompt    a bottle rises out of the",
        "              morning mist, then the cap",
        "              turns",
    ]


def test_what_is_no_terminal_gets_lines_as_they_are() -> None:
    assert fit_lines(SENTENCE * 9, 0) == SENTENCE * 9

"""Problems and errors as text, JSON and GitHub's annotations, whole."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from hailuo_batch.core import rules
from hailuo_batch.core.problem import Place, Problem
from hailuo_batch.errors import InputError
from hailuo_batch.views.fit import fit_lines, measure_text
from hailuo_batch.views.problems import draw_error, draw_problems, github_annotations, problem_dict
from hailuo_batch.views.style import TextStyle

Golden = Callable[[str, str], None]


def problem(text: str = "    length: 8", column: int = 13, **members: Any) -> Problem:
    plain = {
        "rule": rules.SHOT_LENGTH, "why": 'shot "rooftop" asks for 8 s, but minimax renders only 6 s.',
        "remedy": "Did you mean 6?", "path": ("shots", 1, "duration"),
        "place": Place(file="manifests/teaser.yaml", line=14, column=column, text=text),
    }  # fmt: skip
    return Problem(**{**plain, **members})


ALL = (
    problem(),
    problem(rule=replace(rules.CAMERA_CROWDED, id="camera-many", summary="many camera commands"), remedy=""),
    problem(why="first line\nsecond line", remedy="third."),
    problem(place=None, rule=replace(rules.SHOT_LENGTH, id="settings"), why="two lines\nof words."),
    problem(text="", why="an empty line has no caret."),
)


def test_every_problem_has_its_line_a_caret_and_what_to_do(golden: Golden) -> None:
    golden(draw_problems(ALL), "problems.txt")
    golden(draw_problems(ALL, TextStyle(colour=True)).replace("\x1b", "ESC"), "problems_colour.txt")


def test_github_draws_them_beside_the_line(golden: Golden) -> None:
    golden("\n".join(github_annotations(ALL)), "problems_github.txt")


def test_a_file_or_a_word_cannot_break_out_of_an_annotation() -> None:
    place = Place(file="a,line=1::b:%0A.yaml\n::error::x", line=2, column=3)
    (line,) = github_annotations([problem(place=place, why="50%\r\n::stop-commands::now", remedy="")])
    assert line == (
        "::error file=a%2Cline=1%3A%3Ab%3A%250A.yaml�%3A%3Aerror%3A%3Ax,line=2,col=3,"
        "title=length not offered [shot-length]::50%25%0A::stop-commands::now"
    )


def test_the_members_for_programs(golden: Golden) -> None:
    golden(json.dumps([problem_dict(each) for each in (ALL[0], ALL[3])], indent=2), "problems.json")


@pytest.mark.parametrize(
    ("errors", "warnings", "said"),
    [(1, 0, "1 problem."), (2, 0, "2 problems."), (0, 1, "1 warning."), (1, 2, "1 problem and 2 warnings.")],
)
def test_the_last_line_counts(errors: int, warnings: int, said: str) -> None:
    found = [problem()] * errors + [problem(rule=rules.SWITCH)] * warnings
    assert draw_problems(found).splitlines()[-1] == said


@pytest.mark.parametrize(
    ("errors", "warnings", "said"),
    [
        (50, 0, "50 problems shown, 12 more not shown."),
        (1, 0, "1 problem shown, 12 more not shown."),
        (49, 1, "49 problems and 1 warning shown, 12 more not shown."),
    ],
)
def test_the_line_that_says_how_many_more_there_are_is_no_problem(errors: int, warnings: int, said: str) -> None:
    more = problem(rule=rules.MORE, why="12 more problems are not shown; mend these first.")
    found = [*[problem()] * errors, *[problem(rule=rules.SWITCH)] * warnings, more]
    assert draw_problems(found).splitlines()[-1] == said


def test_the_readers_own_count_of_more_is_taken_too() -> None:
    found = [problem(), problem(rule=rules.YAML_MORE, why="1,000 more were found, and the rest was not read.")]
    assert draw_problems(found).splitlines()[-1] == "1 problem shown, 1,000 more not shown."


@pytest.mark.parametrize(
    ("text", "column", "before"),
    [
        ("    length: 8", 13, "        "),
        ("\tlength: 8", 10, "        "),
        ("  prompt: 瓶子 [Pan up]", 14, "             "),  # two letters that fill two columns each
        ("  prompt: e\u0301te\u0301 [x]", 17, "            "),  # accents that fill none
        ("  key:\tvalue", 8, "    \t"),
    ],
)
def test_the_caret_stands_under_what_is_wrong(text: str, column: int, before: str) -> None:
    drawn = draw_problems([problem(text=text, column=column, why="here", remedy="")]).splitlines()
    assert drawn[1] == f"    {text.strip()}"
    assert drawn[2] == f"    {before}^ here"


def test_a_long_line_is_cut_around_the_place() -> None:
    text = "  prompt: " + "a" * 300 + "X" + "b" * 300
    drawn = draw_problems([problem(text=text, column=text.index("X") + 1, why="here", remedy="")]).splitlines()
    assert len(drawn[1]) < 110
    assert drawn[1][drawn[2].index("^")] == "X"


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("place", [0, 30, 59])
def test_the_line_fits_the_terminal_and_the_caret_stays_below_its_place(width: int, place: int) -> None:
    """Wide letters too: a line that the terminal wraps would leave the caret below something else."""
    words = "瓶" * 60
    text = f"  prompt: {words[:place]}X{words[place:]}"
    style = TextStyle(width=width)
    found = draw_problems([problem(text=text, column=text.index("X") + 1, why="here", remedy="")], style)
    lines = fit_lines(found, width).splitlines()
    line, caret = next(pair for pair in pairwise(lines) if "^" in pair[1])
    assert measure_text(line) <= width
    assert measure_text(line[: line.index("X")]) == caret.index("^")


def test_a_place_behind_the_end_of_a_line_is_shown_behind_it() -> None:
    drawn = draw_problems([problem(text="shots:", column=10, why="here", remedy="")]).splitlines()
    assert drawn[2].index("^") == 4 + 9


def test_a_problem_without_words_is_still_drawn() -> None:
    assert draw_problems([problem(why="", remedy="")]).splitlines()[2] == "            ^"


def test_an_error_says_what_why_and_what_to_do(golden: Golden) -> None:
    error = InputError(
        "which manifest?", why="Several are here:\n    a.yaml", remedy="Name one:\n    hailuo-batch plan"
    )
    golden(draw_error(error), "error.txt")
    assert draw_error(InputError("no such file: x")) == "error: no such file: x"
    assert draw_error(InputError("gone"), TextStyle(colour=True)) == "\x1b[31merror:\x1b[0m gone"


def test_a_problem_of_many_places_is_drawn_once_with_their_number() -> None:
    drawn = draw_problems([problem(count=1_045, more_lines=(16, 18)), problem()])
    assert "The same in 1,045 places; next in lines 16, 18." in drawn
    assert drawn.endswith("1,046 problems.")

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.manifest import interpolate as filling
from hailuo_batch.core.manifest.interpolate import (
    MAX_TEXT_LENGTH,
    InterpolationError,
    fill_placeholders,
    quote_text,
    resolve_variables,
    scalar_text,
)

NAMES = {"bottle": "a frosted bottle", "n": "6", "dollar": "$", "brace": "${bottle}"}


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("${bottle} rises", "a frosted bottle rises"),
        ("${bottle}${n}", "a frosted bottle6"),
        ("costs $$5", "costs $5"),
        ("$${bottle}", "${bottle}"),
        ("$$${n}", "$6"),
        ("$$$$", "$$"),
        ("$5 and $bottle", "$5 and $bottle"),
        ("at the end $", "at the end $"),
        ("${brace}", "${bottle}"),
        ("${dollar}{n}", "${n}"),
        ("no names", "no names"),
    ],
)
def test_names_are_filled_in_once_and_two_dollars_are_one(written: str, filled: str) -> None:
    assert fill_placeholders(written, NAMES) == filled


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("${botle}", "name-unknown", 'Did you mean "bottle"?'),
        ("${}", "name-unknown", "neither under vars nor in the matrix"),
        ("${ bottle }", "name-unknown", "Did you mean"),
        ("${nobody}", "name-unknown", "Add it under vars, or write $$ for a dollar sign."),
        ("${bottle", "name-syntax", "Close it, or write $$ for a dollar sign."),
        ("${bottle ${n}", "name-syntax", "Close it"),
        ("${n}" * (MAX_TEXT_LENGTH + 1), "text-long", "longer than 20,000 characters"),
    ],
)
def test_what_cannot_be_filled_in_says_why(written: str, code: str, words: str) -> None:
    with pytest.raises(InterpolationError) as wrong:
        fill_placeholders(written, NAMES)
    problem = wrong.value.to_problem(("vars", "x"))
    assert problem.rule.id == code
    assert words in f"{problem.why} {problem.remedy}"
    assert problem.path == ("vars", "x")


def test_a_text_that_names_a_long_value_a_million_times_stops_while_it_grows() -> None:
    began = time.process_time()
    with pytest.raises(InterpolationError, match="text too long"):
        fill_placeholders("${a}" * 1_000_000, {"a": "x" * MAX_TEXT_LENGTH})
    assert time.process_time() - began < 1


@given(st.text())
def test_a_text_with_its_dollars_doubled_comes_back(words: str) -> None:
    assert fill_placeholders(words.replace("$", "$$"), {}) == words


@given(st.text(max_size=40))
def test_filling_never_raises_anything_else(words: str) -> None:
    with suppress(InterpolationError):
        assert len(fill_placeholders(words, NAMES)) <= MAX_TEXT_LENGTH


def test_variables_use_other_variables_in_any_order() -> None:
    values, problems = resolve_variables({"c": "<${b}>", "b": "[${a}]", "a": "mist", "n": 6, "yes": True, "half": 0.5})
    assert values == {"c": "<[mist]>", "b": "[mist]", "a": "mist", "n": "6", "yes": "true", "half": "0.5"}
    assert list(values) == ["c", "b", "a", "n", "yes", "half"]
    assert problems == ()


def test_a_dollar_in_a_variable_is_not_filled_in_twice() -> None:
    values, problems = resolve_variables({"price": "$$${n}", "n": 5, "words": "only ${price}"})
    assert (values["words"], problems) == ("only $5", ())


def test_an_unknown_name_is_blamed_on_the_variable_that_has_it_and_once() -> None:
    values, (problem,) = resolve_variables({"a": "${b}", "b": "${c}", "c": "${botle}", "bottle": "x"})
    assert problem.path == ("vars", "c")
    assert problem.remedy == 'Did you mean "bottle"?'
    assert values == {"a": "a", "b": "b", "c": "c", "bottle": "x"}


@pytest.mark.parametrize(
    ("raw", "way", "at"),
    [
        ({"me": "${me}"}, "me → me", "me"),
        ({"a": "${b}", "b": "${a}"}, "a → b → a", "a"),
        ({"out": "${a}", "a": "${b}", "b": "${c}", "c": "x ${a}"}, "a → b → c → a", "a"),
    ],
)
def test_a_variable_that_uses_itself_is_told_once_with_its_way(raw: dict[str, str], way: str, at: str) -> None:
    _, (problem,) = resolve_variables(raw)
    assert (problem.rule.id, problem.path) == ("name-cycle", ("vars", at))
    assert problem.why.startswith(f"{way}:")


def test_two_rings_are_two_problems() -> None:
    _, problems = resolve_variables({"a": "${a}", "b": "${c}", "c": "${b}", "d": "${a}${b}"})
    assert [problem.path for problem in problems] == [("vars", "a"), ("vars", "b")]


def test_a_ring_of_a_thousand_is_told_in_a_line() -> None:
    _, (problem,) = resolve_variables({f"v{n}": f"${{v{(n + 1) % 1000}}}" for n in range(1000)})
    assert len(problem.why) < 200


def test_a_chain_of_twenty_thousand_variables_is_filled_in_without_recursion() -> None:
    began = time.process_time()
    chain = {f"v{n}": f"${{v{n + 1}}}" for n in range(20_000)}
    values, problems = resolve_variables({**chain, "v20000": "mist"})
    assert (set(values.values()), problems) == ({"mist"}, ())
    assert time.process_time() - began < 5


def test_a_billion_laughs_end_at_the_first_line_that_is_too_long() -> None:
    began = time.process_time()
    laughs = {"l0": "ha ha ha", **{f"l{n}": f"${{l{n - 1}}}" * 10 for n in range(1, 60)}}
    _, (problem,) = resolve_variables(laughs)
    assert (problem.rule.id, problem.path) == ("text-long", ("vars", "l4"))
    assert time.process_time() - began < 1


def test_variables_that_are_long_together_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "MAX_VARIABLES_LENGTH", 100)
    values, (problem,) = resolve_variables({"long": "x" * 60, **{f"v{n}": "${long}" for n in range(1000)}})
    assert (problem.rule.id, problem.path) == ("text-long", ("vars", "v0"))
    assert "together" in problem.why
    assert len(values) == 1001


names = st.sampled_from("abcdef")
uses = st.lists(names.map(lambda name: f"${{{name}}}") | st.sampled_from(["$$", "mist", "$", "${x}"]), max_size=4)


@given(st.dictionaries(names, uses.map(" ".join), max_size=6))
def test_any_web_of_variables_has_an_end(raw: dict[str, str]) -> None:
    values, problems = resolve_variables(raw)
    assert list(values) == list(raw)
    assert len({(problem.rule.id, problem.path) for problem in problems}) == len(problems)
    if not problems:
        for name, words in raw.items():
            assert values[name] == fill_placeholders(words, values)


@pytest.mark.parametrize(
    ("value", "words"), [(True, "true"), (False, "false"), (6, "6"), (0.5, "0.5"), ("yes", "yes"), ("", "")]
)
def test_a_value_stands_in_a_prompt_as_it_was_written(value: str | int | float | bool, words: str) -> None:
    assert scalar_text(value) == words


def test_words_in_a_message_are_on_one_line_and_short() -> None:
    assert quote_text("a\n  b\tc") == '"a b c"'
    assert quote_text("s\u200b1\u061c\U000e0041") == r'"s\u200b1\u061c\U000e0041"'
    assert len(quote_text("x" * 500)) == 60

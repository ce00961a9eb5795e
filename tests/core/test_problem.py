import time
from collections.abc import Iterator
from difflib import get_close_matches

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.problem import SECRET_NAME, Place, Problem, Suggestions, did_you_mean
from hailuo_batch.core.rules import TYPE


@pytest.mark.parametrize(
    ("word", "known", "hint"),
    [
        ("promt", ["prompt", "frames"], 'Did you mean "prompt"?'),
        ("PROMPT", ["prompt", "frames"], 'Did you mean "prompt"?'),
        ("push in", ["Push in", "Pull out"], 'Did you mean "Push in"?'),
        ("zebra", ["prompt", "frames"], ""),
        ("anything", [], ""),
        ("推近", ["推进"], ""),
    ],
)
def test_a_hint_names_the_nearest_word_in_its_own_spelling(word: str, known: list[str], hint: str) -> None:
    assert did_you_mean(word, known) == hint


def test_the_known_words_may_come_one_by_one() -> None:
    assert did_you_mean("promt", (word for word in ["frames", "prompt"])) == 'Did you mean "prompt"?'


@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=10))
def test_a_hint_is_nothing_or_a_known_word(word: str, known: list[str]) -> None:
    assert did_you_mean(word, known) in {"", *(f'Did you mean "{each}"?' for each in known)}


def test_a_word_as_long_as_a_book_is_compared_with_nothing() -> None:
    began = time.process_time()
    assert did_you_mean("a" * 1_000_000, ["prompt", "b" * 1_000_000]) == ""
    assert time.process_time() - began < 1


def test_the_nearest_of_many_words_is_found_without_comparing_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [f"take-{number}.png" for number in range(5_000)]
    compared: list[int] = []

    def count(word: str, names: list[str], n: int, cutoff: float) -> list[str]:
        compared.append(len(names))
        return get_close_matches(word, names, n, cutoff)

    monkeypatch.setattr("hailuo_batch.core.problem.get_close_matches", count)
    assert did_you_mean("tkae-4321.png", known) == 'Did you mean "take-4321.png"?'
    assert compared == [20]


def test_hints_of_one_file_are_searched_once_a_word_and_not_for_ever() -> None:
    suggestions, asked = Suggestions(), list[int]()

    def words() -> Iterator[str]:
        asked.append(1)
        yield "prompt"

    hints = [suggestions.suggest(f"promt{number}", words()) for number in [*range(100), 0, 99]]
    assert (hints[0], hints[49], hints[50], hints[100], hints[101]) == (hints[0], hints[0], "", hints[0], "")
    assert (hints[0], len(asked)) == ('Did you mean "prompt"?', 50)


def test_a_problem_can_be_given_a_place_and_keeps_the_rest() -> None:
    problem = Problem(rule=TYPE, why="it is 5.", path=("shots", 0))
    place = Place(file="teaser.yaml", line=14, column=13)
    assert problem.with_place(place).place == place
    assert problem.with_place(place).with_place(None) == problem


@pytest.mark.parametrize(
    "name", ["api_key", "API-KEY", "GCCAI_API_KEY", "token", "client_secret", "Password", "apikey"]
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert SECRET_NAME.search(name)


@pytest.mark.parametrize("name", ["prompt", "key", "keyframe", "tok", "campaign"])
def test_plain_names_are_no_secrets(name: str) -> None:
    assert not SECRET_NAME.search(name)

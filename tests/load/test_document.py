"""Every trap is compared whole: place, fixed words, why and remedy. The last tests hold for any bytes."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yaml_samples import YAMLISH, counted, read, shown, tree
from yaml_traps import TRAPS

from hailuo_batch.core.problem import Severity


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_is_named_with_its_place_its_reason_and_its_remedy(trap: str) -> None:
    source, *expected = TRAPS[trap]
    assert [shown(problem) for problem in read(source).problems] == [tuple(expected)]


@pytest.mark.parametrize("trap", TRAPS)
def test_the_slow_parser_names_a_trap_by_the_same_words(trap: str, slow_parser: None) -> None:
    source, words, *_ = TRAPS[trap]
    assert [shown(problem)[0] for problem in read(source).problems] == [words]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_problem_shows_the_line_it_is_in_and_names_the_file(trap: str) -> None:
    source, *_ = TRAPS[trap]
    whole = source if isinstance(source, str) else source.decode(errors="replace")
    (problem,) = read(source).problems
    assert problem.place is not None
    assert problem.place.file == "x.yaml"
    assert problem.place.text in (whole.split("\n")[problem.place.line - 1], "")
    assert problem.place.column <= len(problem.place.text) + 1


def test_problems_that_do_not_hinder_reading_are_shown_together_in_the_order_of_the_file() -> None:
    found = read("a: 1\nid: 010\na: 2\nb: [.inf, {c: 1, c: 2}]\n2: x\n")
    assert [shown(problem)[0] for problem in found.problems] == [
        "2:5 number with a leading zero [yaml-number]",
        "3:1 key written twice [yaml-duplicate-key]",
        "4:5 not a number [yaml-number]",
        "4:18 key written twice [yaml-duplicate-key]",
        "5:1 key is not text [yaml-key]",
    ]
    assert [problem.path for problem in found.problems] == [("id",), ("a",), ("b", 0), ("b", 1, "c"), ("2",)]


def test_a_tree_is_kept_where_every_value_could_be_read() -> None:
    assert read("a: 010\nb: -007\n").tree == {"a": 10, "b": -7}
    assert read("a: 1\na: 2\n").tree == {"a": 2}
    assert read("a: .inf\n").tree is None
    assert read("a: *b\n").tree is None
    assert read("a: 1\nb: c: d\n").tree is None


def test_a_mark_that_nothing_uses_is_a_warning_for_it_may_have_been_text() -> None:
    found = read("prompt: &more light\n")
    assert found.tree == {"prompt": "light"}
    assert [problem.severity for problem in found.problems] == [Severity.WARNING]
    assert tree("a: &x 1\nb: *x\n") == {"a": 1, "b": 1}
    assert tree("a: &x {b: 1}\n") == {"a": {"b": 1}}


def test_a_byte_order_mark_is_no_part_of_the_first_key_and_moves_no_column() -> None:
    assert tree(b"\xef\xbb\xbfa: 1\n") == {"a": 1}
    assert [shown(problem)[0] for problem in read(b"\xef\xbb\xbfa: b: c\n").problems] == [
        "1:5 second colon in a line [yaml-syntax]"
    ]


def test_a_good_file_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    tree("a: [1, 2]\nb: {c: d}\n")
    assert len(events) == 2 + 2 + 2 + 4 + 1 + 4 + 1  # stream, document, top, a: [1, 2], b: {c: d}


@given(st.binary(max_size=80) | YAMLISH.map(str.encode))
def test_no_bytes_raise_and_every_problem_has_its_place(data: bytes) -> None:
    found = read(data)
    assert all(problem.place is not None for problem in found.problems)
    assert found.tree is not None or found.problems


@given(st.binary(max_size=80) | YAMLISH.map(str.encode))
def test_no_bytes_raise_in_the_slow_parser_either(data: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delattr(yaml, "CSafeLoader")
        found = read(data)
    assert all(problem.place is not None for problem in found.problems)
    assert found.tree is not None or found.problems

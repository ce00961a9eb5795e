"""Bytes that are no text at all; most of their words are in `yaml_traps.py`."""

import pytest
from yaml_samples import counted, read, shown, tree

from hailuo_batch.load.yaml.encoding import MAX_BYTES


def test_a_file_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    found = read(b" " * (MAX_BYTES + 1))
    assert [shown(problem) for problem in found.problems] == [
        (
            "1:1 file too large [yaml-size]",
            "The file has 67,108,865 bytes; more than 67,108,864 are not read.",
            "Split it into several files.",
        )
    ]
    assert not events


def test_signs_like_those_of_a_merge_inside_a_text_are_text() -> None:
    assert tree("# =======\na: '<<<<<<< x'\nb: |\n  =======\n  >>>>>>> y\n") == {
        "a": "<<<<<<< x",
        "b": "=======\n>>>>>>> y\n",
    }
    assert tree("a: ========\n") == {"a": "========"}


def test_a_merge_is_seen_under_any_end_of_line_and_alone() -> None:
    for text in ("a: 1\r\n=======\r\nb: 2\r\n", "<<<<<<< HEAD\na: 1\n", "\ufeffa: 1\n>>>>>>>"):
        assert [problem.rule.id for problem in read(text).problems] == ["yaml-merge"]

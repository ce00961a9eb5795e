"""Short ways to read a YAML text in a test, and texts of any kind."""

import string
from typing import Any

import pytest
import yaml
from hypothesis import strategies as st

from hailuo_batch.core.problem import Problem
from hailuo_batch.load.document import Document, read_document

LETTERS = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff", max_codepoint=0x1FFFF
)
TEXTS = st.text(LETTERS, max_size=20) | st.text(string.printable, max_size=20)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)
TREES = st.dictionaries(TEXTS, VALUES, max_size=5)
YAMLISH = st.text(
    st.sampled_from("ab01 \n\n\t\r:-?[]{},&*!|>'\"%@`#<~.\\\u00e9\U0001f600\u2028\x00\ufeff"), max_size=60
)


def read(source: str | bytes) -> Document:
    return read_document(source if isinstance(source, bytes) else source.encode(), name="x.yaml")


def tree(source: str | bytes) -> Any:
    read_whole = read(source)
    assert read_whole.problems == ()
    return read_whole.tree


def shown(problem: Problem) -> tuple[str, str, str]:
    assert problem.place is not None
    where = f"{problem.place.line}:{problem.place.column}"
    return f"{where} {problem.summary} [{problem.rule.id}]", problem.why, problem.remedy


def codes(source: str | bytes) -> list[str]:
    return [problem.rule.id for problem in read(source).problems]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every event that is taken from the reader from now on."""
    taken: list[Any] = []

    class Counting(yaml.CSafeLoader):
        def get_event(self) -> Any:
            event = super().get_event()
            if event is not None:
                taken.append(event)
            return event

    monkeypatch.setattr(yaml, "CSafeLoader", Counting)
    return taken

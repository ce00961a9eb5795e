"""Aliases cannot make a small file large."""

import pytest
from yaml_samples import codes, read, shown

from hailuo_batch.load.yaml import alias_limits


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    links = "".join(f"k{i}: &a{i + 1} [[[[[[[[[[*a{i}]]]]]]]]]]\n" for i in range(50))
    assert [shown(problem)[0] for problem in read("k: &a0 [1]\n" + links).problems] == [
        "8:19 nested too deep [yaml-depth]"
    ]


def test_an_alias_bomb_is_refused_before_anything_walks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[object] = []
    weight = alias_limits._node_weight

    def weighing(value: object) -> int:
        weighed.append(value)
        return weight(value)

    monkeypatch.setattr(alias_limits, "_node_weight", weighing)
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert [shown(problem)[:2] for problem in read("\n".join(lines)).problems] == [
        (
            "6:45 aliases add too much [yaml-alias]",
            "The aliases up to here add more than 1,000,000 values to the file.",
        )
    ]
    assert len(weighed) < 100


def test_long_texts_count_as_several_values_when_aliases_copy_them() -> None:
    assert codes("a: &a " + "x" * 100_000 + "\nb:\n" + "- *a\n" * 3000) == ["yaml-alias"]
    assert codes("a: &a " + "x" * 100 + "\nb:\n" + "- *a\n" * 3000) == []

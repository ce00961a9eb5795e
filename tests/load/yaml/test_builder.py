"""What a file says: values as YAML 1.2 has them, whatever stands around them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from yaml_samples import TREES, codes, counted, tree

from hailuo_batch.load.yaml.scalars import parse_plain_scalar


def test_words_that_other_readers_take_for_something_else_stay_text() -> None:
    words = ["no", "yes", "on", "off", "y", "9:16", "12:30", "2026-01-01", "1_000", "0b1", "0o8", "1,5", "="]
    assert tree("a: 1\nb:\n" + "".join(f"- {word}\n" for word in words))["b"] == words
    assert tree("no: 1\non: 2\n9:16: 3\n") == {"no": 1, "on": 2, "9:16": 3}


def test_texts_are_exactly_what_yaml_says() -> None:
    source = "a: |\n  one\n   two\n\n  three\nb: >-\n  folded\n  text\n\n  end\nc: over\n  two lines\nd: 'it''s'\n"
    source += 'e: "tab\\t \\u00e9 \\\n  joined"\nf: |+\n  kept\n\n'
    expected = {
        "a": "one\n two\n\nthree\n",
        "b": "folded text\nend",
        "c": "over two lines",
        "d": "it's",
        "e": "tab\t \u00e9 joined",
        "f": "kept\n\n",
    }
    assert tree(source) == expected
    assert tree(source.replace("\n", "\r\n")) == expected


def test_explicit_tags_of_plain_data_are_honoured() -> None:
    source = 'a: [!!str 1, !!int "2", !!float 3, !!bool "true", !!null "", ! 4, !!str , !!seq [], !!map {}]'
    assert repr(tree(source)["a"]) == "['1', 2, 3.0, True, None, '4', '', [], {}]"


def test_merge_keys_take_over_what_a_mapping_does_not_have_itself() -> None:
    marks = "one: &one {a: 1, b: 1}\ntwo: &two {b: 2, c: 2}\n"
    assert tree(marks + "it: {<<: *one, a: 3}")["it"] == {"a": 3, "b": 1}
    assert tree(marks + "it: {a: 3, <<: [*one, *two, {d: 4}]}")["it"] == {"a": 3, "b": 1, "c": 2, "d": 4}
    assert tree(marks + "it: {<<: {<<: *two, b: 5}}")["it"] == {"b": 5, "c": 2}
    assert tree('it: {"<<": 1, a: <<}')["it"] == {"<<": 1, "a": "<<"}


def test_an_alias_means_the_last_mark_of_that_name_before_it() -> None:
    assert tree("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}
    assert tree("a: &x [&x 1, *x]\nb: *x\n") == {"a": [1, 1], "b": 1}
    assert tree("a: &x b\n*x : c\n") == {"a": "b", "b": "c"}


def test_nesting_is_stopped_at_its_start_however_deep_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    for source in ("a: " + "[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000):
        assert codes(source) == ["yaml-depth"]
    assert len(events) < 4 * 200


def test_sixty_four_levels_are_read() -> None:
    assert tree("a: " + "[" * 63 + "]" * 63)
    assert codes("a: " + "[" * 64 + "]" * 64) == ["yaml-depth"]


@pytest.mark.parametrize("digits", ["1" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "1e" + "9" * 5000, "0" * 5000])
def test_thousands_of_digits_are_a_problem_and_no_exception(digits: str) -> None:
    assert codes(f"a: {digits}\n") == ["yaml-number"]


@given(TREES)
def test_json_is_read_as_what_it_says(value: dict[str, Any]) -> None:
    assert repr(tree(json.dumps(value, ensure_ascii=False))) == repr(value)
    assert repr(tree(json.dumps(value, ensure_ascii=False, indent=2))) == repr(value)


@given(TREES)
def test_plain_data_is_read_as_other_readers_do(value: dict[str, Any]) -> None:
    source = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    if any(read_otherwise(text) for text in texts_of(value)):
        return
    assert repr(tree(source)) == repr(yaml.load(source, yaml.CSafeLoader)) == repr(value)


def read_otherwise(text: str) -> bool:
    """Whether YAML 1.2 takes for a number what 1.1 takes for text (`1e3`, `08`)."""
    return parse_plain_scalar(text) != text and isinstance(yaml.safe_load(yaml.safe_dump({"a": text}))["a"], str)


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_of(inner)

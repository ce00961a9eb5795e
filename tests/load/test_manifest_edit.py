"""Single values changed in a text that people wrote: whatever the value and its surroundings, only it changes."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hailuo_batch.core.sheet.changes import ShotEdit
from hailuo_batch.core.sheet.table import TableRow
from hailuo_batch.load.document import read_document
from hailuo_batch.load.manifest_edit import ManifestEdit, edit_manifest
from hailuo_batch.load.yaml.render import render_lines, render_text, render_value
from hailuo_batch.load.yaml.spans import read_spans

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
ROW = TableRow(number=2, cells=())


def edited(text: str, values: dict[tuple[str, ...], Any]) -> str:
    edit = ShotEdit(row=ROW, id="a", entry=0, values=values, after=values)
    data, refused = edit_manifest(text.encode(), ManifestEdit(changed=[edit]))
    assert refused == {}
    return data.decode()


def tree_of(text: str) -> Any:
    document = read_document(text.encode(), name="film.yaml")
    assert document.tree is not None, document.problems
    return document.tree


WRITTEN = [
    "plain words",
    "'single'",
    '"double"',
    "|\n      a block\n",
    ">-\n      a folded\n      block\n",
    "",
    "*x",
    "[a, b]",
]
AROUND = {
    "block": "x: &x words\nshots:\n  # above\n  - id: a\n    prompt: {}{}\n    # below\n    notes: n\n  - id: b\n",
    "last": "x: &x words\nshots:\n  - id: a\n    prompt: {}{}\n",
    "flow": "x: &x words\nshots: [{{id: a, prompt: {}, notes: n}}] # behind\n",
}


@settings(max_examples=150, deadline=None)
@given(
    value=TEXTS,
    written=st.sampled_from(WRITTEN),
    around=st.sampled_from(sorted(AROUND)),
    comment=st.sampled_from(["", " # c"]),
)
def test_only_the_value_changes_and_it_reads_as_it_was_given(
    value: str, written: str, around: str, comment: str
) -> None:
    if around == "flow" and written.startswith(("|", ">")):
        return
    comment = "" if "\n" in written else comment
    text = AROUND[around].format(written, comment) if around != "flow" else AROUND[around].format(written)
    after = edited(text, {("prompt",): value})
    before_tree, tree = tree_of(text), tree_of(after)
    assert tree["shots"][0]["prompt"] == value
    before_tree["shots"][0]["prompt"] = value
    assert tree == before_tree
    for line in ("# above", "# below", "# behind", comment.strip()):
        assert (line in after) is (line in text)


@given(value=TEXTS)
def test_any_text_reads_as_it_was_given(value: str) -> None:
    for style in ("", "'", '"'):
        assert tree_of(f"a: {render_text(value, style=style)}\n") == {"a": value}
        assert tree_of(f"a: [{render_text(value, style=style, flow=True)}]\n") == {"a": [value]}
    if (lines := render_lines(value, 2)) is not None:
        assert tree_of(f"a: {lines}\nb: x\n") == {"a": value, "b": "x"}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Decimal("3.50"), "3.5"),
        (True, "true"),
        (None, "null"),
        ("no", '"no"'),
        ("010", '"010"'),
        ("1080p", "1080p"),
        ("${cap}", '"${cap}"'),
        ("Möwe über See", "Möwe über See"),
        ({"a": ["b", "c: d"]}, '{a: [b, "c: d"]}'),
    ],
)
def test_a_value_is_written_as_everybody_reads_it(value: object, words: str) -> None:
    assert render_value(value) == words


@pytest.mark.parametrize("text", [AROUND["block"].format("é\U0001f600 words", " # \U0001f600"), "a: {b: [é, 'c']}\n"])
def test_a_span_is_what_was_written(text: str) -> None:
    todo = [read_spans(text.encode(), text)]
    found = []
    while todo:
        span = todo.pop()
        todo += [*span.keys, *span.items]
        found.append(text[span.start : span.end])
    assert "é\U0001f600 words" in found or "[é, 'c']" in found


REMOVED = [
    ("{id: a, prompt: x, notes: y}", ["prompt"], "{id: a, notes: y}"),
    ("{id: a, prompt: x, notes: y}", ["notes", "prompt"], "{id: a}"),
    ("{prompt: x, id: a}", ["prompt"], "{id: a}"),
]


@pytest.mark.parametrize(("entry", "keys", "after"), REMOVED)
def test_a_key_of_a_flow_mapping_goes_with_its_comma(entry: str, keys: list[str], after: str) -> None:
    assert edited(f"shots:\n  - {entry} # c\n", {(key,): None for key in keys}) == f"shots:\n  - {after} # c\n"


def test_the_first_key_behind_a_dash_gives_its_place_to_the_next() -> None:
    text = "shots:\n- prompt: x # c\n  id: a\n- id: b\n"
    assert edited(text, {("prompt",): None}) == "shots:\n- id: a\n- id: b\n"

"""The quick way through a long file says what the parser says of the whole, or nothing."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import hailuo_batch.load.document as document
import hailuo_batch.load.yaml.plain_lists as plain_lists
from hailuo_batch.core import rules
from hailuo_batch.load.yaml.encoding import find_unreadable_bytes
from hailuo_batch.load.yaml.plain_lists import read_plain_list

HEAD = "version: 1\ndefaults: {duration: 1.50}\nshots:\n"
PLAIN = [
    "  - id: open",
    "  - id: t-1  ",
    "    prompt: \"take 1: a bottle # in 'mist'\"  ",
    "    prompt: 'a \"bottle\": # in mist'",
    "    prompt: a bottle: in mist",
    "    prompt: ${bottle} rises, [Push in] at http://a.b/c:8",
    "    prompt: ein Fläschchen 瓶子",
    "    duration: 6",
    "    takes: 3",
    "    tags: [hero, client:acme]",
    "    frames: {first: {shot: open, frame: last}}",
    "    style: null",
    "    free: true",
    "    # a comment",
    "",
]
ODD = [
    "  -",
    "  - {id: a, prompt: b}",
    "  - text",
    "  -  id: wide",
    "   - id: shifted",
    "- id: left",
    "    prompt: a bottle # cut",
    "    prompt: a bottle #hash",
    "    prompt: ends with:",
    "    prompt: ends blank ",
    "    prompt: ",
    "    prompt:",
    "    prompt: >-",
    "    prompt: |+",
    "      folded: line",
    "      - deeper",
    '    prompt: "opened',
    '      closed"',
    "    prompt: 'opened",
    "      it''s closed'",
    '    prompt: "a \\" b"',
    "    prompt: [opened,",
    "      closed]",
    "    tags: [*mark]",
    "    tags: &mark [a]",
    "    tags: *mark",
    "    price: 1.50",
    "    duration: 010",
    "    duration: 1_0",
    "    size: 9:16",
    "    nothing: ~",
    "    null: key",
    "    true: key",
    "    <<: {a: b}",
    "    id: twice",
    "    ? complex",
    "    : value",
    "    \tprompt: tab",
    "    prompt: a\tb",
    "    deep: [[[[[[[[[[a]]]]]]]]]]",
    "  # left comment",
    "music: after",
    "---",
    "...",
    "%YAML 1.1",
]


def read_both(text: str) -> tuple[Any, Any]:
    data = text.encode()
    quick = read_plain_list(data, lambda path: path[-1:] == ("size",))
    whole = document.read_document(data, name="film.yaml", keeps_text=lambda path: path[-1:] == ("size",))
    return quick, whole


@given(
    st.lists(st.sampled_from([*PLAIN, *PLAIN, *ODD]), max_size=12).map("\n".join), st.sampled_from(["", "\n", "\n\n"])
)
@example('  - id: a\n    prompt: "opened\n  - id: b"\n', "")
@example("  - id: a\n    prompt: >+\n\n  - id: b\n", "")
@example("  - id: a\nmusic: after\n", "")
@example("  - id: a\n    prompt: |\n      text", "")
def test_what_is_read_quickly_is_what_the_parser_reads(lines: str, end: str) -> None:
    quick, whole = read_both(HEAD + "  - id: first\n" + lines + end)
    if quick is not None:
        assert (repr(quick[0]), quick[1]) == (repr(whole.tree), whole.written)
        assert {each.rule for each in whole.problems} <= {rules.YAML_COMMENT}


@given(st.data())
def test_an_edit_anywhere_is_read_as_the_parser_reads_it(data: st.DataObject) -> None:
    text = HEAD + "\n".join(PLAIN) + "\n"
    at = data.draw(st.integers(0, len(text)))
    edit = data.draw(
        st.sampled_from([*"\"'[]{}#&*!|>:-%\t\n\r ,?@`~.0", ": ", " #", "\n  ", "\x85", "\u2028", "\x00", "\ufeff"])
    )
    changed = text[:at] + edit + text[at + data.draw(st.integers(0, 2)) :]
    if find_unreadable_bytes(changed.encode(), changed.encode()) is None:
        quick, whole = read_both(changed)
        assert quick is None or (repr(quick[0]), quick[1]) == (repr(whole.tree), whole.written)


def test_plain_entries_and_others_side_by_side_are_read_quickly() -> None:
    folded = "    prompt: >-\n      folded\n      text\n"
    text = f'{HEAD}  - id: a\n    prompt: "a: b"\n  - id: b\n{folded}  - id: c\n    duration: 6\n'
    quick, whole = read_both(text)
    assert quick is not None
    assert quick[0] == whole.tree
    assert quick[1] == {("defaults", "duration"): "1.50"}


def test_a_long_file_goes_the_quick_way_and_a_short_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []
    monkeypatch.setattr(plain_lists, "read_plain_list", lambda payload, _: tried.append(len(payload)))
    for shots in (1, 6_000):
        data = (HEAD + "  - id: a\n    prompt: b\n" * shots).encode()
        assert document.read_document(data, name="film.yaml").tree is not None, "what is in doubt is read as a whole"
    assert tried == [len(data)]


@pytest.mark.parametrize(
    "file", sorted(Path(__file__).parents[3].joinpath("manifests").rglob("*.yaml")), ids=lambda file: file.name
)
def test_each_example_is_read_the_same(file: Path) -> None:
    quick, whole = read_both(file.read_text())
    assert quick is None or (repr(quick[0]), quick[1]) == (repr(whole.tree), whole.written)

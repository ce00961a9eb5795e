"""Changed entries found by bytes: the short way gives what reading the whole gives, whatever was edited."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hailuo_batch.load.changed_shots import ChangedShots, find_changed_shots
from hailuo_batch.load.document import read_document

HEAD = "version: 1\ncampaign: aurora\nstyles: {warm: {suffix: ', warm'}}\nshots:\n"
ENTRIES = [
    "  - id: a\n    prompt: mist\n",
    '  - {id: b, prompt: "the cap turns"}\n',
    "  # by hand\n  - id: c\n    prompt: |\n      two lines\n      - no entry\n    tags:\n    - hero\n",
    "  - id: d\n    prompt: mist again\n\n",
    "  - id: e\n    prompt: >-\n      folded\n",
    "  - id: f\n    prompt: 'don''t'\n",
]
TAIL = "defaults: {duration: 6}\n"
TEXT = HEAD + "".join(ENTRIES)


def entries(data: bytes) -> list[Any] | None:
    """The shots of a good manifest; None for one with any problem."""
    document = read_document(data, name="film.yaml")
    tree: Any = document.tree
    return None if document.problems or not isinstance(tree.get("shots"), list) else tree["shots"]


def change(before: str, now: str) -> ChangedShots | None:
    count = len(entries(before.encode()) or ())
    return find_changed_shots(before.encode(), now.encode(), entries=count)


def check(before: str, now: str) -> bool:
    """Whether the short way is taken; then it has to give what the whole gives."""
    old = entries(before.encode())
    found = change(before, now)
    if found is None or old is None:
        return False
    mine = [entries(part.data) for part in (found.before, found.now)]
    if None in mine:
        return False  # whoever reads the part sees the problem, and reads the whole
    was, became = mine
    assert was is not None
    assert became is not None
    if found.has_last:
        assert was.pop() == became.pop() == old[-1]
    rest = found.first + len(was)
    assert was == old[found.first : rest]
    whole = read_document(now.encode(), name="film.yaml")
    first: Any = read_document(before.encode(), name="film.yaml").tree
    assert not whole.problems
    assert isinstance(whole.tree, dict)
    assert whole.tree == {**first, "shots": [*old[: found.first], *became, *old[rest:]]}
    assert list(whole.tree) == list(first)
    for part in (found.before, found.now):
        tree: Any = read_document(part.data, name="film.yaml").tree
        assert {**tree, "shots": 0} == {**first, "shots": 0}
    return True


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prompt: mist again", "prompt: fog"),
        ("  - id: d\n", "  - id: x\n    prompt: new\n  - id: d\n"),
        ("  - id: d\n    prompt: mist again\n\n", ""),
        ("the cap turns", "the cap [burns], #1"),
        ("      two lines\n", "      one\n\n      - more\n"),
        ("prompt: 'don''t'\n", "prompt: do\n    notes: last\n"),
        ("prompt: 'don''t'\n", "prompt: do\n  - id: g\n    prompt: appended\n"),
        ("  - id: a\n    prompt: mist\n", "  - id: a\n    prompt: first\n"),
        ("  # by hand\n", "  # by another hand\n"),
    ],
)
def test_an_edit_of_whole_entries_is_found(old: str, new: str):
    assert TEXT.count(old) == 1
    assert check(TEXT, TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("campaign: aurora", "campaign: borealis"),
        ("shots:\n", "shots: # all\n"),
        ("the cap turns", 'the cap" turns'),
        ("prompt: mist again", 'prompt: "mist again'),
        ("prompt: mist again", "prompt: &m mist again"),
        ("prompt: mist again", "prompt: *m"),
        ("  - id: d", " - id: d"),
        ("  - id: d", "    - id: d"),
        ("  - id: d", "  -\n    id: d"),
        ("  - id: d", "  - # who\n    id: d"),
        ("  - id: d", "defaults: {duration: 6}\n  - id: d"),
        ("  - id: d", "---\n  - id: d"),
        ("  - id: d", "...\n  - id: d"),
        ("prompt: 'don''t'\n", "prompt: do\ndefaults: {duration: 6}\n"),
        ("prompt: mist again\n", "prompt: mist again\ndefaults: {duration: 6}\n"),
        ("prompt: mist again\n", "prompt: {a: [\n"),
        ("version", "\ufeffversion"),
    ],
)
def test_what_may_reach_further_is_read_as_a_whole(old: str, new: str):
    assert TEXT.count(old) == 1
    assert not check(TEXT, TEXT.replace(old, new))


@pytest.mark.parametrize(
    "before",
    [
        TEXT.replace("prompt: mist again", 'prompt: "mist\n  - again"'),  # a text that looks like an entry
        TEXT.replace("  - id: d", "  -\n    id: d"),
        TEXT.replace("prompt: mist again", 'prompt: "mist\n  - again"').replace("  - id: d", "  -\tid: d"),
        TEXT.replace("prompt: mist again", 'prompt: "mist\n  - again"').replace("hero\n", "hero\r"),
        TEXT + "sequences:\n  - id: one\n",
        HEAD.replace("shots:", "notes: |\n  x\nshots:").replace(
            "campaign", '"shots":\n  - id: z\n    prompt: y\ncampaign'
        ),
        TEXT.replace("\n", "\r\n"),
    ],
)
def test_a_file_whose_entries_are_not_what_their_lines_say_is_read_as_a_whole(before: str):
    assert change(before, before.replace("prompt: mist", "prompt: fog", 1)) is None


@pytest.mark.parametrize("tail", ["", TAIL, f"# what follows\n\n{TAIL}", f'"x-a": |\n  text\n{TAIL}'])
def test_keys_behind_the_list_stay_as_they_are(tail: str):
    assert check(TEXT + tail, (TEXT + tail).replace("mist again", "fog"))
    found = change(TEXT + tail, (TEXT + tail).replace("mist again", "fog"))
    assert found is not None
    assert not found.has_last
    assert b"folded" not in found.now.data


def test_keys_behind_the_last_entry_are_in_doubt():
    assert not check(TEXT + TAIL, (TEXT + TAIL).replace("don''t", "do"))  # no entry follows that would prove the end


HOSTILE = [
    '"', "'", "\n", "  - ", "- ", "    ", "#", " #", ": ", "|\n", ">\n", "&a ", "*a", "{", "}", "[", "]", "---\n",
    "...\n", "%TAG ! x\n", "\t", "\r", "\ufeff", "\u2028", "\x85", "!!str ", "<<: ", "? ", "id: z", "shots:\n", "-\n",
    "  - id: z\n", "    prompt: z\n", "\\", ",", "~", "é",
]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from([TEXT, TEXT + TAIL, TEXT.replace("\n  ", "\n").replace("\n    ", "\n  ")]),
    st.integers(0, len(TEXT)),
    st.integers(0, 40),
    st.lists(st.sampled_from([*HOSTILE, *ENTRIES]), max_size=4).map("".join),
)
@example(TEXT, len(HEAD), 0, "")
def test_whatever_is_edited_the_short_way_gives_what_the_whole_gives(text: str, at: int, gone: int, added: str):
    check(text, text[:at] + added + text[at + gone :])


@settings(max_examples=100, deadline=None)
@given(st.permutations(ENTRIES), st.permutations(ENTRIES), st.integers(0, 6), st.integers(0, 6))
def test_moved_entries_are_found_in_their_new_order(one: list[str], other: list[str], some: int, more: int):
    check(HEAD + "".join(one[:some]), HEAD + "".join(other[:more]))

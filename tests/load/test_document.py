"""Every trap is compared whole: place, fixed words, why and remedy. The last tests hold for any document."""

import json
import string
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.core.problem import Path, Place, Problem, Severity
from hailuo_batch.load import document
from hailuo_batch.load.document import Document, locate, read_document
from hailuo_batch.load.scalars import plain

# Name: what a user wrote, place with fixed words, why, remedy.
TRAPS: dict[str, tuple[str | bytes, str, str, str]] = {
    "a camera command in brackets before a text": (
        "shots:\n  - prompt: [Push in] the cap turns\n",
        "2:13 text after a list [yaml-syntax]",
        "A value that starts with [ is read as a list, and after its end stands: the cap turns",
        'Put the whole value in quotes: prompt: "[Push in] the cap turns"',
    ),
    "the same with quotes in the text": (
        'prompt: [Push in] the "cap" turns\n',
        "1:9 text after a list [yaml-syntax]",
        'A value that starts with [ is read as a list, and after its end stands: the "cap" turns',
        "Put the whole value in quotes: prompt: '[Push in] the \"cap\" turns'",
    ),
    "the same in a list": (
        "- [Push in] the cap turns\n",
        "1:3 text after a list [yaml-syntax]",
        "A value that starts with [ is read as a list, and after its end stands: the cap turns",
        'Put the whole value in quotes: - "[Push in] the cap turns"',
    ),
    "the same inside braces": (
        "a: {prompt: [Push in] the cap}\n",
        "1:13 text after a list [yaml-syntax]",
        "A value that starts with [ is read as a list, and after its end stands: the cap}",
        "Write a comma between the two, or put the whole value in quotes.",
    ),
    "the same with a comment": (
        "prompt: [Push in] the cap # close\n",
        "1:9 text after a list [yaml-syntax]",
        "A value that starts with [ is read as a list, and after its end stands: the cap # close",
        "Put the whole value in quotes.",
    ),
    "the same over two lines": (
        "prompt: [Push in] the cap\n  turns\n",
        "1:9 text after a list [yaml-syntax]",
        "A value that starts with [ is read as a list, and after its end stands: the cap",
        "Put the whole value in quotes.",
    ),
    "braces before a text": (
        "prompt: {hero} turns\n",
        "1:9 text after a mapping [yaml-syntax]",
        "A value that starts with { is read as a mapping, and after its end stands: turns",
        'Put the whole value in quotes: prompt: "{hero} turns"',
    ),
    "a colon in a text": (
        "prompt: a bottle: it turns\n",
        "1:17 second colon in a line [yaml-syntax]",
        "A colon with a space after it begins a value, and a value has begun already.",
        'Put the whole value in quotes: prompt: "a bottle: it turns"',
    ),
    "a colon after brackets": (
        "prompt: it is [Push in]: so\n",
        "1:24 second colon in a line [yaml-syntax]",
        "A colon with a space after it begins a value, and a value has begun already.",
        'Put the whole value in quotes: prompt: "it is [Push in]: so"',
    ),
    "a star before a text": (
        "prompt: *hero turns\n",
        "1:9 text after an alias [yaml-syntax]",
        "*hero is read as an alias, which is a whole value, and after it stands: turns",
        'Put the whole value in quotes: prompt: "*hero turns"',
    ),
    "a star and nothing more": (
        "prompt: *hero\n",
        "1:9 anchor not known [yaml-alias]",
        "*hero stands for a value marked &hero, and no value before it is marked so.",
        "If it is text, put quotes around the whole value; if not, mark the value it stands for with &hero.",
    ),
    "a star and a space": (
        "prompt: * hero\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with * unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "* hero"',
    ),
    "an ampersand before a text": (
        "prompt: &more light\n",
        "1:9 mark never used [yaml-alias]",
        "&more is read as a mark for an alias, not as part of the text, and no *more follows.",
        "If it is text, put quotes around the whole value; if not, take the mark away.",
    ),
    "an ampersand and a space": (
        "prompt: & more\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with & unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "& more"',
    ),
    "an exclamation mark before a text": (
        "prompt: !wow it turns\n",
        "1:9 tag not known [yaml-tag]",
        "!wow is read as a tag. Known here are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map.",
        "Take the tag away, or put quotes around the whole value if it is text.",
    ),
    "a broken tag": (
        "prompt: !<wow it turns\n",
        "1:9 tag not known [yaml-tag]",
        "A value that starts with ! is read as a tag, and this is none.",
        'Put the whole value in quotes: prompt: "!<wow it turns"',
    ),
    "a percent sign before a text": (
        "prompt: 50 and\nother: %50\n",
        "2:8 text starts with a sign [yaml-syntax]",
        "Text cannot start with % unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: other: "%50"',
    ),
    "an at sign before a text": (
        "prompt: @home\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with @ unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "@home"',
    ),
    "a backtick before a text": (
        "prompt: `code`\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with ` unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "`code`"',
    ),
    "a dash before a text": (
        "prompt: - cap\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with - unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "- cap"',
    ),
    "a bar before a text": (
        "prompt: |cap turns\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with | unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "|cap turns"',
    ),
    "a closing bracket first": (
        "prompt: ]cap\n",
        "1:9 text starts with a sign [yaml-syntax]",
        "Text cannot start with ] unless it stands in quotes: YAML keeps this sign for itself.",
        'Put the whole value in quotes: prompt: "]cap"',
    ),
    "a double quote never closed": (
        'a: 1\nprompt: "cap turns\nb: 2\n',
        "2:9 quote never closed [yaml-syntax]",
        'The quote " opened here is not closed before the end.',
        'Write " at its end; if the sign is part of the text, put the other kind of quotes around it all.',
    ),
    "an apostrophe first": (
        "prompt: 'tis night\n",
        "1:9 quote never closed [yaml-syntax]",
        "The quote ' opened here is not closed before the end.",
        "Write ' at its end; if the sign is part of the text, put the other kind of quotes around it all.",
    ),
    "a quote closed by the next one": (
        'a: "abc\nb: "def"\nc: 1\n',
        "1:4 quote never closed [yaml-syntax]",
        'The quote " opened here is closed only by the next one, in line 2, column 4.',
        'Write " at the end of the text.',
    ),
    "an apostrophe inside single quotes": (
        "prompt: 'it's here'\n",
        "1:9 text after a closing quote [yaml-syntax]",
        "A value that starts with a quote ends at the next one, and after it stands: s here'",
        'Put the whole value in quotes: prompt: "it\'s here"',
    ),
    "quotes around the first word only": (
        'prompt: "Hero" turns\n',
        "1:9 text after a closing quote [yaml-syntax]",
        "A value that starts with a quote ends at the next one, and after it stands: turns",
        "Put the whole value in quotes: prompt: '\"Hero\" turns'",
    ),
    "an unknown escape": (
        'file: "C:\\pictures"\n',
        "1:10 escape not known [yaml-syntax]",
        "In double quotes a backslash begins an escape, and \\p is none.",
        "Write two backslashes for one, or put single quotes around the text.",
    ),
    "half a character": (
        'a: "\\ud800"\n',
        "1:5 half a character [yaml-syntax]",
        "\\ud800 is one half of a character, and YAML does not join halves.",
        "Write the character itself.",
    ),
    "a pair of halves, as JSON writes it": (
        'a: "\\ud83d\\ude00"\n',
        "1:5 half a character [yaml-syntax]",
        "\\ud83d is one half of a character, and YAML does not join halves.",
        "Write the character itself (😀), or \\U0001F600.",
    ),
    "a tab before a key": (
        "shots:\n\t- id: a\n",
        "2:1 tab where spaces belong [yaml-tab]",
        "Here stands a tab, and YAML is indented by spaces only.",
        "Write spaces instead; most editors can turn all tabs of a file into spaces.",
    ),
    "a tab before a later key": (
        "a: 1\n  \tb: 2\n",
        "2:3 tab where spaces belong [yaml-tab]",
        "Here stands a tab, and YAML is indented by spaces only.",
        "Write spaces instead; most editors can turn all tabs of a file into spaces.",
    ),
    "a tab after a dash": (
        "-\ta: 1\n",
        "1:2 tab where spaces belong [yaml-tab]",
        "Here stands a tab, and YAML is indented by spaces only.",
        "Write spaces instead; most editors can turn all tabs of a file into spaces.",
    ),
    "a key too deep": (
        "a: 1\n  b: 2\n",
        "2:3 indented too deep [yaml-syntax]",
        "This line begins a new key, and is indented as if it went on with the text of line 1.",
        "Line it up with the keys it belongs to. If it is part of that text, put the whole text in quotes.",
    ),
    "a key too deep in a list": (
        "- b\n  c: 1\n",
        "2:3 indented too deep [yaml-syntax]",
        "This line begins a new key, and is indented as if it went on with the text of line 1.",
        "Line it up with the keys it belongs to. If it is part of that text, put the whole text in quotes.",
    ),
    "a key between two depths": (
        "shots:\n  - a: 1\n   b: 2\n",
        "3:4 indentation fits nothing [yaml-syntax]",
        "This line starts in column 4; what stands above starts in column 1, 3 or 5.",
        "Line it up with the lines it belongs to.",
    ),
    "a key where list entries stand": (
        "- a\nb: 1\n",
        "2:1 entry without a dash [yaml-syntax]",
        'A list stands here, in which every entry starts with "- ", and this line does not.',
        "Write - and a space before it, or indent the line as deep as what it belongs to.",
    ),
    "a line without a colon": (
        "a: 1\nbcd\nc: 2\n",
        "2:1 colon missing [yaml-syntax]",
        "This line needs a key and a colon, and has none: bcd",
        "Write key: value. If it goes on with the text above, indent it deeper than the key of that text.",
    ),
    "a first line without a colon": (
        "title\na: 1\n",
        "1:1 colon missing [yaml-syntax]",
        "This line needs a key and a colon, and has none: title",
        "Write key: value. If it goes on with the text above, indent it deeper than the key of that text.",
    ),
    "a colon without a space": (
        "a: 1\nb:2\nc: 3\n",
        "2:1 space missing after a colon [yaml-syntax]",
        "A key ends with a colon and a space.",
        "Write it so: b: 2",
    ),
    "a colon without a key": (
        "a: 1\n: b\n",
        "2:1 key missing [yaml-key]",
        "A colon begins the line, and no key stands before it.",
        "Write a name before the colon, or put quotes around the text.",
    ),
    "a bracket never closed": (
        "a: [b\nc: d\n",
        "1:4 bracket never closed [yaml-syntax]",
        "The [ opened here is not closed before line 2.",
        "Close it with ]. If it is text, put the whole value in quotes.",
    ),
    "a brace never closed": (
        "a: {b: c",
        "1:4 bracket never closed [yaml-syntax]",
        "The { opened here is not closed before the end.",
        "Close it with }. If it is text, put the whole value in quotes.",
    ),
    "a comma forgotten": (
        "a: {max: 40 currency: USD}\n",
        "1:21 second colon in a line [yaml-syntax]",
        "A colon with a space after it begins a value, and a value has begun already.",
        "Write a comma before a new key, or put quotes around a text that holds a colon.",
    ),
    "a comma forgotten after a quote": (
        'a: ["b" c]\n',
        "1:5 text after a closing quote [yaml-syntax]",
        "A value that starts with a quote ends at the next one, and after it stands: c]",
        "Write a comma between the two, or put the whole value in quotes.",
    ),
    "a comma forgotten in a list": (
        "a: [[b] [c]]\n",
        "1:5 text after a list [yaml-syntax]",
        "A value that starts with [ is read as a list, and after its end stands: [c]]",
        "Write a comma between the two, or put the whole value in quotes.",
    ),
    "a comma forgotten after an alias": (
        "a: [*b c]\n",
        "1:5 text after an alias [yaml-syntax]",
        "*b is read as an alias, which is a whole value, and after it stands: c]",
        "Write a comma between the two, or put the whole value in quotes.",
    ),
    "a mapping in a list without braces": (
        "a: [b: c d: e]\n",
        "1:11 second colon in a line [yaml-syntax]",
        "A colon with a space after it begins a value, and a value has begun already.",
        "Write a comma before a new key, or put quotes around a text that holds a colon.",
    ),
    "a colon in a text inside braces": (
        "a: {b: one: two}\n",
        "1:11 second colon in a line [yaml-syntax]",
        "A colon with a space after it begins a value, and a value has begun already.",
        "Write a comma before a new key, or put quotes around a text that holds a colon.",
    ),
    "a directive": (
        "%YAML 3.0\n---\na: 1\n",
        "1:1 not readable as YAML [yaml-syntax]",
        "the YAML reader says: found incompatible YAML document",
        "Look at this line and the one above; quotes around a text that holds signs often help.",
    ),
    "a repeated key": (
        "a: 1\nb: 2\na: 3\n",
        "3:1 key written twice [yaml-duplicate-key]",
        '"a" stands here and in line 1, column 1; only one of them would be used.',
        "Take one of the two away.",
    ),
    "a repeated key in braces": (
        'a: {b: 1, "b": 2}\n',
        "1:11 key written twice [yaml-duplicate-key]",
        '"b" stands here and in line 1, column 5; only one of them would be used.',
        "Take one of the two away.",
    ),
    "two merges": (
        "x: &x {a: 1}\nb:\n  <<: *x\n  <<: *x\n",
        "4:3 key written twice [yaml-duplicate-key]",
        "<< stands here and in line 3, column 3; only one of them would be used.",
        "Name all of them in one list: <<: [*one, *two]",
    ),
    "a merge of nothing": (
        "<<: text\na: 1\n",
        "1:5 nothing to merge [yaml-alias]",
        "<< takes over the keys of another mapping, and this is none.",
        "Write <<: *name, where &name marks a mapping; or take the line away.",
    ),
    "a number as a key": (
        "1: x\n",
        "1:1 key is not text [yaml-key]",
        "The key 1 is read as a number, and every key is text.",
        'Put it in quotes: "1"',
    ),
    "a number with a leading zero as a key": (
        "010: x\n",
        "1:1 key is not text [yaml-key]",
        "The key 010 is read as a number, and every key is text.",
        'Put it in quotes: "010"',
    ),
    "a truth as a key": (
        "true: x\n",
        "1:1 key is not text [yaml-key]",
        "The key true is read as true or false, and every key is text.",
        'Put it in quotes: "true"',
    ),
    "a list as a key": (
        "? [a]\n: b\n",
        "1:3 key is not text [yaml-key]",
        "What stands before the colon is read as a list, and every key is text.",
        "Write a name before the colon. If the line is one text, put quotes around it all.",
    ),
    "a mapping as a key": (
        "{a: b}: c\n",
        "1:1 key is not text [yaml-key]",
        "What stands before the colon is read as a mapping, and every key is text.",
        "Write a name before the colon. If the line is one text, put quotes around it all.",
    ),
    "nothing as a key": (
        "a: {: 1}\n",
        "1:5 text starts with a sign [yaml-syntax]",
        "Text cannot start with : unless it stands in quotes: YAML keeps this sign for itself.",
        "Put the whole value in quotes.",
    ),
    "a leading zero": (
        "id: 010\n",
        "1:5 number with a leading zero [yaml-number]",
        "010 is 10 to some YAML readers and counts in eights, or is text, to others.",
        'Write 10, or "010" in quotes if it is text.',
    ),
    "a negative leading zero": (
        "id: -007\n",
        "1:5 number with a leading zero [yaml-number]",
        "-007 is -7 to some YAML readers and counts in eights, or is text, to others.",
        'Write -7, or "-007" in quotes if it is text.',
    ),
    "no number": (
        "a: .nan\n",
        "1:4 not a number [yaml-number]",
        ".nan stands for no number that could be sent or paid.",
        "Write a number, or put it in quotes if it is text.",
    ),
    "a number too large": (
        "seed: 99999999999999999999\n",
        "1:7 number too large [yaml-number]",
        "99999999999999999999 does not fit in 64 bits.",
        "Write a smaller number, or put it in quotes if it is text.",
    ),
    "a number just too large": (
        "seed: 9223372036854775808\n",
        "1:7 number too large [yaml-number]",
        "9223372036854775808 does not fit in 64 bits.",
        "Write a smaller number, or put it in quotes if it is text.",
    ),
    "an unknown tag": (
        "a: !!timestamp 2026-01-01\n",
        "1:4 tag not known [yaml-tag]",
        "!!timestamp is read as a tag. Known here are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map.",
        "Take the tag away, or put quotes around the whole value if it is text.",
    ),
    "a dangerous tag": (
        "a: !!python/name:os\n",
        "1:4 tag not known [yaml-tag]",
        "!!python/name:os is read as a tag. Known here are !!str, !!int, !!float, !!bool, !!null, !!seq and !!map.",
        "Take the tag away, or put quotes around the whole value if it is text.",
    ),
    "a tag that does not fit": (
        "a: !!int six\n",
        "1:4 tag does not fit [yaml-tag]",
        '"six" cannot be read as !!int.',
        "Take the tag away, or write a value of that kind.",
    ),
    "an alias in its own value": (
        "a: &a [*a]\n",
        "1:8 alias goes in a circle [yaml-alias]",
        "*a stands inside the value marked &a, which would then hold itself without end.",
        "Write the value out here, or mark another one.",
    ),
    "a second document": (
        "a: 1\n---\nb: 2\n",
        "2:1 more than one document [yaml-documents]",
        "A line of three dashes begins a second document here, and a file holds one.",
        "Take the line away, or put what follows into a file of its own.",
    ),
    "an empty file": (
        "",
        "1:1 nothing in the file [yaml-empty]",
        "The file holds no value: it is empty, or has only comments.",
        'Write at least one "key: value" line.',
    ),
    "only comments": (
        "# nothing\n\n",
        "1:1 nothing in the file [yaml-empty]",
        "The file holds no value: it is empty, or has only comments.",
        'Write at least one "key: value" line.',
    ),
    "a list at the top": (
        "- a\n- b\n",
        "1:1 no keys at the top [yaml-syntax]",
        'The file as a whole has to be a mapping: lines of "key: value".',
        "Put a key and a colon before what stands here.",
    ),
    "a text at the top": (
        "hello\n",
        "1:1 no keys at the top [yaml-syntax]",
        'The file as a whole has to be a mapping: lines of "key: value".',
        "Put a key and a colon before what stands here.",
    ),
    "a NUL": (
        "a: 1\nb: x\x00y and more text\n",
        "2:5 control character [yaml-control]",
        "Here stands U+0000, a character that cannot be seen and that YAML does not allow.",
        "Delete it; retyping the line helps where it cannot be found.",
    ),
    "a vertical tab": (
        "a: 1\x0b2\n",
        "1:5 control character [yaml-control]",
        "Here stands U+000B, a character that cannot be seen and that YAML does not allow.",
        "Delete it; retyping the line helps where it cannot be found.",
    ),
    "a line separator": (
        "a: one\u2028two\n",
        "1:7 hidden character [yaml-control]",
        "Here stands a line separator (U+2028). It cannot be seen, and YAML readers differ about it.",
        "Delete it, or put a space in its place; retyping the line helps where it cannot be found.",
    ),
    "a second byte order mark": (
        "a: 1\n\ufeffb: 2\n",
        "2:1 hidden character [yaml-control]",
        "Here stands a byte order mark (U+FEFF). It cannot be seen, and YAML readers differ about it.",
        "Delete it, or put a space in its place; retyping the line helps where it cannot be found.",
    ),
    "Latin-1": (
        b"a: 1\nb: caf\xe9\n",
        "2:7 not a UTF-8 file [yaml-encoding]",
        "Byte 0xE9 at offset 11 is no part of UTF-8 text. In Windows-1252 and Latin-1 it is é.",
        "Save the file as UTF-8; most editors offer it under Save As.",
    ),
    "a byte of no code page": (
        b"a: \x81",
        "1:4 not a UTF-8 file [yaml-encoding]",
        "Byte 0x81 at offset 3 is no part of UTF-8 text.",
        "Save the file as UTF-8; most editors offer it under Save As.",
    ),
    "UTF-16 with a mark": (
        b"\xff\xfea\x00:\x00 \x001\x00\n\x00",
        "1:1 not a UTF-8 file [yaml-encoding]",
        "The file is saved as UTF-16, and YAML files are read as UTF-8 here.",
        "Save it as UTF-8; most editors offer it under Save As.",
    ),
    "UTF-16 without a mark": (
        b"\x00a\x00:\x00 \x001\x00\n",
        "1:1 not a UTF-8 file [yaml-encoding]",
        "The file is saved as UTF-16, and YAML files are read as UTF-8 here.",
        "Save it as UTF-8; most editors offer it under Save As.",
    ),
    "UTF-32 without a mark": (
        b"a\x00\x00\x00:\x00\x00\x00 \x00\x00\x001\x00\x00\x00\n\x00\x00\x00",
        "1:1 not a UTF-8 file [yaml-encoding]",
        "The file is saved as UTF-32, and YAML files are read as UTF-8 here.",
        "Save it as UTF-8; most editors offer it under Save As.",
    ),
}


def read(source: str | bytes) -> Document:
    return read_document(source if isinstance(source, bytes) else source.encode(), name="x.yaml")


def tree(source: str | bytes) -> Any:
    read_whole = read(source)
    assert read_whole.problems == ()
    return read_whole.tree


def shown(problem: Problem) -> tuple[str, str, str]:
    assert problem.place is not None
    where = f"{problem.place.line}:{problem.place.column}"
    return f"{where} {problem.summary} [{problem.code}]", problem.why, problem.remedy


def codes(source: str | bytes) -> list[str]:
    return [problem.code for problem in read(source).problems]


@pytest.fixture
def slow_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(yaml, "CSafeLoader")


# --- what goes wrong


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


def test_a_syntax_error_does_not_hide_what_was_found_before_it() -> None:
    assert codes("a: {b: 1, b: 2}\nid: 010\nc: d: e\n") == ["yaml-duplicate-key", "yaml-number", "yaml-syntax"]


def test_a_control_character_is_shown_beside_the_syntax_error_it_does_not_cause() -> None:
    assert codes("a: b: c\nd: " + "x" * 200 + "\x07") == ["yaml-control"]
    assert codes("a: b: c\n" + "# fill\n" * 9000 + "\x07") == ["yaml-syntax", "yaml-control"]


def test_only_fifty_problems_are_shown_and_the_rest_is_counted() -> None:
    *kept, last = read("a:\n" + "- 010\n" * 70).problems
    assert len(kept) == 50
    assert shown(last) == (
        "51:3 more problems than are shown [yaml-more]",
        "20 more were found.",
        "Mend the ones above first; many of the others may have the same cause.",
    )


def test_a_file_that_is_wrong_throughout_is_not_read_to_its_end() -> None:
    for source in ("a:\n" + "- 010\n" * 5000, "a: 1\n" * 5000):
        *kept, last = read(source).problems
        assert len(kept) == 50
        assert last.why == "1,000 more were found, and the rest was not looked at."


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


def test_places_count_characters_not_bytes_and_lines_as_editors_do() -> None:
    found = read("# caf\u00e9 \U0001f600\r\nb: \u00e9\u00e9 \U0001f600: 1\r\n".encode())
    assert [problem.place for problem in found.problems] == [
        Place(file="x.yaml", line=2, column=8, text="b: \u00e9\u00e9 \U0001f600: 1")
    ]
    assert [shown(problem)[0] for problem in read("a: 1\rb: 2\rc: d: e\r").problems] == [
        "3:5 second colon in a line [yaml-syntax]"
    ]


# --- hostile files


def test_nesting_is_stopped_at_its_start_however_deep_it_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    for source in ("a: " + "[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000):
        assert codes(source) == ["yaml-depth"]
    assert len(events) < 4 * 200


def test_sixty_four_levels_are_read() -> None:
    assert tree("a: " + "[" * 63 + "]" * 63)
    assert codes("a: " + "[" * 64 + "]" * 64) == ["yaml-depth"]


def test_aliases_cannot_nest_deeper_than_brackets() -> None:
    links = "".join(f"k{i}: &a{i + 1} [[[[[[[[[[*a{i}]]]]]]]]]]\n" for i in range(50))
    assert [shown(problem)[0] for problem in read("k: &a0 [1]\n" + links).problems] == [
        "8:19 nested too deep [yaml-depth]"
    ]


def test_an_alias_bomb_is_refused_before_anything_walks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[object] = []
    weight = document._weight

    def weighing(value: object) -> int:
        weighed.append(value)
        return weight(value)

    monkeypatch.setattr(document, "_weight", weighing)
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


def test_a_file_too_large_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    found = read(b" " * (document.MAX_BYTES + 1))
    assert [shown(problem) for problem in found.problems] == [
        (
            "1:1 file too large [yaml-size]",
            "The file has 67,108,865 bytes; more than 67,108,864 are not read.",
            "Split it into several files.",
        )
    ]
    assert not events


@pytest.mark.parametrize("digits", ["1" * 5000, "-" + "9" * 5000, "0x" + "f" * 5000, "1e" + "9" * 5000, "0" * 5000])
def test_thousands_of_digits_are_a_problem_and_no_exception(digits: str) -> None:
    assert codes(f"a: {digits}\n") == ["yaml-number"]


def test_a_good_file_is_gone_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    events = counted(monkeypatch)
    tree("a: [1, 2]\nb: {c: d}\n")
    assert len(events) == 2 + 2 + 2 + 4 + 1 + 4 + 1  # stream, document, top, a: [1, 2], b: {c: d}


def counted(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every event that is taken from the reader from now on."""
    taken: list[Any] = []
    events = document._events

    def counting(payload: bytes) -> Iterator[Any]:
        for event in events(payload):
            taken.append(event)
            yield event

    monkeypatch.setattr(document, "_events", counting)
    return taken


# --- what a file says


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


# --- where things stand

PLACED = """\
base: &base
  prompt: mist
  frames: {first: a.png}
shots:
- id: one
  <<: *base
  frames: {first: b.png}
- <<: [*base, {takes: 2}]
- *base
"""


@pytest.mark.parametrize(
    ("path", "on_key", "expected"),
    [
        ((), False, "1:1"),
        (("base", "frames", "first"), False, "3:19"),
        (("base", "frames", "first"), True, "3:12"),
        (("shots",), True, "4:1"),
        (("shots", 0), False, "5:3"),
        (("shots", 0, "id"), True, "5:3"),
        (("shots", 0, "frames", "first"), False, "7:19"),  # its own
        (("shots", 0, "prompt"), False, "2:11"),  # merged: where it is written
        (("shots", 0, "prompt"), True, "2:3"),
        (("shots", 1, "frames", "first"), False, "3:19"),
        (("shots", 1, "takes"), False, "8:23"),
        (("shots", 2), False, "9:3"),
        (("shots", 2, "prompt"), False, "9:3"),  # an alias: where it is used
        (("shots", 0, "missing"), True, "5:3"),  # what is missing: the nearest parent
        (("shots", 7, "id"), False, "5:1"),
        (("nothing", "here"), False, "1:1"),
    ],
)
def test_a_path_is_found_where_a_person_would_look_for_it(path: Path, on_key: bool, expected: str) -> None:
    place = locate(PLACED.encode(), [(path, on_key)], name="x.yaml")[path, on_key]
    assert f"{place.line}:{place.column}" == expected
    assert place.text == PLACED.splitlines()[place.line - 1]


def test_what_stands_before_a_syntax_error_is_placed_all_the_same() -> None:
    wanted = [(("a", "b"), False), (("z",), False)]
    places = locate(b"a: {b: 1}\nc: d: e\n", wanted, name="x.yaml")
    assert [(place.line, place.column) for place in places.values()] == [(1, 8), (1, 1)]


# --- any file

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
    return plain(text) != text and isinstance(yaml.safe_load(yaml.safe_dump({"a": text}))["a"], str)


def texts_of(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_of(inner)


@given(TREES)
def test_every_path_is_found_where_it_was_written(value: dict[str, Any]) -> None:
    written = Writer()
    written.mapping(value, (), 0)
    wanted = dict.fromkeys(written.places)
    places = locate("\n".join(written.lines).encode(), wanted, name="x.yaml")
    assert {key: (place.line, place.column) for key, place in places.items()} == written.places


class Writer:
    """Writes a tree in block style and notes where it put each key and value."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.places: dict[tuple[Path, bool], tuple[int, int]] = {}

    def mapping(self, value: dict[str, Any], path: Path, indent: int) -> None:
        for key, inner in value.items():
            self.places[(*path, key), True] = (len(self.lines) + 1, indent + 1)
            self.entry(" " * indent + json.dumps(key, ensure_ascii=False) + ":", inner, (*path, key), indent)

    def sequence(self, value: list[Any], path: Path, indent: int) -> None:
        for number, inner in enumerate(value):
            self.entry(" " * indent + "-", inner, (*path, number), indent)

    def entry(self, head: str, value: Any, path: Path, indent: int) -> None:
        if value and isinstance(value, dict | list):
            self.lines.append(head)
            self.places[path, False] = (len(self.lines) + 1, indent + 3)
            if isinstance(value, dict):
                self.mapping(value, path, indent + 2)
            else:
                self.sequence(value, path, indent + 2)
        else:
            self.lines.append(f"{head} {json.dumps(value, ensure_ascii=False)}")
            self.places[path, False] = (len(self.lines), len(head) + 2)

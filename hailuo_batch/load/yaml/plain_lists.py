"""The quick way through a long file: the plain entries of its last list are read by one pattern, not by the parser.

An entry is plain when each of its lines is `key: value` with a short text, a number or a `[list]`. The lines before the
list, values other than texts, and entries that are not plain are read by the parser, each part for itself.

It is the same as reading the whole. The parser goes from left to right, and where an entry begins it is in the list and
in nothing else; a part that it read to the end left nothing open. In any doubt (something to report, an anchor, a
number that was not written as Python writes it) nothing is read here, and the whole goes through the parser.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from sys import intern
from typing import Any

import yaml

from hailuo_batch.core.problem import DocumentPath
from hailuo_batch.load.yaml.builder import Builder
from hailuo_batch.load.yaml.events import parse_events
from hailuo_batch.load.yaml.problems import Findings, StopReading
from hailuo_batch.load.yaml.scalars import CONSTANTS

_LONGEST_HEAD = 65_536  # bytes before the list
_CHUNK = 262_144  # bytes that are read at once
_MOST_BRACKETS = 8  # in one value: far from the parser's limit of depth
_LIST = re.compile(rb"^([A-Za-z_][A-Za-z0-9_-]{0,60}):\n(?=( *)- )", re.MULTILINE)
_CONTROLS = bytes({*range(0x20)} - {ord("\n")} | {0x7F})
_WIDE_CONTROLS = re.compile("[\x80-\x9f\ufffe\uffff]")
_DOCUMENT_SIGNS = (b"\n---", b"\n...", b"\n%")
# Each line gives one row. A text without quotes begins with a letter or `$` and has no `#` and no `: `; other values
# begin as numbers and brackets do, and have no sign of an anchor, an alias or a tag.
_LINE = re.compile(
    r"""^([ ]*+(?:-[ ])?+)([A-Za-z_][A-Za-z0-9_-]{0,60}+):[ ](?:
        (?:"([^"\\\n]++)"|'([^'\n]++)')[ ]*+
        |([A-Za-z$][^:\#\n]*+(?::(?=[^ \n])[^:\#\n]*+)*+)(?<![ ])
        |([0-9.\[{][^&*!\#\n]*+)
    )$|^(.*)$""",
    re.MULTILINE | re.VERBOSE,
)
_NOT_PLAIN = object()

Row = tuple[str, str, str, str, str, str, str]


class _InDoubtError(Exception):
    """The whole has to be read."""


def read_plain_list(
    payload: bytes, keeps_text: Callable[[DocumentPath], bool]
) -> tuple[dict[str, Any], dict[DocumentPath, str]] | None:
    """The values of a file and its unusual numbers, as `Builder` has them; None where that is in any doubt."""
    begin = next(reversed([*_LIST.finditer(payload, 0, _LONGEST_HEAD)]), None)
    if begin is None:
        return None
    key = begin[1].decode()
    try:
        tree, written = _parse(payload[: begin.start()] + begin[1] + b": []\n", keeps_text, has_numbers=True)
        tree[key] = list(_read_entries(payload, begin.end(), begin[2].decode()))
    except _InDoubtError:
        return None
    return tree, written


def _read_entries(payload: bytes, begin: int, indent: str) -> Iterator[Any]:
    known: dict[str, Any] = {}  # values that the parser has read
    marker = f"\n{indent}- ".encode()
    while begin < len(payload):
        end = payload.find(marker, begin + _CHUNK) + 1 or len(payload)
        yield from _read_chunk(payload[begin:end], indent, known)
        begin = end


def _read_chunk(chunk: bytes, indent: str, known: dict[str, Any]) -> Iterator[Any]:
    text = chunk.decode()
    has_controls = len(chunk.translate(None, _CONTROLS)) != len(chunk) or (
        len(text) != len(chunk) and _WIDE_CONTROLS.search(text)
    )
    if has_controls or any(sign in chunk for sign in _DOCUMENT_SIGNS):
        raise _InDoubtError
    rows: list[Row] = _LINE.findall(text)
    lead, dash = f"{indent}- ", f"{indent}-"
    starts = [number for number, row in enumerate(rows) if row[0] == lead or row[6] == dash or row[6].startswith(lead)]
    lines: list[str] = []  # made when the first entry is not plain
    unread = 0
    for start, end in zip(starts, [*starts[1:], len(rows)], strict=True):
        entry = _read_plain_entry(rows[start:end], indent, known)
        if entry is not None:
            if unread < start:
                lines = lines or text.split("\n")
                yield from _parse_entries(lines[unread:start], "\n")
            yield entry
            unread = end
    if unread < len(rows):
        yield from _parse_entries(text.split("\n")[unread:], "")


def _read_plain_entry(rows: list[Row], indent: str, known: dict[str, Any]) -> dict[str, Any] | None:
    """The entry of these lines, if it is plain."""
    entry: dict[str, Any] = {}
    keys, lead = 0, f"{indent}- "
    for where, key, double, single, plain, other, odd in rows:
        if not key:
            if odd and not odd.lstrip(" ").startswith("#"):
                return None
            continue
        if where != lead or key in CONSTANTS:
            return None
        if keys == 0:
            lead = f"{indent}  "
        keys += 1
        value: Any = CONSTANTS.get(plain, plain) if plain else _read_value(other, known) if other else double or single
        if value is _NOT_PLAIN:
            return None
        entry[intern(key)] = value
    return entry if len(entry) == keys else None


def _read_value(text: str, known: dict[str, Any]) -> Any:
    if text not in known:
        known[text] = _NOT_PLAIN
        if text.count("[") + text.count("{") <= _MOST_BRACKETS:
            with suppress(_InDoubtError):
                known[text] = _parse(f"value: {text}\n".encode())[0]["value"]
    return known[text]


def _parse_entries(lines: list[str], end: str) -> list[Any]:
    """What the parser makes of whole entries; nothing may follow the last of them."""
    if not any(lines):
        return []
    text = "\n".join(lines)
    tree, _ = _parse(f"list:\n{text}{end}".encode())
    entries = tree["list"]
    if len(tree) != 1 or not isinstance(entries, list):
        raise _InDoubtError
    return entries


def _parse(
    part: bytes, keeps_text: Callable[[DocumentPath], bool] = lambda _: False, *, has_numbers: bool = False
) -> tuple[dict[str, Any], dict[DocumentPath, str]]:
    """What the parser makes of a part that stands for itself, its unusual numbers only where they are wanted."""
    findings = Findings()
    builder = Builder(findings, size=len(part), keeps_text=keeps_text)
    try:
        builder.build(parse_events(part))
    except (yaml.YAMLError, StopReading) as error:
        raise _InDoubtError from error
    tree = builder.tree()
    is_sure = not (builder.keys_wrong or builder.anchors or findings.kept) and (has_numbers or not builder.written)
    if not isinstance(tree, dict) or not is_sure:
        raise _InDoubtError
    return tree, builder.written

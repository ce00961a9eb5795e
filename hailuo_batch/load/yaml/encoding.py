"""Bytes that are no UTF-8 text or no one text, and characters that a file may not hold or that would move its lines.

Independent of what the text means.
"""

import codecs
import re

from hailuo_batch.load.yaml.marks import TOP_OF_FILE, index_to_spot
from hailuo_batch.load.yaml.messages import (
    CONTROL_CHARACTER,
    FILE_TOO_LARGE,
    HIDDEN_CHARACTER,
    NOT_UTF8_BYTES,
    NOT_UTF8_FILE,
    UNRESOLVED_MERGE,
)
from hailuo_batch.load.yaml.problems import Finding, make_finding

MAX_BYTES = 64 * 1024 * 1024

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
# As git writes them; a line like that cannot begin so far left inside a mapping's text.
_CONFLICT_SIGNS = (b"<<<<<<<", b"|||||||", b"=======", b">>>>>>>")
_CONFLICT_LINE = re.compile(rb"^(?:<{7} [^\r\n]*|<{7}|={7}|\|{7}|\|{7} [^\r\n]*|>{7}|>{7} [^\r\n]*)\r?$", re.MULTILINE)
_BOMS = {
    codecs.BOM_UTF32_LE: "UTF-32",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
# libyaml ends a line at these, editors do not: line numbers would differ, and so would the text.
_HIDDEN_CHARACTERS = {
    "\u2028": "a line separator (U+2028)",
    "\u2029": "a paragraph separator (U+2029)",
    "\x85": "a next-line character (U+0085)",
    "\ufeff": "a byte order mark (U+FEFF)",
}


def find_unreadable_bytes(data: bytes, payload: bytes) -> Finding | None:
    """Why the bytes are not even tried, if there is a reason; `payload` is what follows a byte order mark."""
    if len(data) > MAX_BYTES:
        return make_finding(FILE_TOO_LARGE.fill(shown=f"{len(data):,}", most=f"{MAX_BYTES:,}"), TOP_OF_FILE)
    wide = next((form for bom, form in _BOMS.items() if data.startswith(bom)), "") or _detect_wide_encoding(data)
    if wide:
        return make_finding(NOT_UTF8_FILE.fill(form=wide), TOP_OF_FILE)
    try:
        text = "" if payload.isascii() else payload.decode()
    except UnicodeDecodeError as error:
        return _utf8_finding(payload, error.start)
    return _find_merge_conflict(payload) or _find_hidden_character(text)


def _detect_wide_encoding(data: bytes) -> str:
    """UTF-16 and UTF-32 give themselves away: half or more of plain English is zeros, at regular places."""
    head = data[:1024]
    zeros = head.count(0)
    if not zeros or zeros * 5 < len(head):
        return ""
    if zeros * 3 > len(head) * 2:
        return "UTF-32"
    return "UTF-16" if min(head[::2].count(0), head[1::2].count(0)) * 10 < zeros else ""


def _utf8_finding(payload: bytes, offset: int) -> Finding:
    before = payload[:offset].decode()
    byte = payload[offset : offset + 1]
    guess = byte.decode("cp1252", "ignore")
    hint = f" In Windows-1252 and Latin-1 it is {guess}." if guess else ""
    words = NOT_UTF8_BYTES.fill(byte=f"0x{byte[0]:02X}", offset=f"{offset:,}", hint=hint)
    return make_finding(words, index_to_spot(before, len(before)))


def _find_merge_conflict(payload: bytes) -> Finding | None:
    """The first mark that git left where two sides of a merge did not fit."""
    if not any(sign in payload for sign in _CONFLICT_SIGNS):
        return None
    match = _CONFLICT_LINE.search(payload)
    if match is None:
        return None
    before = payload[: match.start()].decode()
    return make_finding(UNRESOLVED_MERGE, index_to_spot(before, len(before)))


def _find_hidden_character(text: str) -> Finding | None:
    places = [(text.index(char), char) for char in _HIDDEN_CHARACTERS if char in text]
    if not places:
        return None
    index, char = min(places)
    return make_finding(HIDDEN_CHARACTER.fill(shown=_HIDDEN_CHARACTERS[char]), index_to_spot(text, index))


def find_control_character(text: str) -> list[Finding]:
    """The first character that no YAML file may hold, if there is one."""
    match = _CONTROL.search(text)
    if match is None:
        return []
    return [make_finding(CONTROL_CHARACTER.fill(shown=f"U+{ord(match[0]):04X}"), index_to_spot(text, match.start()))]

"""How files are written that stand beside a manifest and are committed with it: whole or not at all, in plain words.

The same values are the same bytes. Nothing here knows what stands in such a file.
"""

import json
import os
import re
from contextlib import suppress
from pathlib import Path

_PLAIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9._-]*\Z")
_RESERVED_WORDS = {"yes", "no", "on", "off", "y", "n", "true", "false", "null"}
# What YAML allows in no text, or takes for a line's end; JSON leaves it as it is.
_ESCAPE_PATTERN = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def quote_yaml(word: str) -> str:
    """A text as YAML, on one line; quoted only where it needs it.

    >>> quote_yaml("open"), quote_yaml("no"), quote_yaml('two\\nlines: "x"')
    ('open', '"no"', '"two\\\\nlines: \\\\"x\\\\""')
    """
    if _PLAIN_WORD.match(word) and word.casefold() not in _RESERVED_WORDS:
        return word
    return escape_line(json.dumps(word, ensure_ascii=False))


def escape_line(text: str) -> str:
    """JSON as YAML on one line: what YAML does not allow as it is, escaped."""
    return _ESCAPE_PATTERN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_atomically(path: Path, data: bytes) -> None:
    """Puts a whole file in the place of another, durably."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        with suppress(OSError):  # it is gone when all went well
            temporary.unlink()
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder are on the disk; Windows has no such call, and keeps them by itself."""
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

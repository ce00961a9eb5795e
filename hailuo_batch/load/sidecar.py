"""How files are written that stand beside a manifest and are committed with it: whole or not at all, in plain words.

The same values are the same bytes. Such a file is read, and written back later: another branch may be checked out
meanwhile, and another command may write it. Nothing here knows what stands in it.
"""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from hailuo_batch.errors import FileChangedError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.load.user_files import MAX_LOCK_BYTES, read_user_file

if sys.platform != "win32":
    import fcntl

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


def source_digest(data: bytes | None) -> str:
    """Tells what a file was when it was read; None: there was none."""
    return "" if data is None else sha256(data).hexdigest()


def read_source(path: Path) -> bytes | None:
    """A file's bytes; None when there is none."""
    try:
        return read_user_file(path, MAX_LOCK_BYTES)
    except FileNotFoundError:
        return None


def replace_source(path: Path, data: bytes, source: str | None) -> bool:
    """Writes a file that was read before, if that says something new; whether it did.

    `source` is its `source_digest` of then; None does not compare. Raises `FileChangedError` when it is another now:
    what somebody else wrote there is never written over.
    """
    with _hold_folder(path.parent):
        now = read_source(path)
        if now == data:
            return False
        if source is not None and source_digest(now) != source:
            raise FileChangedError(f"{path.name} was changed meanwhile", why=f"{path} is not the file that was read.")
        write_atomically(path, data)
    return True


@contextmanager
def _hold_folder(folder: Path) -> Iterator[None]:
    """Keeps other commands from writing such a file there; it takes a moment, and makes no file of its own."""
    if sys.platform == "win32":
        yield  # no lock on a folder there: what remains between the look and the writing is a thousandth of a second
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a disk without locks
            fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def write_atomically(path: Path, data: bytes) -> None:
    """Puts a whole file in the place of another, durably."""
    write_beside(path, data, durable=True)

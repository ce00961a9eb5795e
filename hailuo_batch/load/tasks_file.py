"""The tasks file beside a manifest (`film.tasks.yaml`): read into entries, written anew, and added to during a run.

One line is one task, so that git merges two branches that ran different shots, if need be by `merge=union`. Lines may
come in any order and more than once. The file may come from anybody: it is read as a regular file and never through a
link, and a task id must be one that a gateway might give.
"""

import json
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Any

from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.task_entries import TaskEntry, sort_entries
from hailuo_batch.errors import InputError, StoreError
from hailuo_batch.files.fsync import sync_file, sync_folder
from hailuo_batch.files.names import remove_file
from hailuo_batch.files.regular import open_regular, read_regular
from hailuo_batch.gateways.coerce import parse_task_id
from hailuo_batch.load.sidecar import escape_line, write_atomically

TASKS_HEADER = """\
# Accepted tasks whose clips the lock does not name yet. Written by hailuo-batch; commit it with the manifest.
version: 1
tasks:
"""
MAX_BYTES = 32 * 1024 * 1024  # some 150,000 tasks
_MAX_LINE = 4_000  # characters
_MAX_NAME = 200
_MEMBERS = ("shot", "take", "provider", "task", "fingerprint")
_encode = json.JSONEncoder(ensure_ascii=False).encode
_FINGERPRINT = re.compile(r"v[0-9]{1,3}-[0-9a-f]{64}\Z")
_VERSION = re.compile(r"version:\s*([0-9]{1,6})\Z")
_CONFLICT_MARKS = ("<<<<<<<", "|||||||", "=======", ">>>>>>>")


def read_tasks(path: Path) -> tuple[TaskEntry, ...]:
    """A tasks file's entries, each once, sorted; no file has none."""
    try:
        data = read_regular(path, MAX_BYTES)
    except FileNotFoundError:
        return ()
    except OSError as error:
        said = error.strerror
        remedy = "Move it away; a run writes the tasks file there."
        raise _unreadable_error(path, f"The system says: {said}.", remedy) from None
    return _parse_tasks(path, data)


def tasks_text(entries: Iterable[TaskEntry]) -> str:
    """The file's text."""
    return TASKS_HEADER + "".join(map(_entry_line, sort_entries(entries)))


def write_tasks(path: Path, entries: Sequence[TaskEntry]) -> bool:
    """Writes the file anew if it says something else; whether it did. Without entries there is no file.

    Raises `StoreError` when it cannot be written.
    """
    data = tasks_text(entries).encode()
    try:
        if not entries:
            return _remove(path)
        with suppress(FileNotFoundError):
            if read_regular(path, MAX_BYTES) == data:
                return False
        replace_tasks(path, entries)
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        remedy = "The ledger has every task. Make room, or see who may write there; the next run writes the file."
        raise StoreError("the tasks file could not be written", why=why, remedy=remedy) from None
    return True


def replace_tasks(path: Path, entries: Iterable[TaskEntry]) -> None:
    """Puts a whole file in the place of another, durably. Raises `OSError`."""
    write_atomically(path, tasks_text(entries).encode())


def append_tasks(path: Path, entries: Iterable[TaskEntry]) -> None:
    """Adds entries durably; the file is made when it is not there. Raises `OSError`."""
    with open_regular(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, mode=0o666) as file:
        number = file.fileno()
        size = os.fstat(number).st_size
        _write_all(number, (_text_before(number, size) + "".join(map(_entry_line, entries))).encode())
        sync_file(number)
    if not size:
        sync_folder(path.parent)


def _text_before(number: int, size: int) -> str:
    """What has to come before a new line: the header of a new file, or the end of a line that was cut off."""
    if not size:
        return TASKS_HEADER
    os.lseek(number, size - 1, os.SEEK_SET)
    return "" if os.read(number, 1) == b"\n" else "\n"


def _write_all(number: int, data: bytes) -> None:
    while data:
        data = data[os.write(number, data) :]


def _remove(path: Path) -> bool:
    try:
        remove_file(path)
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return True


def _entry_line(entry: TaskEntry) -> str:
    return f"  - {escape_line(_encode({name: getattr(entry, name) for name in _MEMBERS}))}\n"


class _InvalidLineError(Exception):
    """Says why a line cannot be read; never leaves this file."""


def _parse_tasks(path: Path, data: bytes) -> tuple[TaskEntry, ...]:
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    found: dict[TaskEntry, None] = {}
    owners: dict[tuple[str, str], TaskEntry] = {}
    for number, line in enumerate(lines, 1):
        try:
            entry = _parse_line(line)
        except _InvalidLineError as wrong:
            if number == len(lines):
                break  # a kill cut the last line off: it is of the moment that nobody can keep
            raise _unreadable_error(path, f"{path}:{number}: {wrong}.", _line_remedy(line)) from None
        if entry is not None:
            first = owners.setdefault((entry.provider, entry.task), entry)
            if first.fingerprint != entry.fingerprint:
                why = f"{path}:{number}: task {entry.task} is that of {first.shot}#{first.take} too."
                raise _unreadable_error(path, why)
            found[entry] = None
    return sort_entries(found)


def _parse_line(line: bytes) -> TaskEntry | None:
    """The entry of a line; None for a line that has none."""
    try:
        text = line.decode().strip()
    except UnicodeDecodeError:
        raise _InvalidLineError("this is not UTF-8") from None
    if text.startswith(_CONFLICT_MARKS):
        raise _InvalidLineError("this file has an unresolved merge")
    if not text or text.startswith("#") or text in {"tasks:", "tasks: []", "---"}:
        return None
    if version := _VERSION.match(text):
        if int(version[1]) == 1:
            return None
        raise _InvalidLineError(f"it is of version {version[1]}, and version 1 is read here")
    return _parse_entry(text)


def _parse_entry(text: str) -> TaskEntry:
    tree: Any = None
    if text.startswith("- ") and len(text) <= _MAX_LINE:
        with suppress(ValueError, RecursionError):
            tree = json.loads(text[2:])
    if not isinstance(tree, dict) or set(tree) != set(_MEMBERS):
        raise _InvalidLineError("this is not as hailuo-batch writes it")
    if not _is_name(tree["shot"]) or type(tree["take"]) is not int or not 1 <= tree["take"] <= 999_999:
        raise _InvalidLineError("it names no take")
    if not _is_name(tree["provider"]) or is_local(tree["provider"]):
        raise _InvalidLineError("it names no gateway")
    if not isinstance(tree["fingerprint"], str) or not _FINGERPRINT.match(tree["fingerprint"]):
        raise _InvalidLineError("it has no fingerprint")
    # Task ids go into addresses: only what a gateway might give is taken.
    if not isinstance(tree["task"], str) or not tree["task"] or parse_task_id(tree["task"]) != tree["task"]:
        raise _InvalidLineError("it has no task id")
    return TaskEntry(**tree)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME and value.isprintable()


def _unreadable_error(path: Path, why: str, remedy: str = "") -> InputError:
    restored = f"Restore the file from the last commit, then run again:\n    git checkout HEAD -- {quote(str(path))}"
    return InputError(f"the tasks file {path} cannot be read", why=why, remedy=remedy or restored)


def _line_remedy(line: bytes) -> str:
    """What to do about a line; for a merge that git left open, both sides are needed."""
    if not line.decode(errors="replace").strip().startswith(_CONFLICT_MARKS):
        return ""
    return (
        "Keep the tasks of both sides: delete only the lines that begin with <<<<<<<, =======, ||||||| or >>>>>>>. To "
        "have git do it next time, add this line to .gitattributes:\n    *.tasks.yaml merge=union"
    )

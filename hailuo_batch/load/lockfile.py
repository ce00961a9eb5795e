"""The lock file beside a manifest: read into a `Lockfile`, and written from one.

Sorted, LF, quoted only where YAML needs it, one line for each fact: the same lock is the same bytes, and git merges two
branches that touched different shots.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile
from hailuo_batch.errors import FileChangedError, InputError, StoreError
from hailuo_batch.files.folder import Folder
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.load.document import read_document
from hailuo_batch.load.project_files import DISK, ProjectFiles
from hailuo_batch.load.sidecar import quote_yaml, read_source, replace_source, source_digest, write_atomically
from hailuo_batch.load.user_files import MAX_LOCK_BYTES

LOCK_HEADER = """\
# Which clips are the campaign. Written by hailuo-batch; commit it with the manifest.
version: 1
"""
_NUMBER = re.compile(r"[1-9][0-9]{0,5}\Z")
_AMOUNT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:E[+-]?[0-9]{1,2})? [^\s]+\Z")


def read_lock(path: Path, *, campaign: str, files: ProjectFiles = DISK) -> Lockfile:
    """A lock file's lock; no file is an empty lock."""
    try:
        data = files.read_user_file(path, MAX_LOCK_BYTES)
    except FileNotFoundError:
        return Lockfile(campaign=campaign, shots={}, source=source_digest(None))
    except IsADirectoryError:
        raise _unreadable_error(path, "It is a folder.", "Move it away; a run writes the lock there.") from None
    except UnsafeFileError as error:
        raise _unreadable_error(path, f"It {error.reason}.", error.remedy) from None
    except OSError as error:
        remedy = "Check who may read the file; it is in git, with the manifest."
        raise _unreadable_error(path, f"The system says: {error.strerror}.", remedy) from None
    return parse_lock(path, data)


def parse_lock(path: Path, data: bytes) -> Lockfile:
    """The lock that a file's bytes are; `InputError` where they are none."""
    document = read_document(data, name=str(path))
    if document.problems:
        first = document.problems[0]
        where = f"{path}:{first.place.line}" if first.place else str(path)
        raise _unreadable_error(
            path, f"{where}: {first.why}", _merge_remedy(path) if first.rule == rules.YAML_MERGE else ""
        )
    return replace(_parse_lock(path, document.tree), source=source_digest(data))


def lock_text(lock: Lockfile) -> str:
    """The file's text."""
    return (
        LOCK_HEADER
        + f"campaign: {quote_yaml(lock.campaign)}\nshots:{'' if lock.shots else ' {}'}\n"
        + "".join(_lines(lock))
    )


def write_lock(path: Path, lock: Lockfile) -> bool:
    """Writes the lock if it says something new; whether it did. It is there whole or not at all.

    Raises `StoreError` when it cannot be written, and `FileChangedError` when the file is not the one that the lock was
    read from: then what would have been written is put beside it.
    """
    data, beside = lock_text(lock).encode(), path.with_name(f"{path.name}.new")
    try:
        if not lock.shots and not os.path.lexists(path):
            return False
        try:
            is_new = replace_source(path, data, lock.source)
        except FileChangedError:
            write_atomically(beside, data)
            raise _changed_error(path, beside) from None
        if read_source(beside) == data:
            with Folder(beside.parent).open() as folder:
                folder.remove(beside.name)
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        raise StoreError("the lock could not be written", why=why, remedy=_WRITE_REMEDY) from None
    return is_new


def _changed_error(path: Path, beside: Path) -> FileChangedError:
    remedy = (
        f"What would have been written is in {beside}.\n"
        "Go back to the branch that it belongs to and run again: that writes the lock there, and buys nothing again."
    )
    why = f"{path} is not the file that was read: another branch was checked out, or another command wrote it."
    return FileChangedError("the lock was changed meanwhile, so it was not written over", why=why, remedy=remedy)


_WRITE_REMEDY = (
    "What was rendered is in the store. Make room, or see who may write there; the next run writes the lock."
)


def _lines(lock: Lockfile) -> Iterator[str]:
    for shot_id, shot in sorted(lock.shots.items()):
        yield f"  {quote_yaml(shot_id)}:\n    version: {shot.version}\n"
        if shot.selected:
            yield f"    selected: {shot.selected}\n"
        yield f"    takes:{'' if shot.takes else ' {}'}\n"
        for number, take in sorted(shot.takes.items()):
            yield f"      {quote_yaml(str(number))}:\n        fingerprint: {take.fingerprint}\n"
            if take.made_for:
                yield f"        made_for: {take.made_for}\n"
            yield f"        artifact: {take.digest}\n        provider: {quote_yaml(take.provider)}\n"
            if take.cost is not None:
                yield f"        cost: {quote_yaml(f'{take.cost.amount} {take.cost.currency}')}\n"


def _parse_lock(path: Path, tree: Any) -> Lockfile:
    if not isinstance(tree, dict) or tree.get("version") != 1:
        version = tree.get("version") if isinstance(tree, dict) else None
        if type(version) is int and version > 1:
            remedy = "A newer hailuo-batch has written it: take that one here too."
            raise _unreadable_error(path, f"It is a lock of version {version}, and version 1 is read here.", remedy)
        raise _unreadable_error(path, "It is not a lock of version 1.")
    try:
        return Lockfile(campaign=_require_text(tree, "campaign"), shots=dict(_parse_shots(tree)))
    except _InvalidEntryError as wrong:
        raise _unreadable_error(path, f"This is not as hailuo-batch writes it: {wrong}.") from None


class _InvalidEntryError(Exception):
    """Names the entry that cannot be read; never leaves this file."""


def _parse_shots(tree: dict[str, Any]) -> Iterator[tuple[str, LockedShot]]:
    for shot_id, shot in _require_mapping(tree.get("shots"), "shots").items():
        here = f'shot "{shot_id}"'
        version = _require_mapping(shot, here).get("version")
        if type(version) is not int or version < 1:
            raise _InvalidEntryError(f"version of {here}")
        takes = _require_mapping(shot.get("takes"), f"takes of {here}")
        selected = shot.get("selected", 0)
        if type(selected) is not int or (selected and str(selected) not in takes):
            raise _InvalidEntryError(f"selected of {here}")
        parsed = dict(_parse_take(number, take, here) for number, take in takes.items())
        yield shot_id, LockedShot(version=version, takes=parsed, selected=selected)


def _parse_take(number: str, take: Any, here: str) -> tuple[int, LockedTake]:
    here = f"take {number} of {here}"
    if not _NUMBER.match(number):
        raise _InvalidEntryError(here)
    _require_mapping(take, here)
    return int(number), LockedTake(
        fingerprint=_require_text(take, "fingerprint", here),
        made_for=_require_text(take, "made_for", here) if "made_for" in take else "",
        digest=_require_text(take, "artifact", here),
        provider=_require_text(take, "provider", here),
        cost=_parse_cost(_require_text(take, "cost", here), here) if "cost" in take else None,
    )


def _require_mapping(value: Any, here: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _InvalidEntryError(here)
    return value


def _require_text(entry: dict[str, Any], name: str, here: str = "the file") -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise _InvalidEntryError(f"{name} of {here}")
    return value


def _parse_cost(words: str, here: str) -> Money:
    if not _AMOUNT.match(words):
        raise _InvalidEntryError(f"cost of {here}")
    amount, currency = words.split(" ")
    return Money(amount=Decimal(amount), currency=currency)


def _unreadable_error(path: Path, why: str, remedy: str = "") -> InputError:
    restored = f"Restore the file from the last commit, then run again:\n    git checkout HEAD -- {quote(str(path))}"
    return InputError(f"the lock {path} cannot be read", why=why, remedy=remedy or restored)


def _merge_remedy(path: Path) -> str:
    """What to do with a lock in which git left both sides of a merge."""
    file = quote(str(path))
    return (
        f"Take either side, then run again: the run writes what is missing.\n    git checkout --ours -- {file}\n"
        f"or\n    git checkout --theirs -- {file}"
    )

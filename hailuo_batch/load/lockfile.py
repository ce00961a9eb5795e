"""The lock file beside a manifest: read into a `Lock`, and written from one.

Sorted, LF, quoted only where YAML needs it, one line for each fact: the same lock is the same bytes, and git merges two
branches that touched different shots.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import Any

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.lockfile import Lock, LockedShot, LockedTake
from hailuo_batch.errors import InputError, StoreError
from hailuo_batch.load.document import read_document
from hailuo_batch.load.sidecar import write_whole, yaml_word

HEAD = """\
# Which clips are the campaign. Written by hailuo-batch; commit it with the manifest.
version: 1
"""
_NUMBER = re.compile(r"[1-9][0-9]{0,5}\Z")
_AMOUNT = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?(?:E[+-]?[0-9]{1,2})? [^\s]+\Z")


def read_lock(path: Path, *, campaign: str) -> Lock:
    """A lock file's lock; no file is an empty lock."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return Lock(campaign=campaign, shots={})
    except IsADirectoryError:
        raise _unreadable(path, "It is a folder.", "Move it away; a run writes the lock there.") from None
    except OSError as error:
        remedy = "Look who may read the file; it is in git, with the manifest."
        raise _unreadable(path, f"The system says: {error.strerror}.", remedy) from None
    document = read_document(data, name=str(path))
    if document.problems:
        first = document.problems[0]
        where = f"{path}:{first.place.line}" if first.place else str(path)
        raise _unreadable(path, f"{where}: {first.why}", _merged(path) if first.code == "yaml-merge" else "")
    return _lock(path, document.tree)


def lock_text(lock: Lock) -> str:
    """The file's text."""
    return HEAD + f"campaign: {yaml_word(lock.campaign)}\nshots:{'' if lock.shots else ' {}'}\n" + "".join(_lines(lock))


def write_lock(path: Path, lock: Lock) -> bool:
    """Writes the lock if it says something new; whether it did. It is there whole or not at all.

    Raises `StoreError` when it cannot be written.
    """
    data = lock_text(lock).encode()
    try:
        before = path.read_bytes() if path.exists() else None
        if before == data or (before is None and not lock.shots):
            return False
        write_whole(path, data)
    except OSError as error:
        why = f"{path}: the system says: {error.strerror}."
        raise StoreError("the lock could not be written", why=why, remedy=_UNWRITTEN) from None
    return True


_UNWRITTEN = "What was rendered is in the store. Make room, or see who may write there; the next run writes the lock."


def _lines(lock: Lock) -> Iterator[str]:
    for shot_id, shot in sorted(lock.shots.items()):
        yield f"  {yaml_word(shot_id)}:\n    version: {shot.version}\n    takes:{'' if shot.takes else ' {}'}\n"
        for number, take in sorted(shot.takes.items()):
            yield f"      {yaml_word(str(number))}:\n        fingerprint: {take.fingerprint}\n"
            if take.made_for:
                yield f"        made_for: {take.made_for}\n"
            yield f"        artifact: {take.artifact}\n        provider: {yaml_word(take.provider)}\n"
            if take.cost is not None:
                yield f'        cost: "{take.cost.amount} {take.cost.currency}"\n'


def _lock(path: Path, tree: Any) -> Lock:
    if not isinstance(tree, dict) or tree.get("version") != 1:
        version = tree.get("version") if isinstance(tree, dict) else None
        if type(version) is int and version > 1:
            remedy = "A newer hailuo-batch has written it: take that one here too."
            raise _unreadable(path, f"It is a lock of version {version}, and version 1 is read here.", remedy)
        raise _unreadable(path, "It is not a lock of version 1.")
    try:
        return Lock(campaign=_text(tree, "campaign"), shots=dict(_shots(tree)))
    except _WrongError as wrong:
        raise _unreadable(path, f"This is not as hailuo-batch writes it: {wrong}.") from None


class _WrongError(Exception):
    """Names the entry that cannot be read; never leaves this file."""


def _shots(tree: dict[str, Any]) -> Iterator[tuple[str, LockedShot]]:
    for shot_id, shot in _mapping(tree.get("shots"), "shots").items():
        here = f'shot "{shot_id}"'
        version = _mapping(shot, here).get("version")
        if type(version) is not int or version < 1:
            raise _WrongError(f"version of {here}")
        takes = _mapping(shot.get("takes"), f"takes of {here}")
        yield shot_id, LockedShot(version=version, takes=dict(_take(n, take, here) for n, take in takes.items()))


def _take(number: str, take: Any, here: str) -> tuple[int, LockedTake]:
    here = f"take {number} of {here}"
    if not _NUMBER.match(number):
        raise _WrongError(here)
    _mapping(take, here)
    return int(number), LockedTake(
        fingerprint=_text(take, "fingerprint", here),
        made_for=_text(take, "made_for", here) if "made_for" in take else "",
        artifact=_text(take, "artifact", here),
        provider=_text(take, "provider", here),
        cost=_cost(_text(take, "cost", here), here) if "cost" in take else None,
    )


def _mapping(value: Any, here: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(here)
    return value


def _text(entry: dict[str, Any], name: str, here: str = "the file") -> str:
    value = entry.get(name)
    if not isinstance(value, str) or not value:
        raise _WrongError(f"{name} of {here}")
    return value


def _cost(words: str, here: str) -> Money:
    if not _AMOUNT.match(words):
        raise _WrongError(f"cost of {here}")
    amount, currency = words.split(" ")
    return Money(amount=Decimal(amount), currency=currency)


def _unreadable(path: Path, why: str, remedy: str = "") -> InputError:
    restored = f"Restore the file from the last commit, then run again:\n    git checkout HEAD -- {quote(str(path))}"
    return InputError(f"the lock {path} cannot be read", why=why, remedy=remedy or restored)


def _merged(path: Path) -> str:
    """What to do with a lock in which git left both sides of a merge."""
    file = quote(str(path))
    return (
        f"Take either side, then run again: the run writes what is missing.\n    git checkout --ours -- {file}\n"
        f"or\n    git checkout --theirs -- {file}"
    )

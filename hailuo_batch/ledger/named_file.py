"""Whether a path still leads to the file that was opened under it.

An open file outlives its name: `git clean`, `rm -rf`, a sync client or a restored backup may take the name away or give
it to another file. What is written then is found by nobody. Knows nothing of what is in the file.
"""

import os
from pathlib import Path
from typing import NoReturn

from hailuo_batch.errors import LedgerMovedError

_Identity = tuple[int, int]  # the device, and the file's number on it


class NamedFile:
    """A file that was opened under a path."""

    def __init__(self, path: Path, opened: os.stat_result | None) -> None:
        """`opened` is how the open file looks; None: there was none under this name."""
        self._path = path
        self._identity = None if opened is None else _identify(opened)

    @property
    def is_in_place(self) -> bool:
        """Whether the path leads to the open file; where none was opened, there is nothing to lose."""
        try:
            return self._identity is None or _identify(self._path.stat()) == self._identity
        except OSError:
            return False

    def check(self) -> None:
        """Raises `LedgerMovedError` when the path leads to another file, or to none."""
        if not self.is_in_place:
            _raise_moved(self._path)


def stat_file(path: Path) -> os.stat_result | None:
    """How the file of a path looks; None when there is none."""
    try:
        return path.stat()
    except OSError:
        return None


def _identify(found: os.stat_result) -> _Identity:
    return found.st_dev, found.st_ino


def _raise_moved(path: Path) -> NoReturn:
    is_gone = stat_file(path) is None
    raise LedgerMovedError(
        "the ledger is no longer in its place",
        why=f"{path} {'is gone' if is_gone else 'is another file now'}, while a command was using it.",
        remedy="Something removed or replaced it: git clean, rm, a sync client, a backup that was restored. "
        "Put it back, then run the command again.",
    )

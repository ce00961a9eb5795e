"""Moves and removes names as Windows needs it: a read-only file loses that mark first, and one in use is tried again.

Elsewhere the folder decides what may be moved and removed, and a file that is open is no obstacle.
"""

import errno
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

IS_WINDOWS = os.name == "nt"
TRIES, _PAUSE = 10, 0.1  # seconds; an indexer or a virus scanner opens a new file for a moment


class FileInUseError(PermissionError):
    """A file that Windows neither moves nor removes, since a program has it open."""

    def __init__(self, file: Path) -> None:
        super().__init__(errno.EACCES, "another program has it open, or you may not change it", str(file))


def change_name(change: Callable[[], None], file: Path) -> None:
    """Carries out what replaces or removes a file; `FileInUseError` when that stays refused."""
    if not IS_WINDOWS:
        change()
        return
    for left in reversed(range(TRIES)):
        try:
            change()
        except PermissionError as error:
            if not left:
                raise FileInUseError(file) from error
            # The mark belongs to the file: its other names, as hard links, lose it too. Digests still guard a clip.
            with suppress(OSError):
                file.chmod(stat.S_IREAD | stat.S_IWRITE)
            time.sleep(_PAUSE)
        else:
            return


def remove_file(file: Path) -> None:
    """Removes a file by its path; `FileNotFoundError` when there is none."""
    change_name(lambda: os.unlink(file), file)  # noqa: PTH108 - one name for the tests of all three


def replace_file(source: Path, target: Path) -> None:
    """Puts a file in the place of another on the same disk."""
    change_name(lambda: os.replace(source, target), target)  # noqa: PTH105

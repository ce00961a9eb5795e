"""Gives a file a second name in a folder without replacing one that is in use: clone, else hard link, else copy.

A name appears with the whole file behind it, or not at all. Independent of what the files are.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hailuo_batch.files.folder import OpenFolder, temporary_name
from hailuo_batch.files.fsync import sync_file
from hailuo_batch.files.regular import open_regular

TEMPORARY_NAME = re.compile(r"\..+\.(mp4|json)\.\d+-([0-9a-f]{8}){1,2}")  # what a killed run may leave
_FICLONE = 0x40049409  # linux/fs.h: share another file's blocks until one of the two is written to


class Linker:
    """Gives second names in one folder to files of another."""

    def __init__(self) -> None:
        # What the file system cannot do is tried once: a file that is made and taken away again for every name slows
        # ext4 down, which searches past all recently deleted files for each new one.
        self._clones = sys.platform == "linux"

    def link(self, source: Path, folder: OpenFolder, name: str) -> None:
        """Makes `name` have the content of `source`; `FileExistsError` if it is taken."""
        self._clones = self._clones and _clone(source, folder, name)
        if self._clones:
            return
        try:
            folder.link(source, name)
        except FileExistsError:
            raise
        except OSError:  # another disk, too many links, or a file system without them
            _copy(source, folder, name)


@contextmanager
def _new_file(folder: OpenFolder, name: str) -> Iterator[str]:
    """A hidden name for what becomes `name`; its file is gone afterwards."""
    hidden = temporary_name(name)
    try:
        yield hidden
    finally:
        folder.remove(hidden)


def _clone(source: Path, folder: OpenFolder, name: str) -> bool:
    """Whether `name` now shares the blocks of `source` (btrfs, xfs, bcachefs); for Linux only."""
    import fcntl

    with _new_file(folder, name) as hidden:
        with open_regular(source) as old, folder.create(hidden) as new:
            try:
                fcntl.ioctl(new, _FICLONE, old.fileno())
            except OSError:  # each file system says "not here" in another way
                return False
        _publish(folder, hidden, name)
    return True


def _copy(source: Path, folder: OpenFolder, name: str) -> None:
    with _new_file(folder, name) as hidden:
        with open_regular(source) as old, folder.create(hidden) as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            sync_file(new.fileno())
        _publish(folder, hidden, name)


def _publish(folder: OpenFolder, hidden: str, name: str) -> None:
    """Gives a finished file its name, if that is free."""
    try:
        folder.link(folder.path / hidden, name)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network disks): take the name with an empty file, which fails if it is in use,
        # then move over what is now ours.
        folder.create(name).close()
        try:
            folder.move(hidden, name)
        except OSError:
            with suppress(OSError):
                folder.remove(name)
            raise

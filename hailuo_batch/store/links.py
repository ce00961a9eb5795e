"""Gives a file a second name without replacing one that is in use: clone, else hard link, else copy.

A name appears with the whole file behind it, or not at all. Independent of what the files are.
"""

import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hailuo_batch.store.fsync import sync_file

TEMPORARY_NAME = re.compile(r"\..+\.(mp4|json)\.\d+-[0-9a-f]{8}")  # what a killed run may leave
_FICLONE = 0x40049409  # linux/fs.h: share another file's blocks until one of the two is written to


class Linker:
    """Gives second names in one folder to files of another."""

    def __init__(self) -> None:
        # What the file system cannot do is tried once: a file that is made and taken away again for every name slows
        # ext4 down, which searches past all recently deleted files for each new one.
        self._clones = sys.platform == "linux"

    def link(self, source: Path, final: Path) -> None:
        """Makes `final` have the content of `source`; `FileExistsError` if the name is taken."""
        self._clones = self._clones and _clone(source, final)
        if self._clones:
            return
        try:
            final.hardlink_to(source)
        except FileExistsError:
            raise
        except OSError:  # another disk, too many links, or a file system without them
            _copy(source, final)


def replace_content(final: Path, content: bytes) -> None:
    """Makes `final` have this content, in place of what it had; not forced to the disk."""
    temporary = _make_temporary_name(final)
    try:
        temporary.write_bytes(content)
        temporary.replace(final)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def temporary_name(final: Path) -> Iterator[Path]:
    """A hidden name beside `final`, whose file is gone afterwards unless it was moved away."""
    path = _make_temporary_name(final)
    try:
        yield path
    finally:
        if os.path.lexists(path):  # checked first: removing a name waits for every writer in the folder
            path.unlink(missing_ok=True)


def _make_temporary_name(final: Path) -> Path:
    return final.with_name(f".{final.name}.{os.getpid()}-{secrets.token_hex(4)}")  # see TEMPORARY_NAME


def _clone(source: Path, final: Path) -> bool:
    """Whether `final` now shares the blocks of `source` (btrfs, xfs, bcachefs); for Linux only."""
    import fcntl

    with temporary_name(final) as temporary:
        with source.open("rb") as old, temporary.open("xb") as new:
            try:
                fcntl.ioctl(new, _FICLONE, old.fileno())
            except OSError:  # each file system says "not here" in another way
                return False
        _publish(temporary, final)
    return True


def _copy(source: Path, final: Path) -> None:
    with temporary_name(final) as temporary:
        with source.open("rb") as old, temporary.open("xb") as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            sync_file(new.fileno())
        _publish(temporary, final)


def _publish(temporary: Path, final: Path) -> None:
    """Gives a finished file its name, if that is free."""
    try:
        final.hardlink_to(temporary)
    except FileExistsError:
        raise
    except OSError:
        # No hard links here (FAT, some network disks): take the name with an empty file, which fails if it is in use,
        # then move over what is now ours.
        final.touch(exist_ok=False)
        try:
            temporary.replace(final)
        except OSError:
            with suppress(OSError):
                final.unlink()
            raise

"""Gives a file a second name without ever taking one that is in use: clone, else hard link, else copy.

A name appears with the whole file behind it, or not at all. Nothing here knows what the files are.
"""

import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hailuo_batch.store.durable import sync

UNFINISHED = re.compile(r"\..+\.(mp4|json)\.\d+-[0-9a-f]{8}")  # what a killed run may leave
_FICLONE = 0x40049409  # linux/fs.h: share another file's blocks until one of the two is written to


def link(source: Path, final: Path) -> None:
    """Makes `final` have the content of `source`; `FileExistsError` if the name is taken."""
    if final.is_symlink() or final.exists():
        raise FileExistsError(f"{final} exists")
    if _clone(source, final):
        return
    try:
        final.hardlink_to(source)
    except FileExistsError:
        raise
    except OSError:  # another disk, too many links, or a file system without them
        _copy(source, final)


@contextmanager
def unfinished(final: Path) -> Iterator[Path]:
    """A hidden name beside `final`, whose file is gone afterwards unless it was moved away."""
    path = final.with_name(f".{final.name}.{os.getpid()}-{secrets.token_hex(4)}")  # see UNFINISHED
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _clone(source: Path, final: Path) -> bool:
    """Whether `final` now shares the blocks of `source` (btrfs, xfs, bcachefs)."""
    if sys.platform != "linux":
        return False
    import fcntl

    with unfinished(final) as temporary:
        with source.open("rb") as old, temporary.open("xb") as new:
            try:
                fcntl.ioctl(new, _FICLONE, old.fileno())
            except OSError:  # each file system says "not here" in another way
                return False
        _publish(temporary, final)
    return True


def _copy(source: Path, final: Path) -> None:
    with unfinished(final) as temporary:
        with source.open("rb") as old, temporary.open("xb") as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            sync(new.fileno())
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

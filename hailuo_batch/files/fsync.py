"""The few steps that make a file, or a name in a folder, survive a power cut.

Some disks cannot do that for folders (SMB, sshfs and other FUSE), or not as macOS does it for files. That is no failure
of the disk: the work goes on, and one warning says so. An error of the disk itself is raised.
"""

import errno
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_NOT_SUPPORTED = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS})


def sync_file(descriptor: int) -> None:
    """Returns when everything written to an open file is on the disk."""
    if sys.platform == "darwin" and _sync_drive(descriptor):
        return
    os.fsync(descriptor)


def sync_names(descriptor: int, folder: Path) -> None:
    """Returns when the names in an open folder are on the disk, or when its disk cannot do that."""
    try:
        sync_file(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        import logging

        for words in _warnings(os.fstat(descriptor).st_dev):  # without a trace, Python shows it on stderr
            logging.getLogger("hailuo_batch.files").warning(words, folder)


def sync_folder(folder: Path) -> None:
    """Returns when the names in a folder are on the disk, or when its disk cannot do that."""
    if os.name == "nt":
        return  # Windows has no such call, and keeps names by itself
    number = os.open(folder, os.O_RDONLY)
    try:
        sync_names(number, folder)
    finally:
        os.close(number)


def _sync_drive(descriptor: int) -> bool:
    """Whether macOS could empty the drive's own cache, in which fsync alone leaves the data."""
    import fcntl

    try:
        fcntl.fcntl(descriptor, getattr(fcntl, "F_FULLFSYNC"))  # noqa: B009 - only macOS has the name
    except OSError as error:
        if error.errno not in _NOT_SUPPORTED:
            raise
        return False  # SMB, exFAT, WebDAV
    return True


@cache
def _warnings(device: int) -> Iterator[str]:  # noqa: ARG001 - one for each disk
    return iter(["warning: the disk of %s cannot keep new names safe; a power cut may lose files there"])

"""Whether a disk can lock files: some network disks cannot, and SQLite calls that a ledger that is in use."""

import errno
import os
import sys
from pathlib import Path

from hailuo_batch.errors import LedgerError
from hailuo_batch.files.folder import Folder, temporary_name

NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS})


def no_locks_error(path: Path) -> LedgerError:
    """What is said where no lock can be had at all."""
    return LedgerError(
        "this disk cannot lock files",
        why=f"{path}: without locks, two runs could buy the same takes.",
        remedy="Keep the project on a local disk, or mount this one with locks (for NFS without `nolock`).",
    )


def has_no_locks(folder: Path) -> bool:
    """Whether a file of its own cannot be locked there; never the ledger's: closing it would free SQLite's locks."""
    if sys.platform == "win32":
        return False
    import fcntl

    name = temporary_name("locks")
    try:
        with Folder(folder).open() as opened, opened.create(name, mode=0o600) as file:
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 0, os.SEEK_SET)
            finally:
                opened.remove(name)
    except OSError as error:
        return error.errno in NO_LOCKS
    return False

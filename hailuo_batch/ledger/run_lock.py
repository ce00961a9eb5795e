"""One run per ledger: a lock of the operating system on `.hailuo/run.lock`, with its holder's name inside.

The kernel holds the lock and drops it with its process, however that ends. The text in the file only names the holder.
Text that a killed run left behind is overwritten. Independent of what a run does.
"""

import errno
import json
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path

from hailuo_batch.errors import LedgerError
from hailuo_batch.files.folder import Folder
from hailuo_batch.files.regular import UnsafeFileError, open_regular
from hailuo_batch.ledger.disk_locks import NO_LOCKS, no_locks_error
from hailuo_batch.ledger.named_file import NamedFile
from hailuo_batch.ports import RunHolder, RunLock

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # Windows keeps others from reading locked bytes: the locked one lies far behind the text

    def _seize(file: FileIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _release(file: FileIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

    _share = _seize  # Windows has no shared lock here: a check may look like a run for an instant
    _CHECKS_SHARE = False

else:
    import fcntl

    def _seize(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _share(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def _release(file: FileIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)

    _CHECKS_SHARE = True


_REOPENINGS = 20  # of a file that something keeps removing
_HELD_ERRNOS = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})  # what the systems say of a lock that is held
_TRIES = 20  # with pauses of 10 ms: a check holds a shared lock for some microseconds, or longer on a busy machine


class FileLocks:
    """Implements `ports.Locks` with one file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def hold_run_lock(self, command: str) -> Iterator[RunLock]:
        """Holds the lock while inside; a `LedgerError` names the holder if there is one."""
        file, named = _acquire_named(self._path)
        with file:
            try:
                with _translate_errors(self._path):
                    _write_holder(file, command)
                yield named
            finally:
                # The file stays: were it removed, two runs could each hold a lock of this name.
                _free(self._path, file)

    def is_run_active(self) -> bool:
        """Whether a run works at this moment. A lock that nobody has signed is free."""
        try:
            if not self._path.stat().st_size:
                return False
            with open_regular(self._path, os.O_RDWR) as file:
                return _is_held_by_run(file)
        except OSError as error:
            return error.errno in _HELD_ERRNOS

    def read_run_holder(self) -> RunHolder | None:
        """Who holds the lock now; None when it is free or the holder has not signed yet."""
        if not self.is_run_active():
            return None
        with _translate_errors(self._path), open_regular(self._path) as file:
            return _read_holder(file)


def _open_file(path: Path) -> FileIO:
    with _translate_errors(path):
        with Folder(path.parent).open(make=True, mode=0o700) as folder:
            file = folder.open_for_update(path.name)
        if os.fstat(file.fileno()).st_nlink > 1:
            file.close()
            raise UnsafeFileError(path, "has a second name (a hard link), whose content would change with it")
        return file


def _acquire_named(path: Path) -> tuple[FileIO, NamedFile]:
    """The locked file of this name.

    Money: between opening and locking, the file may have been removed and made anew; a lock on a file without a name
    keeps nobody away.
    """
    for _ in range(_REOPENINGS):
        file = _open_file(path)
        try:
            _acquire(path, file)
            named = NamedFile(path, os.fstat(file.fileno()))
        except BaseException:
            file.close()
            raise
        if named.is_in_place:
            return file, named
        file.close()  # frees its lock
    raise LedgerError(
        "the run lock cannot be taken",
        why=f"{path} was removed or replaced each time that it was locked.",
        remedy="See which program removes it (a sync client?), and keep that away from the folder.",
    )


def _acquire(path: Path, file: FileIO) -> None:
    with _translate_errors(path):
        for _ in range(_TRIES):
            if _try(_seize, file):
                return
            if _CHECKS_SHARE and _is_held_by_run(file):
                break
            _pause()  # only a check is in the way
        raise _lock_held_error(path, file)


def _is_held_by_run(file: FileIO) -> bool:
    """Whether a run holds the lock, and not only checks like this one, which share it."""
    if not _try(_share, file):
        return True
    _release(file)
    return False


def _free(path: Path, file: FileIO) -> None:
    """Frees the lock. Where the disk fails, the kernel frees it with the file, and the next run overwrites the text."""
    try:
        file.truncate(0)
        _release(file)
    except OSError as error:
        import logging

        words = "warning: the run lock %s could not be cleared: %s. The run itself is finished; check the disk."
        logging.getLogger("hailuo_batch.ledger").warning(words, path, error.strerror)


def _try(lock: Callable[[FileIO], None], file: FileIO) -> bool:
    """Whether a lock could be had at once."""
    try:
        lock(file)
    except OSError as error:
        if error.errno not in _HELD_ERRNOS:
            raise
        return False
    return True


def _pause() -> None:
    time.sleep(0.01)


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except UnsafeFileError as error:
        why, remedy = f"{error.path}: it {error.reason}. It was not used.", "Move it away, then run the command again."
        raise LedgerError("the run lock is not ours", why=why, remedy=remedy) from error
    except OSError as error:
        if error.errno in NO_LOCKS:
            raise no_locks_error(path) from error
        raise LedgerError(
            "the run lock cannot be taken",
            why=f"{path}: {error.strerror}",
            remedy="Check who owns the folder, and whether its disk is full. Some network disks do not support locks.",
        ) from error


def _write_holder(file: FileIO, command: str) -> None:
    """Writes who holds the lock."""
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "command": command,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    file.truncate(0)
    file.seek(0)
    file.write(json.dumps(holder).encode())


def _read_holder(file: FileIO) -> RunHolder | None:
    """Who signed, or None if the text is not there or half written."""
    file.seek(0)
    try:
        found = json.loads(file.read(4096))
        return RunHolder(command=found["command"], process=found["pid"], host=found["host"], since=found["since"])
    except (ValueError, KeyError, TypeError):
        return None


def _lock_held_error(path: Path, file: FileIO) -> LedgerError:
    holder = _read_holder(file)
    return LedgerError(
        "another run is working in this project",
        why=f"{path} is locked, and its holder is not known yet"
        if holder is None
        else f"`{holder.command}`, process {holder.process} on {holder.host}, since {holder.since}",
        remedy="Wait until it ends, or stop it with Ctrl-C where it runs. `status` and `show` work meanwhile.",
    )

"""One run per ledger: a lock of the operating system on `.hailuo/run.lock`, with its holder's name inside.

The lock is the kernel's and goes with its process, however that ends. The text in the file only says who it is; text
that a killed run left behind is overwritten. Nothing here knows what a run does.
"""

import errno
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from hailuo_batch.errors import LedgerError

if sys.platform == "win32":
    import msvcrt

    _FAR = 1 << 30  # Windows keeps others from reading locked bytes: the locked one lies far behind the text

    def _seize(file: BinaryIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _release(file: BinaryIO) -> None:
        file.seek(_FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _seize(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _release(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


_HELD_ERRNOS = frozenset({errno.EAGAIN, errno.EACCES, errno.EDEADLK})  # what the systems say of a lock that is held


@contextmanager
def hold_lock(path: Path, command: str) -> Iterator[None]:
    """Holds the lock while inside; a `LedgerError` names the holder if there is one."""
    with _open_file(path) as file:
        _acquire(path, file, command)
        try:
            yield
        finally:
            # The file stays: were it removed, two runs could each hold a lock of this name.
            file.truncate(0)
            _release(file)


def is_lock_held(path: Path) -> bool:
    """Whether a run works at this moment; asked only of a lock that somebody has signed, and only for that long."""
    try:
        if not path.stat().st_size:
            return False
        with path.open("r+b", buffering=0) as file:
            _seize(file)
            _release(file)
    except OSError as error:
        return error.errno in _HELD_ERRNOS
    return False


def _open_file(path: Path) -> BinaryIO:
    with _translate_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def _acquire(path: Path, file: BinaryIO, command: str) -> None:
    with _translate_errors(path):
        try:
            _seize(file)
        except OSError as error:
            if error.errno not in _HELD_ERRNOS:
                raise
            raise _lock_held_error(path, file) from None
        _write_holder(file, command)


@contextmanager
def _translate_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LedgerError(
            "the run lock cannot be taken",
            why=f"{path}: {error.strerror}",
            remedy="Check who owns the folder, and that its disk has room and knows locks; some network disks do not.",
        ) from error


def _write_holder(file: BinaryIO, command: str) -> None:
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


def _lock_held_error(path: Path, file: BinaryIO) -> LedgerError:
    return LedgerError(
        "another run is working in this project",
        why=_describe_holder(file) or f"{path} is locked, and its holder has not signed it yet",
        remedy="Wait until it ends, or stop it with Ctrl-C where it runs. `hailuo-batch status` works meanwhile.",
    )


def _describe_holder(file: BinaryIO) -> str:
    """The holder in words, or nothing if the text is not there or half written."""
    file.seek(0)
    try:
        holder = json.loads(file.read(4096))
        return "`{command}`, process {pid} on {host}, since {since}".format_map(holder)
    except (ValueError, KeyError, TypeError):
        return ""

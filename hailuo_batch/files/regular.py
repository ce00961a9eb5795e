"""Regular files, opened once and read up to a limit: never a pipe that waits, a device that does not end, or a link.

What is asked of a path is asked again of the open file, and its bytes come from there: no second look, no second open.
"""

import errno
import io
import os
import stat
from pathlib import Path

# Windows has none of these; there, what `lstat` says has to do.
NO_LINK: int = getattr(os, "O_NOFOLLOW", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe (FIFO)"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_JUNCTION = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", -1)  # what Windows has beside links


class UnsafeFileError(OSError):
    """What stands in the place of a file or a folder is none that may be used; `reason` completes "it …"."""

    def __init__(self, path: Path | str, reason: str, remedy: str = "") -> None:
        super().__init__(errno.ELOOP, f"it {reason}", str(path))
        self.path, self.reason, self.remedy = Path(path), reason, remedy


def file_kind(found: os.stat_result) -> str:
    """What is there in the place of a regular file, in words; nothing for a regular file."""
    if getattr(found, "st_reparse_tag", 0) == _JUNCTION:
        return "a link"
    return next((words for is_one, words in _KINDS if is_one(found.st_mode)), "")


def open_regular(
    path: Path | str, flags: int = _READ, *, mode: int = 0o600, folder: int | None = None, label: Path | None = None
) -> io.FileIO:
    """A regular file, unbuffered; a link is not followed. `folder` is a descriptor that `path` is relative to.

    Raises `UnsafeFileError` for anything else that is there, and says its kind.
    """
    shown = label or Path(path)
    if not flags & os.O_EXCL:  # looked at before, since opening some devices does something already
        try:
            _require_regular(os.stat(path, dir_fd=folder, follow_symlinks=False), shown)
        except FileNotFoundError:
            if not flags & os.O_CREAT:
                raise
    number = os.open(path, flags | _READ | NO_LINK, mode, dir_fd=folder)
    try:
        _require_regular(os.fstat(number), shown)
        return io.FileIO(number, "r+" if flags & os.O_RDWR else "w" if flags & os.O_WRONLY else "r")
    except BaseException:
        os.close(number)
        raise


def read_regular(path: Path | str, limit: int, *, folder: int | None = None, label: Path | None = None) -> bytes:
    """The bytes of a regular file that has no more than `limit`, read once."""
    with open_regular(path, folder=folder, label=label) as file:
        size = os.fstat(file.fileno()).st_size
        data = file.read(min(size, limit) + 1)
        while more := file.read(limit + 1 - len(data)) if size < len(data) <= limit else b"":  # it grew meanwhile
            data += more
    if len(data) > limit:
        raise UnsafeFileError(label or path, f"is larger than {limit // 1024**2} MB, the most that is read")
    return data


def require_regular_path(path: Path) -> None:
    """Raises unless there is a regular file or nothing at a path that a library opens by itself."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return
    _require_regular(found, path)


def is_regular(path: Path) -> bool:
    """Whether a regular file is there, and no link to one."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _require_regular(found: os.stat_result, path: Path) -> None:
    kind = file_kind(found)
    if kind == "a folder":
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if kind:
        raise UnsafeFileError(path, f"is {kind}, and no regular file")

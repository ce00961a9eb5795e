"""What the operating system says when a file cannot be kept, in the user's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from hailuo_batch.errors import StoreError
from hailuo_batch.files.names import FileInUseError
from hailuo_batch.files.regular import UnsafeFileError

_NO_PERMISSION = (
    "no permission",
    "Check who owns the folder; the user that runs hailuo-batch must be able to read and write it.",
)
_BY_ERRNO: dict[int, tuple[str, str]] = {
    errno.ENOSPC: (
        "the disk is full",
        "Free some disk space, then run the command again. What was paid for is downloaded, not bought again.",
    ),
    errno.EDQUOT: (
        "your disk quota is used up",
        "Free some disk space, then run the command again. Nothing is bought twice.",
    ),
    errno.EACCES: _NO_PERMISSION,
    errno.EPERM: _NO_PERMISSION,
    errno.EROFS: ("the disk is read-only", "Mount it so that it can be written to, or move the project elsewhere."),
    errno.EFBIG: ("the file is too large for this disk", "Move the project to a disk that takes larger files."),
    errno.ENAMETOOLONG: ("the file's name is too long for this disk", "Shorten the campaign's name or the shot's id."),
    errno.EIO: ("the disk failed", "Check the disk before you continue."),
    errno.EMFILE: ("too many open files", "Run fewer takes at a time (`-j`), or raise `ulimit -n`."),
}
_DEFAULT = ("the file system refused", "Fix the cause named above, then run the command again.")


@contextmanager
def translate_os_errors(action: str) -> Iterator[None]:
    """Turns an `OSError` inside into a `StoreError` that begins with `action` could not be done."""
    try:
        yield
    except UnsafeFileError as error:
        why, remedy = f"{error.path}: it {error.reason}", error.remedy or "Move it away, then run the command again."
        raise StoreError(f"{action}: what is there is not ours", why=why, remedy=remedy) from error
    except FileInUseError as error:
        why = f"Another program has {error.filename} open, or you may not change it."
        remedy = "Close it there (a player, an editor, a virus scanner), then run the command again."
        raise StoreError(f"{action}: the file is in use", why=why, remedy=remedy) from error
    except OSError as error:
        reason, remedy = _BY_ERRNO.get(error.errno or 0, _DEFAULT)
        raise StoreError(f"{action}: {reason}", why=str(error), remedy=remedy) from error

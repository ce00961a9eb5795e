"""What the operating system says when a file cannot be kept, in the user's words."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from hailuo_batch.errors import StoreError

_NO_RIGHT = (
    "no right to do so",
    "Check who owns the folder; the user that runs hailuo-batch must be able to read and write it.",
)
_BY_NUMBER: dict[int, tuple[str, str]] = {
    errno.ENOSPC: (
        "the disk is full",
        "Make room, then run the command again: what was paid for is fetched, not bought.",
    ),
    errno.EDQUOT: ("your disk quota is used up", "Make room, then run the command again: nothing is bought twice."),
    errno.EACCES: _NO_RIGHT,
    errno.EPERM: _NO_RIGHT,
    errno.EROFS: ("the disk is read-only", "Mount it so that it can be written to, or move the project elsewhere."),
    errno.EFBIG: ("the file is too large for this disk", "Move the project to a disk that takes larger files."),
    errno.ENAMETOOLONG: ("the file's name is too long for this disk", "Shorten the campaign's name or the shot's id."),
    errno.EIO: ("the disk failed", "Check the disk before going on."),
    errno.EMFILE: ("too many open files", "Run fewer takes at a time (`-j`), or raise `ulimit -n`."),
}
_OTHERWISE = ("the file system refused", "Look at the reason above; when it is mended, run the command again.")


@contextmanager
def plain_words(what: str) -> Iterator[None]:
    """Turns an `OSError` inside into a `StoreError` that begins with `what` could not be done."""
    try:
        yield
    except OSError as error:
        reason, remedy = _BY_NUMBER.get(error.errno or 0, _OTHERWISE)
        raise StoreError(f"{what}: {reason}", why=str(error), remedy=remedy) from error

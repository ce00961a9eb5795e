"""Copies of clips in a folder of the user's: all of them or none, and nothing that is not ours is replaced.

A copy shares no bytes with the store: editing programs write into files, and a copy says how it was made.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path

from hailuo_batch.errors import RefusedError
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.values import dataclass

_MAX_BYTES = 8 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCopy:
    """One copy: its name, and what makes its bytes when they are needed."""

    name: str
    make: Callable[[], bytes]


def place_copies(path: Path, copies: Sequence[ClipCopy], may_replace: Callable[[bytes], bool]) -> int:
    """Makes the copies in a folder, and says how many were new; one that is there already stays.

    `may_replace` decides by the bytes of another file that has the name. Raises `RefusedError` before anything is
    written where it may not.
    """
    made = list[str]()
    with translate_os_errors(f"cannot copy clips to {path}"):
        new = [(copy, found) for copy in copies if (found := _check_name(path, copy, may_replace)) is not _Found.SAME]
        with Folder(path, path).open(make=True) as folder:
            try:
                for copy, found in new:
                    _place(folder, copy, made, is_new=found is _Found.NOTHING)
            except BaseException:
                for name in made:
                    with suppress(OSError):
                        folder.remove(name)
                raise
    return len(new)


class _Found(Enum):
    NOTHING = auto()
    SAME = auto()
    OURS = auto()


def _check_name(path: Path, copy: ClipCopy, may_replace: Callable[[bytes], bool]) -> _Found:
    """What has a copy's name already."""
    try:
        with Folder(path, path).open() as folder:
            there = folder.read(copy.name, _MAX_BYTES)
    except FileNotFoundError:
        return _Found.NOTHING
    except (UnsafeFileError, IsADirectoryError):
        there = b""
    if there and there == copy.make():
        return _Found.SAME
    if there and may_replace(there):
        return _Found.OURS
    raise RefusedError(
        f"{path / copy.name} is there already",
        why="It is another file than the copy would be. Nothing was written.",
        remedy="Name another folder, or move the file away. Earlier copies of ours are replaced with --force.",
    )


def _place(folder: OpenFolder, copy: ClipCopy, made: list[str], *, is_new: bool) -> None:
    """A new name is remembered, to be taken back; what takes another file's place is whole when it does."""
    data = copy.make()
    if not is_new:
        folder.replace_content(copy.name, data)
        return
    with folder.create(copy.name) as file:
        made.append(copy.name)
        file.write(data)

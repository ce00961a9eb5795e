"""Copies of clips in a folder of the user's: all of them or none, and nothing that is not ours is replaced.

A copy shares no bytes with the store that somebody could write to: editing programs write into files. Where the disk
can, it is a clone, which takes no room.
"""

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.errors import RefusedError
from hailuo_batch.files.folder import Folder, OpenFolder, temporary_name
from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.links import Linker


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipCopy:
    """One copy: its name, the clip's own file, and the clip's digest."""

    name: str
    source: Path
    digest: str


def place_copies(path: Path, copies: Sequence[ClipCopy], may_replace: Callable[[str], bool]) -> int:
    """Makes the copies in a folder, and says how many were new; one that is there already stays.

    `may_replace` decides by the digest of another file that has the name. Raises `RefusedError` before anything is
    written where it may not.
    """
    linker, made = Linker(hard_links=False), list[str]()
    with translate_os_errors(f"cannot copy clips to {path}"):
        new = [copy for copy in copies if _is_wanted(path, copy, may_replace)]
        with Folder(path, path).open(make=True) as folder:
            try:
                for copy in new:
                    _place(folder, linker, copy, made)
            except BaseException:
                for name in made:
                    with suppress(OSError):
                        folder.remove(name)
                raise
    return len(new)


def _is_wanted(path: Path, copy: ClipCopy, may_replace: Callable[[str], bool]) -> bool:
    try:
        with Folder(path, path).open() as folder, folder.open(copy.name) as file:
            found = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except FileNotFoundError:
        return True
    except (UnsafeFileError, IsADirectoryError):
        found = ""
    if found == copy.digest:
        return False
    if may_replace(found):
        return True
    raise RefusedError(
        f"{path / copy.name} is there already",
        why="It is another file than the clip. Nothing was written.",
        remedy="Name another folder, or move the file away.",
    )


def _place(folder: OpenFolder, linker: Linker, copy: ClipCopy, made: list[str]) -> None:
    """A new name is remembered, to be taken back; what takes another file's place is whole when it does."""
    try:
        linker.link(copy.source, folder, copy.name)
        made.append(copy.name)
    except FileExistsError:
        hidden = temporary_name(copy.name)
        linker.link(copy.source, folder, hidden)
        folder.move(hidden, copy.name)

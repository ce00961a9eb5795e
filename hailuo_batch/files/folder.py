"""A folder of ours, reached from a trusted one without following a link, and what is done in it.

Every part of the way is opened relative to the one above (`dir_fd`), and so is what is made, moved and removed below. A
new file begins under a random name that is not taken (`O_EXCL`), and is moved to its own name when it is whole.
Windows has no such descriptors: there, each part of the way is looked at, and paths are used.
"""

import errno
import os
import stat
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager, suppress
from io import BufferedWriter, FileIO
from pathlib import Path
from typing import Any

from hailuo_batch.files.fsync import sync_file, sync_names
from hailuo_batch.files.names import change_name
from hailuo_batch.files.regular import NO_LINK, UnsafeFileError, file_kind, open_regular, read_regular

_HAS_DESCRIPTORS = {os.open, os.mkdir, os.stat, os.link, os.unlink, os.rename} <= os.supports_dir_fd and bool(NO_LINK)
_LINKS_FOLLOW = os.link not in os.supports_follow_symlinks  # that a source is no link was looked at before
_FOLDER: int = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0) | os.O_RDONLY
_UPDATE: int = os.O_RDWR | os.O_CREAT
_NEW: int = os.O_RDWR | os.O_CREAT | os.O_EXCL


class OpenFolder:
    """A folder that is open: its files by name, whatever happens to its path meanwhile."""

    def __init__(self, path: Path, number: int | None) -> None:
        self.path = path
        self._number = number

    def create(self, name: str, mode: int = 0o666) -> BufferedWriter:
        """A new file, open for writing; `FileExistsError` when anything has the name, a link too."""
        return BufferedWriter(
            open_regular(*self._at(name, _NEW), mode=mode, folder=self._number, label=self.path / name)
        )

    def open(self, name: str) -> FileIO:
        """A regular file that is there, open for reading."""
        return open_regular(*self._at(name), folder=self._number, label=self.path / name)

    def open_for_update(self, name: str, mode: int = 0o600) -> FileIO:
        """A regular file, made empty where there is none, to be read and written in place."""
        return open_regular(*self._at(name, _UPDATE), mode=mode, folder=self._number, label=self.path / name)

    def read(self, name: str, limit: int) -> bytes:
        """The bytes of a regular file that is there."""
        return read_regular(*self._at(name, limit), folder=self._number, label=self.path / name)

    def stat(self, name: str) -> os.stat_result:
        """How an entry looks; a link is shown as itself."""
        return os.stat(*self._at(name), dir_fd=self._number, follow_symlinks=False)

    def link(self, source: Path, name: str) -> None:
        """Gives a file a second name here; `FileExistsError` when it is taken."""
        os.link(source, *self._at(name), dst_dir_fd=self._number, follow_symlinks=_LINKS_FOLLOW)

    def move(self, old: str, new: str) -> None:
        """Puts one entry in the place of another."""
        names, number = (*self._at(old), *self._at(new)), self._number
        change_name(lambda: os.replace(*names, src_dir_fd=number, dst_dir_fd=number), self.path / new)

    def move_in(self, source: Path, name: str) -> None:
        """Puts a file from elsewhere on this disk in the place of an entry."""
        names = (source, *self._at(name))
        change_name(lambda: os.replace(*names, dst_dir_fd=self._number), self.path / name)

    def remove(self, name: str) -> None:
        """Removes an entry that is no folder; one that is gone is no fault. What a link leads to stays."""
        with suppress(FileNotFoundError):
            names = self._at(name)
            change_name(lambda: os.unlink(*names, dir_fd=self._number), self.path / name)

    def names(self) -> list[str]:
        """The names of what is there."""
        return os.listdir(self.path if self._number is None else self._number)  # noqa: PTH208 - Path has no descriptors

    def regular_files(self) -> Iterator[tuple[str, os.stat_result]]:
        """The regular files directly below, as they look now: no links, no folders, and nothing inside those."""
        for name in sorted(self.names()):
            with suppress(OSError):  # it went away since it was listed
                if stat.S_ISREG((found := self.stat(name)).st_mode):
                    yield name, found

    def refuse_links(self) -> None:
        """Raises when something directly below is a link."""
        with os.scandir(self.path if self._number is None else self._number) as entries:
            for entry in entries:
                if entry.is_symlink():
                    raise UnsafeFileError(self.path / entry.name, "is a link, and we make none")

    def owner(self) -> int:
        """The number of the user whose folder it is."""
        return (self.path.lstat() if self._number is None else os.fstat(self._number)).st_uid

    def owner_of_new_file(self) -> int | None:
        """Whose a file becomes that is made here; None when none can be made."""
        name = temporary_name("owner")
        try:
            with self.create(name) as file:
                return os.fstat(file.fileno()).st_uid
        except OSError:
            return None
        finally:
            with suppress(OSError):
                self.remove(name)

    def replace_content(self, name: str, data: bytes, *, durable: bool = False, mode: int = 0o666) -> None:
        """Makes a name have this content, whole or not at all; `durable` returns when both are on the disk."""
        temporary = temporary_name(name)
        try:
            with self.create(temporary, mode) as file:
                file.write(data)
                if durable:
                    file.flush()
                    sync_file(file.fileno())
            self.move(temporary, name)
        except BaseException:
            with suppress(OSError):
                self.remove(temporary)
            raise
        if durable:
            self.sync()

    def sync(self) -> None:
        """Returns when the names here are on the disk; Windows has no such call, and keeps names by itself."""
        if self._number is not None:
            sync_names(self._number, self.path)

    def _at(self, name: str, *others: Any) -> tuple[Any, ...]:
        if not name or name in {".", ".."} or "/" in name or os.sep in name:
            raise AssertionError(f"not the name of a file in a folder: {name!r}")
        return (name if self._number is not None else str(self.path / name), *others)


class Folder:
    """A folder of ours by its path. Links above `trusted` are the user's own affair; below it, none is followed."""

    def __init__(self, path: Path, trusted: Path | None = None) -> None:
        self.path = path
        self._trusted = path.parent if trusted is None else trusted
        self._parts = path.relative_to(self._trusted).parts

    @contextmanager
    def open(self, *, make: bool = False, mode: int = 0o777) -> Iterator[OpenFolder]:
        """The folder while it is open; with `make` it is made durably where it is missing.

        Raises `UnsafeFileError` where a link, or anything else but a folder, is on the way.
        """
        if not _HAS_DESCRIPTORS:
            _check_each(self._trusted, self._parts, make=make, mode=mode)
            yield OpenFolder(self.path, None)
            return
        number = _open_each(self._trusted, self._parts, make=make, mode=mode)
        try:
            with _full_names(self.path):
                yield OpenFolder(self.path, number)
        finally:
            os.close(number)

    def remove(self, names: Container[str]) -> int:
        """Removes the regular files of these names; how many."""
        return self.sweep(lambda name, _: name in names)

    def sweep(self, is_leftover: Callable[[str, os.stat_result], bool]) -> int:
        """Removes those regular files directly below that are leftovers; how many. A missing folder has none."""
        try:
            with self.open() as folder:
                leftovers = [name for name, found in folder.regular_files() if is_leftover(name, found)]
                for name in leftovers:
                    folder.remove(name)
        except FileNotFoundError:
            return 0
        return len(leftovers)


def temporary_name(name: str) -> str:
    """A hidden name that nobody can foresee, for what becomes `name`."""
    return f".{name}.{os.getpid()}-{os.urandom(8).hex()}"


def write_beside(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Makes a file of the user's have this content, whole or not at all; a link in its place is replaced."""
    with Folder(path.parent, path.parent).open() as folder:
        folder.replace_content(path.name, data, durable=durable)


@contextmanager
def _full_names(folder: Path) -> Iterator[None]:
    """Errors inside name whole paths: what is relative to a descriptor has only a name."""
    try:
        yield
    except OSError as error:
        if isinstance(error.filename, str) and os.path.basename(error.filename) == error.filename:  # noqa: PTH119
            error.filename = str(folder / error.filename)
        raise


def _open_each(trusted: Path, parts: tuple[str, ...], *, make: bool, mode: int) -> int:
    number = _open_trusted(trusted, make=make)
    for place, name in enumerate(parts):
        try:
            try:  # no path is put together while all goes well: a run opens four folders for each clip
                inner = os.open(name, _FOLDER | NO_LINK, dir_fd=number)
            except OSError:
                here = trusted.joinpath(*parts[: place + 1])
                with _full_names(here.parent):
                    inner = _open_one(number, name, here, make=make, mode=mode)
        finally:
            os.close(number)
        number = inner
    return number


def _open_trusted(trusted: Path, *, make: bool) -> int:
    try:
        return os.open(trusted, _FOLDER)
    except OSError:
        if not make:
            raise
    _make_trusted(trusted)
    return os.open(trusted, _FOLDER)


def _open_one(above: int, name: str, here: Path, *, make: bool, mode: int) -> int:
    try:
        return os.open(name, _FOLDER | NO_LINK, dir_fd=above)
    except FileNotFoundError:
        if not make:
            raise
    except OSError:  # each system says in another way that it is a link, or no folder
        _require_folder(os.stat(name, dir_fd=above, follow_symlinks=False), here)
        raise
    with suppress(FileExistsError):  # another thread was quicker
        os.mkdir(name, mode, dir_fd=above)
        sync_names(above, here.parent)
    return _open_one(above, name, here, make=False, mode=mode)


def _check_each(trusted: Path, parts: tuple[str, ...], *, make: bool, mode: int) -> None:
    if make:
        _make_trusted(trusted)
    here = trusted
    for name in parts:
        here /= name
        if make:
            with suppress(FileExistsError):
                here.mkdir(mode)
        _require_folder(here.lstat(), here)


def _make_trusted(trusted: Path) -> None:
    if not trusted.is_dir():
        trusted.mkdir(parents=True, exist_ok=True)


def _require_folder(found: os.stat_result, here: Path) -> None:
    kind = file_kind(found)
    if not kind:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(here))
    if stat.S_ISLNK(found.st_mode) and not here.exists():
        raise UnsafeFileError(here, "is a link that leads nowhere, as when its disk is not mounted")
    if kind != "a folder":
        raise UnsafeFileError(here, f"is {kind}, and no folder")

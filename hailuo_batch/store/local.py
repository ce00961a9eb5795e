"""The store on a local disk: each clip under the digest of its bytes, whole or not at all.

    incoming/…            being written; the next run deletes what a killed one left
    rejected/…            paid, and not a whole video: see `rejected.py`
    ab/abcd….mp4          kept: read-only, on disk before the caller continues

The same bytes are kept once. Does not know which request a clip belongs to, or whether it is a video.
"""

import asyncio
import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from io import BufferedReader, FileIO
from pathlib import Path

from hailuo_batch.errors import InputError
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.files.fsync import sync_file
from hailuo_batch.files.names import remove_file
from hailuo_batch.files.regular import open_regular
from hailuo_batch.ports import StoredFile
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.listing import list_digests

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_PREFIX = "sha256:"
_SUFFIX = ".mp4"


class LocalStore:
    """Implements `ports.Store` below one folder, which is made when first written to; below `trusted`, no link is
    followed.
    """

    def __init__(self, root: Path, *, trusted: Path | None = None) -> None:
        self._root, self._trusted = root, root.parent if trusted is None else trusted
        self._incoming = Folder(root / "incoming", self._trusted)

    def temporary_path(self) -> Path:
        """A new temporary name on the store's own file system."""
        with translate_os_errors("cannot write to the store"), self._incoming.open(make=True) as folder:
            return folder.path / f"{os.getpid()}-{secrets.token_hex(8)}{_SUFFIX}"

    async def keep(self, file: Path) -> str:
        """Moves a whole file in, durably, under its digest, which comes back."""
        return await asyncio.to_thread(self._put, file)

    async def restore(self, file: Path, digest: str) -> bool:
        """Keeps a copy of a clip that a readable name still has, if its bytes are those of the digest."""
        return await asyncio.to_thread(self._restore, file, digest)

    async def local_copy(self, digest: str) -> Path:
        """The clip's own file: it is on this machine. `StoreError` when something else is in its place."""
        path = self._path(digest)
        with translate_os_errors("cannot use a clip of the store"), suppress(FileNotFoundError):
            self._open_clip(path).close()
        return path

    def list_digests(self) -> frozenset[str]:
        """The digests of all clips, by listing folders."""
        return list_digests(self._root)

    def stat(self, digest: str) -> StoredFile | None:
        """The size and age of a clip, or None if it is not there or cannot be read."""
        return _stat_file(self._path(digest))

    def open(self, digest: str) -> BufferedReader:
        """The clip's bytes, to be read from the first on; an `OSError` says why they cannot be."""
        return BufferedReader(self._open_clip(self._path(digest)))

    def location(self, digest: str) -> str:
        """The clip's path, for messages."""
        return str(self._path(digest))

    def remove(self, digest: str) -> None:
        """Removes a clip for good; only the run lock's holder may call it. One that is gone already is no fault."""
        path = self._path(digest)
        with (
            translate_os_errors("cannot remove a clip from the store"),
            suppress(FileNotFoundError),
            self._open(path.parent) as folder,
        ):
            folder.remove(path.name)

    def find_linked_clips(self, files: Iterable[Path]) -> frozenset[str]:
        """The clips that are hard links to one of these files, by digest."""
        inodes = {inode for file in files if (inode := _read_inode(file)) is not None}
        digests = self.list_digests() if inodes else frozenset()
        return frozenset(digest for digest in digests if _read_inode(self._path(digest)) in inodes)

    def list_leftovers(self) -> Mapping[str, StoredFile]:
        """What earlier runs left half written, by path; what a run writes at this moment is among it."""
        found: dict[str, StoredFile] = {}
        with (
            translate_os_errors("cannot read the store's temporary files"),
            suppress(FileNotFoundError, NotADirectoryError),
            self._incoming.open() as folder,
        ):
            for name, file in folder.regular_files():
                found[str(folder.path / name)] = StoredFile(size=file.st_size, modified_at=file.st_mtime)
        return found

    def remove_leftovers(self, *, before: float | None = None) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""
        with translate_os_errors("cannot delete the store's temporary files"):
            return self._incoming.sweep(lambda _, found: before is None or found.st_mtime < before)

    def keep_sealed(self, file: Path, digest: str) -> None:
        """Moves a file in whose digest `seal_file` has read just now."""
        with translate_os_errors("cannot store a clip"):
            final = self._path(digest)
            # The folder's own name is on the disk when it is open.
            with self._open(final.parent, make=True) as folder:
                if _is_stored(folder, final.name, file):
                    remove_file(file)
                    return
                folder.move_in(file, final.name)
                # The ledger says "stored" after this; the name must be on the disk before.
                folder.sync()

    def receive(self, parts: Iterable[bytes], digest: str) -> bool:
        """Keeps a clip that comes in parts, if its bytes are those of the digest: else nothing of it stays."""
        copy = self.temporary_path()
        try:
            with self._incoming.open() as folder, folder.create(copy.name) as target:
                for part in parts:
                    with translate_os_errors("cannot write to the store"):
                        target.write(part)
            with translate_os_errors("cannot store a clip"):
                if seal_file(copy) != digest:
                    return False
            self.keep_sealed(copy, digest)
            return True
        finally:
            with suppress(FileNotFoundError):
                remove_file(copy)

    def mark_used(self, digest: str) -> None:
        """Remembers that a clip is used now: `list_by_use` has it last. The age of its bytes stays."""
        with suppress(OSError, NotImplementedError), self._open((path := self._path(digest)).parent) as folder:
            os.utime(path, ns=(time.time_ns(), folder.stat(path.name).st_mtime_ns), follow_symlinks=False)

    def list_by_use(self) -> list[tuple[str, int, int]]:
        """Every clip with its size and how many names its file has; those used longest ago come first."""
        found = []
        for digest in self.list_digests():
            with suppress(OSError):
                file = self._path(digest).lstat()
                found.append((file.st_atime_ns, digest, file.st_size, file.st_nlink))
        return [(digest, size, names) for _, digest, size, names in sorted(found)]

    def _open_clip(self, path: Path) -> FileIO:
        with self._open(path.parent) as folder:
            return folder.open(path.name)

    def _open(self, path: Path, *, make: bool = False) -> AbstractContextManager[OpenFolder]:
        return Folder(path, self._trusted).open(make=make)

    def _path(self, digest: str) -> Path:
        """Where a clip is, or would be."""
        match = _DIGEST.fullmatch(digest)
        if match is None:
            # A digest may come from a lock file that a person edited: it must never name another place.
            raise InputError(
                "not the digest of a clip",
                why=f"it reads {digest[:100]!r}",
                remedy="A digest is `sha256:` and 64 digits from 0 to f; take it from the lock file in git.",
            )
        name = match[1]
        return self._root / name[:2] / f"{name}{_SUFFIX}"

    def _restore(self, file: Path, digest: str) -> bool:
        with translate_os_errors("cannot restore a clip to the store"), open_regular(file) as source:
            return self.receive(_read_parts(source), digest)

    def _put(self, file: Path) -> str:
        with translate_os_errors("cannot store a clip"):
            digest = seal_file(file)
        self.keep_sealed(file, digest)
        return digest


def _read_parts(source: FileIO) -> Iterator[bytes]:
    while part := source.read(1 << 20):
        yield part


def _stat_file(path: Path) -> StoredFile | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return StoredFile(size=found.st_size, modified_at=found.st_mtime) if stat.S_ISREG(found.st_mode) else None


def _read_inode(path: Path) -> tuple[int, int] | None:
    """Which file a name leads to; None for a link that leads nowhere."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def seal_file(file: Path) -> str:
    """The digest of a file whose bytes are now on the disk and read-only."""
    with open_regular(file, os.O_RDWR) as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        # A render is a hard link to this file: read-only, so that no editor writes through to the store.
        file.chmod(0o444)
        sync_file(opened.fileno())
    return _PREFIX + digest


def _is_stored(folder: OpenFolder, name: str, file: Path) -> bool:
    """Whether the clip is kept already. One of another length was damaged since, and is replaced; so is a link."""
    try:
        found = folder.stat(name)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size == file.stat().st_size

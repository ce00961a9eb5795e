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
import shutil
from collections.abc import Iterable, Mapping
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from hailuo_batch.errors import InputError
from hailuo_batch.ports import StoredFile
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.fsync import sync_file, sync_folder
from hailuo_batch.store.listing import list_digests, list_folder

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_PREFIX = "sha256:"
_SUFFIX = ".mp4"


class LocalStore:
    """Implements `ports.Store` below one folder, which is made when first written to."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._temporary_folder = root / "incoming"

    def temporary_path(self) -> Path:
        """A new temporary name on the store's own file system."""
        with translate_os_errors("cannot write to the store"):
            if not self._temporary_folder.is_dir():
                self._temporary_folder.mkdir(parents=True, exist_ok=True)
        return self._temporary_folder / f"{os.getpid()}-{secrets.token_hex(8)}{_SUFFIX}"

    async def keep(self, file: Path) -> str:
        """Moves a whole file in, durably, under its digest, which comes back."""
        return await asyncio.to_thread(self._put, file)

    async def restore(self, file: Path, digest: str) -> bool:
        """Keeps a copy of a clip that a readable name still has, if its bytes are those of the digest."""
        return await asyncio.to_thread(self._restore, file, digest)

    async def local_copy(self, digest: str) -> Path:
        """The clip's own file: it is on this machine."""
        return self._path(digest)

    def list_digests(self) -> frozenset[str]:
        """The digests of all clips, by listing folders."""
        return list_digests(self._root)

    def stat(self, digest: str) -> StoredFile | None:
        """The size and age of a clip, or None if it is not there or cannot be read."""
        return _stat_file(self._path(digest))

    def open(self, digest: str) -> BufferedReader:
        """The clip's bytes, to be read from the first on; an `OSError` says why they cannot be."""
        return self._path(digest).open("rb")

    def location(self, digest: str) -> str:
        """The clip's path, for messages."""
        return str(self._path(digest))

    def remove(self, digest: str) -> None:
        """Removes a clip for good; only the run lock's holder may call it. One that is gone already is no fault."""
        path = self._path(digest)
        with translate_os_errors("cannot remove a clip from the store"), suppress(FileNotFoundError):
            if os.name == "nt":
                path.chmod(0o644)  # Windows removes no file that is read-only; elsewhere the folder decides
            path.unlink()

    def find_linked_clips(self, files: Iterable[Path]) -> frozenset[str]:
        """The clips that are hard links to one of these files, by digest."""
        inodes = {inode for file in files if (inode := _read_inode(file)) is not None}
        digests = self.list_digests() if inodes else frozenset()
        return frozenset(digest for digest in digests if _read_inode(self._path(digest)) in inodes)

    def list_leftovers(self) -> Mapping[str, StoredFile]:
        """What earlier runs left half written, by path; what a run writes at this moment is among it."""
        paths = (self._temporary_folder / name for name in sorted(list_folder(self._temporary_folder)))
        return {str(path): file for path in paths if path.is_file() and (file := _stat_file(path))}

    def remove_leftovers(self, *, before: float | None = None) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""
        names = list_folder(self._temporary_folder)
        if before is not None:
            names = [Path(path).name for path, file in self.list_leftovers().items() if file.modified_at < before]
        with translate_os_errors("cannot delete the store's temporary files"):
            for name in names:
                (self._temporary_folder / name).unlink(missing_ok=True)
        return len(names)

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
        copy = self.temporary_path()
        try:
            with translate_os_errors("cannot restore a clip to the store"):
                shutil.copyfile(file, copy)
                with copy.open("rb") as opened:
                    same = _PREFIX + hashlib.file_digest(opened, "sha256").hexdigest() == digest
            return same and self._put(copy) == digest
        finally:
            copy.unlink(missing_ok=True)

    def _put(self, file: Path) -> str:
        with translate_os_errors("cannot store a clip"):
            digest = seal_file(file)
            final = self._path(digest)
            if _is_stored(final, file):
                file.unlink()
                return digest
            if not final.parent.is_dir():
                final.parent.mkdir(parents=True, exist_ok=True)
                sync_folder(self._root)
                sync_folder(self._root.parent)
            file.replace(final)
            # The ledger says "stored" after this; the name must be on the disk before.
            sync_folder(final.parent)
        return digest


def _stat_file(path: Path) -> StoredFile | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return StoredFile(size=found.st_size, modified_at=found.st_mtime)


def _read_inode(path: Path) -> tuple[int, int] | None:
    """Which file a name leads to; None for a link that leads nowhere."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def seal_file(file: Path) -> str:
    """The digest of a file whose bytes are now on the disk and read-only."""
    with file.open("r+b", buffering=0) as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        # A render is a hard link to this file: read-only, so that no editor writes through to the store.
        file.chmod(0o444)
        sync_file(opened.fileno())
    return _PREFIX + digest


def _is_stored(final: Path, file: Path) -> bool:
    """Whether the clip is kept already. One of another length was damaged since, and is replaced."""
    try:
        return final.stat().st_size == file.stat().st_size
    except FileNotFoundError:
        return False

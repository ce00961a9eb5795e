"""The store on a local disk: each clip under the digest of its bytes, there whole or not at all.

    incoming/…            being written; what a killed run left is swept by the next
    ab/abcd….mp4          kept: read-only, on the disk before anybody is told

The same bytes are kept once. Nothing here knows which request a clip answers, or whether it is a video.
"""

import asyncio
import hashlib
import os
import re
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

from hailuo_batch.errors import InputError
from hailuo_batch.store.errors import plain_words
from hailuo_batch.store.fsync import sync, sync_folder
from hailuo_batch.store.listing import digests_in, entries

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_PREFIX = "sha256:"
_SUFFIX = ".mp4"


class LocalStore:
    """Artifacts by digest, below one folder, which is made when first written to."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / "incoming"

    def incoming(self) -> Path:
        """A new temporary name on the store's own file system."""
        with plain_words("cannot write to the store"):
            if not self._incoming.is_dir():
                self._incoming.mkdir(parents=True, exist_ok=True)
        return self._incoming / f"{os.getpid()}-{secrets.token_hex(8)}{_SUFFIX}"

    async def keep(self, file: Path) -> str:
        """Moves a whole file in, durably, under its digest (`sha256:…`), which comes back."""
        return await asyncio.to_thread(self._keep, file)

    async def take_back(self, file: Path, digest: str) -> bool:
        """Keeps a copy of a clip that a readable name still has, if its bytes are those of the digest."""
        return await asyncio.to_thread(self._take_back, file, digest)

    def path(self, digest: str) -> Path:
        """Where an artifact is, or would be."""
        match = _DIGEST.fullmatch(digest)
        if match is None:
            # A digest may come from a lock file that somebody edited: it must never name another place.
            raise InputError(
                "this is not the digest of a clip",
                why=f"it reads {digest[:100]!r}",
                remedy="A digest is `sha256:` and 64 digits from 0 to f; take it from the lock file in git.",
            )
        name = match[1]
        return self._root / name[:2] / f"{name}{_SUFFIX}"

    def digests(self) -> frozenset[str]:
        """The digests of all clips in the store, by listing its folders."""
        return digests_in(self._root)

    def remove(self, digest: str) -> None:
        """Removes a clip for good; only the run lock's holder may call it. One that is gone already is no fault."""
        path = self.path(digest)
        with plain_words("cannot remove a clip from the store"), suppress(FileNotFoundError):
            if os.name == "nt":
                path.chmod(0o644)  # Windows removes no file that is read-only; elsewhere the folder decides
            path.unlink()

    def sweep(self) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""
        leftovers = entries(self._incoming)
        with plain_words("cannot clear the store's leftovers"):
            for name in leftovers:
                (self._incoming / name).unlink(missing_ok=True)
        return len(leftovers)

    def _take_back(self, file: Path, digest: str) -> bool:
        copy = self.incoming()
        try:
            with plain_words("cannot take a clip back into the store"):
                shutil.copyfile(file, copy)
                with copy.open("rb") as opened:
                    same = _PREFIX + hashlib.file_digest(opened, "sha256").hexdigest() == digest
            return same and self._keep(copy) == digest
        finally:
            copy.unlink(missing_ok=True)

    def _keep(self, file: Path) -> str:
        with plain_words("cannot keep a clip in the store"):
            digest = _seal(file)
            final = self.path(digest)
            if _is_there(final, file):
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


def _seal(file: Path) -> str:
    """The digest of a file whose bytes are now on the disk and read-only."""
    with file.open("r+b", buffering=0) as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        # A render is a hard link to this file: read-only, so that no editor writes through to the store.
        file.chmod(0o444)
        sync(opened.fileno())
    return _PREFIX + digest


def _is_there(final: Path, file: Path) -> bool:
    """Whether the clip is kept already. One of another length was damaged since, and is replaced."""
    try:
        return final.stat().st_size == file.stat().st_size
    except FileNotFoundError:
        return False

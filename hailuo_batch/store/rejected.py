"""Rejected clips on the local disk: each under the name of its take and its digest, with a JSON beside it.

    film_open_t01_<digest>.mp4       as it was downloaded, read-only
    film_open_t01_<digest>.json      whose it is, and why it was rejected

The JSON makes them known without a ledger. Files that have none are somebody else's, and are left alone.
"""

import asyncio
import json
import re
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.local import seal_file

_LARGEST = 1024**2  # bytes of a JSON
_FACTS = ("digest", "fingerprint", "campaign", "shot", "take", "provider", "task", "why")
_UNFIT = re.compile(r"[^\w.-]+")


class LocalRejectedClips:
    """Implements `ports.RejectedClips` in one folder, which is made when the first clip is rejected."""

    def __init__(self, root: Path, *, below: Path) -> None:
        self._root, self._below = Folder(root, below), below

    async def keep(self, file: Path, about: RejectedClip) -> RejectedClip:
        """Moves a file in, durably; the clip with its digest and its place."""
        return await asyncio.to_thread(self._put, file, about)

    def list_all(self) -> tuple[RejectedClip, ...]:
        """Every rejected clip, by name."""
        with translate_os_errors("cannot read the rejected clips"):
            try:
                self._root.path.lstat()  # each download comes here, and few projects have the folder
                with self._root.open() as folder:
                    names = sorted(name for name in folder.names() if name.endswith(".json"))
                    return tuple(clip for name in names if (clip := self._read(folder, name)) is not None)
            except (FileNotFoundError, NotADirectoryError):
                return ()

    def remove(self, clip: RejectedClip) -> None:
        """Removes a clip for good; only the run lock's holder may call it."""
        path = self._below / clip.file
        with (
            translate_os_errors("cannot remove a rejected clip"),
            suppress(FileNotFoundError),
            self._root.open() as folder,
        ):
            folder.remove(path.name)
            folder.remove(path.with_suffix(".json").name)

    def _put(self, file: Path, about: RejectedClip) -> RejectedClip:
        with translate_os_errors("cannot keep a rejected clip"):
            digest = seal_file(file)
            stem = _UNFIT.sub("-", f"{about.campaign}_{about.shot}_t{about.take:02d}_{digest.removeprefix('sha256:')}")
            facts = {name: value for name, value in asdict(replace(about, digest=digest)).items() if name in _FACTS}
            # The words come first: a clip that a killed run left without them could not say whose it is.
            text = json.dumps({"version": 1, **facts}, sort_keys=True, indent=2, ensure_ascii=False)
            with self._root.open(make=True) as folder:
                folder.replace_content(f"{stem}.json", f"{text}\n".encode())
                folder.move_in(file, f"{stem}.mp4")
                folder.sync()
                size = folder.stat(f"{stem}.mp4").st_size
        return replace(about, digest=digest, file=self._display(self._root.path / f"{stem}.mp4"), size=size)

    def _read(self, folder: OpenFolder, about: str) -> RejectedClip | None:
        clip = (folder.path / about).with_suffix(".mp4")
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            facts = json.loads(folder.read(about, _LARGEST))
            found = folder.stat(clip.name)
            known = {name: facts[name] for name in _FACTS}
            if isinstance(known["take"], int) and all(
                isinstance(known[name], str) for name in _FACTS if name != "take"
            ):
                return RejectedClip(**known, file=self._display(clip), size=found.st_size, modified_at=found.st_mtime)
        return None

    def _display(self, path: Path) -> str:
        return path.relative_to(self._below).as_posix()

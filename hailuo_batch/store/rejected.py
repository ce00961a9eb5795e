"""Rejected clips on the local disk: each under the name of its take and its digest, with a JSON beside it.

    film_open_t01_<digest>.mp4       as it was downloaded, read-only
    film_open_t01_<digest>.json      whose it is, and why it was rejected

The JSON makes them known without a ledger. Files that have none are somebody else's, and are left alone.
"""

import asyncio
import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.fsync import sync_folder
from hailuo_batch.store.links import replace_content
from hailuo_batch.store.listing import list_folder
from hailuo_batch.store.local import seal_file

_FACTS = ("digest", "fingerprint", "campaign", "shot", "take", "provider", "task", "why")
_UNFIT = re.compile(r"[^\w.-]+")


class LocalRejectedClips:
    """Implements `ports.RejectedClips` in one folder, which is made when the first clip is rejected."""

    def __init__(self, root: Path, *, below: Path) -> None:
        self._root, self._below = root, below

    async def keep(self, file: Path, about: RejectedClip) -> RejectedClip:
        """Moves a file in, durably; the clip with its digest and its place."""
        return await asyncio.to_thread(self._put, file, about)

    def list_all(self) -> tuple[RejectedClip, ...]:
        """Every rejected clip, by name."""
        names = sorted(name for name in list_folder(self._root) if name.endswith(".json"))
        found = (self._read(self._root / name) for name in names)
        return tuple(clip for clip in found if clip is not None)

    def remove(self, clip: RejectedClip) -> None:
        """Removes a clip for good; only the run lock's holder may call it."""
        path = self._below / clip.file
        with translate_os_errors("cannot remove a rejected clip"):
            with suppress(FileNotFoundError):
                if os.name == "nt":
                    path.chmod(0o644)  # Windows removes no file that is read-only
                path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)

    def _put(self, file: Path, about: RejectedClip) -> RejectedClip:
        with translate_os_errors("cannot keep a rejected clip"):
            digest = seal_file(file)
            stem = _UNFIT.sub("-", f"{about.campaign}_{about.shot}_t{about.take:02d}_{digest.removeprefix('sha256:')}")
            final = self._root / f"{stem}.mp4"
            self._root.mkdir(parents=True, exist_ok=True)
            facts = {name: value for name, value in asdict(replace(about, digest=digest)).items() if name in _FACTS}
            # The words come first: a clip that a killed run left without them could not say whose it is.
            text = json.dumps({"version": 1, **facts}, sort_keys=True, indent=2, ensure_ascii=False)
            replace_content(final.with_suffix(".json"), f"{text}\n".encode())
            file.replace(final)
            sync_folder(self._root)
        return replace(about, digest=digest, file=self._display(final), size=final.stat().st_size)

    def _read(self, about: Path) -> RejectedClip | None:
        clip = about.with_suffix(".mp4")
        with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            facts = json.loads(about.read_bytes())
            found = clip.lstat()
            known = {name: facts[name] for name in _FACTS}
            if isinstance(known["take"], int) and all(
                isinstance(known[name], str) for name in _FACTS if name != "take"
            ):
                return RejectedClip(**known, file=self._display(clip), size=found.st_size, modified_at=found.st_mtime)
        return None

    def _display(self, path: Path) -> str:
        return path.relative_to(self._below).as_posix()

"""The readable names of clips: links from the store, each with its provenance beside it.

A name that is in use is never given to another file. `core/plan/render_names.py` makes the names.
"""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.links import TEMPORARY_NAME, Linker, replace_content
from hailuo_batch.store.listing import list_folder, list_render_names

_NAME = re.compile(r"[^/\\:\x00-\x1f\x7f]+\.mp4")  # no separators, no drive letters, no control characters


class LocalRenders:
    """Implements `ports.Renders` in one folder, which is made when the first clip is placed."""

    def __init__(self, root: Path) -> None:
        self._root, self._linker = root, Linker()

    async def place(self, clip: Path, name: str, provenance: Mapping[str, object]) -> None:
        """Gives a clip a name, with its provenance beside it; raises `RefusedError` rather than overwrite anything."""
        await asyncio.to_thread(self._place, clip, name, provenance)

    def path(self, name: str) -> Path:
        """Where a name is, or would be."""
        return self._root / _check_name(name)

    def list_names(self) -> frozenset[str]:
        """The names of the clips that are there."""
        return list_render_names(self._root)

    def remove(self, name: str) -> None:
        """Takes a name and its provenance away; the clip stays where it is. One that is gone already is no fault."""
        final = self.path(name)
        with translate_os_errors(f"cannot remove {name}"):
            final.unlink(missing_ok=True)
            final.with_suffix(".json").unlink(missing_ok=True)

    def remove_leftovers(self) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""
        leftovers = [name for name in list_folder(self._root) if TEMPORARY_NAME.fullmatch(name)]
        with translate_os_errors("cannot delete the temporary files in renders/"):
            for name in leftovers:
                (self._root / name).unlink(missing_ok=True)
        return len(leftovers)

    def _place(self, clip: Path, name: str, provenance: Mapping[str, object]) -> None:
        final = self._root / _check_name(name)
        about = final.with_suffix(".json")
        with translate_os_errors(f"cannot place {name}"):
            if not self._root.is_dir():  # checked first: to make a folder that is there waits for every writer in it
                self._root.mkdir(parents=True, exist_ok=True)
            _refuse_foreign_file(about, provenance)
            if os.path.lexists(final):
                if not _is_same_clip(final, clip):
                    raise _name_in_use_error(final)
                if not _has_content(about):
                    _write_provenance(about, provenance)
                return
            # The words come first: a clip that a killed run left without them could not say what it is.
            _write_provenance(about, provenance)
            try:
                self._linker.link(clip, final)
            except BaseException as error:
                if isinstance(error, FileExistsError) and _is_same_clip(final, clip):
                    return
                about.unlink(missing_ok=True)
                if isinstance(error, FileExistsError):
                    raise _name_in_use_error(final) from None
                raise


def _check_name(name: str) -> str:
    """The name, if it names a file in this very folder."""
    if _NAME.fullmatch(name) is None or name.startswith("."):
        raise InputError(
            "not the name of a clip",
            why=f"it reads {name[:100]!r}",
            remedy="A name is one word without / \\ or :, and ends in .mp4.",
        )
    return name


def _is_same_clip(final: Path, clip: Path) -> bool:
    """Whether a name leads to this clip already."""
    if not final.is_file():
        return False
    if final.samefile(clip):
        return True
    return final.stat().st_size == clip.stat().st_size and _hash_file(final) == _hash_file(clip)


def _hash_file(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _refuse_foreign_file(about: Path, provenance: Mapping[str, object]) -> None:
    """A JSON file that shares no member with a provenance is the user's own, and stays."""
    try:
        text = about.read_bytes()
    except FileNotFoundError:
        return
    if not text:
        return  # a power cut left it empty
    try:
        there = json.loads(text)
    except ValueError:
        there = None
    if not isinstance(there, dict) or not there.keys() & provenance.keys():
        raise _name_in_use_error(about)


def _has_content(about: Path) -> bool:
    return about.is_file() and about.stat().st_size > 0


def _write_provenance(about: Path, provenance: Mapping[str, object]) -> None:
    # Not forced to the disk: a power cut may leave it empty, and the next placing writes it anew.
    text = json.dumps(provenance, sort_keys=True, indent=2, ensure_ascii=False)
    replace_content(about, f"{text}\n".encode())


def _name_in_use_error(file: Path) -> RefusedError:
    return RefusedError(
        f"{file.name} is there already, with other content",
        why=f"{file} was not made by this run and is not changed",
        remedy="Move or rename it, then run the command again. The clip is safe in the store.",
    )

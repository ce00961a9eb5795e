"""The readable names of clips: links from the store, each with its provenance beside it.

A name that is in use is never given to another file. `core/plan/render_names.py` makes the names.
"""

import asyncio
import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.files.regular import UnsafeFileError, open_regular
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.links import TEMPORARY_NAME, Linker
from hailuo_batch.store.listing import list_render_names

_LARGEST = 1024**2  # bytes of a provenance
_NAME = re.compile(r"[^/\\:\x00-\x1f\x7f]+\.mp4")  # no separators, no drive letters, no control characters


class LocalRenders:
    """Implements `ports.Renders` in one folder, which is made when the first clip is placed; below `trusted`, no link
    is followed.
    """

    def __init__(self, root: Path, *, trusted: Path | None = None, hide: bool = False) -> None:
        """With `hide`, git ignores the folder if it is made here."""
        self._root, self._linker, self._hides = Folder(root, trusted), Linker(), hide
        # Where a disk has no hard links, a name begins as an empty file: nobody may look at it before it is whole.
        self._placing = Lock()

    async def place(self, clip: Path, name: str, provenance: Mapping[str, object]) -> None:
        """Gives a clip a name, with its provenance beside it; raises `RefusedError` rather than overwrite anything."""
        await asyncio.to_thread(self._place, clip, name, provenance)

    def path(self, name: str) -> Path:
        """Where a name is, or would be."""
        return self._root.path / _check_name(name)

    def list_names(self) -> frozenset[str]:
        """The names of the clips that are there."""
        return list_render_names(self._root.path)

    def remove(self, name: str) -> None:
        """Takes a name and its provenance away; the clip stays where it is. One that is gone already is no fault."""
        final = self.path(name)
        with (
            translate_os_errors(f"cannot remove {name}"),
            suppress(FileNotFoundError),
            self._root.open() as folder,
        ):
            folder.remove(final.name)
            folder.remove(_about_name(final.name))

    def remove_leftovers(self) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""
        with translate_os_errors("cannot delete the temporary files in renders/"):
            return self._root.sweep(lambda name, _: TEMPORARY_NAME.fullmatch(name) is not None)

    def make(self) -> None:
        """Makes the folder unless it is there."""
        with translate_os_errors(f"cannot make {self._root.path}"), self._open_or_make():
            pass

    @contextmanager
    def _open_or_make(self) -> Iterator[OpenFolder]:
        is_new = self._hides and not self._root.path.exists()
        with self._root.open(make=True) as folder:
            if is_new:
                with suppress(FileExistsError), folder.create(".gitignore", mode=0o644) as file:
                    file.write(b"*\n")
            yield folder

    def _place(self, clip: Path, name: str, provenance: Mapping[str, object]) -> None:
        about = _about_name(_check_name(name))
        with self._placing, translate_os_errors(f"cannot place {name}"), self._open_or_make() as folder:
            _refuse_foreign_file(folder, about, provenance)
            if os.path.lexists(folder.path / name):
                if not _is_same_clip(folder, name, clip):
                    raise _name_in_use_error(folder.path / name)
                if not _has_content(folder, about):
                    _write_provenance(folder, about, provenance)
                return
            # The words come first: a clip that a killed run left without them could not say what it is.
            _write_provenance(folder, about, provenance)
            try:
                self._linker.link(clip, folder, name)
            except BaseException as error:
                if isinstance(error, FileExistsError) and _is_same_clip(folder, name, clip):
                    return
                folder.remove(about)
                if isinstance(error, FileExistsError):
                    raise _name_in_use_error(folder.path / name) from None
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


def _about_name(name: str) -> str:
    return f"{name.removesuffix('.mp4')}.json"


def _is_same_clip(folder: OpenFolder, name: str, clip: Path) -> bool:
    """Whether a name has this clip already; a link, even one that leads to it, is not of our making."""
    there, wanted = folder.stat(name), clip.lstat()
    if not stat.S_ISREG(there.st_mode):
        return False
    if os.path.samestat(there, wanted):
        return True
    if there.st_size != wanted.st_size:
        return False
    with folder.open(name) as one, open_regular(clip) as other:
        return hashlib.file_digest(one, "sha256").digest() == hashlib.file_digest(other, "sha256").digest()


def _refuse_foreign_file(folder: OpenFolder, about: str, provenance: Mapping[str, object]) -> None:
    """A JSON file that shares no member with a provenance is the user's own, and stays; so does what is no file."""
    try:
        text = folder.read(about, _LARGEST)
    except FileNotFoundError:
        return
    except UnsafeFileError:
        raise _name_in_use_error(folder.path / about) from None
    if not text:
        return  # a power cut left it empty
    try:
        there = json.loads(text)
    except ValueError:
        there = None
    if not isinstance(there, dict) or not there.keys() & provenance.keys():
        raise _name_in_use_error(folder.path / about)


def _has_content(folder: OpenFolder, about: str) -> bool:
    try:
        found = folder.stat(about)
    except FileNotFoundError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > 0


def _write_provenance(folder: OpenFolder, about: str, provenance: Mapping[str, object]) -> None:
    # Not forced to the disk: a power cut may leave it empty, and the next placing writes it anew.
    text = json.dumps(provenance, sort_keys=True, indent=2, ensure_ascii=False)
    folder.replace_content(about, f"{text}\n".encode())


def _name_in_use_error(file: Path) -> RefusedError:
    return RefusedError(
        f"{file.name} is there already, with other content",
        why=f"{file} was not made by this run and is not changed",
        remedy="Move or rename it, then run the command again. The clip is safe in the store.",
    )

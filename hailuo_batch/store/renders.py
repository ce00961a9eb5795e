"""The readable names of clips: links from the store, each with its provenance beside it.

A name that is in use is never taken from its file. Nothing here knows how names are made.
"""

import asyncio
import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.store.errors import plain_words
from hailuo_batch.store.links import UNFINISHED, Linker, write_whole
from hailuo_batch.store.listing import entries, names_in

_NAME = re.compile(r"[^/\\:\x00-\x1f\x7f]+\.mp4")  # no separators, no drive letters, no control characters


class Renders:
    """One folder of named clips, made when the first is placed."""

    def __init__(self, root: Path) -> None:
        self._root, self._linker = root, Linker()

    async def place(self, artifact: Path, name: str, provenance: Mapping[str, object]) -> None:
        """Gives an artifact a name, with its provenance beside it; refuses to overwrite another clip."""
        await asyncio.to_thread(self._place, artifact, name, provenance)

    def path(self, name: str) -> Path:
        """Where a name is, or would be."""
        return self._root / _checked(name)

    def names(self) -> frozenset[str]:
        """The names of the clips that are there."""
        return names_in(self._root)

    def remove(self, name: str) -> None:
        """Takes a name and its provenance away; the clip stays where it is. One that is gone already is no fault."""
        final = self.path(name)
        with plain_words(f"cannot remove {name}"):
            final.unlink(missing_ok=True)
            final.with_suffix(".json").unlink(missing_ok=True)

    def sweep(self) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""
        leftovers = [name for name in entries(self._root) if UNFINISHED.fullmatch(name)]
        with plain_words("cannot clear the renders' leftovers"):
            for name in leftovers:
                (self._root / name).unlink(missing_ok=True)
        return len(leftovers)

    def _place(self, artifact: Path, name: str, provenance: Mapping[str, object]) -> None:
        final = self._root / _checked(name)
        about = final.with_suffix(".json")
        with plain_words(f"cannot place {name}"):
            if not self._root.is_dir():  # asked first: to make a folder that is there waits for all who write in it
                self._root.mkdir(parents=True, exist_ok=True)
            _refuse_strangers(about, provenance)
            if os.path.lexists(final):
                if not _same(final, artifact):
                    raise _taken(final)
                if not _is_filled(about):
                    _describe(about, provenance)
                return
            # The words come first: a clip that a killed run left without them could not say what it is.
            _describe(about, provenance)
            try:
                self._linker.link(artifact, final)
            except BaseException as error:
                if isinstance(error, FileExistsError) and _same(final, artifact):
                    return
                about.unlink(missing_ok=True)
                if isinstance(error, FileExistsError):
                    raise _taken(final) from None
                raise


def _checked(name: str) -> str:
    """The name, if it names a file in this very folder."""
    if _NAME.fullmatch(name) is None or name.startswith("."):
        raise InputError(
            "this cannot be the name of a clip",
            why=f"it reads {name[:100]!r}",
            remedy="A name is one word without / \\ or :, and ends in .mp4.",
        )
    return name


def _same(final: Path, artifact: Path) -> bool:
    """Whether a name leads to this clip already."""
    if not final.is_file():
        return False
    if final.samefile(artifact):
        return True
    return final.stat().st_size == artifact.stat().st_size and _digest(final) == _digest(artifact)


def _digest(file: Path) -> bytes:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").digest()


def _refuse_strangers(about: Path, provenance: Mapping[str, object]) -> None:
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
        raise _taken(about)


def _is_filled(about: Path) -> bool:
    return about.is_file() and about.stat().st_size > 0


def _describe(about: Path, provenance: Mapping[str, object]) -> None:
    # Not forced to the disk: a power cut may leave it empty, and the next placing writes it anew.
    text = json.dumps(provenance, sort_keys=True, indent=2, ensure_ascii=False)
    write_whole(about, f"{text}\n".encode())


def _taken(file: Path) -> RefusedError:
    return RefusedError(
        f"{file.name} is there already, with other content",
        why=f"{file} was not made by this run and is left as it is",
        remedy="Move or rename it, then run the command again; what is paid for is safe in the store.",
    )

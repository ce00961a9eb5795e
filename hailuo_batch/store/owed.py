"""Which clips are kept here and owed to the shared store: one small file each, on the disk before the clip is.

Money: a clip that was paid for is then never thought to be shared while it is only here.
"""

import re
from contextlib import suppress
from pathlib import Path

from hailuo_batch.files.folder import Folder
from hailuo_batch.store.errors import translate_os_errors

_DIGEST = re.compile(r"sha256:([0-9a-f]{64})", re.ASCII)
_NAME = re.compile(r"[0-9a-f]{64}", re.ASCII)


class OwedClips:
    """The digests in one folder, which is made when the first clip is owed; below `trusted`, no link is followed."""

    def __init__(self, folder: Path, *, trusted: Path) -> None:
        self._folder = Folder(folder, trusted)

    def add(self, digest: str) -> None:
        """Owes a clip; returns when that would survive a power cut."""
        name = _file_name(digest)
        with (
            translate_os_errors("cannot record that a clip is owed"),
            self._folder.open(make=True, mode=0o700) as folder,
        ):
            folder.replace_content(name, b"", durable=True)

    def settle(self, digest: str) -> None:
        """Owes a clip no longer."""
        name = _file_name(digest)
        with (
            translate_os_errors("cannot record that a clip is owed no longer"),
            suppress(FileNotFoundError),
            self._folder.open() as folder,
        ):
            folder.remove(name)

    def list_all(self) -> frozenset[str]:
        """The digests of all clips that are owed."""
        with translate_os_errors("cannot read which clips are owed"):
            try:
                with self._folder.open() as folder:
                    return frozenset(f"sha256:{name}" for name in folder.names() if _NAME.fullmatch(name))
            except (FileNotFoundError, NotADirectoryError):
                return frozenset()


def _file_name(digest: str) -> str:
    match = _DIGEST.fullmatch(digest)
    assert match is not None, digest  # noqa: S101 - the store has checked it
    return match[1]

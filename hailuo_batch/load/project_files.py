"""Where the files that people wrote are read from: this disk, or a revision of git.

Whoever reads manifests, settings and reviews takes such a value, so that both ways decide alike.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hailuo_batch.files.regular import read_regular
from hailuo_batch.load.user_files import MAX_BYTES, read_user_file


class ProjectFiles(Protocol):
    """Files by their paths on this disk, also where they are read from elsewhere. Nothing is written."""

    def read_user_file(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """The bytes of a file inside its project; an `OSError` says why there are none."""

    def read_regular(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """The bytes of a file at a real path."""

    def resolve(self, path: Path) -> Path:
        """The real path: no link is in it."""

    def exists(self, path: Path) -> bool:
        """Whether a file, a folder or a link is there."""

    def is_folder(self, path: Path) -> bool:
        """Whether a folder is there."""

    def list_names(self, folder: Path) -> Sequence[str]:
        """The names in a folder."""


class DiskFiles:
    """This disk."""

    def read_user_file(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """See `ProjectFiles`."""
        return read_user_file(path, limit)

    def read_regular(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """See `ProjectFiles`."""
        return read_regular(path, limit)

    def resolve(self, path: Path) -> Path:
        """See `ProjectFiles`."""
        return Path(os.path.realpath(path))

    def exists(self, path: Path) -> bool:
        """See `ProjectFiles`."""
        return os.path.lexists(path)

    def is_folder(self, path: Path) -> bool:
        """See `ProjectFiles`."""
        return path.is_dir()

    def list_names(self, folder: Path) -> Sequence[str]:
        """See `ProjectFiles`."""
        return os.listdir(folder)  # noqa: PTH208 - the names are all that is wanted


DISK: ProjectFiles = DiskFiles()

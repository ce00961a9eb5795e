"""The files of a commit, by the paths that they would have in the work tree; nothing is checked out."""

import errno
import os
import subprocess
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import NamedTuple

from hailuo_batch.files.regular import UnsafeFileError
from hailuo_batch.load.git_commands import Git
from hailuo_batch.load.project_root import HIDDEN_FOLDER, find_project_root
from hailuo_batch.load.user_files import MAX_BYTES
from hailuo_batch.values import dataclass

_MAX_LINKS = 40  # as Linux has it
_LINK, _SUBMODULE = "120000", "160000"


class _Entry(NamedTuple):
    mode: str
    object_id: str


@dataclass(slots=True, kw_only=True, repr=False)
class GitTree:
    """What `ProjectFiles` needs, from a commit's objects. Links are followed inside the tree."""

    git: Git
    entries: dict[str, _Entry]
    folders: dict[str, set[str]]
    _objects: "subprocess.Popen[bytes] | None" = field(default=None)

    def read_user_file(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """The bytes of a file inside its project."""
        real = self.resolve(path)
        root = find_project_root(Path(os.path.normpath(path)).parent, self.exists)
        if not real.is_relative_to(root):
            raise UnsafeFileError(path, f"leads out of the project, to {real}", "Name the file that it leads to.")
        return self.read_regular(real, limit)

    def read_regular(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """The bytes of a file at a real path."""
        name = self._name(path)
        if name in self.folders:
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        entry = self.entries.get(name)
        if entry is None or entry.mode == _SUBMODULE:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        if entry.mode == _LINK:
            raise UnsafeFileError(path, "is a link, and no regular file")
        return self._read_object(entry.object_id, path, limit)

    def resolve(self, path: Path) -> Path:
        """The real path, as the tree's links lead."""
        whole = self.git.top / path
        parts, found, links = list(reversed(whole.parts[1:])), Path(whole.anchor), 0
        while parts:
            part = parts.pop()
            if part == "..":
                found = found.parent
                continue
            entry = self.entries.get(self._name(found / part))
            if entry is None or entry.mode != _LINK:
                found = found / part
                continue
            links += 1
            if links > _MAX_LINKS:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
            target = Path(os.fsdecode(self._read_object(entry.object_id, path, 4096)))
            if target.is_absolute():
                found = Path(target.anchor)
            parts += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        return found

    def exists(self, path: Path) -> bool:
        """Whether the tree has it; git's folder and ours are in no tree, and count as they are on this disk."""
        if path.name in {".git", HIDDEN_FOLDER}:
            return path.exists()
        name = self._name(path)
        return name in self.entries or name in self.folders

    def is_folder(self, path: Path) -> bool:
        """Whether the tree has a folder there."""
        return self._name(self.resolve(path)) in self.folders

    def list_names(self, folder: Path) -> Sequence[str]:
        """The names in a folder; none where there is no folder."""
        return sorted(self.folders.get(self._name(folder), ()))

    def close(self) -> None:
        """Ends the process that reads objects."""
        if self._objects is not None:
            self._objects.communicate()
            self._objects = None

    def _name(self, path: Path) -> str:
        """A path as git names it; one outside of the work tree has a name that no entry has."""
        return path.relative_to(self.git.top).as_posix() if path.is_relative_to(self.git.top) else f"/{path}"

    def _read_object(self, object_id: str, path: Path, limit: int) -> bytes:
        if self._objects is None:
            self._objects = self.git.open_objects()
        out, into = self._objects.stdout, self._objects.stdin
        if out is None or into is None:
            raise OSError(errno.EIO, "git gave no way to its objects", str(path))
        into.write(f"{object_id}\n".encode())
        into.flush()
        head = out.readline().split()
        if len(head) != 3:  # "… missing", as in a partial clone
            raise OSError(errno.ENOENT, "git has not fetched it", str(path))
        data = out.read(int(head[2]))
        out.read(1)
        if len(data) > limit:
            raise UnsafeFileError(path, f"is larger than {limit // 1024**2} MB, the most that is read")
        return data


def read_git_tree(git: Git, commit: str) -> GitTree:
    """The files of a commit; `close` it in the end."""
    entries: dict[str, _Entry] = {}
    folders: dict[str, set[str]] = {".": set()}
    for row in git.list_tree(commit).split(b"\0"):
        head, tab, name = row.partition(b"\t")
        if not tab:
            continue
        mode, _, object_id = head.decode().split(" ")[:3]
        path = os.fsdecode(name)
        entries[path] = _Entry(mode, object_id)
        _add_folders(folders, path)
    return GitTree(git=git, entries=entries, folders=folders)


def _add_folders(folders: dict[str, set[str]], path: str) -> None:
    while True:
        folder, _, name = path.rpartition("/")
        above = folders.setdefault(folder or ".", set())
        if name in above:
            return
        above.add(name)
        if not folder:
            return
        path = folder

"""Where a project begins and what its settings say.

The root is the nearest folder upward with `hailuo.yaml` or `.hailuo/`, else the git root, else the manifest's folder.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hailuo_batch.core.problem import Problem
from hailuo_batch.errors import InputError
from hailuo_batch.load.document import read_document
from hailuo_batch.load.manifest import placed
from hailuo_batch.load.schemas import holds

SETTINGS = "hailuo.yaml"
HIDDEN = ".hailuo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's folders and settings."""

    root: Path
    providers: tuple[str, ...] = ()
    allow_outside: tuple[Path, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def hidden(self) -> Path:
        """The folder with the ledger, the store and what is remembered."""
        return self.root / HIDDEN

    @property
    def renders(self) -> Path:
        """The folder with the readable names."""
        return self.root / "renders"

    def shown(self, path: Path) -> str:
        """A path as people see it: below the root if it is there."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)


def find_root(folder: Path) -> Path:
    """The project's root for a manifest in `folder`."""
    upward = (folder, *folder.parents)
    for marks in ((SETTINGS, HIDDEN), (".git",)):
        for candidate in upward:
            if any((candidate / mark).exists() for mark in marks):
                return candidate
    return folder


def read_project(folder: Path) -> Project:
    """The project around a folder; what is wrong in its settings comes along as problems."""
    root = find_root(folder)
    file = root / SETTINGS
    if not file.is_file():
        return Project(root=root)
    data = read_file(file)
    document = read_document(data, name=SETTINGS)
    if document.problems:
        return Project(root=root, problems=document.problems)
    if not holds("settings", document.tree):
        from hailuo_batch.load.words import refusals

        found = placed(refusals("settings", document.tree), data, name=SETTINGS)
        return Project(root=root, problems=found)
    tree: dict[str, Any] = document.tree  # type: ignore[assignment] # the schema says that it is a mapping
    outside = tuple((root / Path(folder).expanduser()).resolve() for folder in tree.get("allow_outside", ()))
    return Project(root=root, providers=tuple(tree.get("providers", ())), allow_outside=outside)


def read_file(path: Path) -> bytes:
    """A file's bytes; what stops that is said in plain words."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(
            f"no such file: {path}", remedy="Look at the name; `hailuo-batch init` makes a first one."
        ) from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", remedy="Name a manifest in it.") from None
    except OSError as error:
        raise InputError(f"cannot read {path}", why=str(error.strerror)) from None

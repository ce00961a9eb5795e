"""Git's own folder, found by reading its files: git need not be installed, and nothing of the repository is run."""

from pathlib import Path

from hailuo_batch.values import dataclass

_MAX_POINTER = 4096  # bytes; a file that points to a folder holds one path


@dataclass(frozen=True, slots=True, kw_only=True)
class GitFolder:
    """`common` is the folder that all worktrees of a repository share; `top` is the worktree's first folder."""

    common: Path
    top: Path


def find_git_folder(folder: Path) -> GitFolder | None:
    """The repository around a folder; None where there is none, or one that git itself would not accept."""
    for top in (folder, *folder.parents):
        mark = top / ".git"
        if mark.is_dir():
            return GitFolder(common=mark.resolve(), top=top) if _is_repository(mark) else None
        if mark.is_file():
            common = _follow_pointer(mark)
            return None if common is None else GitFolder(common=common, top=top)
    return None


def _follow_pointer(mark: Path) -> Path | None:
    """The shared folder behind the `.git` file of a worktree or a submodule.

    A repository can ship such a file. So a worktree counts only when its own folder points back, and a submodule only
    when its folder is a repository.
    """
    target = _read_path(mark, "gitdir: ")
    if target is None:
        return None
    shared = _read_path(target / "commondir")
    if shared is None:
        return target if _is_repository(target) else None
    back = _read_path(target / "gitdir")
    points_back = back is not None and back == mark.resolve()
    return shared if points_back and _is_repository(shared) else None


def _is_repository(folder: Path) -> bool:
    return (folder / "HEAD").is_file() and (folder / "objects").is_dir()


def _read_path(file: Path, prefix: str = "") -> Path | None:
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_POINTER).decode().strip()
        return (file.parent / text.removeprefix(prefix)).resolve() if text.startswith(prefix) else None
    except (OSError, ValueError):
        return None

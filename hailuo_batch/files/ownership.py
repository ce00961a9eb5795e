"""Whether the folders where a project keeps what we make are ours: real, this user's, and shipped by no repository."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shlex import quote

from hailuo_batch.errors import RefusedError
from hailuo_batch.files.folder import Folder, OpenFolder
from hailuo_batch.files.git_index import find_tracked
from hailuo_batch.files.regular import UnsafeFileError

_LINK_REMEDY = (
    "If you made a link there, move what it leads to into its place: the ledger in it knows what was bought. "
    "Otherwise move it away:"
)


def require_own_folders(root: Path, *folders: Path, state: str, writing: bool = False) -> None:
    """Raises `RefusedError` where what we keep below `root` was put there by somebody else.

    No link is on the way to one of the folders. `state` is the name below `root` of what only we fill: git tracks
    nothing in it. Before `writing`, nothing directly in its folders is a link, and no folder belongs to another user.
    """
    with refuse_unsafe_files():
        if tracked := find_tracked(root, state):
            reason = f"came with the repository: git tracks {tracked}"
            raise UnsafeFileError(root / state, reason, _tracked_remedy(root / state))
        for path in (root / state, *folders):
            # What is kept outside of the project, as in git's own folder, no repository can ship: its end is looked at.
            place = Folder(path, root if path.is_relative_to(root) else None)
            _require_own_folder(place, writing=writing, ours_alone=path.is_relative_to(root / state))


def _require_own_folder(place: Folder, *, writing: bool, ours_alone: bool) -> None:
    try:
        with place.open() as folder:
            if writing:
                _require_owner(folder)
                if ours_alone:
                    folder.refuse_links()
    except UnsafeFileError:
        raise
    except OSError:  # it is not there yet; or who needs it says why it cannot be used
        return


@contextmanager
def refuse_unsafe_files() -> Iterator[None]:
    """Turns an `UnsafeFileError` inside into the `RefusedError` that a user sees."""
    try:
        yield
    except UnsafeFileError as error:
        why = f"{error.path}: it {error.reason}. It was not used."
        remedy = error.remedy or f"{_LINK_REMEDY}\n    {_move_aside(error.path)}"
        raise RefusedError(f"{error.path.name} is not ours", why=why, remedy=remedy) from error


def _move_aside(path: Path) -> str:
    return f"mv {quote(str(path))} {quote(f'{path}.aside')}"


def _tracked_remedy(path: Path) -> str:
    file = quote(str(path))
    return (
        f"If somebody else put it into the repository, remove it; git keeps a copy:\n    git rm -r {file}\n"
        f"If it is your own, keep it and take it out of git:\n    git rm -r --cached {file}"
    )


def _require_owner(folder: OpenFolder) -> None:
    """Raises for a folder of another user; where files that we make get its owner, the disk knows no others."""
    if not hasattr(os, "geteuid"):
        return
    owner, us = folder.owner(), {os.geteuid(), *_sudo_user()}
    if owner in us or folder.owner_of_new_file() == owner:
        return
    command = f"sudo chown -R {os.geteuid()} {quote(str(folder.path))}"
    remedy = f"Run as that user. If you know what is in it, make it yours:\n    {command}"
    raise UnsafeFileError(folder.path, f"belongs to another user (number {owner}, and you are {os.geteuid()})", remedy)


def _sudo_user() -> Iterator[int]:
    """Whom `sudo` made root: what is theirs is still theirs."""
    if os.geteuid() == 0 and (number := os.environ.get("SUDO_UID", "")).isdecimal():
        yield int(number)

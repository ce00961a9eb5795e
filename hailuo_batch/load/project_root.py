"""Where a project begins: the nearest folder upward with `hailuo.yaml` or `.hailuo/`, else the git root, else the
manifest's own folder. A `.hailuo/` above the git root belongs to something else.

Light on purpose: a run with nothing to do reads no settings, it only checks whether they are the same.
"""

from collections.abc import Callable
from pathlib import Path

SETTINGS_FILE = "hailuo.yaml"
HIDDEN_FOLDER = ".hailuo"
CACHE_FOLDER = "memory"  # below the hidden folder


def find_project_root(folder: Path, exists: Callable[[Path], bool] = Path.exists) -> Path:
    """The project's root for a manifest in `folder`; `exists` says what is there, on this disk or elsewhere."""
    git_root = None
    for candidate in (folder, *folder.parents):
        # Settings are written on purpose. A state folder is left behind by any command, in a home folder too.
        if exists(candidate / SETTINGS_FILE) or (git_root is None and exists(candidate / HIDDEN_FOLDER)):
            return candidate
        if git_root is None and exists(candidate / ".git"):
            git_root = candidate
    return folder if git_root is None else git_root

"""Where a project begins: the nearest folder upward with `hailuo.yaml` or `.hailuo/`, else the git root, else the
manifest's own folder.

Light on purpose: a run with nothing to do reads no settings, it only checks whether they are the same.
"""

from pathlib import Path

SETTINGS_FILE = "hailuo.yaml"
HIDDEN_FOLDER = ".hailuo"
CACHE_FOLDER = "memory"  # below the hidden folder


def find_project_root(folder: Path) -> Path:
    """The project's root for a manifest in `folder`."""
    upward = (folder, *folder.parents)
    for marks in ((SETTINGS_FILE, HIDDEN_FOLDER), (".git",)):
        for candidate in upward:
            if any((candidate / mark).exists() for mark in marks):
                return candidate
    return folder

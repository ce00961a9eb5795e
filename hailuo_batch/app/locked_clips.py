"""Which clips of the locks of a project are not in its store: a clone has the locks, and nobody's clips."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.errors import InputError
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.load.project_root import HIDDEN_FOLDER, find_project_root


def count_missing_clips(folder: Path, manifests: Sequence[Path] = ()) -> dict[str, int]:
    """How many clips of each lock are not here, by the lock's name; of these manifests, or of the whole project.

    A lock that cannot be read has no say: commands about its manifest report it.
    """
    found: dict[str, int] = {}
    locks = [lock_path(manifest) for manifest in manifests] or _list_locks(find_project_root(folder.resolve()))
    for path in locks:
        try:
            clips = {clip.digest for clip in read_lock(path, campaign="").clips.values()}
        except InputError:
            continue
        root = find_project_root(path.resolve().parent)
        if missing := clips - Workspace(root).list_digests() if clips else None:
            found[os.path.relpath(path, folder)] = len(missing)
    return found


def _list_locks(root: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in sorted(inner) if name not in {HIDDEN_FOLDER, ".git"}]
        yield from (Path(folder) / name for name in sorted(names) if name.endswith(".lock.yaml"))

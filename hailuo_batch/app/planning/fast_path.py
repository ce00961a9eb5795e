"""The short way: a manifest that had nothing to do, and has not changed since, is not even parsed.

Its bytes, the settings, the lock, the ledger and every picture must be as they were, and every clip and name must still
be listed. What is remembered is only a shortcut: whatever is not beyond doubt is planned the long way.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hailuo_batch import __version__
from hailuo_batch.app.workspace.paths import (
    hidden_folder,
    ledger_file,
    lock_path,
    renders_folder,
    review_path,
    store_folder,
)
from hailuo_batch.load.cache import FinishedManifest, manifest_key, plan_dependencies, read_finished_manifest
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root
from hailuo_batch.store.listing import list_digests, list_render_names


def read_cached_summary(file: Path | str, *, sketch: bool = False) -> Mapping[str, Any] | None:
    """The summary of a manifest with nothing to do; None when that is not beyond doubt."""
    path = Path(file)
    try:
        data = path.read_bytes()
    except OSError:
        return None  # the long way says what is wrong with it
    root = find_project_root(path.resolve().parent)
    found = _read_cached_plan(path, root, data, sketch=sketch)
    if found is None or not found.digests <= list_digests(store_folder(root)):
        return None
    return found.summary if found.files <= list_render_names(renders_folder(root)) else None


def cache_dependencies(file: Path, root: Path, data: bytes, *, sketch: bool) -> Mapping[str, Any]:
    """Everything that a plan with nothing to do depends on, but for pictures, store and names."""
    return plan_dependencies(
        tool=__version__,
        manifest=data,
        settings=root / SETTINGS_FILE,
        lock=None if sketch else lock_path(file),
        review=None if sketch else review_path(file),
        ledger=ledger_file(root),
    )


def _read_cached_plan(file: Path, root: Path, data: bytes, *, sketch: bool) -> FinishedManifest | None:
    key = manifest_key(file.resolve(), sketch=sketch)
    return read_finished_manifest(hidden_folder(root), key, cache_dependencies(file, root, data, sketch=sketch))

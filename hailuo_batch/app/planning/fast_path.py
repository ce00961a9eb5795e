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
from hailuo_batch.load.cache import Finished, circumstances, key_of, recall_finished
from hailuo_batch.load.project_root import SETTINGS, find_root
from hailuo_batch.store.listing import digests_in, names_in


def nothing_to_do(file: Path | str, *, sketch: bool = False) -> Mapping[str, Any] | None:
    """The summary of a manifest with nothing to do; None when that is not beyond doubt."""
    path = Path(file)
    try:
        data = path.read_bytes()
    except OSError:
        return None  # the long way says what is wrong with it
    root = find_root(path.resolve().parent)
    found = _recalled(path, root, data, sketch=sketch)
    if found is None or not found.digests <= digests_in(store_folder(root)):
        return None
    return found.summary if found.files <= names_in(renders_folder(root)) else None


def facts_of(file: Path, root: Path, data: bytes, *, sketch: bool) -> Mapping[str, Any]:
    """Everything that a plan with nothing to do depends on, but for pictures, store and names."""
    return circumstances(
        tool=__version__,
        manifest=data,
        settings=root / SETTINGS,
        lock=None if sketch else lock_path(file),
        review=None if sketch else review_path(file),
        ledger=ledger_file(root),
    )


def _recalled(file: Path, root: Path, data: bytes, *, sketch: bool) -> Finished | None:
    key = key_of(file.resolve(), sketch=sketch)
    return recall_finished(hidden_folder(root), key, facts_of(file, root, data, sketch=sketch))

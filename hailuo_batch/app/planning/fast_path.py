"""The short way: a manifest that had nothing to do, and has not changed since, is not even parsed.

Its bytes, the settings, the lock, the tasks file, the ledger and every image must be as they were, and what the user
trusts here, and what its variables take from the environment. Every clip and name must still be listed. The cache is
only a shortcut: what is not beyond doubt is planned the long way.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hailuo_batch import __version__
from hailuo_batch.app.workspace.paths import lock_path, review_path, tasks_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.load.cache import FinishedManifest, manifest_key, plan_dependencies, read_finished_manifest
from hailuo_batch.load.ledger_content import hash_ledger
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root
from hailuo_batch.load.user_files import read_user_file


def read_cached_summary(file: Path | str, *, world: World = World.REAL) -> Mapping[str, Any] | None:
    """The summary of a manifest with nothing to do; None when that is not beyond doubt, and for rehearsals."""
    path = Path(file)
    if world is World.REHEARSAL:
        return None  # a rehearsal calls the mock, whose next answer is not cached
    try:
        data = read_user_file(path)
    except OSError:
        return None  # the long way says what is wrong with it
    workspace = Workspace(find_project_root(path.resolve().parent), world)
    found = read_finished_plan(path, workspace, data)
    if found is None or workspace.has_owed_clips or not workspace.has_clips(found.digests):
        return None
    return found.summary if found.files <= workspace.list_render_names() else None


def cache_dependencies(file: Path, workspace: Workspace, data: bytes) -> Mapping[str, Any]:
    """Everything that a plan with nothing to do depends on, but for images, store, names and a shared ledger."""
    is_real = workspace.world is World.REAL
    return plan_dependencies(
        tool=__version__,
        manifest=data,
        settings=workspace.project_root / SETTINGS_FILE,
        lock=lock_path(file) if is_real else None,
        review=review_path(file),  # what it omits holds for sketches too
        tasks=tasks_path(file) if is_real else None,
        ledger=workspace.ledger_file,
    )


def read_finished_plan(file: Path, workspace: Workspace, data: bytes) -> FinishedManifest | None:
    """What was finished of a manifest with these bytes, if nothing that counts has changed since."""
    key = manifest_key(file.resolve(), sketch=workspace.world is World.SKETCH)
    facts = cache_dependencies(file, workspace, data)
    return read_finished_manifest(
        workspace.state_folder,
        key,
        facts,
        read_trust=lambda: _read_trust(workspace.project_root),
        read_content=lambda: hash_ledger(workspace.ledger_file),
        read_shared=_read_shared,
        find_mark=lambda finished: _find_mark(workspace, finished),
    )


def _read_shared(url: str) -> str:
    from hailuo_batch.app.workspace.shared_content import read_shared_content

    try:
        return read_shared_content(url)
    except HailuoError:
        return ""  # the long way says why it cannot be reached


def _find_mark(workspace: Workspace, finished: FinishedManifest) -> "tuple[str | float, ...]":
    """The moment up to which the ledger moved, where nothing of that is about a finished manifest; else ()."""
    if not finished.mark:
        return ()
    ledger, event, at, run = finished.mark
    from hailuo_batch.ports import LedgerMark

    since = LedgerMark(ledger=str(ledger), event=int(event), at=float(at), run=int(run))
    moves = workspace.read_moves(since)
    if moves is None or moves.mark == since:  # without a move, only other hands can have changed it
        return ()
    is_own = (finished.summary["campaign"], workspace.world is World.SKETCH) in moves.campaigns
    if is_own or not moves.digests.isdisjoint(finished.digests):
        return ()
    return moves.mark.ledger, moves.mark.event, moves.mark.at, moves.mark.run


def _read_trust(root: Path) -> str:
    from hailuo_batch.load.trust import read_trusted_digest

    return read_trusted_digest(root)

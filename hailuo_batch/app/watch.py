"""A manifest checked, planned and sketched again whenever one of its files is saved. Nothing is ever bought here.

Money: the only world in which a run is made is that of sketches, which are drawn on this machine.
"""

import os
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path

from hailuo_batch.app.planning.changed_plan import plan_manifest_change
from hailuo_batch.app.planning.manifest_change import find_manifest_change
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.validate import read_draft
from hailuo_batch.app.report import write_report
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.workspace.paths import review_path
from hailuo_batch.core.manifest.document import FileFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.load.file_changes import Stamps, read_stamps, require_watcher, wait_for_changes
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root
from hailuo_batch.values import dataclass

Wait = Callable[[Stamps], Awaitable[tuple[Path, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class WatchRound:
    """What was found after a change: a plan, or the error that stops it. `changed` is empty the first time."""

    changed: tuple[Path, ...]
    planned: PlannedRun | None = None
    error: HailuoError | None = None
    sketched: int = 0
    page: Path | None = None


async def watch(
    manifest: Path,
    *,
    sketch: bool = False,
    with_page: bool = False,
    show: Callable[[WatchRound], None],
    wait: Wait = wait_for_changes,
) -> None:
    """Shows a round now and after each change, until it is cancelled. With `sketch`, what changed is drawn."""
    require_watcher()
    files: frozenset[Path] = frozenset()
    changed: tuple[Path, ...] = ()
    while True:
        before = read_stamps(files)  # as they are before they are read: what is saved meanwhile is a change
        planned = None if sketch else await _plan_changed(manifest, files)
        if planned is None:
            files |= list_files(manifest) or {manifest.absolute()}  # of a half-saved one, those before
            before = read_stamps(files)
        show(await _make_round(manifest, changed, planned, sketch=sketch, with_page=with_page))
        changed = await wait(before)


async def _plan_changed(manifest: Path, files: frozenset[Path]) -> PlannedRun | None:
    """The plan of what changed, read without the rest; None where that is in doubt, or some file is not among these."""
    try:
        change = find_manifest_change(manifest, World.REAL) if files else None
        if change is None or not change.files <= set(map(os.path.realpath, files)):
            return None
        return await plan_manifest_change(change)
    except HailuoError:
        return None  # the long way says it


async def _make_round(
    manifest: Path, changed: tuple[Path, ...], planned: PlannedRun | None, *, sketch: bool, with_page: bool
) -> WatchRound:
    world, sketched, page = World.SKETCH if sketch else World.REAL, 0, None
    try:
        if sketch:
            ran = await run(manifest, RunOptions(world=World.SKETCH))
            planned, sketched = ran.after, ran.outcome.stored
        elif planned is None:
            planned = await plan(manifest, offline=True)
        if with_page:
            _, page = await write_report(manifest, world=world, page=None)
    except HailuoError as error:  # a half-saved file, mostly: the next change may mend it
        return WatchRound(changed=changed, error=error)
    return WatchRound(changed=changed, planned=planned, sketched=sketched, page=page)


def list_files(manifest: Path) -> frozenset[Path]:
    """All files that decide what a manifest means; none where it cannot be read."""
    try:
        draft = read_draft(manifest, world=World.SKETCH)
    except HailuoError:
        return frozenset()
    folder = manifest.absolute().parent
    found = {manifest.absolute(), find_project_root(folder) / SETTINGS_FILE, review_path(manifest.absolute())}
    found |= {source.file for source in draft.sources.included}
    found |= set(_list_images(draft.shots, folder))
    return frozenset(found)


def _list_images(shots: Iterable[Shot], folder: Path) -> Iterator[Path]:
    for shot in shots:
        for end in (shot.frames.first, shot.frames.last):
            if isinstance(end, FileFrame):
                yield folder / end.folder / end.path

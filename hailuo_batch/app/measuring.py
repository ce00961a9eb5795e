"""Measures clips and draws their stills: one that just arrived, or those of a campaign that have none yet.

Only bought clips have measures, since the others were drawn here. Stills are drawn of clips in every world.
"""

import asyncio
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.plan import plan_again
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.workspace.data_plane import open_data_plane
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.measures import ClipMeasures, GivenImage
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.render_names import POSTERS_FOLDER, StillAt, poster_name
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.files.regular import is_regular
from hailuo_batch.load.settings import make_folder
from hailuo_batch.ports import DataPlane, Store


async def measure_missing(planned: PlannedRun) -> PlannedRun:
    """The plan with the marks of all its clips; those without measures or stills get them now, and a note says so.

    Where this user may not write, nothing is done, and the note says that. The plan needs a full report.
    """
    workspace = planned.validation.workspace
    todo = _list_unmeasured(planned)
    if not todo:
        return planned
    if not _can_write(workspace.renders_folder):
        return _add_note(planned, len(todo), f"not measured: {workspace.renders_folder} cannot be written.")
    workspace.require_own_files(writing=True)
    make_folder(workspace.renders_folder / POSTERS_FOLDER)
    store, files = workspace.open_store(), planned.validation.inputs.files
    async with open_data_plane(workspace, workers=len(todo)) as data_plane, asyncio.TaskGroup() as group:
        measurer = ClipMeasurer(workspace, data_plane)
        for digest, request in todo.items():
            given = await list_given_images(request, files, store)
            group.create_task(measurer.measure(digest, await store.local_copy(digest), given))
    if workspace.world is not World.REAL:  # only stills were drawn
        return planned
    return _add_note(await plan_again(planned), len(todo), "measured.")


def _add_note(planned: PlannedRun, clips: int, words: str) -> PlannedRun:
    note = f"{clips:,} clip{'s' * (clips != 1)} {words}"
    return replace(planned, notes=(*planned.notes, note)) if planned.validation.world is World.REAL else planned


async def list_given_images(request: Request | None, files: Mapping[str, Path], store: Store) -> tuple[GivenImage, ...]:
    """The images of a request that are on this machine: files by digest, and frames of clips in the store."""
    found = []
    for role, image in (("first", request.first), ("last", request.last)) if request is not None else ():
        if image is None:
            continue
        frame = "" if image.frame is None else str(image.frame)
        if frame and store.stat(image.digest) is not None:
            path: Path | None = await store.local_copy(image.digest)
        else:
            path = None if frame else files.get(image.digest)
        if path is not None:
            found.append(GivenImage(role=role, digest=image.digest, path=str(path), frame=frame))
    return tuple(found)


class ClipMeasurer:
    """Measures clips of one project in one world, keeps what it found, and writes stills where renders are."""

    def __init__(self, workspace: Workspace, data_plane: DataPlane) -> None:
        self._workspace, self._data_plane = workspace, data_plane
        self._kept = workspace.open_measures()

    async def measure(self, digest: str, clip: Path, given: tuple[GivenImage, ...]) -> ClipMeasures:
        """The measures of a clip; those that are kept, where nothing is missing. Why there are none is in them."""
        known = self._kept.read([digest]).get(digest)
        if known is not None and not is_incomplete(self._workspace, digest, known, given):
            return known
        try:
            found = await self._data_plane.measure(clip, given, self._make_still_paths(digest))
        except (HailuoError, OSError) as error:
            return ClipMeasures(failure=str(error))
        if not isinstance(found, ClipMeasures):
            return ClipMeasures(failure=found.why)
        if self._workspace.world is World.REAL:
            await asyncio.to_thread(self._kept.keep, digest, found)
        return found

    def _make_still_paths(self, digest: str) -> dict[StillAt, Path]:
        renders = self._workspace.renders_folder
        if not renders.is_dir():
            return {}
        make_folder(renders / POSTERS_FOLDER)
        return {at: renders / poster_name(digest, at) for at in StillAt}


def is_incomplete(workspace: Workspace, digest: str, known: ClipMeasures, given: Iterable[GivenImage]) -> bool:
    """Whether a clip lacks stills, or was not compared with one of these images; one that failed is not tried again."""
    if known.failure:
        return False
    compared = {(each.role, each.digest, each.frame) for each in known.matches}
    return _lacks_stills(workspace, digest) or any((i.role, i.digest, i.frame) not in compared for i in given)


def _lacks_stills(workspace: Workspace, digest: str) -> bool:
    return not all(is_regular(workspace.renders_folder / poster_name(digest, at)) for at in StillAt)


def _list_unmeasured(planned: PlannedRun) -> dict[str, Request | None]:
    """The clips of the selected takes that have no measures or lack a still, each with a request that it answers."""
    workspace, known = planned.validation.workspace, planned.details.measures
    wants_measures = workspace.world is World.REAL
    todo: dict[str, Request | None] = {}
    for step in planned.selected:
        if step.action is not Action.REUSE or not step.digest or step.digest in todo:
            continue
        seen = known.get(step.digest)
        is_missing = (wants_measures and seen is None) or _lacks_stills(workspace, step.digest)
        if is_missing and not (seen is not None and seen.failure):
            todo[step.digest] = step.request
    return todo


def _can_write(folder: Path) -> bool:
    there = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    return os.access(there, os.W_OK)

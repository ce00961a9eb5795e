"""The clips that are used, under names of their own below `renders/selected/`, linked from the store."""

import json
import os
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.recovery.rendered_files import MAX_PROVENANCE_BYTES
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.plan.frame_givers import list_selected
from hailuo_batch.core.plan.plan import Plan, Step, Use
from hailuo_batch.core.plan.render_names import SELECTED_FOLDER, render_name, selected_name
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.files.regular import read_regular
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.judgement import Selection
    from hailuo_batch.ports import Renders


@dataclass(frozen=True, slots=True, kw_only=True)
class _SelectedClip:
    """What has a name: the clip's digest, and what is written beside it."""

    digest: str
    about: dict[str, object]


def read_selections(validation: Validation) -> "Mapping[str, Selection]":
    """What is selected now: during a run, somebody may have chosen. Of a file that is broken meanwhile, as it was."""
    before = {} if validation.review is None else validation.review.selections
    path = validation.clip_review_file
    if not path.exists():
        return {}
    from hailuo_batch.load.review import read_review

    try:
        review, problems = read_review(path, name=path.name, shots=validation.shot_ids)
    except InputError:
        return before
    return before if any(each.severity is Severity.ERROR for each in problems) else review.selections


async def update_selected_names(
    planned: PlannedRun, selections: "Mapping[str, Selection] | None" = None
) -> tuple[str, ...]:
    """Links each selected clip that is in the store, and removes our names of earlier ones; what could not be named.

    `selections` are those of now, where the plan was made before. A file that is not ours stays: our provenance beside
    a clip names its digest.
    """
    workspace = planned.validation.workspace
    if selections is not None:
        newer = replace(planned.plan.inputs, selections=selections)
        planned = replace(planned, plan=replace(planned.plan, inputs=newer))
    wanted = dict(_list_clips(planned.plan)) if workspace.world is not World.SKETCH else {}
    folder = workspace.renders_folder / SELECTED_FOLDER
    there = _list_names(folder)
    if not wanted and not there:
        return ()
    mine = _Owner(campaign=planned.plan.campaign, shots=_list_shots(planned))
    store, renders = workspace.open_store(), workspace.open_selected()
    for name in there - wanted.keys():
        mine.remove(renders, folder / name)
    notes = []
    for name, clip in wanted.items():
        file = await store.local_copy(clip.digest)
        if name in there and _is_same_file(folder / name, file):
            continue
        if name in there:
            mine.remove(renders, folder / name, unless=clip.digest)
        try:
            await renders.place(file, name, clip.about)
        except RefusedError as refused:
            notes.append(f"{SELECTED_FOLDER}/{refused.summary}: {refused.why}.")
    return tuple(notes)


def _list_clips(plan: Plan) -> Iterator[tuple[str, _SelectedClip]]:
    for step, shot, take in list_selected(plan):
        use = next(use for use in step.uses if (use.shot.id, use.take) == (shot, take))
        digest = plan.inputs.selections[shot].clip
        if digest in plan.inputs.stored_digests:
            name = selected_name(plan.campaign, shot)
            yield name, _SelectedClip(digest=digest, about=_make_provenance(plan, step, use, name, digest))


def _make_provenance(plan: Plan, step: Step, use: Use, name: str, digest: str) -> dict[str, object]:
    """Which take it is; all else is in the provenance beside `clip`."""
    return {
        "version": 1,
        "file": name,
        "clip": render_name(plan.campaign, use, sketch=False),
        "campaign": plan.campaign,
        "shot": use.shot.id,
        "shot_version": use.version,
        "take": use.take,
        "fingerprint": step.fingerprint,
        "artifact": {"digest": digest},
        "selected": True,
    }


def _list_names(folder: Path) -> set[str]:
    try:
        return {name for name in os.listdir(folder) if name.endswith(".mp4")}  # noqa: PTH208 - the names are enough
    except OSError:
        return set()


def _list_shots(planned: PlannedRun) -> frozenset[str]:
    """The shots that this manifest has or had; another manifest may have the same campaign."""
    review = planned.validation.review
    return frozenset((*planned.validation.shot_ids, *planned.lock.shots, *(review.shots if review else ())))


def _is_same_file(name: Path, clip: Path) -> bool:
    try:
        return name.samefile(clip)
    except OSError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Whose names may be removed: those of the selected clips of these shots."""

    campaign: str
    shots: AbstractSet[str]

    def remove(self, renders: "Renders", file: Path, unless: str = "") -> None:
        """Removes a name of ours; one that has this clip already stays."""
        about = _read_provenance(file)
        is_own = about is not None and about["campaign"] == self.campaign and about["shot"] in self.shots
        if about is not None and is_own and about["artifact"]["digest"] != unless:
            renders.remove(file.name)


def _read_provenance(file: Path) -> Mapping[str, Any] | None:
    """What is written beside a name that we gave to a selected clip; None where it is not ours."""
    try:
        about = json.loads(read_regular(file.with_suffix(".json"), MAX_PROVENANCE_BYTES))
        is_own = about["selected"] is True and isinstance(about["artifact"]["digest"], str)
        return {**about, "campaign": about["campaign"], "shot": about["shot"]} if is_own else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def remove_selected_names(workspace: Workspace, digests: AbstractSet[str]) -> None:
    """Removes the names of selected clips that are deleted."""
    folder = workspace.renders_folder / SELECTED_FOLDER
    for name in _list_names(folder):
        about = _read_provenance(folder / name)
        if about is not None and about["artifact"]["digest"] in digests:
            workspace.open_selected().remove(name)

"""The plan of a manifest of which a few shots changed since it had nothing to do; the others are not even parsed.

The changed entries are read and planned by the same code as a whole manifest, from the same ledger and folders. What is
said of the others is what was finished, and holds beyond doubt: the same conditions as in `fast_path.py`. Where shots
could depend on each other, there is no such plan, and the whole is planned.

Money: such a plan is only shown. No run submits from it: a run with work to do plans the whole under its lock.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hailuo_batch.app.planning.fast_path import read_finished_plan
from hailuo_batch.app.planning.plan import make_plan_options, plan, plan_validated
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.validate import Validation, pause_python_gc, read_draft, validate_draft
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.manifest.document import NO_FRAMES, FileFrame
from hailuo_batch.core.manifest.expand import MAX_PROMPT_TEXT, MAX_SHOTS
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.dropped_shots import find_dropped_shots
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World
from hailuo_batch.load.cache import FinishedManifest, manifest_key
from hailuo_batch.load.changed_shots import ChangedShots, find_changed_shots
from hailuo_batch.load.finished_copy import FinishedCopy, ManifestFacts, read_finished_copy
from hailuo_batch.load.manifest import find_secret
from hailuo_batch.load.project_files import DiskFiles
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.load.user_files import MAX_BYTES, read_user_file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """What changed, and what it was before all was finished."""

    finished: FinishedManifest
    copy: FinishedCopy
    shots: ChangedShots


@dataclass(frozen=True, slots=True)
class _PartFiles(DiskFiles):
    """This disk, but a part of one file instead of the whole."""

    file: Path
    data: bytes

    def read_user_file(self, path: Path, limit: int = MAX_BYTES) -> bytes:
        """See `ProjectFiles`."""
        return self.data if path == self.file else read_user_file(path, limit)


async def plan_quickly(file: Path, *, world: World, max_cost: str | None = None) -> PlannedRun:
    """The plan of a manifest to be shown as text, by the short way where that is beyond doubt."""
    found = await plan_changed_shots(file, world=world, max_cost=max_cost)
    return found if found is not None else await plan(file, world=world, max_cost=max_cost)


async def plan_changed_shots(file: Path, *, world: World, max_cost: str | None = None) -> PlannedRun | None:
    """What `plan` says of the manifest, in text; None where that is in doubt, or where there is nothing to do.

    Its steps and rows are those of the changed shots alone, its counts and its sums of purchases are of all. What the
    clips in the store cost, and how long they are, is not in it.
    """
    with pause_python_gc():
        change = _find_change(file, world)
        if change is None:
            return None
        before, now = (_validate_part(file, world, part.data) for part in (change.shots.before, change.shots.now))
        if before.problems or now.problems or not _are_alone(before.shots, now.shots, change.copy.facts):
            return None
        options = make_plan_options(max_cost=max_cost)
        planned = await plan_validated(now, options, full_report=False, is_whole=False)
    if not planned.pending_steps or not _is_still_there(change.finished, planned):
        return None
    return replace(planned, report=_make_report(planned, change, before.shots))


def _find_change(file: Path, world: World) -> _Change | None:
    """The changed entries of a manifest that was finished, and is not in doubt."""
    if world is World.REHEARSAL:
        return None  # a rehearsal calls the mock, whose next answer is not cached
    workspace = Workspace(find_project_root(file.resolve().parent), world)
    key = manifest_key(file.resolve(), sketch=world is World.SKETCH)
    copy = read_finished_copy(workspace.state_folder, key)
    if copy is None:
        return None
    try:
        data = read_user_file(file)
    except OSError:
        return None  # the long way says what is wrong with it
    shots = find_changed_shots(copy.data, data, entries=copy.facts.entries)
    if shots is None or find_secret(data, file.name):
        return None
    finished = read_finished_plan(file, workspace, copy.data)
    return None if finished is None else _Change(finished=finished, copy=copy, shots=shots)


def _validate_part(file: Path, world: World, data: bytes) -> Validation:
    return validate_draft(read_draft(file, world=world, files=_PartFiles(file, data)))


def _are_alone(before: Iterable[Shot], now: Iterable[Shot], facts: ManifestFacts) -> bool:
    """Whether no shot that did not change has anything to do with one that did."""
    old, new = {shot.id: shot for shot in before}, {shot.id: shot for shot in now}
    if not all(map(_is_free, (*old.values(), *new.values()))) or not (old.keys() | new.keys()).isdisjoint(facts.givers):
        return False
    if added := {shot_id.casefold() for shot_id in new if shot_id not in old}:
        others = {shot_id.casefold() for shot_id in facts.ids if shot_id not in old}
        if not added.isdisjoint(others):
            return False
    length = facts.text_length + sum(len(shot.prompt) for shot in new.values())
    return len(facts.ids) + len(new) <= MAX_SHOTS and length <= MAX_PROMPT_TEXT


def _is_free(shot: Shot) -> bool:
    """Whether it starts from no other shot and no address, and the edit has it as long as its clip."""
    frames = () if shot.frames is NO_FRAMES else (shot.frames.first, shot.frames.last)
    return shot.cut is None and all(isinstance(frame, FileFrame) for frame in frames if frame is not None)


def _is_still_there(finished: FinishedManifest, planned: PlannedRun) -> bool:
    """Whether the store has every clip and `renders` every name of what was finished."""
    return finished.digests <= planned.listings.digests and finished.files <= planned.listings.names


def _make_report(planned: PlannedRun, change: _Change, before: tuple[Shot, ...]) -> Report:
    """The report of the changed shots, with the others as takes that have nothing to do."""
    report = planned.report
    others = change.finished.summary["takes"] - sum(shot.takes for shot in before)
    counts = {**report.counts, Action.REUSE: report.counts.get(Action.REUSE, 0) + others}
    ids = set(change.copy.facts.ids).difference(shot.id for shot in before)
    ids.update(shot.id for shot in planned.validation.shots)
    dropped = find_dropped_shots(planned.lock, planned.plan.steps, ids)
    return replace(report, takes=report.takes + others, counts=counts, dropped=dropped)

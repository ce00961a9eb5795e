"""gc: which clips of the store are unreferenced, and deleting them on request.

A clip is referenced by a lock or a review of the project, by a readable name below `renders/`, by the plan of a
manifest that was run here, or by an open attempt. If one of these cannot be read, nothing is deleted. Clips of a
rehearsal can be drawn again: only their age and open attempts keep them.

Where machines share a store, another one may need any clip of it. Then bought clips are removed from this machine only,
and only those that the shared store has; the ledger goes on saying that they are stored.
"""

import asyncio
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from pathlib import Path

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.recovery.given_names import read_given_names
from hailuo_batch.app.running.selected_clips import remove_selected_names
from hailuo_batch.app.shared_clips import list_shared_clips
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import login_name
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord, RunRecord
from hailuo_batch.core.attempt.rejected import find_last_copies
from hailuo_batch.core.models import is_local
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.spending.garbage import DiskFile, Garbage, find_unreferenced_clips
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError
from hailuo_batch.files.folder import Folder
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.load.project_root import CACHE_FOLDER, HIDDEN_FOLDER
from hailuo_batch.load.review import read_review
from hailuo_batch.load.settings import Project, read_project
from hailuo_batch.ports import Facts, RunLock, Store, StoredFile

DEFAULT_DAYS = 30
_DAY_SECONDS = 86_400
_BATCH_SIZE = 1_000  # moves that wait for one another in the ledger


async def collect_garbage(
    folder: Path | str = ".", *, days: int = DEFAULT_DAYS, remove: bool = False, world: World = World.REAL, by: str = ""
) -> Garbage:
    """The clips of the project around a folder that nobody names and that are older than so many days.

    With `remove` they are removed for good: first the ledger says so, then the files go. Raises `InputError` when
    something that may name a clip cannot be read, `LedgerError` when a run is working.
    """
    project = read_project(Path(folder).resolve())
    workspace = Workspace(project.root, world)
    if not workspace.exists:
        return Garbage(days=days)
    before = SystemClock().now() - days * _DAY_SECONDS
    if not remove:
        return _leave_to_others(workspace, (await _find_garbage(project, workspace, days, before))[0])
    with workspace.hold_run_lock("gc") as lock:
        found, names = await _find_garbage(project, workspace, days, before)
        found = _leave_to_others(workspace, found)
        await _remove_garbage(workspace, found, names, by or login_name(), lock)
        _remove_leftovers(workspace, before)
    return replace(found, is_removed=True)


def _leave_to_others(workspace: Workspace, garbage: Garbage) -> Garbage:
    """The garbage without bought clips that only this machine has, where it shares the ledger.

    Money: another machine's manifests may name them. Once the ledger says that they are gone, they are bought again.
    """
    if not workspace.places.ledger:
        return garbage
    mine = (clip for clip in garbage.clips if clip.digest in garbage.shared or not clip.stored_attempts)
    return replace(garbage, clips=tuple(mine))


async def _find_garbage(
    project: Project, workspace: Workspace, days: int, before: float
) -> tuple[Garbage, dict[str, list[str]]]:
    """What can go, and the readable names of every clip by its digest."""
    store, shared = workspace.open_cache(), list_shared_clips(workspace)
    async with workspace.read_ledger() as ledger:
        attempts, runs = await ledger.attempts(), await ledger.runs()
        standings, given = await ledger.standings(), await read_given_names(ledger)
    files = dict(_list_files(project, store))
    needed = _unfinished_digests(attempts)
    names = _names_by_digest(given, attempts)
    if workspace.world is not World.REHEARSAL:
        needed |= _list_render_digests(workspace, names, store)
        needed |= set(_read_references(project))
        needed |= await _plan_needed_digests(project, runs)
    bought = {attempt.digest for attempt in attempts if attempt.digest and not is_local(attempt.provider)}
    removable = shared.find_removable({digest: file.size for digest, file in files.items()})
    if shared.address:
        needed |= bought - removable
    known = {attempt.digest for attempt in attempts}
    if workspace.world is World.SKETCH:  # the real world's store holds both; only its sketches are checked
        needed |= bought
    rejected = workspace.list_rejected()
    last_copies = find_last_copies(rejected, standings)
    garbage = Garbage(
        clips=find_unreferenced_clips(files, needed, attempts, before=before),
        leftovers=tuple(_list_leftovers(project, workspace, before)),
        rejected=tuple(each for each in rejected if each not in last_copies and each.modified_at < before),
        last_copies=len(last_copies),
        unknown=len(files.keys() - known),
        shared=removable,
        shared_store=shared.address,
        days=days,
    )
    return garbage, names


async def _remove_garbage(
    workspace: Workspace, garbage: Garbage, names: dict[str, list[str]], by: str, lock: RunLock
) -> None:
    # The ledger first: a file that is there still is found again by the next gc; a ledger that says "stored" of a clip
    # that is gone would send the next run to fetch it.
    gone = Failure(kind=FailureKind.DISCARDED, why="gc removed its clip from the store")
    facts = Facts(failure=gone, reason="gc", decided_by=by)
    async with workspace.open_ledger(SystemClock(), lock, command="gc") as ledger:
        # Money: a worktree that shares this ledger may still have the clip; it must not be bought again there.
        copies = workspace.find_copies([clip.digest for clip in garbage.clips], await ledger.known_stores())
        # So may any machine that shares the store, which keeps it.
        gone_clips = [clip for clip in garbage.clips if clip.digest not in copies.keys() | garbage.shared]
        attempts = [attempt.id for clip in gone_clips for attempt in clip.stored_attempts]
        for begin in range(0, len(attempts), _BATCH_SIZE):
            some = attempts[begin : begin + _BATCH_SIZE]
            await asyncio.gather(*(ledger.move(attempt, Move.DISCARD, facts) for attempt in some))
    store, renders, measures = workspace.open_cache(), workspace.open_renders(), workspace.open_measures()
    for clip in garbage.clips:
        store.remove(clip.digest)
        measures.remove(clip.digest)
        for name in names.get(clip.digest, ()) if workspace.world is World.REHEARSAL else ():
            renders.remove(name)
    if workspace.world is World.REHEARSAL:
        remove_selected_names(workspace, {clip.digest for clip in garbage.clips})
    aside = workspace.open_rejected()
    for rejected in garbage.rejected:
        aside.remove(rejected)


def _list_files(project: Project, store: Store) -> Iterator[tuple[str, DiskFile]]:
    for digest in store.list_digests():
        if (file := store.stat(digest)) is not None:  # else it went away since it was listed
            yield digest, _make_disk_file(project, Path(store.location(digest)), file)


def _make_disk_file(project: Project, path: Path, file: StoredFile) -> DiskFile:
    return DiskFile(name=project.display_path(path), size=file.size, modified_at=file.modified_at)


def _list_leftovers(project: Project, workspace: Workspace, before: float) -> Iterator[DiskFile]:
    """Half-written files of killed runs and cached plans, if they were last written before a moment."""
    unfinished = ((Path(path), file) for path, file in workspace.open_cache().list_leftovers().items())
    for path, file in chain(unfinished, _list_cache_files(workspace)):
        if file.modified_at < before:
            yield _make_disk_file(project, path, file)


def _remove_leftovers(workspace: Workspace, before: float) -> None:
    workspace.open_cache().remove_leftovers(before=before)
    _cache_folder(workspace).sweep(lambda _, found: found.st_mtime < before)


def _list_cache_files(workspace: Workspace) -> Iterator[tuple[Path, StoredFile]]:
    with suppress(FileNotFoundError), _cache_folder(workspace).open() as folder:
        for name, found in folder.regular_files():
            yield folder.path / name, StoredFile(size=found.st_size, modified_at=found.st_mtime)


def _cache_folder(workspace: Workspace) -> Folder:
    return Folder(workspace.state_folder / CACHE_FOLDER, workspace.project_root)


def _unfinished_digests(attempts: Iterable[AttemptRecord]) -> set[str]:
    """Clips of attempts that are not at their end: one that went missing, and is fetched again."""
    return {
        each.digest for each in attempts if each.digest and each.stage in LIVE_STAGES and each.stage is not Stage.STORED
    }


def _names_by_digest(given: dict[str, str], attempts: Iterable[AttemptRecord]) -> dict[str, list[str]]:
    """The readable names that were ever given, by the clip's digest."""
    clips = {each.fingerprint: each.digest for each in attempts if each.digest}
    found: dict[str, list[str]] = {}
    for name, fingerprint in given.items():
        if (digest := clips.get(fingerprint)) is not None:
            found.setdefault(digest, []).append(name)
    return found


def _list_render_digests(workspace: Workspace, names: dict[str, list[str]], store: Store) -> set[str]:
    """Clips that are below `renders/`: under a name of ours, or under any name that is a link to the very file."""
    paths = [Path(folder) / entry for folder, _, entries in os.walk(workspace.renders_folder) for entry in entries]
    there = {path.name for path in paths}
    shown = {digest for digest, given in names.items() if not there.isdisjoint(given)}
    return shown | store.find_linked_clips(paths)


def _read_references(project: Project) -> Iterator[str]:
    """Every clip that a lock or a review anywhere in the project names."""
    for folder, inner, entries in os.walk(project.root):
        inner[:] = [name for name in inner if name not in {HIDDEN_FOLDER, ".git"}]
        for entry in sorted(entries):
            path = Path(folder) / entry
            if entry.endswith((".lock.yaml", ".lock.yml")):
                lock = read_lock(path, campaign="")
                yield from (take.digest for shot in lock.shots.values() for take in shot.takes.values())
            elif entry.endswith((".review.yaml", ".review.yml")):
                yield from _read_review_clips(project, path)


def _read_review_clips(project: Project, path: Path) -> frozenset[str]:
    review, problems = read_review(path, name=project.display_path(path), shots=())
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise ManifestError(problems)
    return review.clips


async def _plan_needed_digests(project: Project, runs: Iterable[RunRecord]) -> set[str]:
    """What the manifests that were run here want now, their sketches included; one that is gone wants nothing."""
    needed: set[str] = set()
    for name, sketch in sorted({(run.manifest, run.sketch) for run in runs}):
        file = project.find_manifest(name)
        if file is None:
            continue
        try:
            planned = await plan(file, world=World.SKETCH if sketch else World.REAL, offline=True)
        except ManifestError as error:
            first = error.problems[0]
            raise InputError(
                f"gc cannot determine what {name} needs",
                why=f"It has problems: {first.why} Nothing is deleted while a manifest that was run here has problems.",
                remedy="Fix it, or delete it if the campaign is finished. To see what is wrong:\n"
                f"    {command_line('validate', manifest=name)}",
            ) from None
        for step in planned.plan.steps:
            needed |= {each.digest for each in (step.standing, step.named_clip) if each is not None and each.digest}
    return needed

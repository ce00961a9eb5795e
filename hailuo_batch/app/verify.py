"""Ledger ↔ store ↔ names ↔ lock: what is there is what is recorded, byte by byte. Reads everything, changes nothing."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.recovery.given_names import read_given_names
from hailuo_batch.app.recovery.missing_ledger import find_unknown_clips
from hailuo_batch.app.recovery.rendered_files import MAX_PROVENANCE_BYTES
from hailuo_batch.app.shared_clips import SharedClips, bring_clips, list_shared_clips
from hailuo_batch.app.verify_faults import VerifyFault, VerifyFinding
from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.app.workspace.data_plane import open_data_plane
from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.rejected import find_last_copies
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.rules import LEDGER_GONE, STORE_AWAY
from hailuo_batch.core.world import World
from hailuo_batch.drivers.data_plane import probe_clip
from hailuo_batch.errors import Exit
from hailuo_batch.files.regular import is_regular, open_regular, read_regular
from hailuo_batch.load.settings import Project
from hailuo_batch.ports import Store, StoredFile
from hailuo_batch.store.object_listing import object_name
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was checked and what was found; `clips` and `names` count those checked, `bytes` those read.

    `only_shared` clips are in the shared store alone, with their size; their bytes were not read. `problems` are of the
    project: that the ledger is gone, or that the shared store could not be reached.
    """

    clips: int
    names: int
    bytes: int
    findings: tuple[VerifyFinding, ...]
    problems: tuple[Problem, ...] = ()
    only_shared: int = 0

    @property
    def exit(self) -> Exit:
        """The exit code: without its ledger, nothing is proved of any clip."""
        if any(each.rule is LEDGER_GONE for each in self.problems):
            return Exit.LEDGER
        return Exit.TAKES_FAILED if self.findings else Exit.DONE


async def verify(
    file: Path | str, *, world: World = World.REAL, deep: bool = False, only: Sequence[str] = ()
) -> Verification:
    """Reads every clip of a manifest and compares it with the ledger, its names and the lock.

    `only` picks takes as in `plan`; then nothing is reported of files that belong to no take. `deep` also decodes every
    frame of every clip, which takes about a fifth of a second of a core each. A clip that only the shared store has is
    read with `deep` alone, and is kept here then.
    """
    planned = await plan(file, world=world, only=only, offline=True)
    workspace = planned.validation.workspace
    store, shared = workspace.open_cache(), _list_shared_clips(planned)
    async with workspace.read_ledger() as ledger:
        recorded, given = await ledger.clips(), frozenset(await read_given_names(ledger))
    wanted = {
        step.standing.digest: step
        for step in planned.selected
        if step.standing is not None and step.standing.digest is not None and step.standing.stage in LIVE_STAGES
    }
    clips = {digest: recorded[digest] for digest in wanted if digest in recorded}
    only_shared = {digest for digest, clip in clips.items() if store.stat(digest) is None and digest in shared.files}
    found = [*_check_shared(shared, clips, store)] if planned.listings.store_fault == "" else []
    if deep:
        failed = await bring_clips(workspace, only_shared)
        found += [_not_brought(digest, why) for digest, why in failed.items()]
        only_shared = set(failed)
    copies = {digest: await store.local_copy(digest) for digest in wanted}
    read = sorted(clips.keys() - only_shared)
    with ThreadPoolExecutor(cpu_count()) as pool:
        loop = asyncio.get_running_loop()
        checks = [
            loop.run_in_executor(
                pool,
                _check_clip,
                copies[digest],
                store.location(digest),
                clips[digest],
                _render_paths(planned, wanted[digest]),
            )
            for digest in read
        ]
        checked = dict(zip(read, await asyncio.gather(*checks), strict=True))
    found += [finding for some in checked.values() for finding in some]
    if deep:
        whole = {digest: wanted[digest] for digest, some in checked.items() if not some}
        found += await _decode_clips(planned, whole, copies, store)
    stored = store.list_digests()
    if planned.takes is None:
        found += [
            VerifyFinding(subject=digest, fault=VerifyFault.UNKNOWN, files=(store.location(digest),))
            for digest in sorted(stored - recorded.keys() - shared.files.keys())
        ]
        found += _find_unknown_names(planned, recorded.keys(), given)
    found += _find_rejected(planned)
    found += _check_names(planned, copies)
    found += _check_lock(planned, store, stored | shared.files.keys())
    found = [_display_paths(planned.validation.project, finding) for finding in found]
    names = sum(len(step.uses) for step in _list_reused(planned))
    return Verification(
        clips=len(clips) - len(only_shared),
        names=names,
        bytes=sum(clip.size for digest, clip in clips.items() if digest not in only_shared),
        findings=tuple(found),
        problems=tuple(each for each in planned.extra_problems if each.rule in {LEDGER_GONE, STORE_AWAY}),
        only_shared=0 if deep else sum(shared.has_whole(digest, clips[digest].size) for digest in only_shared),
    )


def _list_shared_clips(planned: PlannedRun) -> SharedClips:
    """What the shared store has now; where it is out of reach, none of its clips is checked, as a warning says."""
    if planned.listings.store_fault:
        others = planned.listings.digests - planned.listings.own_digests
        return SharedClips(files={digest: StoredFile(size=0, modified_at=0.0) for digest in others})
    return list_shared_clips(planned.validation.workspace)


def _check_shared(shared: SharedClips, clips: Mapping[str, Clip], store: Store) -> Iterator[VerifyFinding]:
    """Whether the shared store has each clip of a gateway with its size; a project without one shares nothing."""
    for digest, clip in clips.items() if shared.address else ():
        if digest in shared.files and not shared.has_whole(digest, clip.size):
            where = f"{shared.address}/{object_name(digest)}"
            why = f"{where} has {shared.files[digest].size:,} bytes, and the clip has {clip.size:,}"
            yield VerifyFinding(subject=digest, fault=VerifyFault.OTHER_THERE, files=(where,), why=why)
        elif digest not in shared.files and store.stat(digest) is not None:
            yield VerifyFinding(subject=digest, fault=VerifyFault.UNSHARED, files=(store.location(digest),))


def _not_brought(digest: str, why: str) -> VerifyFinding:
    return VerifyFinding(subject=digest, fault=VerifyFault.NOT_BROUGHT, files=(digest,), why=why)


def _check_clip(
    path: Path,
    location: str,
    expected: Clip,
    names: Sequence[Path],
) -> list[VerifyFinding]:
    try:
        digest = _hash_file(path)
    except FileNotFoundError:
        return [VerifyFinding(subject=expected.digest, fault=VerifyFault.MISSING, files=(location,))]
    except OSError as error:
        why = f"the system says: {error.strerror}"
        return [VerifyFinding(subject=expected.digest, fault=VerifyFault.CHANGED, files=(location,), why=why)]
    if digest != expected.digest:
        files = (location, *(str(name) for name in names if _is_same_file(name, path)))
        why = f"they hash to {digest}"
        return [VerifyFinding(subject=expected.digest, fault=VerifyFault.CHANGED, files=files, why=why)]
    seen = probe_clip(path, digest)
    return [_make_broken(digest, location, names, seen.why)] if isinstance(seen, Failure) else []


async def _decode_clips(
    planned: PlannedRun, whole: Mapping[str, Step], copies: Mapping[str, Path], store: Store
) -> list[VerifyFinding]:
    """Decodes every frame of clips whose bytes are right, in processes of this machine or of a farm."""
    async with open_data_plane(planned.validation.workspace, workers=len(whole)) as plane:
        damages = await asyncio.gather(*(plane.check(copies[digest]) for digest in whole))
    return [
        _make_broken(digest, store.location(digest), _render_paths(planned, step), damage)
        for (digest, step), damage in zip(whole.items(), damages, strict=True)
        if damage
    ]


def _make_broken(digest: str, location: str, names: Iterable[Path], why: str) -> VerifyFinding:
    files = (location, *(str(name) for name in names if name.exists()))
    return VerifyFinding(subject=digest, fault=VerifyFault.BROKEN, files=files, why=why)


def _hash_file(path: Path) -> str:
    with open_regular(path) as file:
        return f"sha256:{file_digest(file, 'sha256').hexdigest()}"


def _is_same_file(name: Path, clip: Path) -> bool:
    """Whether a readable name is a link to the very file, so that what changed the one has changed the other."""
    try:
        return is_regular(name) and name.samefile(clip)
    except OSError:
        return False


def _display_paths(project: Project, finding: VerifyFinding) -> VerifyFinding:
    return replace(finding, files=tuple(project.display_path(Path(file)) for file in finding.files))


def _render_paths(planned: PlannedRun, step: Step) -> list[Path]:
    """The readable names of a step's clip."""
    folder, sketch = planned.validation.workspace.renders_folder, planned.validation.sketch
    return [folder / render_name(planned.plan.campaign, use, sketch=sketch) for use in step.uses]


def _list_reused(planned: PlannedRun) -> Iterator[Step]:
    return (step for step in planned.selected if step.action is Action.REUSE)


def _find_rejected(planned: PlannedRun) -> Iterator[VerifyFinding]:
    mine = None if planned.takes is None else {step.fingerprint for step in planned.selected}
    for each in find_last_copies(planned.validation.workspace.list_rejected(), planned.snapshot.standings):
        if mine is None or each.fingerprint in mine:
            yield VerifyFinding(subject=each.label, fault=VerifyFault.REJECTED, files=(each.file,), why=each.why)


def _check_names(planned: PlannedRun, copies: Mapping[str, Path]) -> Iterator[VerifyFinding]:
    for step in _list_reused(planned):
        if step.standing is not None and step.standing.digest is not None:
            for named in _render_paths(planned, step):
                digest = step.standing.digest
                if fault := _check_name(named, copies[digest], digest, step.clip_fingerprint):
                    yield VerifyFinding(subject=named.name, fault=fault, files=(str(named),))


def _find_unknown_names(
    planned: PlannedRun, recorded: AbstractSet[str], given: AbstractSet[str]
) -> Iterator[VerifyFinding]:
    workspace = planned.validation.workspace
    if workspace.world is not World.SKETCH:
        folder, names = workspace.renders_folder, planned.listings.names
        known = recorded | workspace.list_rehearsed_digests()
        unknown = find_unknown_clips(
            known, given=given, present=frozenset(), names=names, folder=folder, world=workspace.world
        )
        for name in unknown.names:
            yield VerifyFinding(subject=name, fault=VerifyFault.UNKNOWN_NAME, files=(str(folder / name),))


def _check_name(path: Path, clip: Path, digest: str, fingerprint: str) -> VerifyFault | None:
    """What is wrong with a name. It is held against the digest: where the store's bytes changed, it may be whole."""
    if not os.path.lexists(path):
        return VerifyFault.UNNAMED
    if not _is_same_file(path, clip) and not _has_digest(path, digest):
        return VerifyFault.RENAMED
    try:
        says = json.loads(read_regular(path.with_suffix(".json"), MAX_PROVENANCE_BYTES))["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError):
        says = ""
    return None if says == fingerprint else VerifyFault.ALONE


def _has_digest(path: Path, digest: str) -> bool:
    try:
        return _hash_file(path) == digest
    except OSError:  # a folder, or a file that may not be read
        return False


def _check_lock(planned: PlannedRun, store: Store, stored: AbstractSet[str]) -> Iterator[VerifyFinding]:
    for shot_id, shot in sorted(planned.lock.shots.items()):
        for number, take in sorted(shot.takes.items()):
            is_selected = planned.takes is None or (shot_id, number) in planned.takes
            if is_selected and take.digest not in stored:
                files = (store.location(take.digest),)
                yield VerifyFinding(subject=f"{shot_id}#{number}", fault=VerifyFault.UNLOCKED, files=files)

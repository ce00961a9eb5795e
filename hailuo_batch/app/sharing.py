"""Clips between this machine and the shared store: `push` puts them there, `pull` brings them here. Buys nothing.

`pull` goes by the locks alone, so a fresh clone needs no ledger. `push` takes what is owed, and beside it every bought
clip of this machine that the shared store lacks, such as those from before a project had one.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from pathlib import Path

from hailuo_batch.app.running.shared_store import report_owed_clips, shrink_store_cache
from hailuo_batch.app.workspace.paths import lock_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.lockfile import LockedShot
from hailuo_batch.errors import LedgerError
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.load.project_root import HIDDEN_FOLDER, find_project_root
from hailuo_batch.load.settings import read_project
from hailuo_batch.values import dataclass

Progress = Callable[[int, int], None]  # called with how many clips are done, and of how many


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipTransfer:
    """What `push` or `pull` came to: clips that were copied, and those that were where they belong already.

    `failed` says why others were not copied, by what people call them. `missing` are clips that the shared store has
    not: of a pull. `note` says what could not be read, so that more may be to do.
    """

    address: str
    copied: int
    bytes: int
    already: int
    failed: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    note: str = ""


async def push_clips(
    folder: Path, manifests: Sequence[Path] = (), *, on_progress: Progress = lambda _, __: None
) -> ClipTransfer:
    """Puts clips of this machine into the shared store: what is owed, and what locks and ledger name and it lacks.

    Of these manifests, or of the whole project around a folder. Raises `SharedStoreError` where it cannot be reached.
    """
    workspace = _open_workspace(folder, manifests)
    store = workspace.require_shared_store()
    here, there = workspace.open_cache(), store.list_shared().digests
    names = _name_locked_clips(_list_locks(workspace.project_root, manifests))
    recorded, note = (frozenset[str](), "") if manifests else await _read_bought_digests(workspace)
    owed = store.list_owed()
    if not manifests and not note:
        for digest in owed - here.list_digests() - there - recorded - names.keys():
            store.forget_owed(digest)
        owed = store.list_owed()
    wanted = owed | ((names.keys() | recorded) & here.list_digests())
    new = wanted - there | owed
    failed = await store.push(new, _count_up(on_progress, len(new)))
    if owed:
        report_owed_clips(workspace)
    sent = [file.size for digest in new - failed.keys() - there if (file := here.stat(digest)) is not None]
    return ClipTransfer(
        address=store.address,
        copied=len(sent),
        bytes=sum(sent),
        already=len(wanted & there),
        failed={names.get(digest, digest): why for digest, why in failed.items()},
        note=note,
    )


async def pull_clips(
    folder: Path,
    manifests: Sequence[Path] = (),
    *,
    selected: bool = False,
    on_progress: Progress = lambda _, __: None,
) -> ClipTransfer:
    """Brings the clips that locks name from the shared store, each checked against its digest.

    Of these manifests, or of the whole project around a folder; with `selected` one take of each shot: the selected
    one, else the first. Raises `SharedStoreError` where the store cannot be reached.
    """
    workspace = _open_workspace(folder, manifests)
    store = workspace.require_shared_store()
    workspace.create()
    with workspace.hold_run_lock("pull"):  # a run would sweep away what comes in parts
        here, there = workspace.open_cache().list_digests(), store.list_shared()
        names = _name_locked_clips(_list_locks(workspace.project_root, manifests), selected=selected)
        new = names.keys() & there.digests - here
        failed = await store.pull(new, _count_up(on_progress, len(new)))
        shrink_store_cache(workspace, read_project(workspace.project_root).store_cache, keep=names.keys())
    came = [file.size for digest in new - failed.keys() if (file := there.stat(digest)) is not None]
    return ClipTransfer(
        address=store.address,
        copied=len(came),
        bytes=sum(came),
        already=len(names.keys() & here),
        failed={names[digest]: why for digest, why in failed.items()},
        missing=tuple(names[digest] for digest in sorted(names.keys() - here - there.digests)),
    )


def _open_workspace(folder: Path, manifests: Sequence[Path]) -> Workspace:
    return Workspace(find_project_root((manifests[0].parent if manifests else folder).resolve()))


async def _read_bought_digests(workspace: Workspace) -> tuple[frozenset[str], str]:
    """The clips that the ledger says were bought and stored; where it cannot be read, why."""
    try:
        async with workspace.read_ledger() as ledger:
            attempts = await ledger.attempts()
    except LedgerError as error:
        return frozenset(), f"The ledger was not read, so only what is owed or locked was copied: {error.summary}."
    stored = (each for each in attempts if each.stage is Stage.STORED and not is_local(each.provider))
    return frozenset(each.digest for each in stored if each.digest), ""


def _list_locks(root: Path, manifests: Sequence[Path]) -> list[Path]:
    if manifests:
        return [lock_path(manifest) for manifest in manifests]
    found = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in sorted(inner) if name not in {HIDDEN_FOLDER, ".git"}]
        found += [Path(folder) / name for name in sorted(names) if name.endswith((".lock.yaml", ".lock.yml"))]
    return found


def _name_locked_clips(locks: Iterable[Path], *, selected: bool = False) -> dict[str, str]:
    """The clips of locks by digest, each with the take that people know it by."""
    return {
        take_digest: f"{path.name.partition('.lock.')[0]} {label}"
        for path in locks
        for shot_id, shot in read_lock(path, campaign="").shots.items()
        for label, take_digest in _list_takes(shot_id, shot, selected=selected)
    }


def _list_takes(shot_id: str, shot: LockedShot, *, selected: bool) -> Iterator[tuple[str, str]]:
    numbers: AbstractSet[int] = {shot.selected or min(shot.takes)} if selected and shot.takes else shot.takes.keys()
    yield from ((f"{shot_id}#{number}", shot.takes[number].digest) for number in numbers if number in shot.takes)


def _count_up(on_progress: Progress, total: int) -> Callable[[str], None]:
    done = 0

    def count(_: str) -> None:
        nonlocal done
        done += 1
        on_progress(done, total)

    return count

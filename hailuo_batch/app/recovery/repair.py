"""Mends a ledger from the journal of this machine's purchases: one that was restored, removed, or copied."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.spending.purchase import JournalFault
from hailuo_batch.core.world import World, command_line
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.ports import Facts, LedgerWriter
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairResult:
    """What a ledger took over: attempts from the journal, and how many of their clips are in a store of this machine.

    `in_doubt` are attempts whose outcome a person must settle now, `pending` those whose clip is still to come.
    """

    ledger: Path
    attempts: int
    clips: int = 0
    in_doubt: int = 0
    pending: int = 0


async def repair_ledger(folder: Path | str = ".", *, place: str = "", world: World = World.REAL) -> RepairResult:
    """Records again what only the journal knows: of this ledger, and of the ledgers that had its place.

    `place` names the file of another ledger, of a checkout that is gone. Nothing is submitted.
    """
    workspace = Workspace(find_project_root(Path(folder).resolve()), world)
    mended = frozenset({JournalFault.BEHIND, JournalFault.GONE})
    async with _open_ledger(workspace, "ledger repair", mended) as ledger:
        taken = await ledger.take_over_purchases(place or str(workspace.ledger_file))
        clips = await _keep_clips(ledger, workspace, taken) if any(taken.values()) else 0
        stages = Counter(each.stage for each in await ledger.open_attempts())
    return RepairResult(
        ledger=workspace.ledger_file,
        attempts=len(taken),
        clips=clips,
        in_doubt=stages[Stage.IN_DOUBT],
        pending=stages[Stage.SUBMITTED] + stages[Stage.PRODUCED],
    )


async def fork_ledger(folder: Path | str = ".", *, world: World = World.REAL) -> Path:
    """Makes a copied ledger one of its own, so that original and copy can both go on; its file."""
    workspace = Workspace(find_project_root(Path(folder).resolve()), world)
    async with _open_ledger(workspace, "ledger fork", frozenset({JournalFault.COPY})):
        return workspace.ledger_file


@asynccontextmanager
async def _open_ledger(
    workspace: Workspace, command: str, mended: frozenset[JournalFault]
) -> AsyncIterator[LedgerWriter]:
    if workspace.places.ledger:  # a shared ledger is in no journal, and is nobody's copy
        raise RefusedError(
            "a shared ledger is not mended from the journal of one machine",
            why=f"It is at {workspace.ledger_name}.",
            remedy=f"To prove that it keeps its rules:\n    {command_line('ledger check')}",
        )
    workspace.create()
    with workspace.hold_run_lock(command) as lock:
        async with workspace.open_ledger(SystemClock(), lock, mended=mended) as ledger:
            yield ledger


async def _keep_clips(ledger: LedgerWriter, workspace: Workspace, taken: Mapping[int, str]) -> int:
    """Stored again are those whose clip is in this store or another one: what a clip is, its own bytes say."""
    store, count = workspace.open_store(), 0
    produced = [each.id for each in await ledger.open_attempts() if each.stage is Stage.PRODUCED and taken.get(each.id)]
    copies = workspace.find_copies({taken[attempt] for attempt in produced}, await ledger.known_stores())
    async with LocalDataPlane(workers=1) as data_plane:
        for attempt in produced:
            digest = taken[attempt]
            if store.stat(digest) is None and (
                digest not in copies or not await store.restore(Path(copies[digest]), digest)
            ):
                continue
            clip = await data_plane.probe(await store.local_copy(digest), digest, decode=True)
            if not isinstance(clip, Failure):
                await ledger.move(attempt, Move.KEEP, Facts(clip=clip))
                count += 1
    return count

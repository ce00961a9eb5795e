"""What a run does for the shared store at its end: what is owed is put there, and the cache is cut to its limit."""

from collections.abc import Set as AbstractSet
from contextlib import suppress

from hailuo_batch.app.workspace.workspace import LISTING_PATIENCE, Workspace
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import LedgerError, SharedStoreError


async def settle_owed_clips(workspace: Workspace, *, is_stopped: bool) -> tuple[str, ...]:
    """Puts what is owed into the shared store, and says to other machines what still is; what to say here.

    Who stopped a run does not wait for it.
    """
    notes = owed_note(workspace) if is_stopped else await _push_owed_clips(workspace)
    report_owed_clips(workspace)
    return notes


def report_owed_clips(workspace: Workspace) -> None:
    """Says to machines that share the ledger how many clips only this one has. They can be without it for a while."""
    store = workspace.open_shared_store()
    if store is not None:
        with suppress(LedgerError):
            workspace.report_owed(len(store.list_owed()))


async def _push_owed_clips(workspace: Workspace) -> tuple[str, ...]:
    # Whether it can be reached is found out quickly: somebody waits for the run to end.
    quick, store = workspace.open_shared_store(patience=LISTING_PATIENCE), workspace.open_shared_store()
    if quick is None or store is None:
        return owed_note(workspace)
    try:
        quick.list_shared()
        failed = await store.push(store.list_owed())
    except SharedStoreError as error:
        return owed_note(workspace, f"{error.summary}: {error.why}")
    return owed_note(workspace, next(iter(failed.values()), ""))


def shrink_store_cache(workspace: Workspace, limit: int | None, *, keep: AbstractSet[str] = frozenset()) -> None:
    """Cuts the clips of this machine to a limit, where the shared store has them; only the run lock's holder may."""
    store = None if limit is None else workspace.open_shared_store(patience=LISTING_PATIENCE)
    if store is not None and limit is not None:
        with suppress(SharedStoreError):  # what it has is not known now, so nothing may leave
            store.shrink_cache(limit, keep=keep)


def owed_note(workspace: Workspace, why: str = "") -> tuple[str, ...]:
    """How many clips are here and not in the shared store, and the command that puts them there."""
    store = workspace.open_shared_store()
    owed = store.list_owed() if store is not None else frozenset()
    if store is None or not owed:
        return ()
    clips = "1 clip is" if len(owed) == 1 else f"{len(owed):,} clips are"
    reason = f" {why[:1].upper()}{why[1:]}." if why else ""
    return (
        f"{clips} kept on this machine and owed to {store.address}.{reason} No other machine has them until you run:\n"
        f"    {command_line('push')}",
    )

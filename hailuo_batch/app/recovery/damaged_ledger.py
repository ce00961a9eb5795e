"""What is left when the ledger is damaged: the clips in the store, and what the lock file says of them."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.errors import DamagedLedgerError


def explain_damaged_ledger(
    error: DamagedLedgerError, *, ledger: Path, repair: str, restart: str, lock: Lockfile, present: AbstractSet[str]
) -> DamagedLedgerError:
    """The same error, with what can be saved and how.

    `repair` takes over what the journal knows, `restart` begins a new ledger: both are commands. `present`
    are the digests in the store.
    """
    locked = lock.clips.values()
    there = sum(clip.digest in present for clip in locked)
    takes = "1 take" if len(locked) == 1 else f"{len(locked):,} takes"
    clips = "1 clip" if len(present) == 1 else f"{len(present):,} clips"
    why = (
        f"{error.why}. The store has {clips}. The lock names {takes} of this manifest, and the clips of {there:,} are "
        "in the store. A new ledger takes these in again, and clips that have a name in renders/. "
        "Takes in doubt are recorded only in the damaged ledger and in the journal."
    )
    files = (ledger, ledger.with_name(f"{ledger.name}-wal"))
    aside = "\n".join(f"    mv {file} {file}.damaged" for file in files if file.exists())
    remedy = (
        "Put back a copy if you have one: a backup, or one that an upgrade left beside it. Otherwise move the ledger "
        f"aside, and take over what the journal of this machine knows:\n{aside}\n    {repair}\n"
        "Without the journal, check your providers' accounts for running tasks, and start a new ledger:\n"
        f"    {restart}"
    )
    return DamagedLedgerError(error.summary, why=why, remedy=remedy)

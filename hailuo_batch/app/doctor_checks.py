"""A check of `doctor` as a value, and the checks of what machines share."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from hailuo_batch.app.workspace.workspace import LISTING_PATIENCE, Workspace
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError, LedgerError, RefusedError, StoreError
from hailuo_batch.values import dataclass

MOST_SKEW = 2.0  # seconds between two clocks: caps by the month begin with the month of the one that buys


class CheckResult(StrEnum):
    """How one check ended."""

    GOOD = "good"
    NOTE = "note"  # works, and worth knowing
    BAD = "bad"  # something will not work


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorCheck:
    """One check of `doctor`, with its result."""

    name: str
    result: CheckResult
    detail: str
    remedy: str = ""
    is_key_rejected: bool = False
    group: str = ""  # good checks of one group are shown as one


def check_shared_ledger(root: Path) -> Iterator[DoctorCheck]:
    """Whether the server of a shared ledger keeps what it confirms, and the line its session; clocks and versions."""
    name = "shared ledger"
    try:
        found = Workspace(root).probe_shared_ledger()
    except (LedgerError, RefusedError, InputError):
        return  # the check of the ledger says why
    if found is None:
        return
    trip = f"{1000 * found.round_trip:.1f} ms there and back"
    yield DoctorCheck(name=name, result=CheckResult.GOOD, detail=f"PostgreSQL {found.server}, {trip}")
    if not (found.fsync and found.full_page_writes and found.synchronous_commit != "off"):
        states = {"fsync": found.fsync, "full_page_writes": found.full_page_writes}
        words = ", ".join(f"{setting} {'on' if state else 'off'}" for setting, state in states.items())
        yield DoctorCheck(
            name=name,
            result=CheckResult.BAD,
            detail=f"after a power cut its server may have forgotten purchases: {words}, "
            f"synchronous_commit {found.synchronous_commit}",
            remedy="Set all three to on in its postgresql.conf, and reload it.",
        )
    if not found.keeps_sessions:
        yield DoctorCheck(
            name=name,
            result=CheckResult.BAD,
            detail="a proxy between gives its sessions to others after each transaction, so no holder stays alive",
            remedy="Connect to PostgreSQL itself, or set the proxy to sessions (pgbouncer: pool_mode = session).",
        )
    if abs(found.skew) > MOST_SKEW:
        ahead = "ahead of" if found.skew > 0 else "behind"
        yield DoctorCheck(
            name=name,
            result=CheckResult.NOTE,
            detail=f"the clock here is {abs(found.skew):,.1f} s {ahead} the server's",
            remedy="Set both by NTP: caps by the month, and the order of events, go by clocks.",
        )
    if len(found.team.programs) > 1:
        versions = ", ".join(found.team.programs)
        remedy = "Upgrade the older ones: `status --team` names the machines."
        yield DoctorCheck(
            name=name, result=CheckResult.NOTE, detail=f"machines have versions {versions}", remedy=remedy
        )


def check_shared_store(root: Path, *, offline: bool) -> Iterator[DoctorCheck]:
    """Whether the shared store can be read and written to, and makes each object once; what is owed to it."""
    workspace, name = Workspace(root), "shared store"
    try:
        store = workspace.open_shared_store(patience=LISTING_PATIENCE)
        if store is None:
            return
        owed = len(store.list_owed())
        winners = 1 if offline else store.count_winners()
        clips = "not reached" if offline else f"{len(store.list_shared().digests):,} clips"
    except (StoreError, InputError) as error:
        remedy = " ".join(error.remedy.split())
        yield DoctorCheck(name=name, result=CheckResult.BAD, detail=f"{error.summary}: {error.why}", remedy=remedy)
        return
    if winners != 1:
        yield DoctorCheck(
            name=name,
            result=CheckResult.BAD,
            detail=f"{store.address} let {winners} writers make one new object: it does not honour If-None-Match",
            remedy="Use a bucket that does. Clips are named by their bytes, so none is lost until then.",
        )
    else:
        yield DoctorCheck(name=name, result=CheckResult.GOOD, detail=f"{store.address}: {clips}")
    if owed:
        yield DoctorCheck(
            name=name,
            result=CheckResult.NOTE,
            detail=f"{owed:,} clip{'s' * (owed != 1)} of this machine owed to it",
            remedy=f"`{command_line('push')}`",
        )

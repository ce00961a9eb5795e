"""A check of `doctor` as a value, and the checks of what machines share."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from hailuo_batch.app.workspace.workspace import LISTING_PATIENCE, Workspace
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError, StoreError


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

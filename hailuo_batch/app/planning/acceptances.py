"""Which earlier clips are accepted for changed requests, with what ledger and lock still know of each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.request.fingerprint import parse_preimage
from hailuo_batch.core.world import World

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import Acceptance, AcceptedClip
    from hailuo_batch.ports import LedgerReader

_UNKNOWN_PROVIDER = "unknown"  # who made a clip of which only the review knows


async def read_accepted_clips(
    validation: Validation, lock: Lockfile, standings: Mapping[str, Standing], ledger: "LedgerReader"
) -> "dict[str, AcceptedClip]":
    """By the fingerprint of the request as it is now, every earlier clip that was accepted for one.

    Only real clips can be accepted: sketches and rehearsals have clips of their own.
    """
    if validation.review is None or validation.world is not World.REAL:
        return {}
    from hailuo_batch.core.plan.review import AcceptedClip

    found = list(validation.review.acceptances)
    preimages = await ledger.preimages({each.made_for for each in found}) if found else {}
    return {
        each.request: AcceptedClip(
            standing=_make_standing(each, lock, standings),
            made_for=each.made_for,
            request=parse_preimage(preimages[each.made_for]) if each.made_for in preimages else None,
            why=each.why,
        )
        for each in found
    }


def _make_standing(acceptance: "Acceptance", lock: Lockfile, standings: Mapping[str, Standing]) -> Standing:
    """The attempt that made an accepted clip; the lock names its maker where the ledger does not."""
    known = standings.get(acceptance.made_for)
    if known is not None and known.digest == acceptance.clip:
        return replace(known, stage=Stage.STORED, kind=None, why="")
    takes = (take for shot in lock.shots.values() for take in shot.takes.values())
    locked = next((take for take in takes if take.digest == acceptance.clip), None)
    return Standing(
        attempt=0,
        stage=Stage.STORED,
        provider=_UNKNOWN_PROVIDER if locked is None else locked.provider,
        digest=acceptance.clip,
        cost=None if locked is None else locked.cost,
    )

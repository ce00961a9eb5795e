"""Is this file the clip that was promised? By its boxes, and for one that was bought by decoding both of its ends."""

import asyncio
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Artifact
from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.media.probe import Broken, ends_decode, probe


def probed(file: Path, digest: str) -> Artifact | Failure:
    """The clip's facts by its own boxes, or why it is none; a twentieth of a millisecond."""
    found = probe(file)
    if isinstance(found, Broken):
        return Failure(kind=Kind.CORRUPT, why=f"what arrived is no whole video: {found.reason}")
    return Artifact(
        digest=digest,
        size=found.size,
        width=found.width,
        height=found.height,
        seconds=float(found.seconds),
        frames=found.frames,
        codec=found.codec,
    )


async def drawn(file: Path, digest: str) -> Artifact | Failure:
    """The facts of a clip that this machine drew: its own encoder has just written every frame of it."""
    return probed(file, digest)


async def bought(file: Path, digest: str) -> Artifact | Failure:
    """The facts of a clip that came over the net. Its first frame and its last second are decoded, beside the loop."""
    found = probed(file, digest)
    if isinstance(found, Failure) or digest:  # one that the store has under its digest was looked at when it came
        return found
    damage = await asyncio.to_thread(ends_decode, file)
    return found if damage is None else Failure(kind=Kind.CORRUPT, why=f"what arrived is damaged: {damage}")

"""Is this file the clip that was promised? By its boxes, and for one that was bought by decoding both of its ends."""

import asyncio
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.media.decode import check_end_frames
from hailuo_batch.media.probe import InvalidVideo, probe


def probe_clip(file: Path, digest: str) -> Clip | Failure:
    """The clip's facts by its own boxes, or why it is none; a twentieth of a millisecond."""
    found = probe(file)
    if isinstance(found, InvalidVideo):
        return Failure(kind=FailureKind.CORRUPT, why=f"what arrived is no whole video: {found.reason}")
    return Clip(
        digest=digest,
        size=found.size,
        width=found.width,
        height=found.height,
        seconds=float(found.seconds),
        frames=found.frames,
        codec=found.codec,
    )


async def probe_sketch(file: Path, digest: str) -> Clip | Failure:
    """The facts of a clip that this machine drew: its own encoder has just written every frame of it."""
    return probe_clip(file, digest)


async def probe_download(file: Path, digest: str) -> Clip | Failure:
    """The facts of a clip that came over the net. Its first frame and its last second are decoded, beside the loop."""
    found = probe_clip(file, digest)
    if isinstance(found, Failure) or digest:  # one that the store has under its digest was looked at when it came
        return found
    damage = await asyncio.to_thread(check_end_frames, file)
    return found if damage is None else Failure(kind=FailureKind.CORRUPT, why=f"what arrived is damaged: {damage}")

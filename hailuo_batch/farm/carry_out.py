"""Carries out one job on this machine: its files from the exchange, its result into it.

What cannot be done here has no answer, and whoever needs it does it on their own machine, where the words are theirs.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.measures import ClipMeasures, measures_dict
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.farm.jobs import Job, JobKind, list_inputs, parse_given, parse_sketch
from hailuo_batch.ports import DataPlane
from hailuo_batch.store.exchange import Exchange


async def carry_out(job: Job, plane: DataPlane, exchange: Exchange) -> bool:
    """Whether the answer of a job is in the exchange now; one that was there is not made again."""
    if await asyncio.to_thread(exchange.read_answer, job.key) is not None:
        return True
    with tempfile.TemporaryDirectory(prefix="hailuo-work-") as folder:
        paths = await _fetch_inputs(job, exchange, Path(folder))
        answer = None if paths is None else await _ACTS[job.kind](job, plane, exchange, paths, Path(folder))
    if answer is not None:
        await asyncio.to_thread(exchange.keep_answer, job.key, answer)
    return answer is not None


async def _fetch_inputs(job: Job, exchange: Exchange, folder: Path) -> dict[str, str] | None:
    """Where each file of the job is now, by digest; None when one cannot be had."""
    paths = {digest: folder / f"input-{place}" for place, digest in enumerate(list_inputs(job))}
    for digest, path in paths.items():
        if not await asyncio.to_thread(exchange.fetch, digest, path):
            return None
    return {digest: str(path) for digest, path in paths.items()}


async def _draw(
    job: Job, plane: DataPlane, exchange: Exchange, paths: Mapping[str, str], folder: Path
) -> dict[str, Any] | None:
    target = folder / "sketch.mp4"
    if await plane.draw(parse_sketch(job.details, paths), target) is not None:
        return None
    return {"clip": await asyncio.to_thread(exchange.keep, target)}


async def _check(
    job: Job, plane: DataPlane, exchange: Exchange, paths: Mapping[str, str], folder: Path
) -> dict[str, Any] | None:
    del exchange, folder
    damage = await plane.check(Path(paths[job.details["clip"]]))
    return None if damage else {"whole": True}


async def _measure(
    job: Job, plane: DataPlane, exchange: Exchange, paths: Mapping[str, str], folder: Path
) -> dict[str, Any] | None:
    given, stills = (
        parse_given(job.details, paths),
        {StillAt(at): folder / f"still{at}" for at in job.details["stills"]},
    )
    found = await plane.measure(Path(paths[job.details["clip"]]), given, stills)
    if isinstance(found, Failure) or not isinstance(found, ClipMeasures) or found.failure:
        return None
    drawn = {str(at): path for at, path in stills.items() if path.is_file()}
    digests = {at: await asyncio.to_thread(exchange.keep, path) for at, path in drawn.items()}
    return {"measured": measures_dict(found), "stills": digests}


_ACTS = {JobKind.DRAW: _draw, JobKind.CHECK: _check, JobKind.PROXY: _measure}

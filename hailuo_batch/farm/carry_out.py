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


async def carry_out(job: Job, plane: DataPlane, exchange: Exchange, *, is_new: bool = False) -> bool:
    """Whether the answer of a job is in the exchange now; one that was there is not made again.

    Nobody had the job before when it `is_new`: then no request is spent on that.
    """
    if not is_new and await asyncio.to_thread(exchange.read_answer, job.key) is not None:
        return True
    with tempfile.TemporaryDirectory(prefix="hailuo-work-") as folder:
        paths = await _fetch_inputs(job, exchange, Path(folder))
        answer = None if paths is None else await _ACTS[job.kind](job, plane, exchange, paths, Path(folder))
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
    return await asyncio.to_thread(_hand_over, job, exchange, {}, {"clip": target})


async def _check(
    job: Job, plane: DataPlane, exchange: Exchange, paths: Mapping[str, str], folder: Path
) -> dict[str, Any] | None:
    del folder
    damage = await plane.check(Path(paths[job.details["clip"]]))
    return None if damage else await asyncio.to_thread(_hand_over, job, exchange, {"whole": True}, {})


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
    return await asyncio.to_thread(_hand_over, job, exchange, {"measured": measures_dict(found)}, drawn)


def _hand_over(job: Job, exchange: Exchange, facts: Mapping[str, Any], files: Mapping[str, Path]) -> dict[str, Any]:
    """The answer, which is kept last: what it names is there before it."""
    answer = {**facts, "files": {name: exchange.keep(file) for name, file in files.items()}}
    exchange.keep_answer(job.key, answer)
    return answer


_ACTS = {JobKind.DRAW: _draw, JobKind.CHECK: _check, JobKind.PROXY: _measure}

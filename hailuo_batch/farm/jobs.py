"""What a job of the farm is: plain data that names files by their digests, and never by a path.

A job's key is the hash of all that its result depends on, the version of what draws included. Equal keys have equal
results, so a job that was lost or done twice does no harm. Does no I/O.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import StrEnum
from typing import Any

from hailuo_batch.core.measures import GivenImage
from hailuo_batch.core.sketch import Sketch, Still
from hailuo_batch.values import dataclass


class JobKind(StrEnum):
    """What is done."""

    DRAW = "draw"  # a sketch
    CHECK = "check"  # whether a clip decodes from its first frame to its last
    PROXY = "proxy"  # the stills and measures that stand for a clip on a sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One piece of work. `kit` is the version of all that the bytes of its result depend on."""

    kind: JobKind
    kit: str
    details: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The digest by which its answer is found."""
        text = json.dumps([self.kind, self.kit, self.details], sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @property
    def queue(self) -> str:
        """Where workers find it: only those with the same kit take it."""
        return queue_name(self.kind, self.kit)


def queue_name(kind: JobKind, kit: str) -> str:
    """The queue of all jobs of a kind that need the same kit."""
    return f"{kind}-{kit}"


def job_arguments(job: Job) -> dict[str, Any]:
    """The job as JSON."""
    return {"kind": str(job.kind), "kit": job.kit, "details": dict(job.details)}


def parse_job(kind: str, kit: str, details: Mapping[str, Any]) -> Job:
    """The job of such JSON; a ValueError for what is none."""
    return Job(kind=JobKind(kind), kit=kit, details=details)


def drawing_job(sketch: Sketch, digests: Mapping[str, str], kit: str) -> Job:
    """The job that draws a sketch; `digests` are those of its stills, by their paths."""
    stills = {
        end: {"digest": digests[still.path], "frame": still.frame}
        for end, still in (("first", sketch.first), ("last", sketch.last))
        if still is not None
    }
    shown = {name: value for name, value in asdict(sketch).items() if name not in {"first", "last"}}
    return Job(kind=JobKind.DRAW, kit=kit, details={"sketch": shown, "stills": stills})


def parse_sketch(details: Mapping[str, Any], paths: Mapping[str, str]) -> Sketch:
    """The sketch of a drawing job, with its stills at these paths; a ValueError for what is none."""
    try:
        rows = details["stills"]
        stills = {end: Still(path=paths[row["digest"]], frame=row["frame"]) for end, row in rows.items()}
        shown: dict[str, Any] = {**details["sketch"], **stills}
        return Sketch(**shown)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no sketch") from error


def proxy_job(clip: str, given: tuple[GivenImage, ...], stills: tuple[str, ...], kit: str) -> Job:
    """The job that measures a clip and draws its stills."""
    images = [{"role": each.role, "digest": each.digest, "frame": each.frame} for each in given]
    return Job(kind=JobKind.PROXY, kit=kit, details={"clip": clip, "given": images, "stills": list(stills)})


def parse_given(details: Mapping[str, Any], paths: Mapping[str, str]) -> tuple[GivenImage, ...]:
    """The given images of such a job, at these paths; a ValueError for what are none."""
    try:
        return tuple(GivenImage(**row, path=paths[row["digest"]]) for row in details["given"])
    except (KeyError, TypeError) as error:
        raise ValueError("these are no images") from error


def check_job(clip: str, kit: str) -> Job:
    """The job that decodes a clip."""
    return Job(kind=JobKind.CHECK, kit=kit, details={"clip": clip})


def list_inputs(job: Job) -> tuple[str, ...]:
    """The digests of the files that a job needs; a ValueError for what is no job."""
    try:
        details = job.details
        rows = [*details.get("stills", {}).values()] if job.kind is JobKind.DRAW else [*details.get("given", ())]
        clip = [] if job.kind is JobKind.DRAW else [details["clip"]]
        return tuple(dict.fromkeys([*clip, *(row["digest"] for row in rows)]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("this is no job") from error

"""One file about a campaign: every clip with its request, provider, task, times, marks, rights and approvals."""

import asyncio
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

from hailuo_batch import __version__
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import utc_timestamp
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import EventRecord
from hailuo_batch.core.origin import OriginMarks
from hailuo_batch.core.plan.evidence import ApprovedPlan, Evidence
from hailuo_batch.core.plan.provenance import source_names
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import UnsafeFileError, read_regular
from hailuo_batch.load.approvals_file import approvals_path, read_approvals
from hailuo_batch.load.settings import make_folder, read_file
from hailuo_batch.media.origin_marks import read_origin_marks
from hailuo_batch.ports import Clock, Store
from hailuo_batch.views.evidence import KIND, evidence_text

MAX_BYTES = 256 * 1024**2
PLANS_FOLDER = "plans"


async def evidence(file: Path | str, *, world: World = World.REAL, clock: Clock | None = None) -> Evidence:
    """What the campaign of a manifest can show of each of its clips. Reads ledger, store and review; writes nothing."""
    return await _gather(Path(file), await plan(file, world=world, full_report=True, offline=True), clock)


async def write_evidence(
    file: Path | str, *, world: World = World.REAL, target: Path | None = None, clock: Clock | None = None
) -> tuple[Evidence, Path]:
    """Writes it as JSON, by default beside the clips (`renders/<campaign>.evidence.json`), and says where.

    Raises `RefusedError` rather than write over a file that is none of these.
    """
    planned = await plan(file, world=world, full_report=True, offline=True)
    found = await _gather(Path(file), planned, clock)
    kind = "_sketch" if found.report.sketch else ""
    workspace = planned.validation.workspace
    path = target or workspace.renders_folder / f"{found.report.campaign}{kind}.evidence.json"
    workspace.require_own_files(writing=True)
    _require_own_file(path)
    if target is None:
        make_folder(path.parent)
    try:
        write_beside(path, evidence_text(found).encode())
    except OSError as error:
        raise InputError(f"cannot write {path}", why=f"The system says: {error.strerror}.") from None
    return found, path


async def _gather(file: Path, planned: PlannedRun, clock: Clock | None) -> Evidence:
    validation = planned.validation
    digests = {row.clip.digest for row in planned.report.rows if row.clip is not None}
    async with validation.workspace.read_ledger() as ledger:
        stored = [each for each in await ledger.attempts() if each.stage is Stage.STORED and each.digest in digests]
        events = await ledger.events([each.id for each in stored])
    return Evidence(
        report=planned.report,
        tool=f"hailuo-batch {__version__}",
        written_at=utc_timestamp(clock or SystemClock()),
        manifest_digest=f"sha256:{sha256(read_file(file)).hexdigest()}",
        attempts={each.digest: each for each in stored if each.digest is not None},
        events=_sort_by_attempt(events),
        marks=await read_marks(validation.workspace.open_store(), digests),
        sources={shot.id: found for shot in validation.shots if (found := source_names(shot))},
        review=validation.review,
        plans=tuple(_find_approved_plans(file, planned)),
    )


def _sort_by_attempt(events: Iterable[EventRecord]) -> Mapping[int, tuple[EventRecord, ...]]:
    found: dict[int, list[EventRecord]] = {}
    for event in events:
        found.setdefault(event.attempt, []).append(event)
    return {attempt: tuple(each) for attempt, each in found.items()}


def _find_approved_plans(file: Path, planned: PlannedRun) -> Iterator[ApprovedPlan]:
    """The approvals of this campaign's saved plans, in `plans/` of the project and beside the manifest."""
    root = planned.validation.project.root
    for folder in dict.fromkeys((root / PLANS_FOLDER, file.parent)):
        for path in sorted(folder.glob("*.json")):
            if approvals_path(path).exists() and _campaign_of_plan(path) == planned.plan.campaign:
                name = os.path.relpath(path.resolve(), root.resolve()).replace(os.sep, "/")
                yield from (ApprovedPlan(file=name, approval=each) for each in read_approvals(path))


def _campaign_of_plan(path: Path) -> str:
    try:
        return str(json.loads(read_regular(path, MAX_BYTES)).get("campaign", ""))
    except (OSError, UnsafeFileError, ValueError, AttributeError, RecursionError):
        return ""


def _require_own_file(path: Path) -> None:
    """Raises unless a file of ours may be put there."""
    try:
        head = read_regular(path, MAX_BYTES)[:200]
    except FileNotFoundError:
        return
    except IsADirectoryError:
        raise InputError(f"{path} is a folder", remedy="Name a file.") from None
    except UnsafeFileError as error:
        raise InputError(f"{path} {error.reason}", remedy="Name another file.") from None
    except OSError as error:
        raise InputError(f"cannot read {path}", why=f"The system says: {error.strerror}.") from None
    if KIND.encode() not in head:
        raise RefusedError(f"{path} is no evidence of ours", why="It was not changed.", remedy="Name another file.")


async def read_marks(store: Store, digests: Iterable[str]) -> Mapping[str, OriginMarks]:
    """What the files of these clips say of their origin, by digest; a clip that is not here has no entry."""
    present = store.list_digests()
    paths = {digest: await store.local_copy(digest) for digest in digests if digest in present}
    return await asyncio.to_thread(lambda: {digest: read_origin_marks(path) for digest, path in paths.items()})

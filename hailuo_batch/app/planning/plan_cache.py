"""Writes what planning found out, as a shortcut for the next command: image digests, and manifests that are done.

Delete the cache and every answer is the same. A plan that cannot be cached is no error.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.planning.fast_path import cache_dependencies
from hailuo_batch.app.planning.finished_facts import make_finished_copy
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.task_list import has_tasks_file, list_current_entries
from hailuo_batch.app.workspace.clock import days_since
from hailuo_batch.core.manifest.image_rights import next_expiry
from hailuo_batch.core.plan.lockfile import Lockfile, update_lockfile
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.world import World
from hailuo_batch.load.cache import FinishedManifest, manifest_key, write_cached_inputs, write_finished_manifest
from hailuo_batch.load.environment import hash_env_values
from hailuo_batch.load.finished_copy import write_finished_copy
from hailuo_batch.load.ledger_content import LedgerContent, hash_ledger
from hailuo_batch.load.lockfile import lock_text
from hailuo_batch.load.sidecar import source_digest
from hailuo_batch.load.user_state import find_price_file

if TYPE_CHECKING:
    from hailuo_batch.core.plan.task_entries import TaskEntry


def make_lockfile(planned: PlannedRun) -> Lockfile:
    """What the lock should say now."""
    return update_lockfile(planned.lock, planned.plan, planned.validation.shot_ids)


def write_plan_cache(planned: PlannedRun, content: LedgerContent | None) -> None:
    """Caches the digests of images, and of a manifest with nothing to do also that there is nothing to do.

    `content` is that of the ledger before it was read, where its times could not tell.
    """
    validation, workspace = planned.validation, planned.validation.workspace
    if not workspace.exists:
        return
    write_cached_inputs(workspace.state_folder, validation.inputs.cache_entries)
    shared = (workspace.places.ledger, planned.snapshot.shared_content)
    if not _is_finished(planned) or (shared[0] and not shared[1]):
        return
    facts = cache_dependencies(validation.file, workspace, validation.sources.main.data)
    if validation.world is World.REAL and (facts["lock"] or "") != planned.lock.source:
        return  # another branch was checked out since it was read
    key = manifest_key(validation.file.resolve(), sketch=validation.sketch)
    # Of a shared ledger no part is read by itself, since no file's times say whether the rest moved.
    copy, steps = None if shared[0] else make_finished_copy(planned), planned.plan.steps
    finished = FinishedManifest(
        digests=frozenset(step.standing.digest for step in steps if step.standing and step.standing.digest),
        files=frozenset(
            render_name(planned.plan.campaign, use, sketch=validation.sketch) for step in steps for use in step.uses
        ),
        summary={**make_summary(planned.report), "warnings": len(validation.problems)},
        trust=validation.project.trusted_digest if validation.project.stakes else None,
        prices="" if validation.model.is_local else str(find_price_file() or ""),
        environment=hash_env_values(validation.manifest.env_names) if validation.manifest else {},
        until=next_expiry(validation.shots, days_since),
        includes=validation.sources.stamps,
        shared=shared if shared[1] else None,
        mark=_list_mark(planned),
        copy="" if copy is None else write_finished_copy(workspace.state_folder, key, copy),
    )
    if content is not None and content != hash_ledger(workspace.ledger_file):
        content = None  # it was written meanwhile
    images = validation.inputs.cache_entries
    write_finished_manifest(workspace.state_folder, key, facts, images, finished, content=content)


def write_run_cache(after: PlannedRun, content: LedgerContent | None) -> None:
    """Caches what a real run has left. `after` was planned before its lock and tasks file were written.

    Other runs have written theirs with that plan. `content` is as in `write_plan_cache`.
    """
    if after.validation.world is not World.REAL:
        return
    lock = make_lockfile(after)
    written = replace(lock, source=source_digest(lock_text(lock).encode()))
    write_plan_cache(replace(after, lock=written, tasks=list_tasks(after, lock)), content)


def _list_mark(planned: PlannedRun) -> tuple[str | float, ...]:
    """The moment of the ledger that was planned from; none where a clip that was accepted answers another request."""
    mark = planned.snapshot.mark
    return () if mark is None or planned.report.accepted else (mark.ledger, mark.event, mark.at, mark.run)


def _is_finished(planned: PlannedRun) -> bool:
    if planned.takes is not None or planned.pending_steps or planned.unnamed_steps or planned.orphan_steps:
        return False
    if not planned.validation.inputs.is_stable:
        return False
    if planned.tasks and list_tasks(planned, planned.lock) != planned.tasks:
        return False
    return planned.validation.world is not World.REAL or make_lockfile(planned) == planned.lock


def list_tasks(planned: PlannedRun, lock: Lockfile) -> "tuple[TaskEntry, ...]":
    """What the tasks file should say beside this lock."""
    if not has_tasks_file(planned.validation):
        return ()
    return list_current_entries(planned.tasks, planned.snapshot, planned.plan, lock)


def make_summary(report: Report) -> Mapping[str, Any]:
    """What a view says of a manifest with nothing to do."""
    return {
        "campaign": report.campaign,
        "takes": report.takes,
        "clips": report.clips,
        "seconds": round(report.seconds, 3),
        "bytes": report.bytes,
        "accepted": report.accepted,
        **({"omitted": len(report.omitted)} if report.omitted else {}),
        **({} if report.lengths.edit is None else {"edit": report.lengths.edit}),
    }

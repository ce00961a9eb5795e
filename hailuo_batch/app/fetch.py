"""Downloads clips that were paid for and are not in the store: of every manifest that was run, and of orphaned tasks.

Nothing is submitted. Of an orphaned task, provider and id are known and its attempt records the request: that is all a
download needs. Its clip gets a file name when a manifest asks for it again.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path

from hailuo_batch.app.planning.orphaned_tasks import make_orphan_step
from hailuo_batch.app.run import execute_run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.running.scope import require_trust
from hailuo_batch.app.running.setup import make_orphan_setup
from hailuo_batch.app.workspace.paths import tasks_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.event import Listener
from hailuo_batch.core.plan.outcome import Outcome, exit_code
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, HailuoError, InputError, LedgerMovedError
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.project_root import HIDDEN_FOLDER
from hailuo_batch.load.settings import Project, read_file, read_project
from hailuo_batch.load.tasks_file import read_tasks
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.values import dataclass

_PENDING_STAGES = frozenset({Stage.SUBMITTED, Stage.PRODUCED})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PendingTasks:
    """The manifests whose campaigns have pending tasks, and the pending tasks without a manifest.

    `missing_manifests` says by campaign which manifest was run for it last.
    """

    project: Project
    workspace: Workspace
    manifests: tuple[Path, ...] = ()
    orphaned_tasks: tuple[AttemptRecord, ...] = ()
    missing_manifests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OrphanReport:
    """What became of orphaned tasks: whose clips are in the store now, and whose are not, with the reason."""

    fetched: tuple[AttemptRecord, ...] = ()
    unfetched: tuple[tuple[AttemptRecord, Failure | None], ...] = ()
    outcome: Outcome
    error: HailuoError | None = None

    @property
    def exit(self) -> Exit:
        """The exit code: a task whose clip did not come is for a person to know."""
        if isinstance(self.error, LedgerMovedError):
            return Exit.LEDGER
        return exit_code(self.outcome, is_unfinished=bool(self.unfetched), has_error=self.error is not None)


async def list_pending_tasks(folder: Path, *, world: World = World.REAL) -> PendingTasks:
    """What was paid for in the project around a folder and is not in the store yet."""
    project = read_project(folder)
    workspace = Workspace(project.root, world)
    from_elsewhere = dict(_read_task_files(project.root)) if world is World.REAL else {}
    if world is World.SKETCH or not (workspace.exists or from_elsewhere):  # a sketch is stored when it is drawn
        return PendingTasks(project=project, workspace=workspace)
    async with workspace.read_ledger() as ledger:
        attempts = await ledger.open_attempts()
        runs = await ledger.runs()
        recorded = (await ledger.tasks()).keys() if from_elsewhere else frozenset()
    pending = [each for each in attempts if each.stage in _PENDING_STAGES and not is_local(each.provider)]
    campaigns = {each.campaign for each in pending}
    last = {run.campaign: run.manifest for run in runs if not run.sketch and run.campaign in campaigns}
    found = {campaign: file for campaign, name in last.items() if (file := project.find_manifest(name)) is not None}
    there = {campaign: file for campaign, file in found.items() if _has_campaign(file, campaign)}
    bought = (there[each.campaign] for each in pending if each.campaign in there)
    followed = (file for file, tasks in from_elsewhere.items() if not tasks <= recorded)
    return PendingTasks(
        project=project,
        workspace=workspace,
        manifests=tuple(dict.fromkeys((*bought, *followed))),
        orphaned_tasks=tuple(each for each in pending if each.campaign not in there),
        missing_manifests={campaign: file for campaign, file in last.items() if campaign not in there},
    )


def _read_task_files(root: Path) -> Iterator[tuple[Path, frozenset[tuple[str, str]]]]:
    """Each manifest of the project that has a tasks file, with provider and id of its tasks.

    A file that cannot be read has a task that nobody knows: the run of its manifest says what is wrong.
    """
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if name not in {HIDDEN_FOLDER, ".git"}]
        for manifest in (Path(folder) / name for name in sorted(names) if name.endswith((".yaml", ".yml"))):
            path = tasks_path(manifest)
            if path.name in names and not manifest.stem.endswith(".tasks"):
                try:
                    yield manifest, frozenset((each.provider, each.task) for each in read_tasks(path))
                except InputError:
                    yield manifest, frozenset({("", "")})


def _has_campaign(file: Path, campaign: str) -> bool:
    """Whether a manifest is still of its campaign; what is wrong with it is for its run to say."""
    try:
        manifest, _ = read_manifest(read_file(file), name=file.name)
    except InputError:
        return True
    return manifest is None or manifest.campaign == campaign


async def fetch_orphans(pending: PendingTasks, options: RunOptions, *, listener: Listener, stop: Stop) -> OrphanReport:
    """Downloads the clips of tasks without a manifest into the store. Submits nothing, and gives no names."""
    with pending.workspace.hold_run_lock("fetch") as lock:
        before = await _read_standings(pending.workspace)
        steps = _make_steps(pending.orphaned_tasks, before)
        if pending.workspace.world is World.REAL:
            require_trust(pending.project, steps)
        setup = make_orphan_setup(pending.project, pending.workspace, steps)
        outcome, error = await execute_run(setup, steps, options, listener, stop, lock)
        after = before if isinstance(error, LedgerMovedError) else await _read_standings(pending.workspace)
    failures = {step.fingerprint: failure for step, failure in outcome.failed}
    fetched = tuple(each for each in pending.orphaned_tasks if after[each.fingerprint].stage is Stage.STORED)
    left = tuple((each, failures.get(each.fingerprint)) for each in pending.orphaned_tasks if each not in fetched)
    return OrphanReport(fetched=fetched, unfetched=left, outcome=outcome, error=error)


async def _read_standings(workspace: Workspace) -> Mapping[str, Standing]:
    async with workspace.read_ledger() as ledger:
        return await ledger.standings()


def _make_steps(attempts: Iterable[AttemptRecord], standings: Mapping[str, Standing]) -> tuple[Step, ...]:
    """A step for each task that is still as it was read; a run may have ended some since."""
    return tuple(
        make_orphan_step(each, now)
        for each in attempts
        if ((now := standings[each.fingerprint]).attempt, now.stage) == (each.id, each.stage)
    )

"""What a run needs to know besides its steps: from a plan, or from the ledger alone for orphaned tasks."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.caps import run_caps
from hailuo_batch.app.planning.plan_cache import list_tasks
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.task_list import has_tasks_file
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import tasks_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.plan.plan import Plan, Step
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.load.provider_tables import provider_names, read_providers
from hailuo_batch.load.settings import Project
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.task_entries import TaskEntry


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunSetup:
    """The project, its world, its providers, and under which caps."""

    project: Project
    workspace: Workspace
    manifest: str = ""  # as the ledger's row of the run names it
    campaign: str = ""
    plan: Plan | None = None  # None: no step waits for a frame
    providers: tuple[Provider, ...] = ()
    caps: tuple[Cap, ...] = ()
    clips: Mapping[str, Clip] = field(default_factory=dict)  # by digest: what the ledger knows of stored clips
    image_files: Mapping[str, Path] = field(default_factory=dict)  # by digest
    image_urls: Mapping[str, str] = field(default_factory=dict)  # by digest
    tasks_file: Path | None = None  # where accepted tasks are written for git
    tasks: "tuple[TaskEntry, ...]" = ()  # what it says

    @property
    def is_local(self) -> bool:
        """Whether everything is drawn on this machine."""
        return all(provider.is_local for provider in self.providers)


def make_run_setup(planned: PlannedRun) -> RunSetup:
    """The setup for a plan. Providers that hold a task of ours take part, whatever the manifest names now."""
    validation, project = planned.validation, planned.validation.project
    holders: set[str] = set()
    if not validation.sketch:
        holders = {standing.provider for standing in planned.snapshot.standings.values()}
        holders |= {known.provider for known in planned.plan.inputs.known_tasks.values()}
    return RunSetup(
        project=project,
        workspace=validation.workspace,
        manifest=project.display_path(validation.file.resolve()),
        campaign=validation.campaign,
        plan=planned.plan,
        providers=add_providers(validation.providers, holders, validation.model.name, project),
        caps=(
            *run_caps(validation, planned.options.max_cost, SystemClock().now(), begun_at=planned.options.begun_at),
            *planned.options.ceilings,
        ),
        clips=planned.details.clips or {},
        image_files=validation.inputs.files,
        image_urls=validation.inputs.addresses,
        tasks_file=tasks_path(validation.file) if has_tasks_file(validation) else None,
        tasks=list_tasks(planned, planned.lock),
    )


def make_orphan_setup(project: Project, workspace: Workspace, steps: Iterable[Step]) -> RunSetup:
    """The setup for tasks without a manifest: only with the providers that hold them."""
    holders = (step.standing.provider for step in steps if step.standing is not None)
    return RunSetup(project=project, workspace=workspace, providers=add_providers((), holders, "", project))


def add_providers(
    providers: tuple[Provider, ...], names: Iterable[str], model: str, project: Project
) -> tuple[Provider, ...]:
    """The providers, and those of these names that are gateways and not among them."""
    there = {provider.name for provider in providers}
    others = sorted(set(names).difference(there).intersection(provider_names(project.tables)))
    if not others:
        return providers
    more, _ = read_providers(others, model, tables=project.tables, regions=project.regions)
    return (*providers, *more)

"""Everything that a plan is carried out with: ledger, store, drivers, the doors to the providers, the purse."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hailuo_batch.app.planning.caps import run_caps
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.drivers import DriverContext, Rehearsal, WebhookOptions, make_scaled_clock, open_drivers
from hailuo_batch.app.running.probe import probe_download, probe_sketch
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import renders_folder, store_folder
from hailuo_batch.core.pacing.rate_limit import RateState
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.ledger.sqlite import SqliteLedger
from hailuo_batch.ledger.trace_moves import trace_moves
from hailuo_batch.load.provider_tables import provider_names, read_providers
from hailuo_batch.load.settings import Project
from hailuo_batch.ports import DriverRequest
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.limiter import Limiter, Tempo
from hailuo_batch.runner.reservations import Reservations
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.renders import Renders

DEFAULT_CONCURRENCY = 50  # tasks in the making at a gateway that names no limit, unless `-j` says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run goes about its plan.

    `jobs` is how many takes are in the making at once, `max_cost` the most that this run may spend (`12.50`, or `12.50
    EUR`; without a currency it is that of the manifest's budget, else US dollars). With `new_ledger` it buys although
    the ledger under which clips that are here were bought is gone.
    """

    jobs: int | None = None
    max_cost: str | None = None
    fail_fast: bool = False
    rehearsal: Rehearsal | None = None
    webhook: WebhookOptions | None = None
    new_ledger: bool = False


@asynccontextmanager
async def run_context(
    planned: PlannedRun, ledger: SqliteLedger, number: int, options: RunOptions, workers: int, stop: Stop
) -> AsyncIterator[RunContext]:
    """The bench of a run; what an earlier run left half done is cleared away."""
    validation, project = planned.validation, planned.validation.project
    store, renders = LocalStore(store_folder(project.data_root)), Renders(renders_folder(project.data_root))
    store.remove_leftovers()
    renders.remove_leftovers()
    tempo, providers = make_scaled_clock(options.rehearsal), _select_providers(planned)
    over_the_net = [provider for provider in providers if provider.name != ANIMATIC]
    circumstances = DriverContext(
        project=project,
        workers=workers,
        store=store,
        stop=stop,
        clock=tempo,
        rehearsal=options.rehearsal,
        webhook=options.webhook,
        render_times=tuple(await ledger.render_times()) if over_the_net else (),
    )
    async with open_drivers(providers, circumstances) as drivers:
        yield RunContext(
            campaign=planned.plan.campaign,
            sketch=validation.sketch,
            run=number,
            ledger=trace_moves(ledger),
            store=store,
            renders=renders,
            drivers=drivers,
            limiters=_make_limiters(over_the_net, project, options, tempo, stop),
            reservations=await _make_reservations(planned, ledger, options),
            probe=probe_download if over_the_net else probe_sketch,
            make_driver_request=lambda step: make_driver_request(step, planned, store),
            find_clip=planned.details.clips.get,
        )


def _make_limiters(
    providers: list[Provider], project: Project, options: RunOptions, clock: Tempo, stop: Stop
) -> Mapping[str, Limiter]:
    """The door to each provider, with the limits of its table unless the project's settings say otherwise."""

    def pace(provider: Provider) -> RateState:
        own = project.limits.get(provider.name, {})
        known = own.get("at_once", provider.limits.at_once)
        limits = [limit for limit in (known, options.jobs) if limit is not None]
        at_once = int(min(limits, default=DEFAULT_CONCURRENCY))
        return RateState(per_minute=own.get("per_minute", provider.limits.per_minute), max_running=at_once)

    return {each.name: Limiter(each.name, pace(each), tempo=clock, stop=stop) for each in providers}


async def _make_reservations(planned: PlannedRun, ledger: SqliteLedger, options: RunOptions) -> Reservations:
    now = SystemClock().now()
    caps = run_caps(planned.validation, options.max_cost, now)
    return Reservations(caps, await ledger.counted_attempts() if caps else (), campaign=planned.plan.campaign, now=now)


def _select_providers(planned: PlannedRun) -> tuple[Provider, ...]:
    """The manifest's providers, and those that have a task of ours, whatever the manifest names now."""
    validation, project = planned.validation, planned.validation.project
    if validation.model == ANIMATIC:
        return validation.providers
    named = {provider.name for provider in validation.providers}
    tasks = {standing.provider for standing in planned.snapshot.standings.values()}.difference(named)
    others = tuple(sorted(tasks.intersection(provider_names(project.tables))))
    if not others:
        return validation.providers
    more, _ = read_providers(others, validation.model, tables=project.tables, regions=project.regions)
    return (*validation.providers, *more)


def make_driver_request(step: Step, planned: PlannedRun, store: LocalStore) -> DriverRequest:
    """What a driver needs for a step: the request, and where on this machine its pictures are."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    files = planned.validation.inputs.files
    pictures = {}
    for picture in (step.request.first, step.request.last):
        if picture is not None and picture.frame is not None:
            pictures[picture.digest] = store.path(picture.digest)
        elif picture is not None and picture.digest in files:
            pictures[picture.digest] = files[picture.digest]
    return DriverRequest(
        request=step.request,
        fingerprint=step.fingerprint,
        campaign=planned.plan.campaign,
        shot=_slate_label(step),
        images=pictures,
        image_urls=planned.validation.inputs.addresses,
    )


def _slate_label(step: Step) -> str:
    """The shot that a slate names; a clip that several shots share says how many more."""
    more = len(step.uses) - 1
    return step.uses[0].shot.id + (f" +{more}" if more else "")

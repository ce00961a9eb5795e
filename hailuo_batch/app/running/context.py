"""Everything that a plan is carried out with: ledger, store, drivers, the doors to the providers, the purse."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hailuo_batch.app.planning.caps import caps_for
from hailuo_batch.app.planning.planned import Planned
from hailuo_batch.app.running.drivers import CallMe, Circumstances, Rehearsal, drivers_for, tempo_of
from hailuo_batch.app.running.probe import bought, drawn
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import renders_folder, store_folder
from hailuo_batch.core.pacing.rate_limit import Pace
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.ledger.sqlite import SqliteLedger
from hailuo_batch.load.provider_tables import provider_names, read_providers
from hailuo_batch.load.settings import Project
from hailuo_batch.ports import Order
from hailuo_batch.runner.context import Bench
from hailuo_batch.runner.limiter import Gate, Tempo
from hailuo_batch.runner.reservations import Purse
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.renders import Renders

AT_ONCE = 50  # tasks in the making at a gateway that names no limit, unless `-j` says otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a run goes about its plan.

    `jobs` is how many takes are in the making at once, `max_cost` the most that this run may spend (`12.50`, or `12.50
    EUR`; without a currency it is that of the manifest's budget, else US dollars). With `new_ledger` it buys although
    the ledger under which clips that are here were bought is gone.
    """

    jobs: int | None = None
    max_cost: str | None = None
    fail_fast: bool = False
    rehearsal: Rehearsal | None = None
    call_me: CallMe | None = None
    new_ledger: bool = False


@asynccontextmanager
async def equipped(
    planned: Planned, ledger: SqliteLedger, number: int, terms: Terms, workers: int, stop: Stop
) -> AsyncIterator[Bench]:
    """The bench of a run; what an earlier run left half done is cleared away."""
    validation, project = planned.validation, planned.validation.project
    store, renders = LocalStore(store_folder(project.base)), Renders(renders_folder(project.base))
    store.sweep()
    renders.sweep()
    tempo, providers = tempo_of(terms.rehearsal), _asked(planned)
    over_the_net = [provider for provider in providers if provider.name != ANIMATIC]
    circumstances = Circumstances(
        project=project,
        workers=workers,
        store=store,
        stop=stop,
        tempo=tempo,
        rehearsal=terms.rehearsal,
        call_me=terms.call_me,
        past=tuple(await ledger.lengths()) if over_the_net else (),
    )
    async with drivers_for(providers, circumstances) as drivers:
        yield Bench(
            campaign=planned.plan.campaign,
            sketch=validation.sketch,
            run=number,
            ledger=ledger,
            store=store,
            renders=renders,
            drivers=drivers,
            gates=_gates(over_the_net, project, terms, tempo, stop),
            purse=await _purse(planned, ledger, terms),
            probe=bought if over_the_net else drawn,
            order=lambda step: order_for(step, planned, store),
            artifact=planned.details.artifacts.get,
        )


def _gates(providers: list[Provider], project: Project, terms: Terms, tempo: Tempo, stop: Stop) -> Mapping[str, Gate]:
    """The door to each provider, with the limits of its table unless the project's settings say otherwise."""

    def pace(provider: Provider) -> Pace:
        own = project.limits.get(provider.name, {})
        known = own.get("at_once", provider.limits.at_once)
        limits = [limit for limit in (known, terms.jobs) if limit is not None]
        at_once = int(min(limits, default=AT_ONCE))
        return Pace(per_minute=own.get("per_minute", provider.limits.per_minute), at_once=at_once)

    return {each.name: Gate(each.name, pace(each), tempo=tempo, stop=stop) for each in providers}


async def _purse(planned: Planned, ledger: SqliteLedger, terms: Terms) -> Purse:
    now = SystemClock().now()
    caps = caps_for(planned.validation, terms.max_cost, now)
    return Purse(caps, await ledger.paid() if caps else (), campaign=planned.plan.campaign, now=now)


def _asked(planned: Planned) -> tuple[Provider, ...]:
    """The manifest's providers, and those that have a task of ours, whatever the manifest names now."""
    validation, project = planned.validation, planned.validation.project
    if validation.model == ANIMATIC:
        return validation.providers
    named = {provider.name for provider in validation.providers}
    tasks = {standing.provider for standing in planned.known.standings.values()}.difference(named)
    others = tuple(sorted(tasks.intersection(provider_names(project.tables))))
    if not others:
        return validation.providers
    more, _ = read_providers(others, validation.model, tables=project.tables, regions=project.regions)
    return (*validation.providers, *more)


def order_for(step: Step, planned: Planned, store: LocalStore) -> Order:
    """What a driver needs for a step: the request, and where on this machine its pictures are."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    files = planned.validation.inputs.files
    pictures = {}
    for picture in (step.request.first, step.request.last):
        if picture is not None and picture.frame is not None:
            pictures[picture.digest] = store.path(picture.digest)
        elif picture is not None and picture.digest in files:
            pictures[picture.digest] = files[picture.digest]
    return Order(
        request=step.request,
        fingerprint=step.fingerprint,
        campaign=planned.plan.campaign,
        shot=_names(step),
        pictures=pictures,
        addresses=planned.validation.inputs.addresses,
    )


def _names(step: Step) -> str:
    """The shot that a slate names; a clip that several shots share says how many more."""
    more = len(step.uses) - 1
    return step.uses[0].shot.id + (f" +{more}" if more else "")

"""Opens everything that steps are carried out with: store, drivers, limiters, reservations."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field
from functools import partial
from math import inf

from hailuo_batch.app.measuring import ClipMeasurer, list_given_images
from hailuo_batch.app.running.accounts import read_shared_account
from hailuo_batch.app.running.drivers import DriverContext, make_scaled_clock, open_drivers
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.running.setup import RunSetup
from hailuo_batch.app.running.usual_times import list_usual_times
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.data_plane import ProjectDataPlane
from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.manifest.shot import ShotNeeds
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.money import Money
from hailuo_batch.core.pacing.rate_limit import RateState, resume_pace
from hailuo_batch.core.pacing.shared_rate import slot_distance
from hailuo_batch.core.pacing.slow_start import DELIVERY_SECONDS, begin_slow_start
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.media.origin_marks import read_origin_marks
from hailuo_batch.ports import DriverRequest, LedgerWriter, SharedAccount, SlotSource, Store
from hailuo_batch.runner.context import RunContext
from hailuo_batch.runner.limiter import Limiter, Tempo
from hailuo_batch.runner.reservations import Reservations
from hailuo_batch.runner.shared_pace import SharedPace
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.runner.task_ids import TaskIds
from hailuo_batch.values import dataclass

# Of a shared ledger; others may settle an intent of a machine that is gone after ten minutes: see `settle_after` there.
INTENT_SECONDS = 300.0
DEFAULT_CONCURRENCY = 50  # tasks in progress at a gateway that names no limit, unless `-j` says otherwise


@dataclass(slots=True)
class Together:
    """What the runs of one command over several manifests share, one after another.

    Money: the limiters, since a gateway that is closed stays closed, and the first takes of a gateway come first once.
    What failed is `settled`, by fingerprint: another manifest with the same request submits it no second time.
    """

    limiters: dict[str, Limiter] = field(default_factory=dict)
    settled: dict[str, Failure] = field(default_factory=dict)
    quotes: dict[tuple[str, ShotNeeds], Money] = field(default_factory=dict)  # the highest, as reservations keep them
    has_run: bool = False  # what was planned before may be otherwise now
    left_out: dict[str, Failure] = field(default_factory=dict)  # by a cap, which may have room in another campaign

    def add_failures(self, outcome: Outcome) -> None:
        """Settles what failed. What lacks only a name has its clip."""
        for step, failure in outcome.failed:
            if step.fingerprint and failure.kind is not FailureKind.UNNAMED:
                known = self.left_out if failure.kind is FailureKind.OVER_CAP else self.settled
                known[step.fingerprint] = failure

    def settle_left_out(self, steps: Iterable[Step]) -> None:
        """Settles what a cap left out of these steps, too: another manifest was to pay for them, at its price."""
        marks = {step.fingerprint for step in steps} & self.left_out.keys()
        self.settled.update({mark: self.left_out[mark] for mark in marks})


@asynccontextmanager
async def run_context(
    setup: RunSetup,
    ledger: LedgerWriter,
    number: int,
    options: RunOptions,
    data_plane: ProjectDataPlane,
    stop: Stop,
    together: Together,
) -> AsyncIterator[RunContext]:
    """What the steps of a run are carried out with. What an earlier run left half written is deleted."""
    store, renders = setup.workspace.open_store(), setup.workspace.open_renders()
    store.remove_leftovers()
    renders.remove_leftovers()
    clock = make_scaled_clock(options)
    gateways = [provider for provider in setup.providers if not provider.is_local]
    since = SystemClock().now() - DELIVERY_SECONDS
    delivered = await ledger.deliveries(since) if gateways else frozenset()
    submits = await ledger.submit_times(since) if gateways else {}
    await ledger.register_caps(setup.caps)
    counted = await ledger.counted_attempts() if setup.caps else ()
    pending = await _list_pending(ledger) if gateways else []
    async with AsyncExitStack() as stack:
        is_rehearsal = setup.workspace.world is World.REHEARSAL
        drivers_context = DriverContext(
            project=setup.project,
            data_plane=data_plane,
            store=store,
            stop=stop,
            clock=clock,
            rehearsal=options.rehearsal if is_rehearsal else None,
            mock_tasks=setup.workspace.open_mock_tasks() if is_rehearsal else None,
            webhook=options.webhook,
            run=number,
            render_times=tuple(await ledger.render_times()) if gateways else (),
        )
        for each in gateways:
            if each.name not in together.limiters:
                together.limiters[each.name] = _make_limiter(
                    each,
                    setup,
                    options,
                    clock,
                    stop,
                    submit_times=submits.get(each.name, ()),
                    delivered_within_a_day=each.name in delivered,
                )
            # The ledger of this run, not that of the manifest before.
            together.limiters[each.name].shared = _share_pace(each, setup, ledger.slot_source, clock)
        yield RunContext(
            campaign=setup.campaign,
            sketch=setup.workspace.world is World.SKETCH,
            rehearsal=is_rehearsal,
            intent_seconds=inf if ledger.slot_source is None else INTENT_SECONDS,
            run=number,
            ledger=ledger,
            store=store,
            rejected=setup.workspace.open_rejected(),
            renders=renders,
            drivers=await stack.enter_async_context(open_drivers(setup.providers, drivers_context)),
            limiters={each.name: together.limiters[each.name] for each in gateways},
            recent_attempts=frozenset(each.id for each in pending if each.intended_at > since),
            task_ages={each.id: max(0.0, SystemClock().now() - each.intended_at) for each in pending},
            usual_times=list_usual_times(drivers_context.render_times),
            reservations=Reservations(
                setup.caps,
                counted,
                campaign=setup.campaign,
                now=SystemClock().now(),
                planned=setup.plan.steps if setup.plan is not None and setup.caps else (),
                quotes=together.quotes,
            ),
            probe=partial(data_plane.probe, decode=bool(gateways)),
            measure=partial(_measure_clip, setup, ClipMeasurer(setup.workspace, data_plane), store),
            make_driver_request=lambda step: make_driver_request(step, setup, store),
            find_clip=setup.clips.get,
            read_marks=read_origin_marks,
            sleep=drivers_context.sleep,
            speed=clock.speed,
            task_ids=TaskIds(await ledger.tasks() if gateways else None),
        )


async def _list_pending(ledger: LedgerWriter) -> list[AttemptRecord]:
    """The attempts that have a task and no clip in the store."""
    return [each for each in await ledger.open_attempts() if each.stage in {Stage.SUBMITTED, Stage.PRODUCED}]


def _make_limiter(
    provider: Provider,
    setup: RunSetup,
    options: RunOptions,
    clock: Tempo,
    stop: Stop,
    *,
    submit_times: Sequence[float],
    delivered_within_a_day: bool,
) -> Limiter:
    """The limiter of a provider: by its table, unless the project's settings say otherwise."""
    own: Mapping[str, float] = setup.project.limits.get(provider.name, {})
    known = own.get("at_once", provider.limits.at_once)
    limits = [limit for limit in (known, options.jobs) if limit is not None]
    at_once = int(min(limits, default=DEFAULT_CONCURRENCY))
    rate = RateState(per_minute=own.get("per_minute", provider.limits.per_minute), max_running=at_once)
    now = SystemClock().now()
    rate = resume_pace(rate, ((now - at) * clock.speed for at in submit_times), clock.now())
    slow_start = begin_slow_start(at_once, delivered_within_a_day=delivered_within_a_day)
    return Limiter(provider.name, rate, slow_start, tempo=clock, stop=stop)


def _share_pace(provider: Provider, setup: RunSetup, source: SlotSource | None, clock: Tempo) -> SharedPace | None:
    """The turns at an account that other machines use too, by the limits of the account: `-j` is of one run."""
    if source is None:
        return None
    own: Mapping[str, float] = setup.project.limits.get(provider.name, {})
    places = own.get("at_once", provider.limits.at_once)
    account = SharedAccount(
        account=read_shared_account(setup, provider.name),
        gateway=provider.name,
        distance=slot_distance(own.get("per_minute", provider.limits.per_minute)),
        places=None if places is None else int(places),
    )
    return SharedPace(account, source, clock.now)


async def make_driver_request(step: Step, setup: RunSetup, store: Store) -> DriverRequest:
    """What a driver needs for a step: the request, and where on this machine its images are."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    images = {}
    for image in (step.request.first, step.request.last):
        if image is not None and image.frame is not None:
            images[image.digest] = await store.local_copy(image.digest)
        elif image is not None and image.digest in setup.image_files:
            images[image.digest] = setup.image_files[image.digest]
    return DriverRequest(
        request=step.request,
        fingerprint=step.fingerprint,
        campaign=setup.campaign,
        shot=_slate_label(step),
        images=images,
        image_urls=setup.image_urls,
    )


async def _measure_clip(
    setup: RunSetup, measurer: ClipMeasurer, store: Store, step: Step, clip: Clip
) -> ClipMeasures | None:
    """What is seen in a clip that was just stored. Only what was bought is measured: the rest is drawn here."""
    if setup.workspace.world is not World.REAL or step.request is None:
        return None
    try:
        given = await list_given_images(step.request, setup.image_files, store)
        return await measurer.measure(clip.digest, await store.local_copy(clip.digest), given)
    except HailuoError as error:
        return ClipMeasures(failure=str(error))


def _slate_label(step: Step) -> str:
    """The shot that a slate names; a clip that several shots share says how many more."""
    first, *more = step.take_names
    return first.shot + (f" +{len(more)}" if more else "")

"""The drivers of a run: the animatic on this machine, the gateways, or in a rehearsal the mock in their place."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hailuo_batch.app.running.options import Rehearsal, RunOptions, WebhookOptions
from hailuo_batch.app.workspace.data_plane import ProjectDataPlane
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.fingerprint import parse_preimage
from hailuo_batch.core.world import REHEARSAL_KEY, World
from hailuo_batch.drivers.animatic import AnimaticDriver
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.gateway_keys import find_key_route, is_trusted_gateway, read_gateway_key
from hailuo_batch.load.provider_tables import load_dialect
from hailuo_batch.load.settings import Project
from hailuo_batch.ports import Driver, Store
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.app.running.rehearsed_clips import RehearsedClips
    from hailuo_batch.drivers.webhooks import WebhookReceiver
    from hailuo_batch.mock.kept_tasks import KeptTasks
    from hailuo_batch.mock.server import Mock

# This machine works no faster in a rehearsal: a busy one must not pass for a gateway that does not answer.
LEAST_ANSWER_SECONDS = 5.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverContext:
    """What drivers need to know of a run.

    `rehearsal` is None for real gateways, and `mock_tasks` is where the mock keeps its tasks. `run` is the run's number
    in its ledger. `render_times` is how long clips took: provider, pre-image, seconds.
    """

    project: Project
    data_plane: ProjectDataPlane
    store: Store
    stop: Stop
    clock: Tempo = field(default_factory=lambda: Tempo(elapsed=time.monotonic))
    rehearsal: Rehearsal | None = None
    mock_tasks: "KeptTasks | None" = None
    webhook: WebhookOptions | None = None
    run: int = 0
    render_times: tuple[tuple[str, str, float], ...] = ()

    async def sleep(self, seconds: float) -> None:
        """Waits a number of the run's seconds, or until running tasks are to be left."""
        await self.stop.waits.sleep(seconds / self.clock.speed)


def make_scaled_clock(options: RunOptions) -> Tempo:
    """How time passes in a run: faster in a rehearsal."""
    return Tempo(elapsed=time.monotonic, speed=options.rehearsal.speed if options.world is World.REHEARSAL else 1.0)


@asynccontextmanager
async def open_drivers(providers: Sequence[Provider], context: DriverContext) -> AsyncIterator[Mapping[str, Driver]]:
    """The drivers of a run by the names of their providers."""
    async with AsyncExitStack() as stack:
        if local := next((provider for provider in providers if provider.is_local), None):
            folder = context.store.temporary_path().parent
            yield {local.name: AnimaticDriver(context.data_plane, provider=local, folder=folder)}
            return
        callbacks = await stack.enter_async_context(_start_webhooks(providers, context))
        if context.rehearsal is None:
            urls = _real_addresses(providers, context.project)
            yield await stack.enter_async_context(_open_http_drivers(providers, urls, context, callbacks))
            return
        clips = _open_rehearsed_clips(context) if context.rehearsal.sketches else None
        mock = await stack.enter_async_context(_start_mock(providers, context, context.rehearsal, callbacks, clips))
        urls = {provider.name: mock.url(provider.name) for provider in providers}
        drivers = await stack.enter_async_context(_open_http_drivers(providers, urls, context, callbacks))
        yield drivers if clips is None else _draw_first(drivers, providers, clips)


def _open_rehearsed_clips(context: DriverContext) -> "RehearsedClips":
    from hailuo_batch.app.running.rehearsed_clips import RehearsedClips

    return RehearsedClips(context.data_plane, context.store.temporary_path().parent)


def _draw_first(
    drivers: Mapping[str, Driver], providers: Iterable[Provider], clips: "RehearsedClips"
) -> Mapping[str, Driver]:
    """The same drivers, for which each clip is drawn before its download."""
    from hailuo_batch.app.running.rehearsed_clips import RehearsalDriver

    return {each.name: RehearsalDriver(drivers[each.name], each, clips) for each in providers}


@asynccontextmanager
async def _open_http_drivers(
    providers: Iterable[Provider],
    urls: Mapping[str, str],
    context: DriverContext,
    callbacks: "WebhookReceiver | None",
) -> AsyncIterator[Mapping[str, Driver]]:
    from hailuo_batch.drivers.download import Downloader
    from hailuo_batch.drivers.http import POLL_SECONDS, HttpDriver, Patience
    from hailuo_batch.drivers.image_preparation import ImagePreparation
    from hailuo_batch.drivers.kept_connections import open_kept_session
    from hailuo_batch.drivers.missing_key import MissingKeyDriver, missing_key_failure
    from hailuo_batch.drivers.poll_scheduler import PollScheduler
    from hailuo_batch.drivers.transport import Transport, open_sessions
    from hailuo_batch.load.link_hosts import LinkHosts

    project, tempo = context.project, context.clock
    here = any(_is_loopback(url) for url in urls.values())
    hosts = LinkHosts() if context.rehearsal is None else None
    keeps = any(project.limits.get(name, {}).get("keep_connections") for name in urls)
    async with (
        open_kept_session() if keeps else nullcontext() as kept,
        open_sessions(
            loopback=here,
            allow_private=project.allow_private_downloads,
            allow_fake=project.allow_fake_ip_downloads,
        ) as (
            reading,
            paying,
            fetching,
        ),
    ):
        downloader = Downloader(
            fetching, loopback=here, allow_private=project.allow_private_downloads, sleep=context.sleep
        )
        data_plane, images = (
            context.data_plane.with_downloader(downloader),
            ImagePreparation(strip_metadata=project.strip_metadata),
        )

        def driver(provider: Provider) -> Driver:
            if provider.name not in urls:
                return _make_untrusted_driver(provider, project)
            key = REHEARSAL_KEY if context.rehearsal else read_gateway_key(project, provider.name)
            if not (key and key.isascii() and key.isprintable()):
                return MissingKeyDriver(missing_key_failure(provider.name, provider.key, value=key))
            limits = project.limits.get(provider.name, {})
            transport = Transport(
                session=reading,
                # Money: a connection that was used before is for those who chose it for this gateway.
                paying=kept if kept is not None and limits.get("keep_connections") else paying,
                base_url=urls[provider.name],
                key=key,
                seconds=_answer_timeout(provider, context),
                gateway=provider.name,
            )
            scheduler = PollScheduler(
                every=provider.limits.poll_seconds or POLL_SECONDS,
                per_second=limits.get("polls_per_second"),
                elapsed=tempo.now,
                past=_past_render_times(provider, context),
                usual=provider.usual_seconds,
                is_called_back=callbacks is not None and provider.callbacks,
                sleep=context.sleep,
                gateway=provider.name,
            )
            return HttpDriver(
                transport=transport,
                dialect=load_dialect(provider.name, project.tables),
                provider=provider,
                data_plane=data_plane,
                patience=Patience(task=_task_timeout(provider, project)),
                scheduler=scheduler,
                sleep=context.sleep,
                is_stopping=lambda: context.stop.waits.is_triggered,
                callbacks=callbacks,
                images=images,
                on_link_host=None if hosts is None else hosts.add,
            )

        yield {provider.name: driver(provider) for provider in providers}


@asynccontextmanager
async def _start_mock(
    providers: Iterable[Provider],
    context: DriverContext,
    rehearsal: Rehearsal,
    callbacks: "WebhookReceiver | None",
    clips: "RehearsedClips | None",
) -> AsyncIterator["Mock"]:
    from hailuo_batch.mock.script import read_script
    from hailuo_batch.mock.server import Mock

    script = read_script(rehearsal.script) if rehearsal.script is not None else None
    called = f"http://{callbacks.address}" if callbacks is not None else ""
    # The mock of each run is a new one, and the ledger stays: a task's id must not come twice.
    salt = f"run {context.run}"
    async with Mock(
        script,
        speed=rehearsal.speed,
        clip=rehearsal.clip,
        log=rehearsal.log,
        callback_to=called,
        salt=salt,
        kept=context.mock_tasks,
        find_clip=None if clips is None else clips.find,
    ) as mock:
        if strangers := [provider.name for provider in providers if provider.name not in mock.urls]:
            raise RefusedError(
                f"the mock does not include {', '.join(strangers)}",
                why=f"It includes {', '.join(sorted(mock.urls))}.",
                remedy="Leave it out of providers for the rehearsal.",
            )
        yield mock


@asynccontextmanager
async def _start_webhooks(
    providers: Iterable[Provider], context: DriverContext
) -> AsyncIterator["WebhookReceiver | None"]:
    if context.webhook is None:
        yield None
        return
    from hailuo_batch.drivers.webhooks import WebhookReceiver

    tables = context.project.tables
    dialects = {provider.name: load_dialect(provider.name, tables) for provider in providers if provider.callbacks}
    call_me = context.webhook
    async with WebhookReceiver(
        listen=call_me.listen_address, public=call_me.public_url, dialects=dialects, sleep=context.sleep
    ) as callbacks:
        yield callbacks


def _answer_timeout(provider: Provider, context: DriverContext) -> float:
    from hailuo_batch.drivers.transport import ANSWER_SECONDS

    seconds = (provider.limits.answer_seconds or ANSWER_SECONDS) / context.clock.speed
    return max(seconds, LEAST_ANSWER_SECONDS)


def _task_timeout(provider: Provider, project: Project) -> float:
    """How long a run waits for one task of a provider: by the project's settings, else by its table."""
    from hailuo_batch.drivers.http import Patience

    own = project.limits.get(provider.name, {}).get("task_minutes")
    return 60.0 * own if own is not None else provider.limits.task_seconds or Patience().task


def _past_render_times(provider: Provider, context: DriverContext) -> Iterable[tuple[tuple[str, int], float]]:
    """How long this provider's clips of the same model took, by resolution and length, in the run's seconds."""
    longest = _task_timeout(provider, context.project)
    for name, preimage, seconds in context.render_times:
        took = seconds * context.clock.speed
        # Nothing takes longer, since no run waits longer: the clock was turned meanwhile, or the machine slept.
        if name == provider.name and 0 < took <= longest:
            request = parse_preimage(preimage)
            if request.model == provider.model.name:
                yield (request.resolution, provider.find_seconds(request.duration) or 0), took


def _real_addresses(providers: Iterable[Provider], project: Project) -> dict[str, str]:
    """Where the gateways are that the user trusts; the others have no address, so that nothing can go there."""
    names = (provider.name for provider in providers)
    return {name: find_key_route(project, name).address for name in names if is_trusted_gateway(project, name)}


def _make_untrusted_driver(provider: Provider, project: Project) -> Driver:
    """What stands in for a gateway that is not trusted: it sends nothing, whoever calls it."""
    from hailuo_batch.drivers.missing_key import MissingKeyDriver

    why = f"{provider.name} is not trusted: {find_key_route(project, provider.name)}"
    return MissingKeyDriver(Failure(kind=FailureKind.UNAUTHORIZED, why=why, remedy=project.trust_remedy))


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK

"""Who is asked in a run: the animatic on this machine, the gateways, or in a rehearsal the mock in their place."""

import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from hailuo_batch.app.workspace.cpus import cores
from hailuo_batch.core.providers.offers import Provider
from hailuo_batch.core.request.fingerprint import read_preimage
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.drivers.animatic import AnimaticDriver
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.api_keys import key_of
from hailuo_batch.load.provider_tables import dialect_for
from hailuo_batch.load.settings import Project
from hailuo_batch.ports import Driver
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.local import LocalStore

if TYPE_CHECKING:
    from hailuo_batch.drivers.webhooks import Callbacks
    from hailuo_batch.mock.server import Mock

# A rehearsal runs twenty times as fast as the world: a clip that takes four seconds is there after a fifth of one.
REHEARSAL_SPEED = 20.0
REHEARSAL_KEY = "rehearsal"  # the mock takes any
# This machine works no faster in a rehearsal: a busy one must not look like a gateway that does not answer.
LEAST_ANSWER_SECONDS = 5.0
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A run on the mock: which faults it plays (`script`), where it writes down requests and charges (`log`)."""

    script: Path | None = None
    log: Path | None = None
    speed: float = REHEARSAL_SPEED


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMe:
    """Where gateways may call back: the address that they are given, and HOST:PORT where this machine listens."""

    public: str
    listen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What drivers need to know of a run; `past` is how long clips took: provider, pre-image, seconds."""

    project: Project
    workers: int
    store: LocalStore
    stop: Stop
    tempo: Tempo = field(default_factory=lambda: Tempo(elapsed=time.monotonic))
    rehearsal: Rehearsal | None = None
    call_me: CallMe | None = None
    past: tuple[tuple[str, str, float], ...] = ()

    async def sleep(self, seconds: float) -> None:
        """Waits so many of the run's seconds, or until running tasks are to be left."""
        await self.stop.waits.nap(seconds / self.tempo.speed)


def tempo_of(rehearsal: Rehearsal | None) -> Tempo:
    """How time passes in a run."""
    return Tempo(elapsed=time.monotonic, speed=rehearsal.speed if rehearsal else 1.0)


@asynccontextmanager
async def drivers_for(
    providers: Sequence[Provider], circumstances: Circumstances
) -> AsyncIterator[Mapping[str, Driver]]:
    """The drivers of a run by the names of their providers."""
    async with AsyncExitStack() as stack:
        if any(provider.name == ANIMATIC for provider in providers):
            workers, folder = min(circumstances.workers, cores()), circumstances.store.incoming().parent
            yield {ANIMATIC: await stack.enter_async_context(AnimaticDriver(workers=workers, folder=folder))}
            return
        callbacks = await stack.enter_async_context(_called_back(providers, circumstances))
        if circumstances.rehearsal is not None:
            mock = await stack.enter_async_context(_mock(providers, circumstances.rehearsal, callbacks))
            urls = {provider.name: mock.url(provider.name) for provider in providers}
        else:
            urls = {provider.name: provider.base_url for provider in providers}
        yield await stack.enter_async_context(_gateways(providers, urls, circumstances, callbacks))


@asynccontextmanager
async def _gateways(
    providers: Iterable[Provider],
    urls: Mapping[str, str],
    circumstances: Circumstances,
    callbacks: "Callbacks | None",
) -> AsyncIterator[Mapping[str, Driver]]:
    from hailuo_batch.drivers.download import Downloads
    from hailuo_batch.drivers.http import POLL_SECONDS, HttpDriver
    from hailuo_batch.drivers.missing_key import KeylessDriver
    from hailuo_batch.drivers.poll_scheduler import Looks
    from hailuo_batch.drivers.transport import Wire, sessions

    project, tempo = circumstances.project, circumstances.tempo
    here = any(_is_here(url) for url in urls.values())
    async with sessions(loopback=here, allow_private=project.allow_private_downloads) as (reading, paying, fetching):
        downloads = Downloads(
            fetching, loopback=here, allow_private=project.allow_private_downloads, sleep=circumstances.sleep
        )

        def driver(provider: Provider) -> Driver:
            key = REHEARSAL_KEY if circumstances.rehearsal else key_of(provider.key)
            if not (key and key.isascii() and key.isprintable()):
                return KeylessDriver(provider=provider.name, variable=provider.key, found=key)
            wire = Wire(
                session=reading,
                paying=paying,
                base_url=urls[provider.name],
                key=key,
                seconds=_answer_seconds(provider, circumstances),
            )
            looks = Looks(
                every=provider.limits.poll_seconds or POLL_SECONDS,
                per_second=project.limits.get(provider.name, {}).get("polls_per_second"),
                elapsed=tempo.now,
                past=_past(provider, circumstances),
                sleep=circumstances.sleep,
            )
            return HttpDriver(
                wire=wire,
                dialect=dialect_for(provider.name, project.tables),
                provider=provider,
                downloads=downloads,
                looks=looks,
                sleep=circumstances.sleep,
                leaving=lambda: circumstances.stop.waits.given,
                callbacks=callbacks,
            )

        yield {provider.name: driver(provider) for provider in providers}


@asynccontextmanager
async def _mock(
    providers: Iterable[Provider], rehearsal: Rehearsal, callbacks: "Callbacks | None"
) -> AsyncIterator["Mock"]:
    from hailuo_batch.mock.script import read_script
    from hailuo_batch.mock.server import Mock

    script = read_script(rehearsal.script) if rehearsal.script is not None else None
    called = f"http://{callbacks.address}" if callbacks is not None else ""
    async with Mock(script, speed=rehearsal.speed, log=rehearsal.log, callback_to=called) as mock:
        if strangers := [provider.name for provider in providers if provider.name not in mock.urls]:
            raise RefusedError(
                f"the mock does not play {', '.join(strangers)}",
                why=f"It plays {', '.join(sorted(mock.urls))}.",
                remedy="Leave it out of providers for the rehearsal.",
            )
        yield mock


@asynccontextmanager
async def _called_back(
    providers: Iterable[Provider], circumstances: Circumstances
) -> AsyncIterator["Callbacks | None"]:
    if circumstances.call_me is None:
        yield None
        return
    from hailuo_batch.drivers.webhooks import Callbacks

    tables = circumstances.project.tables
    dialects = {provider.name: dialect_for(provider.name, tables) for provider in providers if provider.callbacks}
    call_me = circumstances.call_me
    async with Callbacks(
        listen=call_me.listen, public=call_me.public, dialects=dialects, sleep=circumstances.sleep
    ) as callbacks:
        yield callbacks


def _answer_seconds(provider: Provider, circumstances: Circumstances) -> float:
    from hailuo_batch.drivers.transport import ANSWER_SECONDS

    seconds = (provider.limits.answer_seconds or ANSWER_SECONDS) / circumstances.tempo.speed
    return max(seconds, LEAST_ANSWER_SECONDS)


def _past(provider: Provider, circumstances: Circumstances) -> Iterable[tuple[tuple[str, int], float]]:
    """How long this provider's clips took, by resolution and length, in the run's seconds."""
    from hailuo_batch.drivers.http import Patience

    longest = Patience().task
    for name, preimage, seconds in circumstances.past:
        took = seconds * circumstances.tempo.speed
        # Nothing takes longer, since no run waits longer: the clock was turned meanwhile, or the machine slept.
        if name == provider.name and 0 < took <= longest:
            request = read_preimage(preimage)
            yield (request.resolution, provider.seconds(request.duration) or 0), took


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK

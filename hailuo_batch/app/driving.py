"""Who is asked in a run: the animatic on this machine, or in a rehearsal the gateways as the mock plays them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.app.cores import cores
from hailuo_batch.core.capability import Provider
from hailuo_batch.core.request import ANIMATIC
from hailuo_batch.drivers.animatic import AnimaticDriver
from hailuo_batch.errors import RefusedError
from hailuo_batch.load.tables import dialect_for
from hailuo_batch.ports import Driver
from hailuo_batch.store.local import LocalStore

# A rehearsal runs twenty times as fast as the world: a clip that takes four seconds is there after a fifth of one.
REHEARSAL_SPEED = 20.0
REHEARSAL_KEY = "rehearsal"  # the mock takes any
# This machine works no faster in a rehearsal: a busy one must not look like a gateway that does not answer.
LEAST_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """A run on the mock: which faults it plays (`script`), where it writes down requests and charges (`log`)."""

    script: Path | None = None
    log: Path | None = None
    speed: float = REHEARSAL_SPEED


@asynccontextmanager
async def drivers_for(
    providers: Sequence[Provider], *, workers: int, store: LocalStore, rehearsal: Rehearsal | None
) -> AsyncIterator[Mapping[str, Driver]]:
    """The drivers of a run by the names of their providers."""
    if rehearsal is not None:
        async with _mocked(providers, rehearsal) as drivers:
            yield drivers
    else:
        async with AnimaticDriver(workers=min(workers, cores()), folder=store.incoming().parent) as animatic:
            yield {ANIMATIC: animatic}


@asynccontextmanager
async def _mocked(providers: Sequence[Provider], rehearsal: Rehearsal) -> AsyncIterator[Mapping[str, Driver]]:
    from hailuo_batch.drivers.download import Downloads
    from hailuo_batch.drivers.http import HttpDriver
    from hailuo_batch.drivers.wire import ANSWER_SECONDS, Wire, sessions
    from hailuo_batch.mock.script import read_script
    from hailuo_batch.mock.server import Mock

    script = read_script(rehearsal.script) if rehearsal.script is not None else None
    sleep = _hurried(rehearsal.speed)
    async with (
        Mock(script, speed=rehearsal.speed, log=rehearsal.log) as mock,
        sessions(loopback=True) as (reading, paying, fetching),
    ):
        if strangers := [provider.name for provider in providers if provider.name not in mock.urls]:
            raise RefusedError(
                f"the mock does not play {', '.join(strangers)}",
                why=f"It plays {', '.join(sorted(mock.urls))}.",
                remedy="Leave it out of providers for the rehearsal.",
            )
        downloads = Downloads(fetching, loopback=True, sleep=sleep)
        yield {
            provider.name: HttpDriver(
                wire=Wire(
                    session=reading,
                    paying=paying,
                    base_url=mock.url(provider.name),
                    key=REHEARSAL_KEY,
                    seconds=max(
                        (provider.limits.answer_seconds or ANSWER_SECONDS) / rehearsal.speed, LEAST_ANSWER_SECONDS
                    ),
                ),
                dialect=dialect_for(provider.name),
                provider=provider,
                downloads=downloads,
                sleep=sleep,
            )
            for provider in providers
        }


def _hurried(speed: float) -> Callable[[float], Awaitable[None]]:
    async def sleep(seconds: float) -> None:
        await asyncio.sleep(seconds / speed)

    return sleep

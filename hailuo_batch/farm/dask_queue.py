"""Gives jobs to the workers of a dask cluster of one site, over TLS only.

Who reaches the port of a plain scheduler runs code on all its workers: dask has no password, and listens on every
address (https://github.com/dask/distributed/issues/9283, 2026-06). So only an address that begins with tls:// is used,
with certificates that dask's own settings name. What a job is, and where its answer is, is as with other queues.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import InputError, RefusedError, StoreError
from hailuo_batch.farm.carry_out import carry_out
from hailuo_batch.farm.jobs import Job, job_arguments, parse_job
from hailuo_batch.farm.kit import find_font_kit, find_kit
from hailuo_batch.farm.tables import require_libraries
from hailuo_batch.store.exchange import Exchange

if TYPE_CHECKING:
    from distributed import Client, Security

_NAME = "hailuo-farm"  # of what is kept at each of dask's workers
_CONNECT_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_LONGEST_SECONDS = 600.0  # of one job, until it is done here
_SCHEME = "tls://"


class DaskQueue:
    """Implements `Queue` with a scheduler, which is reached for the first job; a context manager."""

    def __init__(self, address: str, store: str) -> None:
        require_tls(address)
        self._address, self._store = address, store
        self._client: Client | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        """Itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Takes back what is not done."""
        if self._client is not None:
            await self._client.close()  # type: ignore[no-untyped-call]

    async def run(self, job: Job) -> None:
        """Returns when a job is done elsewhere, or will not be: at once where the cluster has no worker."""
        with _translate_errors(self._address):
            client = await self._open()
            given = client.submit(carry_out_at_dask, job_arguments(job), self._store, key=job.key)
            ended, last = asyncio.ensure_future(given), time.monotonic() + _LONGEST_SECONDS
            while not ended.done() and client.scheduler_info()["workers"] and time.monotonic() < last:
                await asyncio.wait({ended}, timeout=_AGAIN_SECONDS)
            if ended.done():
                ended.result()
            ended.cancel()

    async def _open(self) -> "Client":
        async with self._opening:
            if self._client is None:
                from distributed import Client

                logging.getLogger("distributed").setLevel(logging.WARNING)
                options = {"security": make_security(), "asynchronous": True, "timeout": _CONNECT_SECONDS}
                client: Client = await Client(self._address, **options)  # type: ignore[no-untyped-call]
                await client.register_plugin(_make_plugin(), name=_NAME)
                self._client = client
        return self._client


async def serve_dask(address: str, *, at_once: int, stop: asyncio.Event) -> None:
    """Joins a scheduler with a worker that does so much at once, until `stop`."""
    require_tls(address)
    require_libraries("dask")
    from dask import config
    from distributed import Worker

    logging.getLogger("distributed").setLevel(logging.WARNING)
    config.set({"distributed.worker.http.routes": []})  # what it shows there, it shows to everybody
    with _translate_errors(address):
        async with Worker(address, security=make_security(), nthreads=at_once, dashboard=False) as worker:
            ended, stopping = asyncio.ensure_future(worker.finished()), asyncio.create_task(stop.wait())
            await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()


async def carry_out_at_dask(arguments: Mapping[str, Any], store: str) -> bool:
    """Whether the answer of a job is in the store now; a worker with another kit has none."""
    from distributed import get_worker

    job = parse_job(**arguments)
    if job.kit not in {find_kit(), find_font_kit()}:
        return False
    plugin: Any = get_worker().plugins[_NAME]
    return await carry_out(job, plugin.plane, Exchange(store))


def require_tls(address: str) -> None:
    """Raises `RefusedError` for a scheduler that could be anyone's."""
    if not address.startswith(_SCHEME):
        raise RefusedError(
            "a dask scheduler without TLS is not used",
            why=f"{address!r} does not begin with {_SCHEME}: who reaches such a port runs code on every worker.",
            remedy="Start scheduler and workers with certificates, and write tls://HOST:PORT.",
        )


def make_security() -> "Security":
    """Certificates by dask's own settings; without them, `InputError` says how to name them."""
    from distributed.security import Security

    security = Security(require_encryption=True)  # type: ignore[no-untyped-call]
    if not getattr(security, "tls_ca_file", ""):
        raise InputError(
            "no certificates for the dask scheduler",
            why="dask's settings name no certificate authority, so nobody could tell whose scheduler it is.",
            remedy="Set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, and …__TLS__CLIENT__CERT and …__KEY; for workers "
            "…__TLS__WORKER__CERT and …__KEY.",
        )
    return security


def _make_plugin() -> Any:
    from distributed import WorkerPlugin

    class FarmPlugin(WorkerPlugin):
        """Keeps the processes that draw and measure at a worker."""

        async def setup(self, worker: Any) -> None:
            self.plane = LocalDataPlane(workers=worker.state.nthreads)

        async def teardown(self, worker: Any) -> None:  # noqa: ARG002 - dask's signature
            await self.plane.__aexit__(None)

    return FarmPlugin()


@contextmanager
def _translate_errors(address: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError, RuntimeError) as error:
        why = str(error).partition("\n")[0] or type(error).__name__
        raise StoreError(f"the farm at {address} cannot be used", why=why, remedy="Check that it runs.") from error

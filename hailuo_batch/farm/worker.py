"""A worker: takes jobs from the ledger's database and carries them out, until it is stopped.

It needs no gateway key and holds none, opens no port, and logs in with a role that knows no ledger.
"""

import asyncio
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hailuo_batch import __version__
from hailuo_batch.errors import HailuoError, LedgerError
from hailuo_batch.farm.carry_out import carry_out
from hailuo_batch.farm.jobs import JobKind, parse_job, queue_name
from hailuo_batch.farm.kit import find_kit
from hailuo_batch.farm.queue import STALE_SECONDS, sweep
from hailuo_batch.farm.tables import TASK, make_app, translate_errors
from hailuo_batch.ports import DataPlane
from hailuo_batch.store.exchange import Exchange

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.worker import Worker

_AGAIN_SECONDS = 5.0  # after the line to the database broke
_STARTING_SECONDS = 0.05
_NOTICE_SECONDS = 2.0  # until a job is seen of which no notice came
_PRUNED_SECONDS = 86400.0  # a worker that was stopped for less goes on as the same
_ANNOUNCE = """
INSERT INTO workers (id, queues, host, process, version)
VALUES (%(id)s, %(queues)s, %(host)s, %(process)s, %(version)s) ON CONFLICT (id) DO NOTHING
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a worker works with: which kinds of jobs, so many at once, and where it says what it does."""

    kinds: Sequence[JobKind]
    plane: DataPlane
    exchange: Exchange
    at_once: int
    report: Callable[[str], None]
    stale: float = STALE_SECONDS

    @property
    def queues(self) -> list[str]:
        """The queues from which it takes jobs."""
        return [queue_name(kind, find_kit()) for kind in self.kinds]


async def serve(address: str, workshop: Workshop, stop: asyncio.Event) -> None:
    """Takes jobs until `stop`; those in progress are finished.

    Raises where the database cannot be reached at first. A line that breaks later is opened again.
    """
    has_served = False
    while not stop.is_set():
        try:
            with translate_errors():
                await _serve_once(address, workshop, stop)
        except LedgerError as error:
            if not has_served:
                raise
            workshop.report(f"{error.summary}: {error.why}. Next try in {_AGAIN_SECONDS:.0f} s.")
            await _sleep(stop, _AGAIN_SECONDS)
        has_served = True


async def _serve_once(address: str, workshop: Workshop, stop: asyncio.Event) -> None:
    app = make_app(address)
    app.task(name=TASK)(_make_task(workshop))
    async with app.open_async():
        worker = _make_worker(app, workshop)
        house = asyncio.create_task(_keep_house(app, worker, workshop))
        stopping = asyncio.create_task(_stop_worker(worker, stop))
        try:
            await worker.run()  # type: ignore[no-untyped-call]
        finally:
            for task in (house, stopping):
                task.cancel()
            await asyncio.gather(house, stopping, return_exceptions=True)
    if not stop.is_set():
        raise LedgerError("the worker lost its line to the database", why="The server closed it, or a network did")


def _make_task(workshop: Workshop) -> Callable[..., Any]:
    async def carry_out_job(kind: str, kit: str, details: Mapping[str, Any]) -> None:
        try:
            await carry_out(parse_job(kind, kit, details), workshop.plane, workshop.exchange)
        except (HailuoError, ValueError, OSError) as error:  # whoever gave the job finds no answer, and does it
            workshop.report(f"a {kind} job was not done: {error}")

    return carry_out_job


def _make_worker(app: "App", workshop: Workshop) -> "Worker":
    from procrastinate.worker import Worker

    return Worker(
        app,
        queues=workshop.queues,
        concurrency=workshop.at_once,
        fetch_job_polling_interval=min(_NOTICE_SECONDS, workshop.stale / 4),
        delete_jobs="always",  # a job is a request: its answer is in the exchange
        install_signal_handlers=False,
        update_heartbeat_interval=workshop.stale / 4,
        stalled_worker_timeout=_PRUNED_SECONDS,
    )


async def _keep_house(app: "App", worker: "Worker", workshop: Workshop) -> None:
    """Says who is at work here, and takes back the jobs of workers that are gone."""
    mine = {"queues": workshop.queues, "host": platform.node(), "process": os.getpid(), "version": __version__}
    while worker.worker_id is None:
        await asyncio.sleep(_STARTING_SECONDS)
    await app.connector.execute_query_async(_ANNOUNCE, id=worker.worker_id, **mine)
    workshop.report(f"ready for {', '.join(workshop.kinds)}; {workshop.at_once} at once")
    while True:
        await sweep(app, stale=workshop.stale)
        await asyncio.sleep(workshop.stale / 4)


async def _stop_worker(worker: "Worker", stop: asyncio.Event) -> None:
    await stop.wait()
    worker.stop()  # type: ignore[no-untyped-call]


async def _sleep(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return

"""A worker: takes jobs from the ledger's database and carries them out, until it is stopped.

It needs no gateway key and holds none, opens no port, and logs in with a role that knows no ledger.
"""

import asyncio
import logging
import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hailuo_batch import __version__
from hailuo_batch.errors import HailuoError, LedgerError
from hailuo_batch.farm.carry_out import carry_out
from hailuo_batch.farm.jobs import JobKind, parse_job, queue_name
from hailuo_batch.farm.kit import find_font_kit, find_kit
from hailuo_batch.farm.queue import STALE_SECONDS, sweep
from hailuo_batch.farm.tables import TASK, open_app, translate_errors
from hailuo_batch.ledger.postgres.connect import PasswordSource
from hailuo_batch.ports import DataPlane
from hailuo_batch.store.exchange import Exchange
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from procrastinate import App, JobContext
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
    password: PasswordSource | None = None

    @property
    def queues(self) -> list[str]:
        """The queues from which it takes jobs."""
        fonts = [queue_name(JobKind.DRAW, find_font_kit())] if JobKind.DRAW in self.kinds else []
        return [*(queue_name(kind, find_kit()) for kind in self.kinds), *fonts]


async def serve(address: str, workshop: Workshop, stop: asyncio.Event) -> None:
    """Takes jobs until `stop`; those in progress are finished.

    Raises where the database cannot be reached at first. A line that breaks later is opened again.
    """
    is_first = True
    with _report_errors(workshop.report):
        while not stop.is_set():
            try:
                with translate_errors():
                    app = await open_app(address, lambda app: _register(app, workshop), workshop.password)
            except LedgerError as error:
                if is_first:
                    raise
                workshop.report(f"{error.summary}: {error.why}")
            else:
                await _serve_once(app, workshop, stop)
            is_first = False
            if not stop.is_set():
                workshop.report(f"Connects again in {_AGAIN_SECONDS:.0f} s.")
                await _sleep(stop, _AGAIN_SECONDS)


async def _serve_once(app: "App", workshop: Workshop, stop: asyncio.Event) -> None:
    try:
        with translate_errors():
            await _run_worker(app, workshop, stop)
    except LedgerError as error:
        workshop.report(f"{error.summary}: {error.why}")
    finally:
        await app.close_async()


@contextmanager
def _report_errors(report: Callable[[str], None]) -> Iterator[None]:
    """Says in a line what Procrastinate says in many."""
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: report(record.getMessage().partition("\n")[0])  # type: ignore[method-assign]
    logger = logging.getLogger("procrastinate")
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


async def _run_worker(app: "App", workshop: Workshop, stop: asyncio.Event) -> None:
    worker = _make_worker(app, workshop)
    house = asyncio.create_task(_keep_house(app, worker, workshop))
    stopping = asyncio.create_task(_stop_worker(worker, stop))
    asyncio.get_running_loop().set_exception_handler(_ignore_late_ends)
    try:
        await worker.run()  # type: ignore[no-untyped-call]
    finally:
        for task in (house, stopping):
            task.cancel()
        await asyncio.gather(house, stopping, return_exceptions=True)


def _ignore_late_ends(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """A worker that was stopped for long ends a job that was taken from it: it is gone, and no harm is done."""
    from procrastinate.exceptions import ConnectorException

    if not isinstance(context.get("exception"), ConnectorException):
        loop.default_exception_handler(context)


def _register(app: "App", workshop: Workshop) -> None:
    @app.task(name=TASK, pass_context=True)
    async def carry_out_job(context: "JobContext", kind: str, kit: str, details: Mapping[str, Any]) -> None:
        try:
            job, is_new = parse_job(kind, kit, details), context.job.attempts == 0
            await carry_out(job, workshop.plane, workshop.exchange, is_new=is_new)
        except (HailuoError, ValueError, OSError) as error:  # whoever gave the job finds no answer, and does it
            workshop.report(f"a {kind} job was not done: {error}")


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

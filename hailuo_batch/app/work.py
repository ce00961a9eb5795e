"""Serves a farm from this machine: takes free work of others and does it, until it is stopped.

Money: a worker can buy nothing. It holds no gateway key, and logs in with a role that knows no ledger.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.app.workspace.shared_content import read_password
from hailuo_batch.core.shared_places import SharedPlaces
from hailuo_batch.core.world import command_line
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import InputError, RefusedError, UntrustedError
from hailuo_batch.farm.jobs import JobKind
from hailuo_batch.load.api_keys import read_set_keys
from hailuo_batch.load.project_root import SETTINGS_FILE, find_project_root
from hailuo_batch.load.settings import trust_command
from hailuo_batch.load.shared_places import read_shared_places
from hailuo_batch.values import dataclass

_KEPT_SECONDS = 14 * 86400.0  # what the farm's files are kept for: longer than any run


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkOptions:
    """Which work is done, how much at once, and where it comes from; unnamed, the settings of the project say it."""

    kinds: Sequence[JobKind] = tuple(JobKind)
    jobs: int | None = None
    ledger: str = ""
    store: str = ""
    dask: str = ""  # the scheduler of a cluster; then nothing else says where work comes from


async def work(options: WorkOptions, *, report: Callable[[str], None]) -> None:
    """Does the work of a farm until SIGINT or SIGTERM; what is in progress is finished.

    `report` is given a line for people now and then. Raises `InputError` where no farm is named, and `LedgerError`
    where its database cannot be reached.
    """
    from hailuo_batch.farm.tables import require_libraries
    from hailuo_batch.farm.worker import Workshop, serve
    from hailuo_batch.store.exchange import Exchange

    refuse_gateway_keys(os.environ)
    if options.dask:
        from hailuo_batch.farm.dask_queue import serve_dask

        await serve_dask(options.dask, at_once=options.jobs or cpu_count(), stop=_stop_on_signals())
        return
    ledger, store = _find_places(options)
    require_libraries()
    exchange = Exchange(store)
    await asyncio.to_thread(exchange.remove_older, before=SystemClock().now() - _KEPT_SECONDS)
    at_once = options.jobs or cpu_count()
    async with LocalDataPlane(workers=at_once) as plane:
        workshop = Workshop(
            kinds=options.kinds,
            plane=plane,
            exchange=exchange,
            at_once=at_once,
            report=report,
            password=read_password,
        )
        await serve(ledger, workshop, _stop_on_signals())


def refuse_gateway_keys(environment: Mapping[str, str]) -> None:
    """Raises `RefusedError` where the environment has keys of gateways.

    What decodes the clips of others runs as this user. Taking a key out of our own environment would not do: the system
    still shows what a process was started with.
    """
    if names := [name for name, _ in read_set_keys(environment)]:
        unset = " ".join(f"-u {name}" for name in names)
        raise RefusedError(
            "a worker must not hold the keys of gateways",
            why=f"It buys nothing, and decodes clips of others. The environment has {', '.join(names)}.",
            remedy=f"Start it without them:\n    env {unset} {command_line('work')}",
        )


def _find_places(options: WorkOptions) -> tuple[str, str]:
    """Where jobs come from and where files go."""
    root = find_project_root(Path.cwd())
    is_named = bool(options.ledger and options.store)
    places = SharedPlaces() if is_named else read_shared_places(root)
    if places.untrusted and not is_named:
        raise UntrustedError(
            "the project is not trusted",
            why=f"{SETTINGS_FILE} names the ledger and the store of the farm.",
            remedy=f"Read {SETTINGS_FILE} first. If you trust it:\n    {trust_command(root)}",
        )
    ledger, store = options.ledger or places.ledger, options.store or places.store
    if not (ledger and store):
        missing = " and ".join(name for name, place in (("ledger", ledger), ("store", store)) if not place)
        raise InputError(
            "no farm is named",
            why=f"There is no shared {missing}: jobs come from the ledger's database, and files go by the store.",
            remedy=f"Write it into {SETTINGS_FILE}, or name both with --ledger and --store.",
        )
    return ledger, store


def _stop_on_signals() -> asyncio.Event:
    """Is set by the first SIGINT or SIGTERM; the second ends the command at once."""
    loop, task, stop = asyncio.get_running_loop(), asyncio.current_task(), asyncio.Event()

    def interrupt() -> None:
        if stop.is_set() and task is not None:
            task.cancel()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no signal handlers in its loop
            loop.add_signal_handler(number, interrupt)
    return stop

"""The data plane of a project: this machine, and its farm where the settings name one."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Union

from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.app.workspace.shared_content import read_password
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.shared_places import FARM_OF_LEDGER, NO_PLACES, SharedPlaces
from hailuo_batch.core.world import World
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import InputError
from hailuo_batch.load.shared_places import read_shared_places

if TYPE_CHECKING:
    from hailuo_batch.farm.plane import FarmDataPlane, Leave
    from hailuo_batch.farm.queue import Queue

ProjectDataPlane = Union[LocalDataPlane, "FarmDataPlane"]


def find_farm(workspace: Workspace) -> SharedPlaces:
    """Where this project's farm is; nothing where it has none. Sketches are drawn by it, and rehearsals never are."""
    places = NO_PLACES if workspace.world is World.REHEARSAL else read_shared_places(workspace.project_root)
    return places if places.farm and places.store else NO_PLACES


@asynccontextmanager
async def open_data_plane(
    workspace: Workspace, *, workers: int, leave: "Leave | None" = None
) -> AsyncIterator[ProjectDataPlane]:
    """The data plane of a project, with up to so many processes on this machine; nothing is connected yet.

    `leave` is when a run no longer waits for what it gave to a farm.
    """
    places = find_farm(workspace)
    async with AsyncExitStack() as stack:
        local = await stack.enter_async_context(LocalDataPlane(workers=min(workers, cpu_count())))
        yield await _open_farm(places, local, stack, leave) if places else local


async def _open_farm(
    places: SharedPlaces, local: LocalDataPlane, stack: AsyncExitStack, leave: "Leave | None"
) -> "FarmDataPlane":
    from hailuo_batch.farm.plane import FarmDataPlane, FarmTally
    from hailuo_batch.farm.tables import require_libraries
    from hailuo_batch.store.exchange import Exchange

    tally = FarmTally()
    try:
        require_libraries("farm" if places.farm == FARM_OF_LEDGER else "dask")
    except InputError as error:
        tally.give_up(error)
    queue: Queue = await stack.enter_async_context(_open_queue(places))
    return FarmDataPlane(local, queue, Exchange(places.store), leave=leave, tally=tally)


def _open_queue(places: SharedPlaces) -> "AbstractAsyncContextManager[Queue]":
    if places.farm == FARM_OF_LEDGER:
        from hailuo_batch.farm.queue import DatabaseQueue

        return DatabaseQueue(places.ledger, password=read_password)
    from hailuo_batch.farm.dask_queue import DaskQueue

    return DaskQueue(places.farm, places.store)


def describe_farm_work(plane: ProjectDataPlane) -> str:
    """What a farm did, in words; "" without one."""
    return "" if isinstance(plane, LocalDataPlane) else str(plane.tally)

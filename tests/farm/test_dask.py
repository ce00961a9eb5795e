"""A farm on a dask scheduler: over TLS, and never without."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from farm_samples import make_sketches

from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.farm.dask_queue import DaskQueue, make_security, serve_dask
from hailuo_batch.farm.plane import FarmDataPlane
from hailuo_batch.store.exchange import Exchange

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.filterwarnings("default")  # the library's own


@pytest.fixture
def certificates(tmp_path: Path) -> Any:
    """Certificates for all roles, as dask's own settings name them."""
    from dask import config
    from distributed.security import Security

    made = Security.temporary()
    files = {name: tmp_path / name for name in ("tls_ca_file", "tls_client_cert", "tls_client_key")}
    for name, file in files.items():
        file.write_text(getattr(made, name))
    mine = {"cert": str(files["tls_client_cert"]), "key": str(files["tls_client_key"])}
    roles = {f"distributed.comm.tls.{role}": mine for role in ("client", "worker", "scheduler")}
    with config.set({"distributed.comm.tls.ca-file": str(files["tls_ca_file"]), **roles}):
        yield made


@pytest_asyncio.fixture
async def scheduler(certificates: Any) -> AsyncIterator[str]:
    del certificates
    from distributed import Scheduler

    security = make_security()
    async with Scheduler(host="127.0.0.1", protocol="tls", security=security, dashboard=False, port=0) as found:
        yield str(found.address)


async def draw(address: str, folder: Path, name: str) -> tuple[bytes, str]:
    """A sketch as a cluster drew it, and who did."""
    (folder / "shared").mkdir(exist_ok=True)
    shared, target = (folder / "shared").as_uri(), folder / name
    async with LocalDataPlane(workers=1) as local, DaskQueue(address, shared) as queue:
        plane = FarmDataPlane(local, queue, Exchange(shared))
        assert await plane.draw(make_sketches(1)[0], target) is None
    return target.read_bytes(), str(plane.tally)


async def test_a_cluster_draws_the_same_bytes_and_without_a_worker_this_machine_does(scheduler: str, tmp_path: Path):
    alone, words = await draw(scheduler, tmp_path, "alone.mp4")
    assert words == "done by the farm: 0, 1 on this machine (no worker of this version was there)"
    stop = asyncio.Event()
    serving = asyncio.create_task(serve_dask(scheduler, at_once=1, stop=stop))
    try:
        while not (found := await draw(scheduler, tmp_path, "farm.mp4"))[1].endswith("farm: 1"):
            await asyncio.sleep(0.1)  # until the worker is known
    finally:
        stop.set()
        await serving
    assert found[0] == alone


@pytest.mark.parametrize("address", ["tcp://10.0.0.1:8786", "10.0.0.1:8786", ""])
async def test_a_plain_scheduler_is_refused(address: str, tmp_path: Path):
    with pytest.raises(RefusedError, match="without TLS") as refused:
        DaskQueue(address, tmp_path.as_uri())
    assert "tls://" in refused.value.remedy
    with pytest.raises(RefusedError, match="without TLS"):
        await serve_dask(address, at_once=1, stop=asyncio.Event())


def test_without_certificates_it_says_how_to_name_them():
    with pytest.raises(InputError) as refused:
        make_security()
    assert re.search(r"DASK_DISTRIBUTED__COMM__TLS__CA_FILE", refused.value.remedy)

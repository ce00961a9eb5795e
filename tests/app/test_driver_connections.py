"""Which gateways' submits may use a connection that was used before."""

from pathlib import Path

from hailuo_batch.app.running.drivers import DriverContext, open_drivers
from hailuo_batch.app.running.options import Rehearsal
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.drivers.http import HttpDriver
from hailuo_batch.drivers.kept_connections import KeptConnector
from hailuo_batch.load.provider_tables import read_provider
from hailuo_batch.load.settings import read_project
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.local import LocalStore


async def test_only_a_gateway_whose_settings_say_so_keeps_the_connections_of_its_submits(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\nlimits: {minimax: {keep_connections: true}}\n")
    context = DriverContext(
        project=read_project(tmp_path),
        data_plane=LocalDataPlane(workers=1),
        store=LocalStore(tmp_path / "store"),
        stop=Stop(),
        rehearsal=Rehearsal(speed=100.0, sketches=False),
    )
    async with open_drivers([read_provider("minimax"), read_provider("vtrix")], context) as drivers:
        keeps = {
            name: isinstance(driver._transport._paying.connector, KeptConnector)
            for name, driver in drivers.items()
            if isinstance(driver, HttpDriver)
        }
    assert keeps == {"minimax": True, "vtrix": False}

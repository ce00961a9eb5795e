"""A farm on a real PostgreSQL: real workers that are killed and stopped, and the same bytes as on one machine."""

import asyncio
import hashlib
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from farm_samples import STALE, WorkerProcess, make_sketches
from moving_samples import ASSETS, FILMS, write_film
from postgres_fixtures import OWNER, WORKER, PostgresServer, postgres, postgres_database  # noqa: F401 - fixtures

from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.measures import ClipMeasures, GivenImage
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.core.sketch import Sketch
from hailuo_batch.drivers.data_plane import LocalDataPlane
from hailuo_batch.farm.plane import FarmDataPlane
from hailuo_batch.farm.queue import DatabaseQueue
from hailuo_batch.farm.tables import SCHEMA, apply_farm_schema
from hailuo_batch.runner.shutdown import Signal
from hailuo_batch.store.exchange import Exchange

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the farm's database needs a loop with descriptors")
DAWN = ASSETS / "dawn.webp"


class Farm:
    """A database with the farm's tables, a shared folder and workers."""

    def __init__(self, server: PostgresServer, database: str, shared: Path) -> None:
        self._server, self._database, self.shared = server, database, shared.as_uri()
        with server.connect(database) as connection:
            for _ in range(2):  # `ledger init` may be called again
                apply_farm_schema(connection)
        self.workers: list[WorkerProcess] = []

    def start_workers(self, count: int) -> None:
        """Starts workers, and returns when they take jobs."""
        self.workers += [WorkerProcess(self._server.url(self._database, WORKER), self.shared) for _ in range(count)]
        for worker in self.workers:
            worker.wait_until_ready()

    def open_queue(self) -> DatabaseQueue:
        """The queue, for a run."""
        return DatabaseQueue(self._server.url(self._database), stale=STALE)

    def count(self, what: str) -> int:
        """How many rows there are."""
        with self._server.connect(self._database) as connection:
            return int(connection.execute(f"SELECT count(*) FROM {SCHEMA}.{what}").fetchone()[0])  # noqa: S608


@pytest.fixture
def farm(postgres: PostgresServer, postgres_database: str, tmp_path: Path) -> Iterator[Farm]:  # noqa: F811
    (tmp_path / "shared").mkdir()
    found = Farm(postgres, postgres_database, tmp_path / "shared")
    yield found
    for worker in found.workers:
        worker.end()


def hash_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def draw_here(sketches: list[Sketch], folder: Path) -> list[str]:
    """The digests of sketches that this machine drew."""
    async with LocalDataPlane(workers=2) as plane:
        files = [folder / f"here-{place}.mp4" for place in range(len(sketches))]
        assert not any(await asyncio.gather(*map(plane.draw, sketches, files)))
    return list(map(hash_file, files))


async def draw_at(farm: Farm, sketches: list[Sketch], folder: Path, name: str = "farm") -> tuple[list[str], str]:
    """The digests of sketches that a farm drew, and who drew how many."""
    async with LocalDataPlane(workers=1) as local, farm.open_queue() as queue:
        plane = FarmDataPlane(local, queue, Exchange(farm.shared))
        files = [folder / f"{name}-{place}.mp4" for place in range(len(sketches))]
        assert not any(await asyncio.gather(*map(plane.draw, sketches, files)))
    return list(map(hash_file, files)), str(plane.tally)


async def test_a_worker_killed_and_a_worker_stopped_lose_no_sketch_and_change_no_byte(farm: Farm, tmp_path: Path):
    sketches = make_sketches(24, DAWN)
    farm.start_workers(4)

    async def disturb() -> None:
        """Kills one and stops one, as soon as each of the four has a job."""
        while farm.count("procrastinate_jobs WHERE status = 'doing'") < 4:
            await asyncio.sleep(0.02)
        farm.workers[0].send(signal.SIGKILL)
        farm.workers[1].send(signal.SIGSTOP)

    (drawn, words), _ = await asyncio.gather(draw_at(farm, sketches, tmp_path), disturb())
    assert drawn == await draw_here(sketches, tmp_path)
    assert words == "done by the farm: 24"
    assert farm.count("procrastinate_jobs") == 0


async def test_what_is_found_by_its_key_is_not_drawn_again_and_damage_is(farm: Farm, tmp_path: Path):
    sketches = make_sketches(2)
    farm.start_workers(1)
    first, _ = await draw_at(farm, sketches, tmp_path)
    farm.workers.pop().end()
    again, words = await draw_at(farm, sketches, tmp_path, "again")  # without a worker: it is there
    assert (again, words) == (first, "done by the farm: 2")
    (file,) = (each for each in Path(farm.shared.removeprefix("file://")).rglob(first[0]))
    file.write_bytes(b"x" + file.read_bytes()[1:])
    mended, words = await draw_at(farm, sketches, tmp_path, "mended")
    assert (mended, words) == (first, "done by the farm: 1, 1 on this machine (no worker of this version was there)")


async def test_without_a_worker_this_machine_draws_at_once(farm: Farm, tmp_path: Path):
    drawn, words = await draw_at(farm, make_sketches(1), tmp_path)
    assert (len(drawn), words) == (1, "done by the farm: 0, 1 on this machine (no worker of this version was there)")
    assert farm.count("procrastinate_jobs") == 0


async def test_a_stopped_run_waits_for_nobody_and_takes_back_what_nobody_began(farm: Farm, tmp_path: Path):
    farm.start_workers(1)
    farm.workers[0].send(signal.SIGSTOP)
    leave = Signal()
    async with LocalDataPlane(workers=1) as local, farm.open_queue() as queue:
        plane = FarmDataPlane(local, queue, Exchange(farm.shared), leave=leave)
        draws = [asyncio.create_task(plane.draw(each, tmp_path / "never.mp4")) for each in make_sketches(3)]
        while farm.count("procrastinate_jobs") < 3:
            await asyncio.sleep(0.02)
        leave.trigger()
        failures = await asyncio.gather(*draws)
    assert {failure and failure.kind for failure in failures} == {FailureKind.STOPPED}
    assert farm.count("procrastinate_jobs") == 0
    assert not (tmp_path / "never.mp4").exists()


async def test_a_database_that_is_away_costs_the_farm_and_no_sketch(tmp_path: Path):
    (tmp_path / "shared").mkdir()
    async with LocalDataPlane(workers=1) as local, DatabaseQueue("postgresql://x@127.0.0.1:1/x") as queue:
        plane = FarmDataPlane(local, queue, Exchange((tmp_path / "shared").as_uri()))
        assert await plane.draw(make_sketches(1)[0], tmp_path / "one.mp4") is None
    assert "1 on this machine (the farm's database cannot be used" in str(plane.tally)


async def test_an_image_that_cannot_be_drawn_has_the_words_of_this_machine(farm: Farm, tmp_path: Path):
    farm.start_workers(1)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    sketch = make_sketches(2, tmp_path / "broken.png")[1]
    async with LocalDataPlane(workers=1) as local, farm.open_queue() as queue:
        found = await FarmDataPlane(local, queue, Exchange(farm.shared)).draw(sketch, tmp_path / "one.mp4")
        assert found is not None
        assert found == await local.draw(sketch, tmp_path / "one.mp4")
        assert str(tmp_path / "broken.png") in found.why


async def test_measures_stills_and_checks_are_those_of_this_machine(farm: Farm, tmp_path: Path):
    farm.start_workers(1)
    clip = write_film(tmp_path / "film.mp4", FILMS["slow push in of 5 %"], frames=24)
    given = [
        GivenImage(role="first", digest=f"sha256:{hash_file(DAWN)}", path=str(DAWN)),
        GivenImage(role="last", digest=f"sha256:{hash_file(clip)}", path=str(clip), frame="last"),
    ]
    found = list[tuple[object, list[str], str]]()
    (tmp_path / "damaged.mp4").write_bytes(clip.read_bytes()[:-4000])
    async with LocalDataPlane(workers=1) as local, farm.open_queue() as queue:
        plane = FarmDataPlane(local, queue, Exchange(farm.shared))
        for name, each in (("local", local), ("farm", plane)):
            (tmp_path / name).mkdir()
            stills = {at: tmp_path / name / f"still{at}.jpg" for at in StillAt}
            measures = await each.measure(clip, given, stills)
            assert isinstance(measures, ClipMeasures)
            assert await each.check(clip) == ""
            found.append((measures, list(map(hash_file, stills.values())), await each.check(tmp_path / "damaged.mp4")))
    assert found[0] == found[1]
    assert found[0][2] != ""
    assert (plane.tally.farmed, plane.tally.here) == (2, 1)  # bad news are found again here, in this machine's words


async def test_tables_of_another_version_are_made_anew_and_without_any_this_machine_draws(
    farm: Farm,
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    tmp_path: Path,
):
    with postgres.connect(postgres_database, OWNER) as owner:
        owner.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        _, words = await draw_at(farm, make_sketches(1), tmp_path)
        assert "1 on this machine (the database has no tables of a farm, or older ones" in words
        owner.execute(f"CREATE SCHEMA {SCHEMA}")  # as of a version that made something else
        apply_farm_schema(owner)
    assert farm.count("procrastinate_jobs") == farm.count("workers") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM hailuo.attempts",
        "SELECT * FROM hailuo.events",
        "SELECT * FROM hailuo.holders",
        "INSERT INTO hailuo.attempts DEFAULT VALUES",
        "SELECT hailuo.write_batch(1, 1, '[]')",
        "SELECT hailuo.enter_holder('{}')",
        "SELECT hailuo.register_caps(1, '[]')",
        "CREATE TABLE hailuo_farm.mine (id int)",
        "SET ROLE hailuo_run",
    ],
)
def test_a_worker_can_neither_intend_nor_read_a_ledger(
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    statement: str,
):
    from psycopg.errors import InsufficientPrivilege

    with postgres.connect(postgres_database, OWNER) as owner:
        apply_farm_schema(owner)
    with postgres.connect(postgres_database, WORKER) as connection:
        assert connection.execute("SELECT count(*) FROM hailuo_farm.procrastinate_jobs").fetchone() == (0,)
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)

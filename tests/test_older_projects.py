"""Projects that earlier versions wrote: an upgrade bills nothing, and reads everything."""

import tarfile
from decimal import Decimal
from pathlib import Path

import pytest

from hailuo_batch.app.costs import audit, costs
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.run import run
from hailuo_batch.app.verify import verify
from hailuo_batch.core.spending.costs import CostColumn
from hailuo_batch.core.world import World

ARCHIVES = sorted((Path(__file__).parent / "fixtures").glob("*.tar.gz"))


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.partition(".")[0])
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The unpacked project of one version."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


async def test_an_older_project_has_nothing_to_do(older: Path) -> None:
    bought = await plan(older / "film.yaml", full_report=True)
    drawn = await plan(older / "tiny.yaml", world=World.SKETCH, full_report=True)
    assert (bought.pending_steps, bought.unnamed_steps, bought.report.to_spend) == ((), (), ())
    assert (bought.report.takes, bought.report.clips, bought.report.accepted) == (5, 3, 1)
    assert (drawn.pending_steps, drawn.unnamed_steps) == ((), ())


async def test_a_run_of_an_older_project_leaves_its_lock_byte_for_byte(older: Path) -> None:
    lock = (older / "film.lock.yaml").read_bytes()
    ran = await run(older / "film.yaml")
    assert (ran.outcome.stored, ran.exit, ran.lock) == (0, 0, None)
    assert (older / "film.lock.yaml").read_bytes() == lock


async def test_the_books_of_an_older_project_are_in_order(older: Path) -> None:
    booked = await audit(older, deep=True)
    assert (booked.findings, booked.purchases, booked.clips, booked.sketches) == ((), 3, 3, 1)
    (spent,) = (await costs(older)).rows
    assert (spent.group, spent.currency, spent.amount(CostColumn.SPENT)) == ("minimax", "USD", Decimal("0.84"))
    assert (await verify(older / "film.yaml")).findings == ()

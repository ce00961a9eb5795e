"""Prices that gateways name themselves, over real loopback HTTP: what counts, what is shown, and when submits end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from rehearsal import SPEED, Studio

from hailuo_batch.app.costs import costs
from hailuo_batch.app.inspect import show
from hailuo_batch.core.spending.costs import CostColumn
from hailuo_batch.core.world import World
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP

Open = Callable[[], AbstractAsyncContextManager[Studio]]


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Studio]:
        async with Mock(parse_script({}), speed=SPEED, clip=CLIP) as mock:
            found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
            found.write(
                "version: 1\ncampaign: film\nproviders: [mindvideo]\n"
                "defaults: {duration: short, resolution: 768p}\nshots:\n  - {id: open, prompt: a bottle in mist}\n"
            )
            yield found

    return opened


async def test_the_price_that_a_gateway_names_is_durable_and_shown(studio: Open) -> None:
    async with studio() as found:
        assert (await found.run()).exit == 0
        shown = await show(found.folder / "film.yaml", "open", world=World.REHEARSAL)
        (row,) = (await costs(found.folder, world=World.REHEARSAL)).rows
    (attempt,) = shown.attempts
    assert (attempt.estimate, str(attempt.quote), str(shown.rows[0].quote)) == (None, *["0.225 mindvideo-units"] * 2)
    assert str(row.amount(CostColumn.QUOTE)) == "0.225"

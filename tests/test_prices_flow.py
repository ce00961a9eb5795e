"""Prices that gateways name themselves, over real loopback HTTP: what counts, what is shown, and when submits end."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from rehearsal import SPEED, Studio

from hailuo_batch.app.costs import costs
from hailuo_batch.app.inspect import show
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import PriceOrigin
from hailuo_batch.core.plan.plan import Action
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


def write_prices(user_state: Path, *rows: str) -> None:
    user_state.mkdir(parents=True, exist_ok=True)
    lines = "".join(f"  - {{provider: mindvideo, resolution: 768p, {row}}}\n" for row in rows)
    (user_state / "prices.yaml").write_text(f"version: 1\nprices:\n{lines}")


async def test_a_quote_above_the_users_own_price_ends_submits_under_a_cap(studio: Open, user_state: Path) -> None:
    """The mock charges 0.225 for 5 s, where the user wrote 0.10: without the quotes, all four takes would fit."""
    write_prices(user_state, "duration: 5, amount: 0.1, currency: mindvideo-units, since: 2026-01-01")
    async with studio() as found:
        shots = "\n".join(f"  - {{id: s{number}, prompt: a bottle in mist {number}}}" for number in range(4))
        found.write(
            "version: 1\ncampaign: film\nproviders: [mindvideo]\nbudget: {max: 0.55, currency: mindvideo-units}\n"
            f"defaults: {{duration: short, resolution: 768p}}\nshots:\n{shots}\n"
        )
        ran = await found.run(jobs=1)
        charged = sum(charge.amount for charge in found.mock.charges)
        after = await plan(found.folder / "film.yaml", world=World.REHEARSAL)
        recorded = found.rows("SELECT estimate_amount, quote_amount FROM attempts ORDER BY id")
    assert (ran.exit, ran.outcome.stored) == (5, 2)
    assert float(charged) == 0.45
    assert recorded == [("0.1", "0.225"), ("0.225", "0.225")]  # the second is expected at the price of the first
    ((step, words),) = ((step, words) for step, words in ran.outcome.remarks if "price" in words)
    assert words == "mindvideo names a price of 0.225 mindvideo-units, and the price list has 0.10 mindvideo-units"
    assert step.take_names[0].label == "s0#1"
    assert {failure.kind for _, failure in ran.outcome.failed} == {FailureKind.OVER_CAP}
    # What the gateway named, and then charged, counts in the next run too; a price changes no fingerprint.
    assert [str(each.left) for each in after.report.caps_left] == ["0.100 MINDVIDEO-UNITS"]
    assert after.report.counts[Action.REUSE] == 2
    (used,) = after.report.prices
    assert (used.row.origin, used.row.read, used.instead_of) == (PriceOrigin.USER, "2026-01-01", None)


async def test_a_price_that_is_changed_renders_nothing_again_and_a_broken_file_is_reported(
    studio: Open, user_state: Path
) -> None:
    async with studio() as found:
        await found.run()
        write_prices(user_state, "duration: 5, amount: 0.1, currency: USD, since: 2026-01-01")
        assert (await plan(found.folder / "film.yaml", world=World.REHEARSAL)).pending_steps == ()
        write_prices(user_state, "duration: 5, amount: 0, currency: USD, since: 2026-01-01")
        with pytest.raises(ManifestError) as wrong:
            await plan(found.folder / "film.yaml", world=World.REHEARSAL)
    (problem,) = wrong.value.problems
    assert problem.place is not None
    assert (problem.place.file, problem.place.line) == (str(user_state / "prices.yaml"), 3)

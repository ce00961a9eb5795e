"""The whole program on a shared ledger whose lines are cut in the middle of submits, while runs are killed."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from forking import Fork, Forks
from line_proxy import LineProxy
from postgres_fixtures import PostgresServer, postgres, postgres_database  # noqa: F401 - fixtures
from rehearsal import nth
from team_desks import PROMPTS, Desk, charged, mock, others, own_state  # noqa: F401 - fixtures

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage
from hailuo_batch.errors import Exit
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def lines(postgres: PostgresServer) -> Iterator[list[LineProxy]]:  # noqa: F811
    with ExitStack() as stack:
        yield [stack.enter_context(LineProxy(postgres.port)) for _ in range(2)]


def url_of(line: LineProxy, database: str) -> str:
    return f"postgresql://producer@127.0.0.1:{line.port}/{database}"


@pytest.mark.parametrize("how", ["cut", "reset", "its answer lost"])
async def test_a_line_that_is_cut_in_every_submit_leaves_no_doubt(
    how: str,
    tmp_path: Path,
    forks: Forks,
    lines: list[LineProxy],
    mock: Mock,  # noqa: F811
    postgres_database: str,  # noqa: F811
) -> None:
    desk = Desk.make(tmp_path / "one", forks, mock.base_url, url_of(lines[0], postgres_database))

    def disturb(moment: HookEvent) -> None:
        if (moment.kind, moment.call) == ("charged", "submit"):
            if how == "its answer lost":
                lines[0].lose_answer()
            else:
                lines[0].cut(reset=how == "reset")

    mock.listeners.append(disturb)
    assert await desk.run() == Exit.DONE
    assert charged(mock) == Counter(PROMPTS)
    assert await desk.stages() == {Stage.STORED: len(PROMPTS)}
    assert lines[0].lines > 2


async def test_runs_that_are_killed_and_cut_off_together_buy_nothing_twice_and_lose_nothing(
    tmp_path: Path,
    forks: Forks,
    others: Forks,  # noqa: F811
    lines: list[LineProxy],
    mock: Mock,  # noqa: F811
    postgres_database: str,  # noqa: F811
) -> None:
    desks = [
        Desk.make(tmp_path / name, each, mock.base_url, url_of(line, postgres_database))
        for name, each, line in zip(("one", "two"), (forks, others), lines, strict=True)
    ]
    for number in range(1, 4):
        running: list[Fork] = []
        is_now = nth(number, "charged", "submit")

        def disturb(moment: HookEvent, is_now=is_now, running=running, line=lines[number % 2]) -> None:
            if is_now(moment) and running:
                line.cut()
                running.pop().kill()

        mock.listeners[:] = [disturb]
        first = asyncio.ensure_future(desks[0].run(running.append))
        await asyncio.sleep(0)
        await desks[1].run()
        await first
    mock.listeners.clear()
    for desk in desks:
        await desk.run()
    assert set(charged(mock).values()) <= {1}
    stages = await desks[0].stages()
    assert sum(stages[stage] for stage in LIVE_STAGES) == len(PROMPTS), stages
    assert set(stages) <= {Stage.STORED, Stage.IN_DOUBT, Stage.FAILED, Stage.CANCELLED}

"""Two checkouts that share a ledger in PostgreSQL, each with its own folder and user; both buy from one mock."""

import asyncio
import shutil
from collections import Counter
from pathlib import Path

import pytest
from forking import KILLED, Fork, Forks
from postgres_fixtures import PostgresServer, postgres, postgres_database, postgres_url  # noqa: F401 - fixtures
from rehearsal import nth
from team_desks import PROMPTS, Desk, charged, mock, others, own_state  # noqa: F401 - fixtures

from hailuo_batch.app.gc import collect_garbage
from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.recovery.repair import repair_ledger
from hailuo_batch.app.resolve import list_open_attempts
from hailuo_batch.app.workspace import shared_content
from hailuo_batch.app.workspace.shared_content import read_shared_content
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.errors import Exit, RefusedError
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_two_desks_that_run_at_once_buy_each_take_once(
    tmp_path: Path,
    forks: Forks,
    others: Forks,  # noqa: F811
    mock: Mock,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    one = Desk.make(tmp_path / "one", forks, mock.base_url, postgres_url)
    two = Desk.make(tmp_path / "two", others, mock.base_url, postgres_url)
    first = asyncio.ensure_future(one.run())
    await asyncio.sleep(0)
    codes = [await two.run(), await first]
    assert charged(mock) == Counter(PROMPTS), codes
    assert await one.stages() == {Stage.STORED: len(PROMPTS)}
    reasons = [Counter(step.why for step in (await desk.plan()).plan.steps) for desk in (one, two)]
    assert sum(each[StepReason.STORED] for each in reasons) == len(PROMPTS), reasons
    assert sum(each[StepReason.STORED_ELSEWHERE] for each in reasons) == len(PROMPTS), reasons
    assert await one.run() in {Exit.DONE, Exit.NEEDS_PERSON}
    assert charged(mock) == Counter(PROMPTS)


async def test_a_killed_run_leaves_a_doubt_that_the_other_desk_shows_and_never_sends(
    tmp_path: Path,
    forks: Forks,
    others: Forks,  # noqa: F811
    mock: Mock,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    one = Desk.make(tmp_path / "one", forks, mock.base_url, postgres_url)
    two = Desk.make(tmp_path / "two", others, mock.base_url, postgres_url)
    running: list[Fork] = []
    is_now = nth(3, "charged", "submit")

    def kill(moment: HookEvent) -> None:
        if running and is_now(moment):
            running.pop().kill()

    mock.listeners.append(kill)
    assert await one.run(running.append) == KILLED
    mock.listeners.clear()
    before = charged(mock)
    doubts = [step for step in (await two.plan()).plan.steps if step.why is StepReason.IN_DOUBT]
    assert doubts, "what was being sent is in doubt, before anybody writes"
    assert await two.run() == Exit.NEEDS_PERSON
    assert all(count == 1 for count in charged(mock).values())
    assert not {step.request.prompt for step in doubts if step.request} & (charged(mock) - before).keys()
    assert (await two.stages())[Stage.IN_DOUBT] == len(doubts)
    found = await list_open_attempts(two.folder / "film.yaml", folder=two.folder)
    assert {each.attempt for each in found.in_doubt} == {step.standing.attempt for step in doubts if step.standing}


async def test_a_finished_film_is_known_by_one_question_until_anybody_writes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forks: Forks,
    others: Forks,  # noqa: F811
    mock: Mock,  # noqa: F811
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    one = Desk.make(tmp_path / "one", forks, mock.base_url, postgres_url)
    assert await one.run() == Exit.DONE
    await one.plan()
    asked: list[str] = []

    def read(url: str) -> str:
        asked.append(url)
        return read_shared_content(url)

    monkeypatch.setattr(shared_content, "read_shared_content", read)
    summary = read_cached_summary(one.folder / "film.yaml")
    assert (summary and summary["takes"], len(asked)) == (len(PROMPTS), 1)
    with postgres.connect(postgres_database) as connection:
        connection.execute("SELECT nextval('hailuo.name_changes')")
    assert read_cached_summary(one.folder / "film.yaml") is None
    await one.plan()
    assert read_cached_summary(one.folder / "film.yaml") is not None
    postgres.drop_database(postgres_database)
    assert read_cached_summary(one.folder / "film.yaml") is None, "the long way says why"


async def test_gc_leaves_what_only_this_machine_has_to_the_others(
    tmp_path: Path,
    forks: Forks,
    mock: Mock,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    one = Desk.make(tmp_path / "one", forks, mock.base_url, postgres_url)
    assert await one.run() == Exit.DONE
    for each in one.folder.iterdir():
        if each.name != "hailuo.yaml" and each.is_file():
            each.unlink()  # nothing here names a clip any more: another machine's manifest may
    shutil.rmtree(one.folder / "renders")
    found = await collect_garbage(one.folder, days=0, remove=True)
    assert found.clips == ()
    assert await one.stages() == {Stage.STORED: len(PROMPTS)}
    with pytest.raises(RefusedError, match="not mended"):
        await repair_ledger(one.folder)

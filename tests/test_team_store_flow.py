"""Two desks that share a ledger and a store: one buys, the other has the clip, also where it is owed for a while."""

from collections import Counter
from pathlib import Path

import pytest
from forking import Forks
from postgres_fixtures import postgres, postgres_database, postgres_url  # noqa: F401 - fixtures
from team_desks import PROMPTS, Desk, charged, mock, others, own_state  # noqa: F401 - fixtures

from hailuo_batch.app.gc import collect_garbage
from hailuo_batch.app.running.shared_store import owed_note
from hailuo_batch.app.sharing import push_clips
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.errors import Exit
from hailuo_batch.mock.server import Mock

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_clip_that_one_desk_owes_is_waited_for_by_the_other_and_never_bought_again(
    tmp_path: Path,
    forks: Forks,
    others: Forks,  # noqa: F811
    mock: Mock,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    nas = tmp_path / "nas"
    store = f"store: file://{nas}\n"
    one = Desk.make(tmp_path / "one", forks, mock.base_url, postgres_url, store)
    two = Desk.make(tmp_path / "two", others, mock.base_url, postgres_url, store)
    assert await one.run() == Exit.DONE  # the folder is not mounted
    assert f"{len(PROMPTS)} clips are kept on this machine and owed to" in owed_note(Workspace(one.folder))[0]
    waiting = (await two.plan()).plan.steps
    assert {step.why for step in waiting} == {StepReason.STORED_ELSEWHERE}
    assert "has its clip, which is not in this store" in describe_reason(waiting[0])
    assert await two.run() == Exit.NEEDS_PERSON
    nas.mkdir()
    one.sit()
    assert (await push_clips(one.folder)).copied == len(PROMPTS)
    assert {step.why for step in (await two.plan()).plan.steps} == {StepReason.STORED}
    assert await two.run() == Exit.DONE
    assert len(list((two.folder / "renders").glob("*.mp4"))) == len(PROMPTS)
    assert charged(mock) == Counter(PROMPTS)
    # What one desk clears is still bought, for both.
    one.sit()
    (one.folder / "film.lock.yaml").unlink()
    (one.folder / "film.yaml").unlink()
    for file in (one.folder / "renders").glob("*.*"):
        file.unlink()
    cleared = await collect_garbage(one.folder, days=0, remove=True)
    assert (len(cleared.clips), cleared.shared_clips) == (len(PROMPTS), len(PROMPTS))
    assert await two.stages() == {Stage.STORED: len(PROMPTS)}
    assert {step.why for step in (await two.plan()).plan.steps} == {StepReason.STORED}

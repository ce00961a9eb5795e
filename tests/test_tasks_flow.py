"""A run is killed, and only what git tracks comes to a fresh folder: what was begun is followed there, and not bought.

A submit whose answer had not been written down when the run died is known to nobody but the provider. Here each kill
comes when every charged task was polled once: a task that was polled is in the tasks file.
"""

import shutil
import sys
from collections import Counter
from pathlib import Path

import pytest
from crashing import ENVIRONMENT, Film, new_mock
from forking import KILLED, NEW_LEDGER, Forks

from hailuo_batch.app.costs import audit
from hailuo_batch.app.fetch import list_pending_tasks
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.run import run
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.plan.task_entries import TaskEntry
from hailuo_batch.errors import LedgerError
from hailuo_batch.load.tasks_file import append_tasks, read_tasks
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
    pytest.mark.asyncio(loop_scope="session"),  # in which the server of the forks lives
]
TRACKED = ("hailuo.yaml", "film.yaml", "film.lock.yaml", "film.tasks.yaml")


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


class AllPolled:
    """Whether every task that the mock has charged, `least` of them or more, was polled."""

    def __init__(self, mock: Mock, least: int) -> None:
        self.mock, self.least = mock, least
        self.polled: set[str] = set()

    def __call__(self, event: HookEvent) -> bool:
        if event.call != "poll" or event.kind != "received":
            return False
        self.polled.add(event.task)
        charged = {charge.task for charge in self.mock.charges}
        return len(charged) >= self.least and charged <= self.polled


def check_out(film: Film, folder: Path) -> Film:
    """A fresh checkout of the film: only what git tracks."""
    folder.mkdir()
    for name in TRACKED:
        if (film.folder / name).exists():
            shutil.copyfile(film.folder / name, folder / name)
    return Film(folder=folder, forks=film.forks, mock=film.mock, prompts=film.prompts)


async def killed(film: Film, least: int) -> None:
    assert film.mock is not None
    assert await film.run_until(AllPolled(film.mock, least)) == KILLED, "the moment never came"


@pytest.mark.parametrize(("gateway", "least"), [("minimax", 4), ("minimax", 5), ("mindvideo", 4), ("vtrix", 4)])
async def test_a_fresh_checkout_follows_what_a_killed_run_began(gateway: str, least: int, tmp_path: Path, forks: Forks):
    async with new_mock() as mock:
        film = Film.begun(tmp_path / "first", forks, mock, gateway)
        await killed(film, least)
        charged = {charge.task for charge in mock.charges}
        assert {entry.task for entry in read_tasks(film.folder / "film.tasks.yaml")} <= charged
        second = check_out(film, tmp_path / "second")
        await second.assert_kept()
        assert len(mock.charges) == sum(film.prompts.values())
        assert not (second.folder / "film.tasks.yaml").exists()
        remarked = [each.why for each in (await audit(second.folder)).remarks]
        assert set(remarked) == {"known from film.tasks.yaml"}


async def test_a_checkout_of_a_checkout_that_was_killed_too_buys_nothing_again(tmp_path: Path, forks: Forks):
    async with new_mock() as mock:
        film = Film.begun(tmp_path / "0", forks, mock, "minimax")
        await killed(film, 4)
        for number in range(1, 3):
            film = check_out(film, tmp_path / str(number))
            await killed(film, 4)
        film = check_out(film, tmp_path / "last")
        await film.assert_kept()
        assert Counter(charge.prompt for charge in mock.charges) == film.prompts


async def test_plan_shows_what_would_be_followed_and_fetch_finds_its_manifest(tmp_path: Path, forks: Forks):
    async with new_mock() as mock:
        film = Film.begun(tmp_path / "first", forks, mock, "minimax")
        await killed(film, 4)
        second = check_out(film, tmp_path / "second")
        file = second.folder / "film.yaml"
        planned = await plan(file)
        entries = read_tasks(second.folder / "film.tasks.yaml")
        followed = [step for step in planned.plan.steps if step.why is StepReason.TASK_KNOWN]
        assert {step.known_task.task for step in followed if step.known_task} == {entry.task for entry in entries}
        rows = [row for row in planned.report.rows if row.task]
        assert {(row.why, row.provider) for row in rows} == {(f"{StepReason.TASK_KNOWN} (film.tasks.yaml)", "minimax")}
        assert (await list_pending_tasks(second.folder)).manifests == (file,)


@pytest.mark.parametrize("gateway", ["minimax", "mindvideo"])  # one has the id in its query, one in its path
async def test_a_task_that_the_account_does_not_have_is_neither_bought_nor_forgotten(
    gateway: str, tmp_path: Path, forks: Forks
):
    async with new_mock() as mock:
        film = Film.begun(tmp_path / "first", forks, mock, gateway)
        first = (await plan(film.folder / "film.yaml")).plan.steps[0]
        invented = TaskEntry(
            shot="open", take=1, provider=gateway, task="../../v1/x?y=#z", fingerprint=first.fingerprint
        )
        append_tasks(film.folder / "film.tasks.yaml", [invented])
        with pytest.raises(LedgerError, match="the ledger is gone"):  # who wrote that may have bought more
            await run(film.folder / "film.yaml")
        (film.folder / NEW_LEDGER).touch()
        for _ in range(2):
            assert await film.run() == 8
        assert "a kite rises" not in {charge.prompt for charge in mock.charges}
        assert all("../" not in log.path.partition("?")[0] and "#" not in log.path for log in mock.log)
        assert invented in read_tasks(film.folder / "film.tasks.yaml")
        assert await film.stages() == ["submitted", "stored", "stored", "stored"]

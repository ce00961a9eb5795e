"""One take is bought once on a machine, wherever the project lies: worktrees, copies, restored and removed ledgers,
cleaned and fresh checkouts. What another machine or another user bought is not known, and that is said before spending.
"""

import asyncio
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from crashing import new_mock
from forking import KILLED, Fork, Forks

from hailuo_batch.app.costs import costs
from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.doctor_checks import CheckResult
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.recovery.repair import fork_ledger, repair_ledger
from hailuo_batch.app.run import run
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.plan.plan import ClipSource, StepReason
from hailuo_batch.core.plan.step_gateways import step_gateways
from hailuo_batch.errors import Exit, LedgerError
from hailuo_batch.ledger import move_over
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock

PROMPTS = ("a kite rises", "two boats race", "three hills at dusk", "four lamps")
FILM = (
    "version: 1\ncampaign: film\nproviders: [minimax]\ndefaults: {duration: short, resolution: 768p}\nshots:\n"
    + "".join(f"  - {{id: s{number}, prompt: {prompt}}}\n" for number, prompt in enumerate(PROMPTS, 1))
)
pytestmark = pytest.mark.asyncio(loop_scope="session")
needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@dataclass
class Studio:
    """One mock that everybody buys from; `project` is the first checkout."""

    mock: Mock
    forks: Forks
    project: Path

    async def run(self, folder: Path | None = None) -> int:
        """A run in a process of its own; its exit code."""
        return await self.forks.run(folder or self.project, self.mock.base_url)

    async def run_until(self, count: int, call: str = "submit") -> int:
        """A run that is killed when so many of a kind of call were answered."""
        forks: list[Fork] = []
        seen = 0

        def kill(moment: HookEvent) -> None:
            nonlocal seen
            seen += (moment.kind, moment.call) == ("answered", call)
            if forks and seen >= count:
                forks.pop().kill()

        self.mock.listeners.append(kill)
        try:
            return await self.forks.run(self.project, self.mock.base_url, begun=forks.append)
        finally:
            self.mock.listeners.remove(kill)

    def said(self, folder: Path | None = None) -> str:
        return ((folder or self.project) / "told").read_text()

    def bought(self) -> Counter[str]:
        return Counter(charge.prompt for charge in self.mock.charges)

    def assert_bought_once(self) -> None:
        assert self.bought() == Counter(PROMPTS)

    def ledger(self, folder: Path | None = None) -> Path:
        return Workspace(folder or self.project).ledger_file


@pytest_asyncio.fixture(loop_scope="session")
async def studio(tmp_path: Path, forks: Forks, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Studio]:
    monkeypatch.setenv("MINIMAX_API_KEY", "sk-never-to-be-shown")
    project = tmp_path / "project"
    project.mkdir()
    (project / "hailuo.yaml").write_text("version: 1\n")
    (project / "film.yaml").write_text(FILM)
    async with new_mock() as mock:
        yield Studio(mock=mock, forks=forks, project=project)


@pytest.fixture
def repository(studio: Studio) -> Path:
    git(studio.project, "init")
    git(studio.project, "add", "film.yaml", "hailuo.yaml")
    git(studio.project, "commit", "-m", "A film")
    return studio.project


async def check_all_there(folder: Path) -> None:
    planned = await plan(folder / "film.yaml")
    assert {step.why for step in planned.selected} <= {StepReason.STORED}


def read_copy(ledger: Path, to: Path) -> None:
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def put_back(copy: Path, ledger: Path) -> None:
    for name in (ledger.name, f"{ledger.name}-wal", f"{ledger.name}-shm"):
        ledger.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(copy, ledger)


@needs_git
async def test_worktrees_share_one_ledger_and_copy_each_others_clips(studio: Studio, repository: Path, tmp_path: Path):
    tree = tmp_path / "tree"
    git(repository, "worktree", "add", "-b", "other", str(tree))
    assert studio.ledger(tree) == studio.ledger() == repository / ".git" / "hailuo" / "ledger.db"
    assert await studio.run() == Exit.DONE
    planned = await plan(tree / "film.yaml")
    assert {step.source for step in planned.selected} == {ClipSource.OTHER_STORE}
    assert not any(step.is_resumed or step_gateways(step) for step in planned.selected), "no key is needed, or place"
    assert planned.report.kept == {ClipSource.OTHER_STORE: len(PROMPTS)}
    calls = len(studio.mock.log)
    assert await studio.run(tree) == Exit.DONE
    assert len(studio.mock.log) == calls
    studio.assert_bought_once()
    await check_all_there(tree)


@needs_git
async def test_two_worktrees_never_run_at_once(studio: Studio, repository: Path, tmp_path: Path):
    tree = tmp_path / "tree"
    git(repository, "worktree", "add", "-b", "other", str(tree))
    with Workspace(repository).hold_run_lock("run film.yaml"), pytest.raises(LedgerError, match="another run"):
        await run(tree / "film.yaml")
    assert studio.bought() == Counter()


@needs_git
@pytest.mark.parametrize("count", [1, 3])
async def test_a_clean_during_a_run_takes_no_purchase_away(studio: Studio, repository: Path, count: int):
    seen = 0

    def clean(moment: HookEvent) -> None:
        nonlocal seen
        seen += (moment.kind, moment.call) == ("answered", "submit")
        if seen == count:
            seen += 1
            git(repository, "clean", "-fdx")
            with pytest.raises(LedgerError, match="another run"), Workspace(repository).hold_run_lock("a second run"):
                pass

    studio.mock.listeners.append(clean)
    await studio.run()
    assert await studio.run() == Exit.DONE, studio.said()
    studio.assert_bought_once()
    await check_all_there(repository)


@needs_git
@pytest.mark.parametrize("below", ["campaigns/spring", "."])
async def test_an_older_ledger_moves_over_once(studio: Studio, below: str, monkeypatch: pytest.MonkeyPatch):
    assert await studio.run() == Exit.DONE
    older = studio.ledger()
    assert older == studio.project / ".hailuo" / "ledger.db"
    top = studio.project
    for _ in Path(below).parts:
        top = top.parent / "repository"
    git(studio.project.parent if below != "." else studio.project, "init")
    for fails in ("_copy", "sync_folder", "_mark_as_moved"):  # killed before, in and after the copy
        with monkeypatch.context() as patch:
            patch.setattr(move_over, fails, _die)
            with pytest.raises(KeyboardInterrupt):
                await repair_ledger(studio.project)
        await check_all_there(studio.project)
    assert (await repair_ledger(studio.project)).attempts == 0
    assert ".git" in studio.ledger().parts
    assert not move_over.is_ledger(older)
    with closing(sqlite3.connect(older)) as mark:  # an older version takes it for a ledger of a newer one
        assert mark.execute("PRAGMA user_version").fetchone()[0] > 1000
    await check_all_there(studio.project)
    assert await studio.run() == Exit.DONE
    studio.assert_bought_once()


def _die(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("age", [1, 2, 3, 4])
async def test_a_ledger_restored_from_a_copy_of_any_age_is_refused_until_it_is_repaired(
    studio: Studio, tmp_path: Path, age: int
):
    copy, seen = tmp_path / "copy.db", 0

    def keep(moment: HookEvent) -> None:
        nonlocal seen
        seen += (moment.kind, moment.call) == ("answered", "submit")
        if seen == age and not copy.exists():
            read_copy(studio.ledger(), copy)

    studio.mock.listeners.append(keep)
    assert await studio.run() == Exit.DONE
    put_back(copy, studio.ledger())
    for _ in range(2):
        with pytest.raises(LedgerError, match="older than the purchases") as refused:
            await run(studio.project / "film.yaml")
        assert "hailuo-batch ledger repair" in refused.value.remedy
    assert (await plan(studio.project / "film.yaml")).extra_problems != ()
    mended = await repair_ledger(studio.project)
    assert mended.attempts > 0
    assert await studio.run() == Exit.DONE
    studio.assert_bought_once()
    await check_all_there(studio.project)


@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize("ships_lock", [True, False])
async def test_a_fresh_checkout_follows_what_a_killed_run_began(studio: Studio, answers: int, ships_lock: bool):
    assert await studio.run_until(answers, "poll") == KILLED
    fresh = studio.project.with_name("fresh")
    fresh.mkdir()
    for name in ("hailuo.yaml", "film.yaml", *["film.lock.yaml"] * ships_lock):
        if (studio.project / name).exists():
            shutil.copy(studio.project / name, fresh)
    code = await studio.run(fresh)
    assert max(studio.bought().values()) == 1, studio.said(fresh)
    assert code in {Exit.DONE, Exit.NEEDS_PERSON}  # a submit without an answer is held here too


async def test_a_project_that_copied_all_its_clips_goes_on_buying(studio: Studio):
    """What it copied was bought by a ledger that is there: no other one is missing."""
    assert await studio.run() == Exit.DONE
    other = studio.project.with_name("other")
    other.mkdir()
    (other / "hailuo.yaml").write_text("version: 1\n")
    (other / "film.yaml").write_text(FILM)
    assert await studio.run(other) == Exit.DONE
    (other / "film.yaml").write_text(FILM + "  - {id: s5, prompt: five bells}\n")
    planned = await plan(other / "film.yaml")
    assert planned.lost_ledger is None
    checks = await doctor(other, offline=True)
    assert {check.result for check in checks if check.name == "ledger"} == {CheckResult.GOOD}
    assert (await costs(other)).problems == ()
    assert await studio.run(other) == Exit.DONE, studio.said(other)
    assert max(studio.bought().values()) == 1
    assert studio.bought()["five bells"] == 1


async def test_copies_of_a_whole_project_never_both_buy(studio: Studio):
    assert await studio.run_until(2, "poll") == KILLED
    copy = studio.project.with_name("copy")
    shutil.copytree(studio.project, copy)
    assert await studio.run(copy) != Exit.DONE
    assert "copy of another one" in studio.said(copy)
    assert await studio.run() in {Exit.DONE, Exit.NEEDS_PERSON}
    await fork_ledger(copy)
    (copy / "film.yaml").write_text(FILM + "  - {id: s5, prompt: five bells}\n")
    (studio.project / "film.yaml").write_text(FILM + "  - {id: s5, prompt: five bells}\n")
    await asyncio.gather(studio.run(copy))
    await studio.run()
    assert max(studio.bought().values()) == 1
    assert studio.bought()["five bells"] == 1


async def test_what_a_removed_checkout_bought_is_known(studio: Studio):
    assert await studio.run() == Exit.DONE
    shutil.copytree(studio.project / ".hailuo" / "store", studio.project.parent / "kept")
    shutil.rmtree(studio.project)
    fresh = studio.project.with_name("fresh")
    fresh.mkdir()
    (fresh / "hailuo.yaml").write_text("version: 1\n")
    (fresh / "film.yaml").write_text(FILM)
    assert await studio.run(fresh) == Exit.DONE, "the tasks are followed, and their clips come again"
    studio.assert_bought_once()


async def test_another_user_is_told_what_is_not_known_before_anything_is_spent(
    studio: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    assert await studio.run() == Exit.DONE
    theirs = studio.project.with_name("theirs")
    theirs.mkdir()
    for name in ("hailuo.yaml", "film.lock.yaml"):
        shutil.copy(studio.project / name, theirs)
    (theirs / "film.yaml").write_text(FILM + "  - {id: s5, prompt: five bells}\n")
    monkeypatch.setenv("HAILUO_STATE", str(tmp_path / "other user"))
    with pytest.raises(LedgerError, match="the ledger is gone") as refused:
        await run(theirs / "film.yaml")
    assert "no ledger of this machine bought" in refused.value.why
    assert refused.value.remedy.endswith("hailuo-batch run --new-ledger film.yaml")
    studio.assert_bought_once()


async def test_a_cache_of_ledger_journal_and_clips_carries_the_purchases_to_a_new_machine(
    studio: Studio, repository: Path, user_state: Path, tmp_path: Path
):
    """As docs/ci.md has it: a job that was killed has saved the three, and the next machine has a fresh checkout."""
    await studio.run_until(2)
    kept = {".git/hailuo": repository / ".git/hailuo", ".hailuo": repository / ".hailuo", "state": user_state}
    for name, folder in kept.items():
        shutil.copytree(folder, tmp_path / "cache" / name)
    git(tmp_path, "clone", "-q", str(repository), "fresh")
    shutil.rmtree(repository)
    shutil.rmtree(user_state)
    (tmp_path / "fresh").rename(repository)
    for name, folder in kept.items():
        shutil.copytree(tmp_path / "cache" / name, folder, dirs_exist_ok=True)
    code = await studio.run()
    assert max(studio.bought().values()) == 1
    assert code in {Exit.DONE, Exit.NEEDS_PERSON}, "a submit under way at the kill is in doubt"


@pytest.mark.parametrize("loss", ["removed", "damaged"])
async def test_without_the_journal_a_ledger_still_knows_its_own_purchases(studio: Studio, loss: str, user_state: Path):
    assert await studio.run() == Exit.DONE
    journal = user_state / "journal.db"
    if loss == "removed":
        journal.unlink()
    else:
        journal.write_bytes(b"x" * 4096)
    (studio.project / "film.yaml").write_text(FILM + "  - {id: s5, prompt: five bells}\n")
    code = await studio.run()
    assert (code == Exit.DONE) is (loss == "removed"), studio.said()
    assert max(studio.bought().values()) == 1
    assert studio.bought()["five bells"] == (loss == "removed")


async def test_two_checkouts_that_run_at_once_buy_each_take_once(studio: Studio, monkeypatch: pytest.MonkeyPatch):
    second = studio.project.with_name("second")
    shutil.copytree(studio.project, second)
    other = Forks({})
    async with other:
        codes = await asyncio.gather(studio.run(), other.run(second, studio.mock.base_url))
    studio.assert_bought_once()
    assert Exit.DONE in codes
    for folder in (studio.project, second):
        for _ in range(2):
            await studio.run(folder)
        await check_all_there(folder)
    studio.assert_bought_once()

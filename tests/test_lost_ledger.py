"""A ledger that is lost or emptied is never taken for a new one; and a clone that has the lock and no clips."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from time import monotonic

import pytest
from rehearsal import KEY, SPEED, Studio, film
from trusting import trust_project

from hailuo_batch.app.costs import audit, costs
from hailuo_batch.app.doctor import doctor
from hailuo_batch.app.doctor_checks import CheckResult, DoctorCheck
from hailuo_batch.app.inspect import explain
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.run import RunResult, run
from hailuo_batch.app.running.options import RunOptions, Scope
from hailuo_batch.app.verify import verify
from hailuo_batch.app.verify_faults import VerifyFault
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.spending.audit_findings import AuditFault
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, LedgerError
from hailuo_batch.mock.server import Mock
from hailuo_batch.runner.limiter import Tempo
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.explain import draw_explanation
from hailuo_batch.views.plan import MISSING_CLIP_HINT, draw_plan
from hailuo_batch.views.run_summary import draw_run_summary

Lose = Callable[[Path], None]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose key is set, and for which time flies."""
    monkeypatch.setenv("MINIMAX_API_KEY", KEY)
    monkeypatch.setattr(
        "hailuo_batch.app.running.context.make_scaled_clock", lambda _: Tempo(elapsed=monotonic, speed=SPEED)
    )
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@asynccontextmanager
async def mocked(folder: Path) -> AsyncIterator[Mock]:
    async with Mock(speed=SPEED, clip=CLIP) as mock:
        (folder / "hailuo.yaml").write_text(f"version: 1\nregions: {{minimax: '{mock.url('minimax')}'}}\n")
        trust_project(folder)
        yield mock


@asynccontextmanager
async def bought(folder: Path) -> AsyncIterator[Mock]:
    """Two shots that were bought; a third one is in the manifest now, as one that was running would be."""
    async with mocked(folder) as mock:
        ask(folder, "a kite", "a boat")
        await bring(folder)
        ask(folder, "a kite", "a boat", "a lake")
        yield mock


def ask(folder: Path, *prompts: str) -> None:
    (folder / "film.yaml").write_text(film("minimax", *prompts))


async def bring(folder: Path, **how: object) -> RunResult:
    return await run(folder / "film.yaml", RunOptions(**how))  # type: ignore[arg-type]


def ledger_of(folder: Path) -> Path:
    return folder / ".hailuo" / "ledger.db"


def remove(folder: Path) -> None:
    for file in (folder / ".hailuo").glob("ledger.db*"):
        file.unlink()


def truncate(folder: Path) -> None:
    remove(folder)
    ledger_of(folder).touch()


def begin(folder: Path) -> None:
    """What a run leaves that was killed before it had made the tables."""
    remove(folder)
    with closing(sqlite3.connect(ledger_of(folder))) as ledger:
        ledger.execute("PRAGMA journal_mode = WAL")


def remove_everything(folder: Path) -> None:
    shutil.rmtree(folder / ".hailuo")


def remove_names(folder: Path) -> None:
    remove(folder)
    shutil.rmtree(folder / "renders")
    (folder / "film.lock.yaml").unlink()


LOSSES: tuple[Lose, ...] = (remove, truncate, begin, remove_everything, remove_names)
ledger_is_lost = pytest.mark.parametrize("lose", LOSSES)


@ledger_is_lost
async def test_nothing_is_bought_while_the_ledger_is_gone_unless_it_is_said(lose: Lose, project: Path):
    async with bought(project) as mock:
        lose(project)
        for _ in range(2):
            with pytest.raises(LedgerError) as error:
                await bring(project)
            assert error.value.exit is Exit.LEDGER
            assert error.value.summary == "the ledger is gone"
            assert "Running tasks" in error.value.why
            assert error.value.remedy.endswith("\n    hailuo-batch run --new-ledger film.yaml")
            assert len(mock.charges) == 2
        ran = await bring(project, only=["s3"], new_ledger=True)
        assert (ran.outcome.stored, len(mock.charges)) == (1, 3)
        assert ran.before.extra_problems == (), "who has said it is not told again"


async def test_the_error_says_what_is_here(project: Path):
    async with bought(project):
        truncate(project)
        with pytest.raises(LedgerError) as error:
            await bring(project)
    assert f"{ledger_of(project)} is empty, and the store has 2 clips and renders/ has " in error.value.why
    assert "film_s1_v001_t01.mp4, film_s2_v001_t01.mp4. Running tasks" in error.value.why


async def test_a_ledger_that_has_bought_something_itself_is_the_projects_own(project: Path):
    async with bought(project) as mock:
        remove(project)
        await bring(project, new_ledger=True)
        ask(project, "a kite", "a boat", "a lake", "a road")
        assert (await bring(project)).exit is Exit.DONE
        assert len(mock.charges) == 4, "what the lock and the names know is not bought again"


async def test_what_the_lock_or_a_name_knows_comes_home_without_the_ledger_and_hides_nothing(project: Path):
    async with bought(project) as mock:
        remove(project)
        ask(project, "a kite", "a boat")
        assert (await bring(project)).exit is Exit.DONE
        assert await bring(project, scope=Scope.LOCKED)
        assert (await bring(project, world=World.SKETCH, only=["s1"])).exit is Exit.DONE
        ask(project, "a kite", "a boat", "a lake")
        with pytest.raises(LedgerError, match="the ledger is gone") as error:
            await bring(project)
        assert "ledger.db has bought nothing yet" in error.value.why
        assert len(mock.charges) == 2


@pytest.mark.parametrize("lose", [remove, truncate, begin])
async def test_sketches_are_nothing_to_miss_a_ledger_for(lose: Lose, project: Path):
    async with mocked(project) as mock:
        ask(project, "a kite")
        await bring(project, world=World.SKETCH)
        lose(project)
        assert (await plan(project / "film.yaml")).extra_problems == ()
        assert (await bring(project)).exit is Exit.DONE
        assert len(mock.charges) == 1


async def test_a_run_that_was_killed_while_it_made_the_ledger_is_no_loss(project: Path):
    async with mocked(project):
        ask(project, "a kite")
        (project / ".hailuo" / "store" / "incoming").mkdir(parents=True)
        truncate(project)
        assert (await bring(project)).exit is Exit.DONE


async def test_a_rehearsal_rehearses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with Mock(speed=SPEED, clip=CLIP) as mock:
        studio = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        studio.write(film("minimax", "a kite"))
        await studio.run()
        truncate(studio.base)
        studio.write(film("minimax", "a kite", "a boat"))
        with pytest.raises(LedgerError) as error:
            await studio.run()
        assert error.value.remedy.endswith("hailuo-batch run --rehearsal --new-ledger film.yaml")
        assert (await studio.run(new_ledger=True)).exit is Exit.DONE
        assert len(mock.charges) == 2


async def test_another_film_in_renders_is_no_proof(project: Path):
    async with mocked(project):
        ask(project, "a kite")
        (project / "renders").mkdir()
        (project / "renders" / "trailer_v001_t01.mp4").write_bytes(CLIP)
        (project / "renders" / "other.mp4").write_bytes(CLIP)
        (project / "renders" / "other.json").write_text('{"mine": 1}')
        assert (await bring(project)).exit is Exit.DONE


def said(folder: Path, *args: str) -> tuple[int, str, str]:
    ended = subprocess.run(
        [sys.executable, "-m", "hailuo_batch.cli.main", *args], cwd=folder, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


async def ledger_check(folder: Path) -> DoctorCheck:
    return next(check for check in await doctor(folder, offline=True) if check.name == "ledger")


async def test_commands_that_look_say_it_on_stderr_and_go_on(project: Path):
    async with bought(project):
        truncate(project)
    for args in (("plan",), ("status",), ("run", "--dry-run")):
        code, out, err = said(project, *args, "film.yaml")
        assert code == Exit.DONE, err
        assert err.startswith("warning: the ledger is gone [ledger-gone]\n"), args
        assert "hailuo-batch run --new-ledger" in err
        assert "s3#1" in out
        assert "[ledger-gone]" not in out
    code, out, err = said(project, "run", "--yes", "film.yaml")
    assert (code, out) == (Exit.LEDGER, "")
    assert err.startswith("error: the ledger is gone\n")
    assert said(project, "doctor", "--offline")[0] == Exit.INVALID


async def test_doctor_has_a_line_on_the_ledger(project: Path):
    (project / "hailuo.yaml").write_text("version: 1\n")
    assert await ledger_check(project) == DoctorCheck(name="ledger", result=CheckResult.GOOD, detail="none yet")
    async with bought(project):
        assert await ledger_check(project) == DoctorCheck(name="ledger", result=CheckResult.GOOD, detail="2 attempts")
        whole = ledger_of(project).read_bytes()
        truncate(project)
        gone = await ledger_check(project)
        assert (gone.result, gone.detail.startswith("missing: ")) == (CheckResult.BAD, True)
        assert "`hailuo-batch run --new-ledger MANIFEST`" in gone.remedy
        ask(project, "a kite", "a boat")
        await bring(project)
        assert (await ledger_check(project)).result is CheckResult.NOTE, (
            "the clips were taken in, and the tasks are not known"
        )
        remove(project)
        ledger_of(project).write_bytes(bytes(len(whole)))
        damaged = await ledger_check(project)
        assert (damaged.result, "file is not a database" in damaged.detail) == (CheckResult.BAD, True)
        assert "\n" not in damaged.remedy


@pytest.fixture
async def clone(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What git has of a project whose shots were bought, on another machine: no ledger, no store, no renders."""
    async with mocked(project):
        ask(project, "a kite", "a boat")
        await bring(project)
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("hailuo.yaml", "film.yaml", "film.lock.yaml"):
        shutil.copy(project / name, folder)
    monkeypatch.setenv("HAILUO_STATE", str(tmp_path / "other machine"))
    trust_project(folder)
    return folder


async def test_a_clone_says_how_its_clips_come_here(clone: Path):
    planned = await plan(clone / "film.yaml")
    assert {step.why for step in planned.selected} == {StepReason.LOCKED_ELSEWHERE}
    assert planned.extra_problems == (), "nothing shows that there ever was a ledger"
    assert MISSING_CLIP_HINT in draw_plan(planned.report)
    ran = await bring(clone)
    assert ran.exit is Exit.NEEDS_PERSON
    assert MISSING_CLIP_HINT in draw_run_summary(ran.outcome, ran.after.report, lock=None, folder="renders/")


async def test_a_frozen_run_in_a_clone_is_covered_and_counts_what_is_not_here(clone: Path):
    words = "Covered by the lock; 2 clips are not on this machine.\n"
    assert said(clone, "run", "--frozen", "film.yaml") == (Exit.DONE, words, "")
    assert not (clone / ".hailuo").exists()


async def test_a_frozen_run_names_the_clips_that_are_here_and_counts_the_others(clone: Path, project: Path):
    (clone / "renders").mkdir()
    for end in ("mp4", "json"):
        shutil.copy(project / "renders" / f"film_s1_v001_t01.{end}", clone / "renders")
    ran = await bring(clone, scope=Scope.LOCKED)
    drawn = draw_run_summary(ran.outcome, ran.after.report, lock=None, folder="renders/", frozen=True)
    assert ran.exit is Exit.DONE
    assert "Covered by the lock; 1 clip is not on this machine." in drawn
    assert "s2#1" not in drawn


async def test_an_explanation_names_who_made_the_locked_clip_and_how_to_bring_it(clone: Path):
    (clone / "film.yaml").write_text((clone / "film.yaml").read_text().replace("[minimax]", "[gccai]"))
    found = await explain(clone / "film.yaml", "s1")
    locked = (await plan(clone / "film.yaml")).lock.shots["s1"].takes[1]
    assert (found.provider, found.digest, found.estimate) == ("minimax", locked.digest, locked.cost)
    assert draw_explanation(found).endswith(MISSING_CLIP_HINT)


@pytest.mark.parametrize("what", [".hailuo/store", "renders"])
async def test_clips_that_were_brought_to_a_clone_are_taken_in_and_nothing_is_bought(
    what: str, clone: Path, project: Path
):
    shutil.copytree(project / what, clone / what)
    ran = await bring(clone)
    assert (ran.exit, ran.outcome.failed) == (Exit.DONE, ())
    assert (await plan(clone / "film.yaml")).extra_problems == ()


async def test_a_damaged_ledger_names_the_way_to_begin_anew(project: Path):
    async with bought(project):
        remove(project)
        ledger_of(project).write_bytes(b"these are words, not a database " * 1000)
        with pytest.raises(LedgerError) as error:
            await plan(project / "film.yaml")
    assert error.value.remedy.endswith("\n    hailuo-batch run --new-ledger film.yaml")


@ledger_is_lost
@pytest.mark.parametrize("prove", [audit, costs])
async def test_an_empty_ledger_beside_paid_clips_is_no_proof(
    lose: Lose, prove: Callable[[Path], Awaitable[object]], project: Path
):
    async with bought(project):
        lose(project)
        with pytest.raises(LedgerError, match="the ledger is gone") as error:
            await prove(project)
        assert error.value.exit is Exit.LEDGER
        assert "Running tasks and takes in doubt are recorded only in the missing ledger" in error.value.why
        assert error.value.remedy.endswith("\n    hailuo-batch run --new-ledger MANIFEST")


async def test_what_was_taken_into_a_new_ledger_proves_nothing_of_the_old_one(project: Path):
    async with bought(project):
        remove(project)
        ask(project, "a kite", "a boat")
        await bring(project)
        assert [each.fault for each in (await audit(project)).findings] == [AuditFault.LEDGER_GONE]
        [problem] = (await costs(project)).problems
        assert "ledger.db has bought nothing yet, and renders/ has film_s1_v001_t01.mp4" in problem.why


async def test_clips_that_the_ledger_does_not_know_are_found_and_sums_are_not_the_whole_truth(project: Path):
    async with bought(project):
        remove(project)
        (project / "film.lock.yaml").unlink()
        shutil.move(project / "renders", project / "elsewhere")
        ask(project, "a lake")
        await bring(project, new_ledger=True)
        for name in ("film_s2_v001_t01.mp4", "film_s2_v001_t01.json"):
            shutil.copy(project / "elsewhere" / name, project / "renders" / name)
        [found] = (await audit(project)).findings
        assert found.fault is AuditFault.UNKNOWN_CLIPS
        assert "2 in the store: sha256:" in found.why
        assert found.why.endswith("1 in renders/: film_s2_v001_t01.mp4")
        [problem] = (await costs(project)).problems
        assert found.why in problem.why
        looked = await verify(project / "film.yaml")
        assert [each.fault for each in looked.findings] == [VerifyFault.UNKNOWN] * 2 + [VerifyFault.UNKNOWN_NAME]
        assert (await ledger_check(project)).result is CheckResult.NOTE
        told = {command: said(project, command)[0] for command in ("audit", "costs")}
        assert told == {"audit": Exit.TAKES_FAILED, "costs": Exit.TAKES_FAILED}


async def test_a_sketch_that_the_ledger_does_not_know_is_no_purchase(project: Path):
    async with mocked(project):
        ask(project, "a kite")
        await bring(project, world=World.SKETCH)
        remove(project)
        await bring(project)
        assert (await audit(project)).findings == ()
        assert (await costs(project)).problems == ()


async def test_every_command_that_looks_says_that_the_ledger_is_gone(project: Path):
    async with bought(project):
        truncate(project)
    ends = {}
    for args in (("audit",), ("costs",), ("verify", "film.yaml"), ("report", "film.yaml"), ("status", "film.yaml")):
        code, _, err = said(project, *args)
        assert "the ledger is gone" in err, args
        ends[args[0]] = code
    assert ends == {"audit": 9, "costs": 9, "verify": 9, "report": 0, "status": 0}

"""The short way of a run with nothing to do, and the memory that it stands on: a shortcut, never the truth."""

import asyncio
import os
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path

import pytest
from app_samples import Project
from bought_samples import PAID, buy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.app.planning.changed_plan import plan_changed_shots
from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.planning.plan_cache import write_plan_cache
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.shared_places import SharedPlaces
from hailuo_batch.core.world import World
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.load.file_stamp import read_stamp
from hailuo_batch.ports import Facts
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.views.plan import draw_plan

PICTURE = '{id: pack, prompt: "on a table", frames: {first: a.png}}'


@pytest.fixture
async def finished(project: Project, nothing_is_too_fresh: None, tmp_path: Path) -> Project:
    """A project with nothing to do, which is remembered; one of its shots starts from a picture."""
    from PIL import Image

    Image.new("RGB", (640, 360), "#335577").save(project.folder / "a.png")
    project.change('{id: pack, prompt: "${bottle} on a table"}', PICTURE)
    await project.run()
    await project.plan()
    assert project.short_way()
    return project


def memory(project: Project) -> list[Path]:
    return sorted((project.folder / ".hailuo" / "memory").iterdir())


async def test_a_ledger_that_was_just_written_is_believed_by_its_content(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    await project.run()
    assert project.short_way()
    ledger = project.folder / ".hailuo" / "ledger.db"
    bytes_before = ledger.read_bytes()
    stamp = read_stamp(ledger)
    ledger.write_bytes(bytes_before[:-1] + bytes([bytes_before[-1] ^ 1]))  # in the same tick, as long as before
    with monkeypatch.context() as patch:
        patch.setattr("hailuo_batch.load.cache.read_stamp", lambda path: stamp if path == ledger else None)
        assert not project.short_way()
        ledger.write_bytes(bytes_before)
        assert project.short_way()


async def test_once_its_times_can_tell_a_ledger_is_not_hashed_again(project: Project, monkeypatch: pytest.MonkeyPatch):
    await project.run()
    later = time.time_ns() + 10**10
    monkeypatch.setattr("hailuo_batch.load.cache.time.time_ns", lambda: later)
    assert project.short_way()
    monkeypatch.setattr("hailuo_batch.app.planning.fast_path.hash_ledger", None)
    assert project.short_way()


async def test_a_ledger_that_is_written_while_it_is_planned_from_is_not_believed(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    await project.run()
    shutil.rmtree(project.folder / ".hailuo" / "memory")
    answers = iter([["before"], ["after"]])
    monkeypatch.setattr("hailuo_batch.app.planning.plan.hash_recent_ledger", lambda _: next(answers))
    monkeypatch.setattr("hailuo_batch.app.planning.plan_cache.hash_ledger", lambda _: next(answers))
    await project.plan()
    assert not project.short_way()


async def test_the_short_way_says_what_the_long_one_says(finished: Project):
    summary = read_cached_summary(finished.file, world=World.SKETCH)
    assert summary is not None
    report = (await finished.plan(full_report=True)).report
    assert (summary["campaign"], summary["takes"], summary["clips"]) == ("aurora", report.takes, report.clips)
    assert (summary["seconds"], summary["bytes"]) == (report.seconds, report.bytes)


def _prompt(project: Project) -> None:
    project.change("the cap turns", "the cap burns")


def _clip(project: Project) -> None:
    project.stored()[0].unlink()


def _name(project: Project) -> None:
    (project.renders / project.names()[1]).unlink()


def _all_names(project: Project) -> None:
    shutil.rmtree(project.renders)


def _store(project: Project) -> None:
    shutil.rmtree(project.folder / ".hailuo" / "store")


def _ledger(project: Project) -> None:
    for file in (project.folder / ".hailuo").glob("ledger.db*"):
        file.unlink()


def _settings(project: Project) -> None:
    (project.folder / "hailuo.yaml").write_text("version: 1\nproviders: [minimax]\n")


def _picture(project: Project) -> None:
    path = project.folder / "a.png"
    stat = path.stat()
    path.write_bytes(path.read_bytes()[:-1] + b"\0")  # as long as before
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))  # and as old


def _comment(project: Project) -> None:
    project.change("shots:", "# by hand\nshots:")


def _moved(project: Project) -> None:
    project.folder = project.folder.rename(project.folder.with_name("elsewhere"))


@pytest.mark.parametrize(
    "change", [_prompt, _clip, _name, _all_names, _store, _ledger, _settings, _picture, _comment, _moved]
)
async def test_the_short_way_is_not_taken_when_something_changed(finished: Project, change: Callable[[Project], None]):
    change(finished)
    assert not finished.short_way()


async def test_the_short_way_is_not_taken_when_the_users_prices_changed(
    project: Project, nothing_is_too_fresh: None, user_state: Path, monkeypatch: pytest.MonkeyPatch
):
    """Nothing else is read of them: neither the folder nor the file is searched for."""
    project.write(PAID)
    await buy(project.file)
    for text in (None, "version: 1\n", "version: 1\nprices: []\n"):
        if text is not None:
            user_state.mkdir(exist_ok=True)
            (user_state / "prices.yaml").write_text(text)
            assert not project.short_way(world=World.REAL), text
        await project.plan(world=World.REAL)
        with monkeypatch.context() as patch:
            patch.setattr("hailuo_batch.load.prices.find_price_file", None)
            assert project.short_way(world=World.REAL)
    monkeypatch.setenv("HAILUO_STATE", str(user_state.with_name("another")))
    assert not project.short_way(world=World.REAL)


async def test_the_short_way_reads_no_trust_where_nothing_is_at_stake(
    finished: Project, monkeypatch: pytest.MonkeyPatch
):
    def fail(_: Path) -> str:
        raise AssertionError("trust was read")

    monkeypatch.setattr("hailuo_batch.load.trust.read_trusted_digest", fail)
    assert finished.short_way()


async def test_the_short_way_ends_when_the_rights_to_an_image_do(finished: Project, monkeypatch: pytest.MonkeyPatch):
    finished.change("{first: a.png}", "{first: {file: a.png, rights: {owner: Acme, expires: '2998-12-31'}}}")
    await finished.plan()
    assert finished.short_way()
    for day, is_short in (("2998-12-31", True), ("2999-01-01", False)):
        monkeypatch.setattr("hailuo_batch.load.cache._read_day", lambda day=day: day)
        assert finished.short_way() is is_short


async def test_the_short_way_is_not_taken_when_the_ledger_was_written(finished: Project):
    async with open_ledger(finished.folder / ".hailuo" / "ledger.db", clock=FakeClock()) as ledger:
        await ledger.begin_run(manifest="film.yaml", campaign="aurora", sketch=True)
    assert not finished.short_way()


async def test_the_short_way_is_for_the_same_kind_of_run_only(finished: Project):
    assert not finished.short_way(world=World.REAL)


async def test_a_manifest_that_is_not_there_takes_the_long_way(finished: Project):
    assert read_cached_summary(finished.folder / "flim.yaml", world=World.SKETCH) is None
    assert read_cached_summary(finished.folder, world=World.SKETCH) is None


async def test_a_lock_that_changed_takes_the_long_way(project: Project, nothing_is_too_fresh: None):
    project.change("campaign: aurora", "campaign: aurora\nmodel: animatic")
    await project.run(world=World.REAL)
    await project.plan(world=World.REAL)
    assert project.short_way(world=World.REAL)
    project.lock.write_bytes(project.lock.read_bytes() + b"# merged by hand\n")
    assert not project.short_way(world=World.REAL)


@pytest.mark.parametrize("work", [_prompt, _clip, _name])
async def test_with_work_to_do_nothing_is_remembered(finished: Project, work: Callable[[Project], None]):
    for path in memory(finished):
        path.unlink()
    work(finished)
    await finished.plan()
    assert not [path for path in memory(finished) if path.name.startswith("finished")]


async def test_a_part_of_a_plan_is_not_remembered_as_the_whole(project: Project, nothing_is_too_fresh: None):
    await project.run(only=["pack"])
    await project.plan(only=["pack"])
    assert not project.short_way()


async def test_without_its_memory_a_project_says_the_same(finished: Project):
    before = (await finished.plan(full_report=True)).report
    shutil.rmtree(finished.folder / ".hailuo" / "memory")
    assert not finished.short_way()
    after = (await finished.plan(full_report=True)).report
    assert after == before
    assert await finished.submits() == 0
    await finished.plan()
    assert finished.short_way()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_memory_with_other_bytes_is_none(finished: Project, data: st.DataObject):
    for path in memory(finished):
        path.unlink()
    report = asyncio.run(finished.plan(full_report=True)).report
    path = data.draw(st.sampled_from(memory(finished)))
    text = path.read_bytes()
    at = data.draw(st.integers(0, len(text) - 1))
    how = data.draw(st.sampled_from(["flipped", "cut", "doubled", "empty"]))
    path.write_bytes(
        {
            "flipped": text[:at] + bytes([text[at] ^ data.draw(st.integers(1, 255))]) + text[at + 1 :],
            "cut": text[:at],
            "doubled": text + text,
            "empty": b"",
        }[how]
    )
    assert finished.short_way() is not path.name.startswith("finished")
    assert asyncio.run(finished.plan(full_report=True)).report == report


async def test_a_memory_that_cannot_be_written_is_none(finished: Project):
    shutil.rmtree(finished.folder / ".hailuo" / "memory")
    (finished.folder / ".hailuo" / "memory").touch()  # a file where the folder should be
    assert (await finished.plan()).pending_steps == ()
    assert not finished.short_way()


async def test_a_value_of_the_environment_that_changed_takes_the_long_way(
    project: Project, nothing_is_too_fresh: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SEASON", "spring")
    project.change("vars: {", "vars: {season: {env: SEASON, default: none}, ")
    project.change("the cap turns", '"the cap turns, ${season}"')
    await project.run()
    await project.plan()
    assert project.short_way()
    for changed in ("autumn", None):
        monkeypatch.setenv("SEASON", changed) if changed else monkeypatch.delenv("SEASON")
        assert not project.short_way()
        assert len((await project.plan()).pending_steps) == 1
    monkeypatch.setenv("SEASON", "spring")
    monkeypatch.setenv("OTHER", "x")
    assert project.short_way()
    assert not any(b"spring" in file.read_bytes() for file in memory(project) if file.name.startswith("finished"))


OTHER = "version: 1\ncampaign: other\nproviders: [minimax]\nshots:\n  - {id: a, prompt: %s}\n"


async def _miss(project: Project) -> None:
    async with open_ledger(project.folder / ".hailuo" / "ledger.db", clock=FakeClock()) as ledger:
        await ledger.move(1, Move.MISS)
        await ledger.move(1, Move.KEEP, Facts(clip=next(iter((await ledger.clips()).values()))))


async def _buy_same_campaign(project: Project) -> None:
    await buy(project.write(OTHER.replace("other", "aurora") % "a cap", "second.yaml"))


async def _change_by_hand(project: Project) -> None:
    with closing(sqlite3.connect(project.folder / ".hailuo" / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE attempts SET stage = 'failed' WHERE id = 1")


@pytest.mark.parametrize("move", [_miss, _buy_same_campaign, _change_by_hand])
async def test_what_moves_in_the_ledger_beside_a_manifest_is_no_doubt(
    project: Project, nothing_is_too_fresh: None, move: Callable[[Project], Awaitable[None]]
):
    project.write(PAID)
    await buy(project.file)
    await project.plan(world=World.REAL)
    assert project.short_way(world=World.REAL)
    await buy(project.write(OTHER % "a ship", "second.yaml"))
    await run(project.file, RunOptions(world=World.SKETCH))
    assert project.short_way(world=World.REAL)
    await buy(project.write(OTHER % "a boat", "second.yaml"))
    project.write(PAID.replace("on a table", "on a chair"))
    await _plans_alike(project)
    project.write(PAID)
    assert project.short_way(world=World.REAL)
    await move(project)
    assert not project.short_way(world=World.REAL)


async def _plans_alike(project: Project) -> None:
    found = await plan_changed_shots(project.file, world=World.REAL)
    assert found is not None
    assert draw_plan(found.report) == draw_plan((await project.plan(world=World.REAL)).report)


async def test_of_a_shared_ledger_nothing_is_remembered(project: Project, monkeypatch: pytest.MonkeyPatch):
    project.write(PAID)
    await buy(project.file)
    shutil.rmtree(project.folder / ".hailuo" / "memory", ignore_errors=True)
    planned = await project.plan(world=World.REAL)
    shutil.rmtree(project.folder / ".hailuo" / "memory", ignore_errors=True)
    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "places", SharedPlaces(ledger="postgresql://db.example/films"))
        write_plan_cache(planned, None)
    assert not project.short_way(world=World.REAL)

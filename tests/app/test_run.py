import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from app_samples import FILM, Project

from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.event import Event, RunEnded, StepStored
from hailuo_batch.core.plan.outcome import INTERRUPTED
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, InputError, KeyMissingError, LedgerError, RefusedError
from hailuo_batch.ledger.run_lock import FileLocks
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.local import LocalStore
from hailuo_batch.testing.clips import CLIP

NAMES = [f"aurora_{shot}_v001_sketch.mp4" for shot in ("open", "pack", "turn")]


async def test_a_run_draws_every_shot_once_and_names_it(project: Project):
    ran = await project.run()
    assert (ran.outcome.stored, ran.outcome.failed, ran.exit) == (3, (), Exit.DONE)
    assert project.names() == NAMES
    assert set(project.driver.submits.values()) == {1}
    assert [row.file for row in ran.after.report.rows] == [NAMES[0], NAMES[2], NAMES[1]]


async def test_the_next_sketch_is_drawn_while_one_is_stored(project: Project, monkeypatch: pytest.MonkeyPatch):
    """With one processor: storing waits for the second drawing, which must not wait for the storing."""
    monkeypatch.setattr("hailuo_batch.app.run.cpu_count", lambda: 1)
    begun, wait, keep = asyncio.Semaphore(0), project.driver.wait, LocalStore.keep

    async def draw(*given: Any) -> Any:
        begun.release()
        return await wait(*given)

    async def keep_after_two_began(store: LocalStore, file: Path) -> str:
        async with asyncio.timeout(20):
            await begun.acquire()
            await begun.acquire()
        begun.release()
        begun.release()
        return await keep(store, file)

    monkeypatch.setattr(project.driver, "wait", draw)
    monkeypatch.setattr(LocalStore, "keep", keep_after_two_began)
    assert (await project.run(jobs=None)).outcome.stored == 3


async def test_a_second_run_has_nothing_to_do(project: Project):
    await project.run()
    assert await project.submits() == 0


async def test_events_are_told_as_they_happen(project: Project):
    events: list[Event] = []
    await project.run(listener=events.append)
    stored = [event.step.uses[0].shot.id for event in events if isinstance(event, StepStored)]
    assert sorted(stored) == ["open", "pack", "turn"]
    assert stored.index("open") < stored.index("turn")
    assert isinstance(events[-1], RunEnded)


async def test_a_shot_that_is_renamed_costs_nothing_and_gets_its_new_name(project: Project):
    await project.run()
    clip = project.clip("aurora_pack_v001_sketch.mp4")
    project.change("id: pack", "id: package")
    assert await project.submits() == 0
    assert project.clip("aurora_package_v001_sketch.mp4") == clip
    assert project.about("aurora_package_v001_sketch.mp4")["shot"] == "package"


async def test_a_shot_that_others_start_from_may_be_renamed_too(project: Project):
    await project.run()
    project.change("id: open", "id: start")
    project.change("shot: open", "shot: start")
    assert await project.submits() == 0
    assert "aurora_start_v001_sketch.mp4" in project.names()


async def test_another_campaign_name_costs_nothing(project: Project):
    await project.run()
    project.change("campaign: aurora", "campaign: borealis")
    assert await project.submits() == 0
    assert sum(name.startswith("borealis_") for name in project.names()) == 3


async def test_a_project_that_moved_costs_nothing(project: Project):
    await project.run()
    shutil.move(project.folder, project.folder.with_name("moved"))
    project.folder = project.folder.with_name("moved")
    assert await project.submits() == 0
    assert project.names() == NAMES


UNCHANGED = {
    "keys in another order": (
        "{id: pack, prompt: \"${bottle} on a table\"}", "{prompt: \"${bottle} on a table\", id: pack}"
    ),
    "a comment": ("shots:", "# what we want\nshots:  # in order"),
    "a default written out": ("id: pack,", "id: pack, takes: 1, resolution: 512p, duration: 1,"),
    "other tags and notes": ("tags: [hero]", "tags: [other], notes: look at this"),
    "a variable filled in by hand": ("${bottle} on", "a frosted bottle on"),
    "other quotes": ("the cap turns", '"the cap turns"'),
    "blanks around a prompt": ("the cap turns", "'  the cap turns '"),
    "another case of a camera command": ("[Push in]", "[push in]"),
    "Windows' ends of lines": ("\n", "\r\n"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNCHANGED)
async def test_a_change_that_asks_nothing_new_costs_nothing(project: Project, what: str):
    await project.run()
    text = project.file.read_text().replace(*UNCHANGED[what])
    assert text != FILM
    project.file.write_bytes(text.encode())
    assert not project.short_way()
    assert await project.submits() == 0
    assert project.names() == NAMES


async def test_shots_in_another_order_cost_nothing(project: Project):
    await project.run()
    head, shots = FILM.split("shots:\n")
    project.write(head + "shots:\n" + "\n".join(reversed(shots.splitlines())) + "\n")
    assert await project.submits() == 0


async def test_one_changed_character_is_exactly_one_take_of_a_new_version(project: Project):
    await project.run()
    project.change("on a table", "on a cable")
    assert await project.submits() == 1
    assert project.names() == sorted([*NAMES, "aurora_pack_v002_sketch.mp4"])
    assert project.clip("aurora_pack_v001_sketch.mp4") != project.clip("aurora_pack_v002_sketch.mp4")


async def test_a_shot_that_others_start_from_takes_them_along(project: Project):
    await project.run()
    project.change("in mist", "in rain")
    assert await project.submits() == 2
    assert "aurora_turn_v002_sketch.mp4" in project.names()


async def test_going_back_to_an_earlier_prompt_draws_nothing_and_is_the_earlier_version(project: Project):
    await project.run()
    project.change("on a table", "on a cable")
    await project.run()
    project.change("on a cable", "on a table")
    assert await project.submits() == 0
    assert not [name for name in project.names() if "_v003_" in name]
    project.change("on a table", "under a table")
    await project.run()
    assert "aurora_pack_v003_sketch.mp4" in project.names()


async def test_only_picks_shots_and_draws_nothing_else(project: Project):
    ran = await project.run(only=["open"])
    assert ran.outcome.stored == 1
    assert project.names() == ["aurora_open_v001_sketch.mp4"]  # turn starts from it, and was not asked for
    await project.run(only=["tag:client:*"])
    assert project.names() == ["aurora_open_v001_sketch.mp4", "aurora_turn_v001_sketch.mp4"]
    await project.run(only=["p*", "tag:hero"])
    assert project.names() == NAMES


async def test_only_draws_nothing_when_what_the_shot_starts_from_is_not_there(project: Project):
    ran = await project.run(only=["turn"])
    assert ran.outcome.stored == 0
    assert project.driver.submits.total() == 0


@pytest.mark.parametrize("pattern", ["opne", "tag:villain", "", "tag:"])
async def test_an_unknown_pattern_is_an_error_and_draws_nothing(project: Project, pattern: str):
    with pytest.raises(InputError, match="matches no shot"):
        await project.run(only=["open", pattern])
    assert project.driver.submits.total() == 0


async def test_a_manifest_with_problems_draws_nothing(project: Project):
    project.change("prompt: the cap turns", "promt: the cap turns")
    with pytest.raises(ManifestError) as caught:
        await project.run()
    assert caught.value.problems
    assert not (project.folder / ".hailuo").exists()


async def test_a_plan_that_is_not_agreed_to_draws_nothing(project: Project):
    def no(_: object) -> None:
        raise RefusedError("not approved")

    with pytest.raises(RefusedError):
        await project.run(approve=no)
    assert project.driver.submits.total() == 0
    assert project.names() == []


async def test_what_only_a_gateway_could_render_is_refused_without_its_key_before_anything_is_made(project: Project):
    project.change("duration: 1, resolution: 512p", "duration: 6, resolution: 768p")
    with pytest.raises(KeyMissingError, match="MINIMAX_API_KEY is not set"):
        await project.run(world=World.REAL)
    assert not (project.folder / ".hailuo").exists()


async def test_a_second_run_is_told_who_holds_the_ledger(project: Project):
    (project.folder / ".hailuo").mkdir()
    with (
        FileLocks(project.folder / ".hailuo" / "run.lock").hold_run_lock("run film.yaml"),
        pytest.raises(LedgerError) as caught,
    ):
        await project.run()
    assert "run film.yaml" in caught.value.why
    assert caught.value.exit is Exit.LEDGER
    assert project.driver.submits.total() == 0
    assert await project.submits() == 3


async def test_a_take_that_failed_is_told_and_asked_for_again_by_the_next_run(project: Project):
    project.driver.submit_script = lambda order: (
        Failure(kind=FailureKind.REFUSED, why="no bottles") if order.shot == "pack" else None
    )
    ran = await project.run()
    assert (ran.outcome.stored, ran.exit) == (2, Exit.TAKES_FAILED)
    assert [row.why for row in ran.after.report.rows if row.shot == "pack"] == ["the last attempt failed: no bottles"]
    project.driver.submit_script = None
    assert await project.submits() == 1


async def test_a_run_that_is_asked_to_stop_goes_on_where_it_was(project: Project):
    stop = Stop()
    project.driver.wait_script = lambda _: stop.request(INTERRUPTED)
    ran = await project.run(jobs=1, stop=stop)
    assert (ran.outcome.stored, ran.exit) == (1, Exit.INTERRUPTED)
    project.driver.wait_script = None
    assert await project.submits() == 2


async def test_a_clip_that_is_gone_is_brought_back(project: Project):
    await project.run()
    for clip in project.stored():
        clip.unlink()
    ran = await project.run()
    assert ran.outcome.failed == ()
    assert set(project.driver.submits.values()) == {1}
    assert len(project.stored()) == 3
    assert await project.submits() == 0


async def test_a_name_that_is_gone_is_given_again(project: Project):
    await project.run()
    shutil.rmtree(project.renders)
    assert await project.submits() == 0
    assert project.names() == NAMES


async def test_a_name_that_is_taken_stays_taken_run_after_run_until_it_is_freed(project: Project):
    await project.run(only=["open"])
    (project.renders / NAMES[1]).write_bytes(b"somebody's own")
    for _ in range(2):
        ran = await project.run()
        assert [failure.kind for _, failure in ran.outcome.failed] == [FailureKind.UNNAMED]
        assert ran.exit is Exit.TAKES_FAILED
        assert project.clip(NAMES[1]) == b"somebody's own"
    assert set(project.driver.submits.values()) == {1}
    (project.renders / NAMES[1]).unlink()
    assert await project.submits() == 0
    assert project.clip(NAMES[1]).startswith(CLIP)


async def test_a_run_that_died_between_the_name_and_its_record_does_not_lose_count_of_versions(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patched:

        async def die(*_: object) -> None:
            raise LedgerError("the power went")

        patched.setattr("hailuo_batch.ledger.sqlite.SqliteLedger.record_names", die)
        ran = await project.run(jobs=1, only=["pack"])
        assert [(failure.kind, "the power went" in failure.why) for _, failure in ran.outcome.failed] == [
            (FailureKind.UNNAMED, True)
        ]
    assert project.names() == ["aurora_pack_v001_sketch.mp4"]
    assert await project.submits() == 2
    project.change("on a table", "on a cable")
    assert await project.submits() == 1
    assert "aurora_pack_v002_sketch.mp4" in project.names()


async def test_a_run_writes_its_own_line_in_the_ledger(project: Project):
    await project.run()
    async with read_ledger(project.folder / ".hailuo" / "ledger.db") as ledger:
        [line] = await ledger.runs()
    assert (line.manifest, line.campaign, line.sketch, line.stored, line.failed, line.exit) == (
        "film.yaml", "aurora", True, 3, 0, 0
    )  # fmt: skip
    assert line.ended_at is not None


async def test_what_a_killed_run_left_half_done_is_swept_by_the_next(project: Project):
    incoming = project.folder / ".hailuo" / "store" / "incoming"
    incoming.mkdir(parents=True)
    project.renders.mkdir()
    (incoming / "4711-0123456789abcdef.mp4").write_bytes(b"half")
    (project.renders / ".aurora_open_v001_sketch.mp4.4711-01234567").write_bytes(b"half")
    await project.run()
    assert list(incoming.iterdir()) == []
    assert [
        path.name for path in project.renders.iterdir() if path.name.startswith(".") and path.name != ".gitignore"
    ] == []


async def test_the_hidden_folder_hides_itself_from_git_and_from_others(project: Project):
    await project.run()
    hidden = project.folder / ".hailuo"
    assert (hidden / ".gitignore").read_text() == "*\n"
    assert hidden.stat().st_mode & 0o777 == 0o700


async def test_sketches_left_in_renders_by_a_ledger_that_is_gone_clash_with_nothing(project: Project):
    await project.run()
    shutil.rmtree(project.folder / ".hailuo")
    ran = await project.run()
    assert ran.outcome.failed == ()
    assert project.names() == NAMES  # the same requests draw the same bytes
    shutil.rmtree(project.folder / ".hailuo")
    project.change("on a table", "on a cable")
    ran = await project.run()
    assert ran.outcome.failed == ()
    assert "aurora_pack_v002_sketch.mp4" in project.names()


async def test_two_manifests_with_one_campaign_and_one_shot_id_are_refused_before_anything_is_drawn(project: Project):
    await project.run()
    before = project.driver.submits.total()
    other = project.write(FILM.replace("on a table", "under water"), "other.yaml")
    with pytest.raises(RefusedError) as caught:
        await run(other, RunOptions(world=World.SKETCH))
    assert "film.yaml" in caught.value.why
    assert project.driver.submits.total() == before
    assert project.names() == NAMES


async def test_two_manifests_with_one_campaign_and_other_shots_go_well_together(project: Project):
    await project.run()
    other = project.write(FILM.replace("id: ", "id: b-").replace("shot: ", "shot: b-"), "other.yaml")
    ran = await run(other, RunOptions(world=World.SKETCH))
    assert ran.outcome.failed == ()
    assert len(project.names()) == 6
    assert await project.submits() == 0


async def test_a_manifest_that_was_moved_is_no_second_one(project: Project):
    await project.run()
    (project.folder / "manifests").mkdir()
    moved = project.file.rename(project.folder / "manifests" / "film.yaml")
    moved.write_text(moved.read_text().replace("on a table", "under water"))
    ran = await run(moved, RunOptions(world=World.SKETCH))
    assert ran.outcome.stored == 1
    assert "aurora_pack_v002_sketch.mp4" in project.names()


async def test_a_stranger_under_the_first_name_of_a_sketch_makes_it_the_second_version(project: Project):
    project.renders.mkdir()
    (project.renders / NAMES[1]).write_bytes(b"somebody's own")
    ran = await project.run()
    assert ran.outcome.failed == ()
    assert project.clip(NAMES[1]) == b"somebody's own"
    assert "aurora_pack_v002_sketch.mp4" in project.names()


@pytest.mark.parametrize("relative", [True, False])
async def test_a_manifest_may_be_named_from_anywhere(
    project: Project, monkeypatch: pytest.MonkeyPatch, relative: bool, tmp_path: Path
):
    monkeypatch.chdir(project.folder if relative else tmp_path)
    ran = await run("film.yaml" if relative else project.file, RunOptions(world=World.SKETCH))
    assert ran.outcome.stored == 3
    assert project.names() == NAMES

"""The tasks file of a project: what `plan` makes of it, and what `run` leaves of it when there is nothing to buy."""

from pathlib import Path

import pytest
from bought_samples import PAID, buy

from hailuo_batch.app.choosing import retake
from hailuo_batch.app.fetch import list_pending_tasks
from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.review import accept
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.plan.task_entries import TaskEntry
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, InputError, KeyMissingError
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.tasks_file import read_tasks, write_tasks

OTHER = TaskEntry(shot="gone", take=1, provider="minimax", task="t-9", fingerprint="v1-" + "9" * 64)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    (tmp_path / "film.yaml").write_text(PAID)
    return tmp_path / "film.yaml"


@pytest.fixture
def tasks(film: Path) -> Path:
    return film.with_name("film.tasks.yaml")


async def entry(film: Path, shot: str, task: str, *, provider: str = "minimax") -> TaskEntry:
    """The task of a shot's first take."""
    steps = (await plan(film)).plan.steps
    mark = next(step.fingerprint for step in steps if step.uses[0].shot.id == shot)
    return TaskEntry(shot=shot, take=1, provider=provider, task=task, fingerprint=mark)


async def test_an_entry_whose_clip_is_in_the_lock_leaves_when_there_is_nothing_else_to_do(film: Path, tasks: Path):
    await buy(film)
    stale = await entry(film, "open", "t-77")
    write_tasks(tasks, [stale, OTHER])
    ran = await run(film)
    assert (ran.exit, ran.outcome.stored) == (Exit.DONE, 0)
    assert read_tasks(tasks) == (OTHER,)
    write_tasks(tasks, [stale])
    await run(film)
    assert not tasks.exists()


async def test_the_short_way_depends_on_the_tasks_file(film: Path, tasks: Path, nothing_is_too_fresh: None):
    await buy(film)
    await run(film)
    assert read_cached_summary(film) is not None
    write_tasks(tasks, [OTHER])
    assert read_cached_summary(film) is None
    await run(film)  # it stays, and there is nothing to do
    assert read_tasks(tasks) == (OTHER,)
    assert read_cached_summary(film) is not None


async def test_a_task_that_no_shot_asks_for_is_warned_of_and_does_not_keep_a_shot_from_being_bought(
    film: Path, tasks: Path
):
    write_tasks(tasks, [OTHER])
    planned = await plan(film)
    without_shot, hint = planned.extra_problems
    assert (without_shot.rule.id, without_shot.why) == (
        "task-without-shot", "task t-9 at minimax was submitted for another request than gone#1 has now."
    )  # fmt: skip
    assert "lock or tasks file name 1 take that no ledger of this machine bought" in hint.why
    assert {step.why for step in planned.plan.steps} == {StepReason.NEW}


@pytest.mark.parametrize("world", [World.SKETCH, World.REHEARSAL])
async def test_only_the_real_world_has_a_tasks_file(film: Path, tasks: Path, world: World):
    write_tasks(tasks, [await entry(film, "open", "t-1")])
    planned = await plan(film, world=world)
    assert {step.why for step in planned.plan.steps} == {StepReason.NEW}
    assert planned.tasks == ()


@pytest.mark.parametrize("provider", ["no-such-gateway", "../../etc/passwd"])
async def test_a_task_at_a_provider_that_this_project_does_not_have_is_not_bought(
    film: Path, tasks: Path, provider: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MINIMAX_API_KEY", raising=False)
    write_tasks(tasks, [await entry(film, shot, f"t-{shot}", provider=provider) for shot in ("open", "pack")])
    planned = await plan(film)
    assert [step.why for step in planned.plan.steps].count(StepReason.TASK_KNOWN) == 2
    with pytest.raises(KeyMissingError) as caught:  # of the take that nobody bought
        await run(film, RunOptions(new_ledger=True))
    assert "MINIMAX_API_KEY" in caught.value.summary
    film.write_text(PAID.replace(", takes: 2", ""))
    ran = await run(film)
    assert ran.exit is Exit.NEEDS_PERSON
    assert [failure.why.endswith("is no longer a provider of this project") for _, failure in ran.outcome.failed] == [
        True, True,
    ]  # fmt: skip
    assert len(read_tasks(tasks)) == 2


async def test_a_cap_counts_what_was_bought_elsewhere(film: Path, tasks: Path):
    write_tasks(tasks, [await entry(film, "open", "t-1")])
    film.write_text(PAID + "budget: {max: 0.60, currency: USD}\n")
    assert [take for take, _ in (await plan(film)).report.over_cap] == ["pack#1"]
    assert (await plan(film, max_cost="0.60")).report.over_cap == (await plan(film)).report.over_cap
    film.write_text(PAID)
    assert (await plan(film, max_cost="0.60")).report.over_cap == ()


async def test_a_take_whose_task_is_known_keeps_no_earlier_clip_and_is_said_to_be_pending(film: Path, tasks: Path):
    await buy(film)
    film.write_text(PAID.replace("on a table", "on a chair"))
    write_tasks(tasks, [await entry(film, "pack", "t-77")])
    with pytest.raises(InputError, match="was already submitted"):
        await accept(film, ["pack"], why="only a chair")
    (note,) = (await retake(film, ["pack"])).notes
    assert note.startswith("pack#1 is still pending: submitted elsewhere, and followed here (film.tasks.yaml).")


async def test_a_damaged_file_stops_a_plan_and_is_a_manifest_to_fetch(film: Path, tasks: Path):
    tasks.write_text("<<<<<<< ours\n")
    with pytest.raises(InputError, match="the tasks file"):
        await plan(film)
    assert (await list_pending_tasks(film.parent)).manifests == (film,)
    tasks.unlink()
    assert (await list_pending_tasks(film.parent)).manifests == ()


def test_a_tasks_file_is_no_manifest():
    manifest, (problem,) = read_manifest(b"version: 1\n", name="film.tasks.yaml")
    assert (manifest, problem.rule.id, problem.remedy) == (None, "tasks-file", "Name film.yaml.")

"""The lock beside a manifest, and what a plan says; `model: animatic` has a lock, sketches have none."""

import shutil
from pathlib import Path

import pytest
from app_samples import FILM, Project

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.plan.plan_cost import list_purchases, sum_purchases
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError
from hailuo_batch.load.lockfile import read_lock

DRAWN = FILM.replace("campaign: aurora\n", "campaign: aurora\nmodel: animatic\n")


@pytest.fixture
def drawn(project: Project) -> Project:
    """A project whose manifest is drawn on this machine for good, not as a sketch."""
    project.write(DRAWN)
    return project


async def test_a_plan_says_what_each_shot_needs_and_writes_nothing(project: Project):
    planned = await project.plan()
    assert [(step.uses[0].shot.id, step.why) for step in planned.pending_steps] == [
        ("open", StepReason.NEW),
        ("turn", StepReason.NEEDS_FRAME),
        ("pack", StepReason.NEW),
    ]
    assert sorted(path.name for path in project.folder.iterdir()) == ["film.yaml", "hailuo.yaml"]


async def test_a_plan_after_a_run_is_empty(project: Project):
    await project.run()
    planned = await project.plan(full_report=True)
    assert planned.pending_steps == planned.unnamed_steps == ()
    assert {row.action for row in planned.report.rows} == {Action.REUSE}


async def test_a_manifest_that_is_not_there_is_an_error(project: Project):
    with pytest.raises(InputError, match="no such file"):
        await plan(project.folder / "flim.yaml")


async def test_problems_come_all_at_once_with_their_places(project: Project):
    project.write(FILM.replace("on a table", "${what}").replace("shot: open", "shot: opne"))
    with pytest.raises(ManifestError) as caught:
        await project.plan()
    assert [problem.rule.id for problem in caught.value.problems] == ["frame-shot", "name-unknown"]
    assert all(problem.place for problem in caught.value.problems)


async def test_a_sketch_leaves_no_lock(project: Project):
    ran = await project.run()
    assert ran.lock is None
    assert not project.lock.exists()


async def test_a_run_writes_the_lock_and_a_second_one_leaves_its_bytes(drawn: Project):
    ran = await drawn.run(world=World.REAL)
    assert ran.lock == drawn.lock
    before, stamp = drawn.lock.read_bytes(), drawn.lock.stat().st_mtime_ns
    ran = await drawn.run(world=World.REAL)
    assert ran.lock is None
    assert (drawn.lock.read_bytes(), drawn.lock.stat().st_mtime_ns) == (before, stamp)


async def test_the_lock_names_every_take_and_its_clip(drawn: Project):
    ran = await drawn.run(world=World.REAL)
    lock = read_lock(drawn.lock, campaign="aurora")
    assert sorted(lock.shots) == ["open", "pack", "turn"]
    locked = {take.digest for shot in lock.shots.values() for take in shot.takes.values()}
    assert locked == {row.clip.digest for row in ran.after.report.rows if row.clip}
    assert lock.shots["open"].version == 1


async def test_a_lock_whose_ledger_is_gone_is_drawn_again_to_the_same_bytes(drawn: Project):
    await drawn.run(world=World.REAL)
    before = drawn.lock.read_bytes()
    shutil.rmtree(drawn.folder / ".hailuo")
    ran = await drawn.run(world=World.REAL)
    assert (ran.outcome.stored, ran.outcome.failed) == (3, ())
    assert drawn.lock.read_bytes() == before
    assert len(drawn.names()) == 3


async def test_a_lock_keeps_the_versions_when_the_ledger_is_gone(drawn: Project):
    await drawn.run(world=World.REAL)
    drawn.change("on a table", "on a cable")
    await drawn.run(world=World.REAL)
    shutil.rmtree(drawn.folder / ".hailuo")
    drawn.change("on a cable", "on a stable")
    ran = await drawn.run(world=World.REAL)
    assert ran.outcome.failed == ()
    assert read_lock(drawn.lock, campaign="aurora").shots["pack"].version == 3
    assert "aurora_pack_v003_t01.mp4" in drawn.names()


async def test_raising_takes_draws_only_the_new_ones(drawn: Project):
    await drawn.run(world=World.REAL)
    clip = drawn.clip("aurora_pack_v001_t01.mp4")
    drawn.change("{id: pack,", "{id: pack, takes: 3,")
    assert await drawn.submits(world=World.REAL) == 2
    assert drawn.clip("aurora_pack_v001_t01.mp4") == clip
    assert [name for name in drawn.names() if "pack" in name] == [f"aurora_pack_v001_t0{n}.mp4" for n in (1, 2, 3)]
    assert sorted(read_lock(drawn.lock, campaign="aurora").shots["pack"].takes) == [1, 2, 3]


async def test_lowering_takes_draws_nothing_and_takes_them_from_the_lock(drawn: Project):
    drawn.change("{id: pack,", "{id: pack, takes: 3,")
    await drawn.run(world=World.REAL)
    drawn.change("takes: 3", "takes: 1")
    assert await drawn.submits(world=World.REAL) == 0
    assert sorted(read_lock(drawn.lock, campaign="aurora").shots["pack"].takes) == [1]


async def test_a_shot_that_left_the_manifest_leaves_the_lock(drawn: Project):
    await drawn.run(world=World.REAL)
    drawn.write("\n".join(line for line in DRAWN.splitlines() if "id: pack" not in line) + "\n")
    await drawn.run(world=World.REAL)
    assert sorted(read_lock(drawn.lock, campaign="aurora").shots) == ["open", "turn"]


async def test_a_renamed_shot_moves_in_the_lock(drawn: Project):
    await drawn.run(world=World.REAL)
    before = read_lock(drawn.lock, campaign="aurora")
    drawn.change("id: pack", "id: package")
    assert await drawn.submits(world=World.REAL) == 0
    after = read_lock(drawn.lock, campaign="aurora")
    assert after.shots["package"].takes == before.shots["pack"].takes
    assert "pack" not in after.shots


async def test_a_part_of_a_run_locks_a_part_and_keeps_the_rest(drawn: Project):
    await drawn.run(world=World.REAL, only=["pack"])
    assert sorted(read_lock(drawn.lock, campaign="aurora").shots) == ["pack"]
    await drawn.run(world=World.REAL, only=["open"])
    assert sorted(read_lock(drawn.lock, campaign="aurora").shots) == ["open", "pack"]


async def test_a_lock_that_cannot_be_read_stops_everything(drawn: Project):
    await drawn.run(world=World.REAL)
    drawn.lock.write_text("<<<<<<< ours\n" + drawn.lock.read_text())
    with pytest.raises(InputError, match=r"the lock .*film\.lock\.yaml cannot be read"):
        await drawn.run(world=World.REAL)


async def test_a_sketch_and_a_drawing_of_one_manifest_share_clips_and_no_names(drawn: Project):
    await drawn.run(world=World.REAL)
    assert await drawn.submits(world=World.SKETCH) == 0
    assert len(drawn.names()) == 6


async def test_what_a_gateway_would_cost_is_planned_without_a_key(project: Project):
    project.change("duration: 1, resolution: 512p", "duration: 6, resolution: 768p")
    planned = await project.plan(world=World.REAL)
    assert [str(money) for money in sum_purchases(list_purchases(planned.plan.steps)).cost] == ["0.84 USD"]
    planned = await project.plan(world=World.REAL, only=["pack"])
    assert [str(money) for money in planned.report.to_spend] == ["0.28 USD"]
    assert planned.report.shots_outside == 2


async def test_a_locked_take_that_was_paid_for_elsewhere_is_held_back(project: Project):
    """Money: whoever checks out a campaign that others bought must not buy it again by calling run."""
    project.change("duration: 1, resolution: 512p", "duration: 6, resolution: 768p")
    steps = {step.uses[0].shot.id: step for step in (await project.plan(world=World.REAL)).plan.steps}
    digest = "sha256:" + "a" * 64
    project.lock.write_text(
        "version: 1\ncampaign: aurora\nshots:\n  pack:\n    version: 4\n    takes:\n      \"1\":\n"
        f"        fingerprint: {steps['pack'].fingerprint}\n        artifact: {digest}\n        provider: minimax\n"
    )  # fmt: skip
    planned = await project.plan(world=World.REAL)
    [held] = planned.plan.select_steps(Action.HOLD)
    assert held.why is StepReason.LOCKED_ELSEWHERE
    assert held.uses[0].version == 4


async def test_a_picture_is_known_by_its_bytes_and_not_by_its_name(project: Project, picture: bytes):
    (project.folder / "a.png").write_bytes(picture)
    project.change('{id: pack, prompt: "${bottle} on a table"}', '{id: pack, prompt: "on", frames: {first: a.png}}')
    await project.run()
    (project.folder / "a.png").rename(project.folder / "b.png")
    project.change("a.png", "b.png")
    assert await project.submits() == 0
    (project.folder / "b.png").write_bytes(picture + b"\0")  # what stands behind the end is part of the bytes
    assert await project.submits() == 1


async def test_a_picture_that_is_missing_is_a_problem_before_anything_is_drawn(project: Project):
    project.change('{id: pack, prompt: "${bottle} on a table"}', '{id: pack, prompt: "on", frames: {first: a.png}}')
    with pytest.raises(ManifestError) as caught:
        await project.run()
    assert [problem.rule.id for problem in caught.value.problems] == ["frame-file"]
    assert project.driver.submits.total() == 0


@pytest.fixture
def picture(tmp_path: Path) -> bytes:
    from PIL import Image

    Image.new("RGB", (640, 360), "#335577").save(tmp_path / "made.png")
    return (tmp_path / "made.png").read_bytes()

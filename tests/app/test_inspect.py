import pytest
from app_samples import Project

from hailuo_batch.app.inspect import explain, parse_take, show, status
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError


async def test_status_has_a_row_for_every_take_in_the_order_of_the_manifest(project: Project):
    before = await status(project.file, world=World.SKETCH)
    assert [(row.shot, row.action) for row in before.rows] == [
        ("open", Action.SUBMIT),
        ("turn", Action.WAIT),
        ("pack", Action.SUBMIT),
    ]
    await project.run()
    after = await status(project.file, world=World.SKETCH)
    assert [(row.shot, row.action, row.file) for row in after.rows] == [
        (shot, Action.REUSE, f"aurora_{shot}_v001_sketch.mp4") for shot in ("open", "turn", "pack")
    ]
    assert (after.takes, after.clips, after.seconds) == (3, 3, 3.0)
    assert after.bytes == sum(clip.stat().st_size for clip in project.stored())


async def test_status_of_a_part_says_how_much_is_outside(project: Project):
    report = await status(project.file, world=World.SKETCH, only=["tag:hero"])
    assert [row.shot for row in report.rows] == ["open"]
    assert report.shots_outside == 2


async def test_explain_names_the_member_that_changed_with_both_values(project: Project):
    await project.run()
    project.change("on a table", "on a cable")
    found = await explain(project.file, "pack", world=World.SKETCH)
    assert found.action is Action.SUBMIT
    assert found.version == 2
    changed = [(member.name, member.before, member.now) for member in found.members if member.changed]
    assert changed == [("prompt", "a frosted bottle on a table", "a frosted bottle on a cable")]


async def test_the_plan_names_the_member_that_changed_too(project: Project):
    await project.run()
    project.change("on a table", "on a cable")
    planned = await project.plan()
    assert [(row.shot, row.changed) for row in planned.report.rows] == [("pack", ("prompt",))]


async def test_explain_says_why_there_is_nothing_to_do(project: Project):
    await project.run()
    found = await explain(project.file, "open#1", world=World.SKETCH)
    assert (found.action, found.reason) == (Action.REUSE, "its clip is in the store")
    assert found.digest
    assert not any(member.changed for member in found.members)


@pytest.mark.parametrize("label", ["opne", "open#2", "open#0", "", "#1"])
async def test_an_unknown_take_is_an_error(project: Project, label: str):
    with pytest.raises(InputError, match=r"matches no|names no"):
        await explain(project.file, label, world=World.SKETCH)


async def test_an_unknown_shot_gets_a_hint(project: Project):
    with pytest.raises(InputError) as caught:
        await explain(project.file, "opne", world=World.SKETCH)
    assert "open" in caught.value.remedy
    with pytest.raises(InputError) as caught:
        await show(project.file, "opne", world=World.SKETCH)
    assert "open" in caught.value.remedy


@pytest.mark.parametrize("label", ["open#", "open#x", "open#²", "open#-1"])
def test_a_label_whose_number_is_none_is_an_error(label: str):
    with pytest.raises(InputError, match="names no take"):
        parse_take(label)


async def test_show_tells_every_attempt_and_event_of_a_shot(project: Project):
    project.driver.submit_script = lambda order: (
        Failure(kind=FailureKind.REFUSED, why="no bottles") if order.shot == "pack" else None
    )
    await project.run()
    project.driver.submit_script = None
    await project.run()
    shown = await show(project.file, "pack", world=World.SKETCH)
    assert [attempt.stage for attempt in shown.attempts] == [Stage.FAILED, Stage.STORED]
    assert [event.move for event in shown.events] == ["intend", "refuse", "intend", "accept", "produce", "keep"]
    assert [row.shot for row in shown.rows] == ["pack"]


async def test_show_tells_the_version_before_too(project: Project):
    await project.run()
    project.change("on a table", "on a cable")
    shown = await show(project.file, "pack", world=World.SKETCH)
    assert [attempt.stage for attempt in shown.attempts] == [Stage.STORED]  # of what it was


async def test_show_of_one_take_is_about_that_take(project: Project):
    await project.run()
    project.change("on a table", "on a cable")
    shown = await show(project.file, "pack#1", world=World.SKETCH)
    assert [(row.shot, row.take) for row in shown.rows] == [("pack", 1)]
    assert [attempt.stage for attempt in shown.attempts] == [Stage.STORED], "the earlier version of that take"
    with pytest.raises(InputError, match='"pack#7" matches no take'):
        await show(project.file, "pack#7", world=World.SKETCH)


async def test_a_pattern_of_one_shot_explains_and_one_of_several_shows(project: Project):
    assert (await explain(project.file, "tag:hero", world=World.SKETCH)).shot == "open"
    assert {row.shot for row in (await show(project.file, "state:new", world=World.SKETCH)).rows} == {
        "open",
        "pack",
        "turn",
    }
    with pytest.raises(InputError, match="is not one shot"):
        await explain(project.file, "*", world=World.SKETCH)


async def test_looking_writes_nothing(project: Project):
    await status(project.file, world=World.SKETCH)
    await explain(project.file, "open", world=World.SKETCH)
    await show(project.file, "open", world=World.SKETCH)
    assert sorted(path.name for path in project.folder.iterdir()) == ["film.yaml", "hailuo.yaml"]

"""A campaign in git: branches that touch different shots merge, and a lock that was lost is written again."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from app_samples import Project

from hailuo_batch.app.choosing import choose
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.event import Event, StepStored
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, FileChangedError, StoreError
from hailuo_batch.testing.clock import FakeClock

SHOTS = "version: 1\ncampaign: alpha\nmodel: animatic\ndefaults: {duration: 1, resolution: 512p}\nshots:\n" + "".join(
    f"  - {{id: s{n:02d}, prompt: bottle {n}}}\n" for n in range(1, 9)
)


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


async def drawn_and_committed(project: Project, message: str) -> None:
    assert (await project.run(world=World.REAL)).exit == 0
    git(project.folder, "add", "-A")
    git(project.folder, "commit", "-qm", message)


async def test_two_branches_that_touch_different_shots_merge_in_one_checkout(project: Project):
    project.write(SHOTS)
    (project.folder / ".gitignore").write_text(".hailuo/\nrenders/\n")
    git(project.folder, "init", "-qb", "main")
    await drawn_and_committed(project, "start")
    git(project.folder, "checkout", "-qb", "x")
    project.change("bottle 1}", "bottle one}")
    await drawn_and_committed(project, "x")
    git(project.folder, "checkout", "-q", "main")
    assert await project.submits(world=World.REAL) == 0
    assert git(project.folder, "status", "--porcelain") == ""
    git(project.folder, "checkout", "-qb", "y")
    project.change("bottle 7}", "bottle seven}")
    await drawn_and_committed(project, "y")
    git(project.folder, "merge", "-q", "--no-edit", "x")
    assert await project.submits(world=World.REAL) == 0
    assert git(project.folder, "status", "--porcelain") == ""
    lock = project.lock.read_text()
    assert lock.count("version: 2") == 2


async def test_a_lock_that_was_deleted_is_written_again_also_after_a_plan(project: Project, nothing_is_too_fresh: None):
    project.write(SHOTS)
    await project.run(world=World.REAL)
    before = project.lock.read_bytes()
    project.lock.unlink()
    await project.plan(world=World.REAL)
    await project.run(world=World.REAL)
    assert project.lock.read_bytes() == before


async def test_a_shot_that_left_the_manifest_leaves_the_lock_also_after_a_plan(
    project: Project, nothing_is_too_fresh: None
):
    project.write(SHOTS)
    await project.run(world=World.REAL)
    project.change("  - {id: s08, prompt: bottle 8}\n", "")
    await project.plan(world=World.REAL)
    await project.run(world=World.REAL)
    assert "s08" not in project.lock.read_text()


async def test_a_manifest_that_is_edited_during_a_run_loses_neither_report_nor_lock(project: Project):
    project.write(SHOTS)

    def scribble(_: object) -> None:
        project.file.write_text(SHOTS + "  - {id: half, promp")

    ran = await project.run(world=World.REAL, listener=scribble)
    assert (ran.outcome.stored, ran.exit) == (8, 0)
    assert project.lock.read_text().count("artifact:") == 8


async def test_clips_are_taken_back_from_their_names_when_everything_else_is_gone(project: Project):
    project.write(SHOTS)
    await project.run(world=World.REAL)
    before = project.lock.read_bytes()
    shutil.rmtree(project.folder / ".hailuo")
    assert await project.submits(world=World.REAL) == 0
    assert project.lock.read_bytes() == before
    assert (await project.run(world=World.REAL)).exit == 0


async def test_a_sketch_whose_slate_would_change_is_taken_back_as_it_is(project: Project):
    """a and d ask the same, and the slate names both; without d it would be drawn otherwise under the same name."""
    project.write(SHOTS + "  - {id: t01, prompt: bottle 1}\n")
    await project.run()
    clip = (project.folder / "renders" / "alpha_s01_v001_sketch.mp4").read_bytes()
    project.change("  - {id: t01, prompt: bottle 1}\n", "")
    shutil.rmtree(project.folder / ".hailuo")
    ran = await project.run()
    assert (ran.exit, project.driver.submits.total()) == (0, 8)
    assert (project.folder / "renders" / "alpha_s01_v001_sketch.mp4").read_bytes() == clip


async def test_a_clip_that_was_changed_under_its_name_is_not_taken_back(project: Project):
    project.write(SHOTS)
    await project.run(world=World.REAL)
    shutil.rmtree(project.folder / ".hailuo")
    clip = project.folder / "renders" / "alpha_s01_v001_t01.mp4"
    data = clip.read_bytes()
    clip.unlink()
    clip.write_bytes(data[:-1] + b"x")
    ran = await project.run(world=World.REAL)
    assert ran.exit == 4
    [(step, failure)] = ran.outcome.failed
    assert step.uses[0].shot.id == "s01"
    assert "is not the clip that its .json names" in failure.why


async def test_a_chain_is_taken_back_from_its_names_link_by_link(project: Project):
    """Money: without its ledger a chained shot is known only when the one it starts from is."""
    project.change("campaign: aurora", "campaign: aurora\nmodel: animatic")
    await project.run(world=World.REAL)
    shutil.rmtree(project.folder / ".hailuo")
    project.lock.unlink()
    assert [step.why.action for step in (await project.plan(world=World.REAL)).pending_steps] == ["fetch"] * 3
    assert await project.submits(world=World.REAL) == 0


async def test_a_lock_that_cannot_be_written_is_said_after_the_run_and_loses_no_clip(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    project.write(SHOTS)

    def no(*_: object) -> bool:
        raise StoreError("the lock could not be written", why="The system says: Read-only file system.")

    monkeypatch.setattr("hailuo_batch.app.run.write_lock", no)
    ran = await project.run(world=World.REAL)
    assert (ran.outcome.stored, ran.exit, ran.lock) == (8, Exit.TAKES_FAILED, None)
    assert ran.error is not None
    assert ran.error.summary == "the lock could not be written"
    monkeypatch.undo()


OTHER_LOCK = """\
# Which clips are the campaign. Written by hailuo-batch; commit it with the manifest.
version: 1
campaign: alpha
shots:
  s01:
    version: 2
    takes:
      "1":
        fingerprint: v1-{one}
        artifact: sha256:{two}
        provider: mindvideo
""".format(one="1" * 64, two="2" * 64)


@pytest.mark.parametrize(("is_locked", "there"), [(False, OTHER_LOCK), (True, OTHER_LOCK), (True, None)])
async def test_a_branch_that_is_checked_out_during_a_run_keeps_its_lock(
    project: Project, there: str | None, is_locked: bool
):
    project.write(SHOTS)
    (project.folder / ".gitignore").write_text(".hailuo/\nrenders/\n")
    git(project.folder, "init", "-qb", "main")
    if is_locked:
        assert (await project.run(world=World.REAL, only=("s07",))).exit == 0
    git(project.folder, "add", "-A")
    git(project.folder, "commit", "-qm", "main")
    git(project.folder, "checkout", "-qb", "other")
    project.change("bottle 1}", "bottle one}")
    project.lock.write_text(there) if there else project.lock.unlink()
    git(project.folder, "add", "-A")
    git(project.folder, "commit", "-qm", "other")
    git(project.folder, "checkout", "-q", "main")

    def switch(event: Event) -> None:
        if isinstance(event, StepStored):
            git(project.folder, "checkout", "-q", "other")

    ran = await project.run(world=World.REAL, listener=switch)
    assert (ran.outcome.stored, ran.lock, ran.exit) == (8 - is_locked, None, Exit.TAKES_FAILED)
    assert project.lock.is_file() == (there is not None)
    assert not there or project.lock.read_text() == there
    assert git(project.folder, "status", "--porcelain") == "?? film.lock.yaml.new\n"
    beside = project.folder / "film.lock.yaml.new"
    assert isinstance(ran.error, FileChangedError)
    assert str(beside) in ran.error.remedy

    wanted = beside.read_bytes()
    assert wanted.count(b"artifact:") == 8
    git(project.folder, "checkout", "-q", "main")
    assert await project.submits(world=World.REAL) == 0
    assert project.lock.read_bytes() == wanted, "the next run on the right branch writes it"
    assert not beside.exists()


async def test_a_lock_that_another_command_writes_during_a_run_is_not_written_over(project: Project):
    project.write(SHOTS)
    ran = await project.run(
        world=World.REAL, listener=lambda _: project.lock.write_text(OTHER_LOCK) if not project.lock.exists() else None
    )
    assert project.lock.read_text() == OTHER_LOCK
    assert isinstance(ran.error, FileChangedError)


async def decide(project: Project, shot: str, message: str, kind: ChoiceKind = ChoiceKind.APPROVE) -> None:
    await choose(project.file, [Choice(kind=kind, shot=shot, text=message)], by=message, clock=FakeClock())
    git(project.folder, "add", "-A")
    git(project.folder, "commit", "-qm", message)


@pytest.fixture
async def judged(project: Project) -> Project:
    """Two shots are noted in the last commit of main; everything is drawn."""
    project.write(SHOTS)
    (project.folder / ".gitignore").write_text(".hailuo/\nrenders/\n")
    git(project.folder, "init", "-qb", "main")
    await drawn_and_committed(project, "start")
    for shot in ("s03", "s06"):
        await decide(project, shot, "first", ChoiceKind.NOTE)
    return project


@pytest.mark.parametrize("shots", [("s01", "s08"), ("s03", "s06"), ("s04", "s06"), ("s03", "s07")])
async def test_two_branches_that_judge_different_shots_merge(judged: Project, shots: tuple[str, str]) -> None:
    git(judged.folder, "checkout", "-qb", "x")
    await decide(judged, shots[0], "x")
    git(judged.folder, "checkout", "-q", "main")
    git(judged.folder, "checkout", "-qb", "y")
    await decide(judged, shots[1], "y")
    git(judged.folder, "merge", "-q", "--no-edit", "x")
    planned = await judged.plan(world=World.REAL)
    assert planned.validation.review is not None
    found = {name: [each.by for each in entry.judgements] for name, entry in planned.validation.review.shots.items()}
    assert found == {"s03": [], "s06": [], shots[0]: ["x"], shots[1]: ["y"]}
    assert {name: shot.selected for name, shot in planned.lock.shots.items() if shot.selected} == dict.fromkeys(
        shots, 1
    )


async def test_two_branches_that_judge_one_shot_conflict_and_the_file_is_refused_with_its_line(judged: Project) -> None:
    git(judged.folder, "checkout", "-qb", "x")
    await decide(judged, "s03", "x", ChoiceKind.REJECT)
    git(judged.folder, "checkout", "-q", "main")
    git(judged.folder, "checkout", "-qb", "y")
    await decide(judged, "s03", "y")
    with pytest.raises(subprocess.CalledProcessError):
        git(judged.folder, "merge", "-q", "--no-edit", "x")
    with pytest.raises(ManifestError) as refused:
        await judged.plan(world=World.REAL)
    problem = refused.value.problems[0]
    assert problem.place is not None
    assert (problem.rule.id, problem.place.file, problem.place.text) == (
        "yaml-merge",
        "film.review.yaml",
        "<<<<<<< HEAD",
    )
    with pytest.raises(ManifestError):
        await choose(judged.file, [Choice(kind=ChoiceKind.OMIT, shot="s01")])
    git(judged.folder, "checkout", "--ours", "--", "film.review.yaml", "film.lock.yaml")
    assert (await judged.plan(world=World.REAL)).pending_steps == ()


@pytest.fixture
def with_driver(judged: Project) -> Project:
    """The same, where git may call `merge-review`."""
    driver = f'{sys.executable} -c "from hailuo_batch.cli.main import main; main()" merge-review %O %A %B'
    git(judged.folder, "config", "merge.hailuo-review.driver", driver)
    (judged.folder / ".gitattributes").write_text("*.review.yaml merge=hailuo-review\n")
    git(judged.folder, "add", "-A")
    git(judged.folder, "commit", "-qm", "attributes")
    return judged


@pytest.mark.parametrize("is_new", [False, True], ids=["between two others", "in a new file"])
async def test_shots_at_one_place_of_the_file_merge_where_git_may_call_the_driver(
    with_driver: Project, is_new: bool
) -> None:
    project, file = with_driver, with_driver.folder / "film.review.yaml"
    if is_new:
        git(project.folder, "rm", "-q", file.name)
        git(project.folder, "commit", "-qm", "no review")
    git(project.folder, "checkout", "-qb", "x")
    await decide(project, "s04", "x", ChoiceKind.NOTE)
    git(project.folder, "checkout", "-q", "main")
    git(project.folder, "checkout", "-qb", "y")
    file.write_text(file.read_text() if file.exists() else "version: 1\nshots: {}\n")
    await decide(project, "s05", "y", ChoiceKind.NOTE)
    git(project.folder, "merge", "-q", "--no-edit", "x")
    review = (await project.plan(world=World.REAL)).validation.review
    assert review is not None
    assert {name: entry.notes[0].by for name, entry in review.shots.items() if name in {"s04", "s05"}} == {
        "s04": "x",
        "s05": "y",
    }


async def test_the_driver_leaves_a_conflict_about_one_shot_as_git_makes_it(with_driver: Project) -> None:
    project = with_driver
    git(project.folder, "checkout", "-qb", "x")
    await decide(project, "s03", "x", ChoiceKind.REJECT)
    await decide(project, "s04", "x", ChoiceKind.NOTE)
    git(project.folder, "checkout", "-q", "main")
    git(project.folder, "checkout", "-qb", "y")
    await decide(project, "s03", "y", ChoiceKind.REJECT)
    with pytest.raises(subprocess.CalledProcessError):
        git(project.folder, "merge", "-q", "--no-edit", "x")
    text = (project.folder / "film.review.yaml").read_text()
    assert ("<<<<<<< ours" in text, text.count("by: x"), text.count('by: "y"')) == (True, 2, 1)

"""Choosing from end to end: what is written, planned, bought, named and locked."""

import asyncio
import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from app_samples import Project
from bought_samples import buy, intent_for

from hailuo_batch.app.choosing import ChoicesMade, choose
from hailuo_batch.app.export_sheet import export_sheet
from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError, PlannedRun
from hailuo_batch.app.review import accept
from hailuo_batch.app.run import run
from hailuo_batch.app.running.options import RunOptions
from hailuo_batch.app.saved_plans import read_plan_for_run, save_plan
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import rehearsal_review_path
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.judgement import Verdict
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, KeyMissingError, RefusedError
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.load.saved_plan_file import read_saved_plan
from hailuo_batch.load.sheets.sheet_files import SheetKind
from hailuo_batch.ports import Facts
from hailuo_batch.testing.clock import FakeClock

DRAWN = """\
version: 1
campaign: aurora
model: animatic
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: bottle one, takes: 3, tags: [hero]}
  - {id: turn, prompt: the cap turns, frames: {first: {shot: open}}}
  - {id: end, prompt: the end, frames: {first: {shot: turn}}}
  - {id: pack, prompt: a box, tags: [hero]}
"""
REAL: dict[str, Any] = {"world": World.REAL}
SELECT, APPROVE, REJECT, OMIT, NOTE, RETAKE = ChoiceKind


@pytest.fixture
async def drawn(project: Project) -> Project:
    """A manifest whose clips are there: they were made on this machine, in the real world."""
    project.write(DRAWN)
    await project.run(**REAL)
    return project


def choice(kind: ChoiceKind, name: str, **how: Any) -> Choice:
    shot, _, take = name.partition("#")
    return Choice(kind=kind, shot=shot, take=int(take) if take else None, **how)


async def decide(project: Project, *choices: Choice, **how: Any) -> ChoicesMade:
    return await choose(project.file, choices, **{"by": "ann", "clock": FakeClock(), **how})


def review(project: Project) -> Path:
    return project.folder / "film.review.yaml"


def pending(made: ChoicesMade) -> list[tuple[str, int, StepReason]]:
    return [(use.shot.id, use.take, step.why) for step in made.planned.plan.pending_steps for use in step.uses]


def selected(project: Project) -> dict[str, int]:
    folder = project.renders / "selected"
    return {path.name: json.loads(path.with_suffix(".json").read_bytes())["take"] for path in folder.glob("*.mp4")}


async def test_a_selection_feeds_the_chain_the_lock_and_the_selected_folder(drawn: Project) -> None:
    made = await decide(drawn, choice(SELECT, "open#2"))
    assert pending(made) == [("turn", 1, StepReason.CHANGED), ("end", 1, StepReason.NEEDS_FRAME)]
    assert [row.shot for row in made.planned.report.rows] == ["turn", "end"]
    (change,) = made.planned.report.rows[0].changes
    assert (change.label_before, change.label) == ("last frame of open#1", "last frame of open#2")
    assert selected(drawn) == {"aurora_open.mp4": 2}
    assert drawn.clip("selected/aurora_open.mp4") == drawn.clip("aurora_open_v001_t02.mp4")
    lock = read_lock(drawn.lock, campaign="aurora")
    assert {name: shot.selected for name, shot in lock.shots.items()} == {"open": 2, "turn": 0, "end": 0, "pack": 0}
    assert await drawn.submits(**REAL) == 2
    made = await decide(drawn, choice(SELECT, "open#3"))
    assert selected(drawn) == {"aurora_open.mp4": 3}
    before = drawn.driver.submits.total()
    made = await decide(drawn, choice(SELECT, "open", is_undo=True))
    assert pending(made) == []
    assert selected(drawn) == {}
    assert "selected" not in drawn.lock.read_text()
    assert drawn.driver.submits.total() == before
    assert await drawn.submits(**REAL) == 0


async def test_the_first_take_selected_changes_nothing_but_what_is_written(drawn: Project) -> None:
    made = await decide(drawn, choice(SELECT, "open#1"))
    assert pending(made) == []
    assert review(drawn).read_text().splitlines()[-1].startswith("    selected: {take: 1, clip: sha256:")


async def test_a_project_without_selections_keeps_its_lock_and_its_plan(drawn: Project) -> None:
    before = drawn.lock.read_bytes()
    await decide(drawn, choice(NOTE, "open", text="lovely"), choice(REJECT, "pack#1", why="dull"))
    assert await drawn.submits(**REAL) == 0
    assert drawn.lock.read_bytes() == before


async def test_an_approval_selects_where_nothing_is_selected(drawn: Project) -> None:
    await decide(drawn, choice(APPROVE, "open#2"), choice(APPROVE, "open#3"), choice(APPROVE, "pack"))
    decided = (await plan(drawn.file)).validation.review
    assert decided is not None
    assert {name: each.take for name, each in decided.selections.items()} == {"open": 2, "pack": 1}
    assert [each.verdict for each in decided.shots["open"].judgements] == [Verdict.APPROVED] * 2
    made = await decide(drawn, choice(APPROVE, "open#2", is_undo=True))
    assert made.made == (choice(APPROVE, "open#2", is_undo=True),)
    assert (await plan(drawn.file)).plan.inputs.selections.keys() == {"pack"}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        (
            [choice(SELECT, "open")],
            '"open" has 3 clips\n.*Name the take:\n    hailuo-batch select open#1 .*film.yaml\n',
        ),
        ([choice(APPROVE, "none")], '"none" matches no shot'),
        ([choice(SELECT, "open#4")], "there is no take 4 of open"),
        ([choice(NOTE, "open#4", text="x")], "there is no take 4 of open"),
        ([choice(SELECT, "pack", is_undo=True)], 'there is no select of "pack" to take back'),
        ([choice(NOTE, "pack", text="x"), choice(OMIT, "open", why="cut")], '"turn" would start from an omitted shot'),
        ([choice(OMIT, "end"), choice(SELECT, "new#1")], '"new" matches no shot'),
    ],
)
async def test_what_cannot_be_decided_is_refused_and_nothing_is_written(
    drawn: Project, choices: Sequence[Choice], words: str
) -> None:
    with pytest.raises(InputError) as wrong:
        await decide(drawn, *choices)
    said = f"{wrong.value.summary}\n{wrong.value.why}\n{wrong.value.remedy}\n"
    import re

    assert re.search(words, said, re.DOTALL), said
    assert not review(drawn).exists()


async def test_a_take_without_a_clip_says_what_brings_one(drawn: Project) -> None:
    drawn.change("a box", "a tin")
    with pytest.raises(InputError, match="pack#1 has no clip here") as wrong:
        await decide(drawn, choice(SELECT, "pack#1"))
    assert wrong.value.why == "The request changed."
    assert "hailuo-batch run" in wrong.value.remedy


async def test_a_selection_does_not_hold_for_another_clip_of_the_take(drawn: Project) -> None:
    await decide(drawn, choice(SELECT, "open#2"))
    await drawn.run(**REAL)
    drawn.change("bottle one", "bottle two")
    await drawn.run(**REAL)
    assert selected(drawn) == {}
    assert read_lock(drawn.lock, campaign="aurora").shots["open"].selected == 0
    drawn.change("bottle two", "bottle one")
    assert await drawn.submits(**REAL) == 0
    assert selected(drawn) == {"aurora_open.mp4": 2}


async def test_an_omitted_shot_is_not_planned_in_any_world_and_comes_back_as_it_was(drawn: Project) -> None:
    lock = drawn.lock.read_bytes()
    drawn.change("the end", "the very end")
    made = await decide(drawn, choice(OMIT, "end", why="cut"))
    assert pending(made) == []
    assert made.planned.report.omitted == ("end",)
    assert await drawn.submits(**REAL) == 0
    assert drawn.lock.read_bytes() == lock
    for world in World:
        steps = (await plan(drawn.file, world=world)).plan.steps
        assert {use.shot.id for step in steps for use in step.uses} == {"open", "turn", "pack"}
    with pytest.raises(InputError, match='shot "end" is omitted'):
        await decide(drawn, choice(APPROVE, "end"))
    drawn.change("the very end", "the end")
    made = await decide(drawn, choice(OMIT, "end", is_undo=True))
    assert pending(made) == []


async def test_a_hand_that_omits_what_others_start_from_is_refused_with_the_line(drawn: Project) -> None:
    review(drawn).write_text("version: 1\nshots:\n  turn: {omitted: {by: ann, at: 2026-11-20}}\n")
    with pytest.raises(ManifestError) as wrong:
        await plan(drawn.file)
    (problem,) = wrong.value.problems
    assert (problem.rule.id, problem.place.line if problem.place else 0) == ("frame-omitted", 8)
    assert (await decide(drawn, choice(NOTE, "end", text="why?"))).notes == (problem.why,)
    assert (await decide(drawn, choice(OMIT, "end"))).notes == ()
    assert [use.shot.id for step in (await plan(drawn.file)).plan.steps for use in step.uses if use.take == 1] == [
        "open",
        "pack",
    ]


async def test_shots_that_start_from_each_other_are_omitted_together(drawn: Project) -> None:
    made = await decide(drawn, choice(OMIT, "turn"), choice(OMIT, "end"))
    assert made.planned.report.omitted == ("turn", "end")


async def test_notes_and_retakes_come_back_newest_first(drawn: Project) -> None:
    await decide(drawn, choice(NOTE, "open", text="one"), clock=FakeClock(1_700_000_000.0))
    await decide(drawn, choice(NOTE, "open#2", text="two"), choice(RETAKE, "open#2", why="jumps", text="slower"))
    found = (await plan(drawn.file)).validation.review
    assert found is not None
    assert [(each.take, each.text) for each in found.shots["open"].notes] == [(0, "one"), (2, "two"), (2, "slower")]
    assert [each.take for each in found.shots["open"].retakes] == [4]
    await decide(drawn, choice(NOTE, "open", is_undo=True), choice(RETAKE, "open", is_undo=True))
    left = (await plan(drawn.file)).validation.review
    assert left is not None
    assert len(left.shots["open"].notes) == 2
    assert left.shots["open"].retakes == ()


async def test_a_retake_that_was_bought_is_not_taken_back(bought: Project) -> None:
    await decide(bought, choice(RETAKE, "turn"))
    await buy(bought.file)
    with pytest.raises(InputError, match="turn#2 was submitted already"):
        await decide(bought, choice(RETAKE, "turn", is_undo=True))
    for folder in (bought.folder / ".hailuo", bought.renders):  # now only the lock knows of it
        shutil.rmtree(folder)
    with pytest.raises(InputError, match="turn#2 was submitted already"):
        await decide(bought, choice(RETAKE, "turn", is_undo=True))


async def test_shots_in_a_state_are_selected_by_it(drawn: Project) -> None:
    await decide(drawn, choice(APPROVE, "open#1"))
    done = await plan(drawn.file, only=["state:done"], full_report=True)
    assert [row.shot for row in done.report.rows] == ["open"] * 3
    made = await decide(drawn, Choice(kind=APPROVE, shot="state:wfa"))
    assert [each.shot for each in made.made] == ["turn", "end", "pack"]
    assert (await plan(drawn.file, only=["state:wfa"])).selected == ()


async def test_what_the_file_cannot_hold_is_not_written(drawn: Project) -> None:
    with pytest.raises(InputError, match="a note needs words"):
        await decide(drawn, choice(NOTE, "open", text="  "))
    await decide(drawn, choice(NOTE, "open", text="x" * 5000), by="Ann \ud800" + "n" * 300)
    decided = (await plan(drawn.file)).validation.review
    assert decided is not None
    (note,) = decided.shots["open"].notes
    assert (len(note.text), len(note.by)) == (2000, 200)


async def test_a_rehearsal_is_judged_in_its_own_file(drawn: Project) -> None:
    with pytest.raises(InputError, match="pack has no clip here"):
        await decide(drawn, choice(SELECT, "pack"), world=World.REHEARSAL)
    await decide(drawn, choice(RETAKE, "pack", why="again"), world=World.REHEARSAL)
    own = rehearsal_review_path(drawn.file.resolve(), drawn.folder)
    assert "retakes" in own.read_text()
    assert not review(drawn).exists()
    assert len([step for step in (await plan(drawn.file)).plan.steps if step.uses[0].shot.id == "pack"]) == 1
    rehearsed = await plan(drawn.file, world=World.REHEARSAL)
    assert {use.take for step in rehearsed.plan.steps for use in step.uses if use.shot.id == "pack"} == {1, 2}
    await decide(drawn, choice(NOTE, "pack", text="a box?"), world=World.REHEARSAL)
    assert "a box?" in review(drawn).read_text()


async def test_a_sketch_cannot_be_judged_and_a_shot_can_be_noted(project: Project) -> None:
    project.write(DRAWN)
    for kind in (SELECT, APPROVE, REJECT, RETAKE):
        with pytest.raises(InputError, match="is about clips that were rendered"):
            await decide(project, choice(kind, "pack"), world=World.SKETCH)
    await decide(project, choice(NOTE, "pack", text="x"), choice(OMIT, "end"), world=World.SKETCH)
    assert "omitted" in review(project).read_text()


async def test_comments_survive_each_decision(drawn: Project) -> None:
    review(drawn).write_text("version: 1\n# ann decides\nshots:\n  # the box\n  pack: {}  # keep\n")
    for made in (
        choice(SELECT, "open#2"), choice(APPROVE, "pack"), choice(REJECT, "open#1", why="x"),
        choice(NOTE, "end", text="n"), choice(RETAKE, "turn", why="y"), choice(NOTE, "end", is_undo=True),
        choice(SELECT, "open", is_undo=True),
        choice(OMIT, "end", why="z"), choice(OMIT, "end", is_undo=True),
    ):  # fmt: skip
        await decide(drawn, made)
        text = review(drawn).read_text()
        assert [text.count(words) for words in ("# ann decides", "# the box", "# keep")] == [1, 1, 1], made


async def test_decisions_at_the_same_time_are_all_kept(drawn: Project) -> None:
    names = ("open#1", "open#2", "open#3", "pack", "turn", "end")
    await asyncio.gather(*(decide(drawn, choice(NOTE, name, text=f"about {name}")) for name in names))
    text = review(drawn).read_text()
    assert [name for name in names if f"about {name}" not in text] == []


async def test_a_changed_review_takes_the_long_way(drawn: Project, nothing_is_too_fresh: None) -> None:
    await drawn.plan(**REAL)
    assert drawn.short_way(world=World.REAL)
    await decide(drawn, choice(NOTE, "open", text="x"))
    assert not drawn.short_way(world=World.REAL) or (await drawn.plan(**REAL)).validation.review is not None
    await drawn.run()
    await drawn.plan()
    assert drawn.short_way()
    await decide(drawn, choice(OMIT, "end"))
    assert not drawn.short_way()


async def test_who_decides_is_who_git_says(drawn: Project) -> None:
    import subprocess

    subprocess.run(["git", "init", "-q"], cwd=drawn.folder, check=True)
    subprocess.run(["git", "config", "user.name", "Ann Lee"], cwd=drawn.folder, check=True)
    await choose(drawn.file, [choice(NOTE, "open", text="x")], clock=SystemClock())
    assert 'by: "Ann Lee"' in review(drawn).read_text()


async def test_a_file_in_the_selected_folder_that_is_not_ours_stays(drawn: Project) -> None:
    mine = drawn.renders / "selected" / "aurora_open.mp4"
    mine.parent.mkdir()
    mine.write_bytes(b"a cut of my own")
    made = await decide(drawn, choice(SELECT, "open#2"))
    assert mine.read_bytes() == b"a cut of my own"
    assert [note for note in made.notes if "aurora_open.mp4" in note] != []


async def test_a_selected_clip_is_linked_again_by_a_run(drawn: Project) -> None:
    await decide(drawn, choice(SELECT, "open#1"))
    (drawn.renders / "selected" / "aurora_open.mp4").unlink()
    await drawn.run(**REAL)
    assert selected(drawn) == {"aurora_open.mp4": 1}


async def test_takes_of_a_pattern_without_a_clip_are_passed_over(drawn: Project) -> None:
    drawn.change("a box", "a tin")
    made = await decide(drawn, choice(APPROVE, "*"))
    assert [(each.shot, each.take) for each in made.made] == [("turn", 1), ("end", 1)]
    assert Action.SUBMIT in {step.action for step in made.planned.plan.steps}


CHAIN = """\
version: 1
campaign: aurora
providers: [minimax]
shots:
  - {id: open, prompt: a bottle in mist, takes: 2}
  - {id: turn, prompt: the cap turns, frames: {first: {shot: open}}}
"""


@pytest.fixture
async def bought(project: Project) -> Project:
    """Both takes were bought, and what starts from the first of them."""
    project.write(CHAIN)
    await buy(project.file, only=["open"])
    await buy(project.file)
    return project


async def test_another_selection_has_a_price_and_taking_it_back_has_none(bought: Project) -> None:
    made = await decide(bought, choice(SELECT, "open#2"))
    assert [str(money) for money in made.planned.report.to_spend] == ["0.28 USD"]
    assert made.notes[0].startswith("turn starts from another clip now")
    (step,) = made.planned.pending_steps
    assert (step.why, step.submits, step.uses[0].shot.id) == (StepReason.CHANGED, True, "turn")
    undone = await decide(bought, choice(SELECT, "open", is_undo=True))
    assert undone.planned.report.to_spend == ()


def refuse(_: PlannedRun) -> None:
    raise RefusedError("nobody agreed")


@pytest.mark.parametrize("is_waiting", [False, True], ids=["its clip is known", "its clip is not there yet"])
async def test_a_plan_that_was_saved_with_another_selection_is_refused(project: Project, is_waiting: bool) -> None:
    project.write(CHAIN)
    saved = project.folder / "film.plan.json"
    if is_waiting:
        await save_plan(await plan(project.file), saved)
    await buy(project.file, only=["open"])
    if not is_waiting:
        await save_plan(await plan(project.file), saved)
    manifest, options = read_plan_for_run(saved, RunOptions(), project.file)
    await decide(project, choice(SELECT, "open#2"))
    with pytest.raises(RefusedError) as refused:
        await run(manifest, options, approve=refuse)
    assert "turn#1: first frame: last frame of open" in refused.value.why
    assert "→ last frame of open#2" in refused.value.why
    await decide(project, choice(SELECT, "open#1"))
    with pytest.raises(KeyMissingError):  # what the plan says is the case again
        await run(manifest, options, approve=refuse)


async def test_a_saved_plan_with_a_selected_giver_is_by_its_schema(bought: Project) -> None:
    await decide(bought, choice(SELECT, "open#2"))
    saved = bought.folder / "film.plan.json"
    await save_plan(await plan(bought.file), saved)
    (step,) = read_saved_plan(saved).steps
    assert step["frames"] == [{"end": "first", "shot": "open", "frame": "last", "take": 2}]


async def test_rehearsed_clips_are_judged_named_and_chained_apart(bought: Project) -> None:
    await buy(bought.file, world=World.REHEARSAL, only=["open"])
    await buy(bought.file, world=World.REHEARSAL)
    real = review_bytes(bought)
    made = await decide(bought, choice(SELECT, "open#2"), choice(REJECT, "turn", why="x"), world=World.REHEARSAL)
    assert pending(made) == [("turn", 1, StepReason.CHANGED)]
    assert made.lock is None
    assert review_bytes(bought) == real
    assert (await plan(bought.file)).pending_steps == ()
    folder = bought.folder / ".hailuo" / "rehearsal" / "renders" / "selected"
    assert [path.name for path in folder.glob("*.mp4")] == ["aurora_open.mp4"]


def review_bytes(project: Project) -> list[bytes]:
    return [path.read_bytes() for path in (review(project), project.lock) if path.exists()]


async def test_an_accepted_clip_keeps_what_was_decided_about_it(drawn: Project) -> None:
    await decide(drawn, choice(SELECT, "pack"), choice(APPROVE, "pack"))
    drawn.change("a box", "a tin box")
    assert (await plan(drawn.file, full_report=True)).report.states["pack"] == "todo"
    await accept(drawn.file, ["pack"], why="only a word")
    report = (await plan(drawn.file, full_report=True)).report
    (row,) = (row for row in report.rows if row.shot == "pack")
    assert (report.states["pack"], row.is_selected, row.verdict) == ("done", True, Verdict.APPROVED)
    assert read_lock(drawn.lock, campaign="aurora").shots["pack"].selected == 1


async def test_a_finished_manifest_still_counts_its_omitted_shots(drawn: Project, nothing_is_too_fresh: None) -> None:
    await decide(drawn, choice(OMIT, "end", why="cut"))
    await drawn.plan(**REAL)
    summary = read_cached_summary(drawn.file, world=World.REAL)
    assert summary is not None
    assert summary["omitted"] == 1


async def test_a_shot_that_is_omitted_stays_in_the_spreadsheet(drawn: Project) -> None:
    await decide(drawn, choice(OMIT, "end", why="cut"))
    rows = (await export_sheet(drawn.file, SheetKind.TSV)).decode("utf-8-sig").splitlines()
    assert [row.split("\t")[0].strip('"') for row in rows[1:]] == ["open", "turn", "end", "pack"]


async def test_a_task_of_an_omitted_shot_is_still_followed(bought: Project) -> None:
    bought.change("a bottle in mist, takes: 2", "a bottle in mist, takes: 3")
    step = next(step for step in (await plan(bought.file)).pending_steps)
    workspace = Workspace(bought.folder)
    with workspace.hold_run_lock("test") as lock:
        async with workspace.open_ledger(FakeClock(), lock) as ledger:
            attempt = await ledger.record_intent(intent_for(step, "aurora", 1))
            await ledger.move(attempt, Move.ACCEPT, Facts(task="t-9"))
    made = await decide(bought, choice(OMIT, "open"), choice(OMIT, "turn"))
    assert [step.orphan for step in made.planned.orphan_steps] == [("open", 3)]


async def test_what_is_selected_during_a_run_is_what_is_named_after_it(drawn: Project) -> None:
    await decide(drawn, choice(SELECT, "open#2"))
    await drawn.run(**REAL)
    second = review(drawn).read_text()
    await decide(drawn, choice(SELECT, "open#1"))
    await drawn.run(**REAL)
    drawn.change("a box", "a tin")
    await drawn.run(**REAL, listener=lambda _: review(drawn).write_text(second))
    assert selected(drawn) == {"aurora_open.mp4": 2}
    await drawn.run(**REAL)
    assert read_lock(drawn.lock, campaign="aurora").shots["open"].selected == 2

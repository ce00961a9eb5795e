"""Retakes and acceptances from end to end: what is written down, planned, bought and named."""

from pathlib import Path
from typing import Any

import pytest
from app_samples import Project
from bought_samples import PAID, buy, intent_for

from hailuo_batch.app.choosing import retake
from hailuo_batch.app.planning.name_collisions import refuse_name_collisions
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import validate_offline
from hailuo_batch.app.review import accept, unaccept
from hailuo_batch.app.verify import verify
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.plan.plan import Action, StepReason
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.world import World
from hailuo_batch.errors import FileChangedError, InputError, RefusedError, StoreError
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.ports import RenderName
from hailuo_batch.testing.clock import FakeClock

DRAWN = """\
version: 1
campaign: aurora
model: animatic
defaults: {duration: 1, resolution: 512p}
shots:
  - {id: open, prompt: bottle one, takes: 2, tags: [hero]}
  - {id: turn, prompt: the cap turns, frames: {first: {shot: open}}}
  - {id: pack, prompt: a box, tags: [hero]}
"""
REAL: dict[str, Any] = {"world": World.REAL}


@pytest.fixture
async def drawn(project: Project) -> Project:
    """A manifest that is drawn here, and finished."""
    project.write(DRAWN)
    await project.run(**REAL)
    return project


@pytest.fixture
async def bought(project: Project) -> Project:
    """A manifest whose three takes were bought."""
    project.write(PAID)
    await buy(project.file)
    return project


def whys(planned: Any) -> list[tuple[str, int, StepReason]]:
    return [(use.shot.id, use.take, step.why) for step in planned.plan.steps for use in step.uses]


def review(project: Project) -> Path:
    return project.folder / "film.review.yaml"


async def test_a_retake_buys_one_take_more_and_nothing_else(bought: Project):
    decided = await retake(bought.file, ["open"], why="the hand comes in too early", by="ann", clock=FakeClock())
    assert decided.file == review(bought)
    assert [(step.uses[0].take, step.why, str(step.estimate)) for step in decided.planned.pending_steps] == [
        (3, StepReason.NEW, "0.28 USD")
    ]
    assert [str(money) for money in decided.planned.report.to_spend] == ["0.28 USD"]
    assert "by: ann" in review(bought).read_text()
    again = await plan(bought.file)
    assert [step.uses[0].version for step in again.plan.steps] == [1, 1, 1, 1]


async def test_a_retake_says_who_and_when_and_reads_like_what_was_written(drawn: Project):
    decided = await retake(drawn.file, ["pack"], why="", by="ann", clock=FakeClock())
    entry = decided.retakes["pack"]
    assert (entry.take, entry.by, entry.at, entry.why) == (2, "ann", "2027-01-15T08:00:00Z", "")
    assert decided.planned.validation.review is not None
    assert decided.planned.validation.review.shots["pack"].retakes == (entry,)


async def test_several_shots_globs_and_tags_are_retaken_together_and_twice_is_two_more(drawn: Project):
    decided = await retake(drawn.file, ["tag:hero", "turn"])
    assert {shot: each.take for shot, each in decided.retakes.items()} == {"open": 3, "turn": 2, "pack": 2}
    decided = await retake(drawn.file, ["o*"])
    assert {shot: each.take for shot, each in decided.retakes.items()} == {"open": 4}
    assert await drawn.submits(**REAL) == 4
    assert "aurora_open_v001_t04.mp4" in drawn.names()


async def test_takes_that_the_manifest_is_raised_to_count_once(drawn: Project):
    await retake(drawn.file, ["open"])
    drawn.change("takes: 2", "takes: 3")
    assert await drawn.submits(**REAL) == 1
    drawn.change("takes: 3", "takes: 4")
    assert await drawn.submits(**REAL) == 1


async def test_a_retake_takes_a_finished_manifest_the_long_way(drawn: Project, nothing_is_too_fresh: None):
    await drawn.plan(**REAL)
    assert drawn.short_way(world=World.REAL)
    await retake(drawn.file, ["open"])
    assert not drawn.short_way(world=World.REAL)


async def test_a_sketch_has_one_take_whatever_was_decided(drawn: Project):
    await retake(drawn.file, ["open"])
    assert {use.take for step in (await drawn.plan()).plan.steps for use in step.uses} == {1}
    review(drawn).write_text("this is no review\n")
    with pytest.raises(ManifestError):  # it may omit shots, of which no sketch is drawn
        await drawn.plan()


async def test_a_take_in_doubt_is_named_when_another_is_asked_for(bought: Project):
    bought.change("takes: 2", "takes: 3")
    step = next(step for step in (await plan(bought.file)).pending_steps)
    async with open_ledger(Workspace(bought.folder).ledger_file, clock=FakeClock()) as ledger:
        await ledger.move(await ledger.record_intent(intent_for(step, "aurora", 1)), Move.LOSE_SIGHT)
    decided = await retake(bought.file, ["open", "pack"])
    assert [note for note in decided.notes if "open#3" in note and "beside it" in note] == list(decided.notes)
    assert len(decided.notes) == 1
    assert {shot: each.take for shot, each in decided.retakes.items()} == {"open": 4, "pack": 2}


async def test_a_shot_has_99_takes_at_most(drawn: Project):
    drawn.change("takes: 2", "takes: 99")
    with pytest.raises(InputError, match='"open" has 99 takes'):
        await retake(drawn.file, ["open"])
    assert not review(drawn).exists()


async def test_who_is_not_in_the_manifest_is_not_retaken(drawn: Project):
    with pytest.raises(InputError) as caught:
        await retake(drawn.file, ["opn"])
    assert (caught.value.summary, caught.value.remedy) == (
        '"opn" matches no shot',
        'Did you mean "open"?\nTo list every shot:\n    hailuo-batch status film.yaml',
    )


async def test_an_earlier_clip_is_kept_for_a_changed_request_and_nothing_is_bought(bought: Project):
    bought.change("in mist", "in fog")
    assert [str(money) for money in (await plan(bought.file)).report.to_spend] == ["0.56 USD"]
    before = bought.lock.read_text()
    decided = await accept(bought.file, ["open"], why="only a word", by="ann")
    assert [each.take for each in decided.acceptances["open"]] == [1, 2]
    after = await plan(bought.file)
    assert (after.pending_steps, after.unnamed_steps, after.report.to_spend) == ((), (), ())
    assert whys(after)[:2] == [("open", 1, StepReason.ACCEPTED), ("open", 2, StepReason.ACCEPTED)]
    assert [step.uses[0].version for step in after.plan.steps] == [1, 1, 1]
    assert bought.lock.read_text().count("made_for:") == 2
    assert bought.lock.read_text().count("artifact:") == before.count("artifact:")


async def test_a_run_after_it_has_nothing_to_do_and_says_so_the_short_way_too(
    drawn: Project, nothing_is_too_fresh: None
):
    drawn.change("bottle one", "bottle two")
    names, lock = drawn.names(), drawn.lock.read_bytes()
    await accept(drawn.file, ["open"], why="only a word")
    assert await drawn.submits(**REAL) == 0
    assert drawn.names() == names
    assert drawn.lock.read_bytes() != lock
    assert drawn.short_way(world=World.REAL)
    assert (await verify(drawn.file)).findings == ()
    drawn.change("bottle two", "bottle one")
    assert whys(await drawn.plan(**REAL))[0] == ("open", 1, StepReason.STORED)
    assert await drawn.submits(**REAL) == 0
    assert drawn.lock.read_bytes() == lock, "back to what it was"


async def test_what_starts_from_an_accepted_clip_is_not_rendered_again(drawn: Project):
    drawn.change("bottle one", "bottle two")
    assert ("turn", 1, StepReason.NEEDS_FRAME) in whys(await drawn.plan(**REAL))
    await accept(drawn.file, ["open"], why="only a word")
    assert ("turn", 1, StepReason.STORED) in whys(await drawn.plan(**REAL))


async def test_an_accepted_clip_keeps_the_provenance_of_what_it_was_made_for(drawn: Project):
    drawn.change("bottle one", "bottle two")
    await accept(drawn.file, ["open"], why="only a word")
    name = "aurora_open_v001_t01.mp4"
    before = drawn.about(name)
    (drawn.renders / name).unlink()
    (drawn.renders / name).with_suffix(".json").unlink()
    await drawn.run(**REAL)
    assert drawn.about(name) == before
    assert before["request"]["prompt"] == "bottle one"
    assert (await verify(drawn.file)).findings == ()
    drawn.change("bottle two", "bottle one")
    (drawn.renders / name).unlink()
    assert await drawn.submits(**REAL) == 0


async def test_where_one_take_is_accepted_the_others_are_rendered_as_a_new_version(drawn: Project):
    drawn.change("bottle one", "bottle two")
    decided = await accept(drawn.file, ["open"], why="the first will do", take=1)
    assert [each.take for each in decided.acceptances["open"]] == [1]
    assert await drawn.submits(**REAL) == 1
    assert drawn.clip("aurora_open_v002_t01.mp4") == drawn.clip("aurora_open_v001_t01.mp4")
    assert drawn.clip("aurora_open_v002_t02.mp4") != drawn.clip("aurora_open_v001_t02.mp4")
    assert await drawn.submits(**REAL) == 0
    assert (await verify(drawn.file)).findings == ()


async def test_a_take_is_named_as_all_views_print_it(drawn: Project):
    drawn.change("bottle one", "bottle two")
    decided = await accept(drawn.file, ["open#2"], why="a typo")
    assert [each.take for each in decided.acceptances["open"]] == [2]
    with pytest.raises(InputError, match='nothing was accepted for "open#1"'):
        await unaccept(drawn.file, ["open#1"])
    assert [each.take for each in (await unaccept(drawn.file, ["open#2"])).withdrawals["open"]] == [2]
    assert list((await retake(drawn.file, ["state:changed#1"])).retakes) == ["open", "turn"]


async def test_a_retake_beside_accepted_takes_makes_a_new_version_of_the_shot(drawn: Project):
    drawn.change("bottle one", "bottle two")
    await accept(drawn.file, ["open"], why="only a word")
    await retake(drawn.file, ["open"])
    assert await drawn.submits(**REAL) == 1
    assert [name for name in drawn.names() if "open_v002" in name] == [
        f"aurora_open_v002_t0{take}.mp4" for take in (1, 2, 3)
    ]
    assert await drawn.submits(**REAL) == 0


@pytest.mark.parametrize("take", [None, 1])
async def test_what_is_taken_back_is_a_change_again_and_finds_its_names_free(drawn: Project, take: int | None):
    lock = drawn.lock.read_bytes()
    drawn.change("bottle one", "bottle two")
    await accept(drawn.file, ["open"], why="only a word", take=take)
    if take is not None:
        await drawn.run(**REAL)
    decided = await unaccept(drawn.file, ["open"])
    assert [each.take for each in decided.withdrawals["open"]] == ([1] if take else [1, 2])
    assert decided.planned.plan.steps[0].why is StepReason.CHANGED
    if take is None:
        assert drawn.lock.read_bytes() == lock
    assert await drawn.submits(**REAL) == (2 if take else 3)
    assert drawn.clip("aurora_open_v002_t01.mp4") != drawn.clip("aurora_open_v001_t01.mp4")
    assert (await verify(drawn.file)).findings == ()
    with pytest.raises(InputError, match='nothing was accepted for "open"'):
        await unaccept(drawn.file, ["open"])


async def test_a_request_that_changes_again_is_a_change_again(drawn: Project):
    drawn.change("bottle one", "bottle two")
    await accept(drawn.file, ["open"], why="only a word")
    drawn.change("bottle two", "bottle three")
    assert whys(await drawn.plan(**REAL))[0] == ("open", 1, StepReason.CHANGED)
    decided = await accept(drawn.file, ["open"], why="still good")
    (first, _) = decided.acceptances["open"]
    assert decided.planned.validation.review is not None
    acceptances = decided.planned.validation.review.shots["open"].acceptances
    assert [each.made_for for each in acceptances if each.take == 1] == [first.made_for, first.made_for]
    assert await drawn.submits(**REAL) == 0


async def test_an_accepted_clip_that_another_machine_has_is_held_there_and_not_bought(bought: Project):
    bought.change("in mist", "in fog")
    await accept(bought.file, ["open"], why="only a word")
    (bought.folder / ".hailuo").rename(bought.folder / "away")
    found = await plan(bought.file)
    assert whys(found)[:2] == [("open", 1, StepReason.ACCEPTED_ELSEWHERE), ("open", 2, StepReason.ACCEPTED_ELSEWHERE)]
    assert found.report.to_spend == ()


async def test_an_accepted_clip_whose_ledger_is_gone_is_reused_by_the_lock(drawn: Project):
    drawn.change("bottle one", "bottle two")
    await accept(drawn.file, ["open"], why="only a word")
    for file in (drawn.folder / ".hailuo").glob("ledger.db*"):
        file.unlink()
    assert [why for _, _, why in whys(await drawn.plan(**REAL))[:2]] == [StepReason.ACCEPTED, StepReason.ACCEPTED]
    submits = drawn.driver.submits.total()
    ran = await drawn.run(**REAL)
    assert (ran.outcome.failed, drawn.driver.submits.total() - submits) == ((), 0)
    assert await drawn.submits(**REAL) == 0


async def test_an_accepted_clip_that_only_its_name_has_is_brought_back(drawn: Project):
    drawn.change("bottle one", "bottle two")
    decided = await accept(drawn.file, ["open"], why="only a word")
    digest = decided.acceptances["open"][0].clip
    (drawn.folder / ".hailuo" / "store" / digest[7:9] / f"{digest[7:]}.mp4").unlink()
    assert await drawn.submits(**REAL) == 0
    assert whys(await drawn.plan(**REAL))[0] == ("open", 1, StepReason.ACCEPTED)


async def test_a_rehearsal_takes_no_acceptance(bought: Project):
    bought.change("in mist", "in fog")
    await accept(bought.file, ["open"], why="only a word")
    rehearsed = await plan(bought.file, world=World.REHEARSAL)
    assert {step.action for step in rehearsed.plan.steps} == {Action.SUBMIT}


@pytest.mark.parametrize(
    ("shots", "take", "summary"),
    [
        (["pack"], None, "pack#1 has not changed"),
        (["new"], None, "new#1 has no earlier clip"),
        (["turn"], None, "the request of turn#1 is not known yet"),
        (["open", "pack"], None, "pack#1 has not changed"),
        (["open"], 7, "there is no take 7 of open"),
        (["opne"], None, '"opne" matches no shot'),
        (["p*"], None, "pack#1 has not changed"),
    ],
)
async def test_what_cannot_be_accepted_says_why(drawn: Project, shots: list[str], take: int | None, summary: str):
    drawn.change("bottle one", "bottle two")
    drawn.write(drawn.file.read_text() + "  - {id: new, prompt: never rendered}\n")
    with pytest.raises(InputError) as caught:
        await accept(drawn.file, shots, why="x", take=take)
    assert caught.value.summary == summary
    assert not review(drawn).exists()


async def test_what_a_tag_brings_along_and_has_not_changed_is_passed_over(drawn: Project):
    drawn.change("bottle one", "bottle two")
    decided = await accept(drawn.file, ["tag:hero"], why="x")
    assert list(decided.acceptances) == ["open"]


async def test_a_take_that_was_added_with_the_change_is_named_and_rendered(drawn: Project):
    drawn.change("bottle one, takes: 2", "bottle two, takes: 3")
    decided = await accept(drawn.file, ["open"], why="x")
    assert decided.notes == ("open#3 has no earlier clip.",)
    assert await drawn.submits(**REAL) == 1


async def test_a_clip_that_is_not_in_the_store_cannot_be_accepted(bought: Project):
    bought.change("on a table", "on a shelf")
    (clip,) = (clip for clip in bought.stored() if clip.samefile(bought.renders / "aurora_pack_v001_t01.mp4"))
    clip.unlink()
    with pytest.raises(InputError, match="the earlier clip of pack#1 is not in the store"):
        await accept(bought.file, ["pack"], why="x")


async def test_what_was_sent_already_cannot_be_accepted(bought: Project):
    bought.change("on a table", "on a shelf")
    (step,) = (await plan(bought.file)).pending_steps
    async with open_ledger(Workspace(bought.folder).ledger_file, clock=FakeClock()) as ledger:
        await ledger.move(await ledger.record_intent(intent_for(step, "aurora", 1)), Move.LOSE_SIGHT)
    with pytest.raises(InputError, match="pack#1 was already submitted"):
        await accept(bought.file, ["pack"], why="x")


async def test_a_review_that_is_wrong_stops_the_manifest_with_its_place(drawn: Project):
    review(drawn).write_text("version: 1\nshots:\n  open: {retake: []}\n")
    with pytest.raises(ManifestError) as caught:
        await drawn.plan(**REAL)
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert (problem.rule.id, problem.place.file, problem.place.line) == ("key-unknown", "film.review.yaml", 3)
    with pytest.raises(ManifestError):
        await retake(drawn.file, ["open"])


async def test_a_shot_that_was_renamed_keeps_its_accepted_clip_and_is_warned_of(drawn: Project):
    drawn.change("bottle one", "bottle two")
    await accept(drawn.file, ["open"], why="x")
    drawn.change("id: open", "id: opening")
    drawn.change("shot: open", "shot: opening")
    (warning,) = validate_offline(drawn.file, world=World.REAL).problems
    assert (warning.rule.id, warning.severity) == ("review-shot", Severity.WARNING)
    assert 'Did you mean "opening"?' in warning.remedy
    assert await drawn.submits(**REAL) == 0


async def test_a_review_that_cannot_be_written_decides_nothing(drawn: Project, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hailuo_batch.load.sidecar.write_atomically", full)
    with pytest.raises(StoreError, match="the review could not be written"):
        await retake(drawn.file, ["open"])
    assert not review(drawn).exists()


async def test_a_name_that_shows_an_accepted_clip_still_is_seen_before_anything_is_bought_for_it(bought: Project):
    bought.change("in mist", "in fog")
    accepted_clip = (await accept(bought.file, ["open"], why="x", take=1)).acceptances["open"][0]
    await buy(bought.file)
    step = next(step for step in (await plan(bought.file)).unnamed_steps)
    name = "aurora_open_v002_t01.mp4"
    (bought.renders / name).hardlink_to(bought.renders / "aurora_open_v001_t01.mp4")
    async with open_ledger(Workspace(bought.folder).ledger_file, clock=FakeClock()) as ledger:
        given = RenderName(
            file=name, campaign="aurora", shot="open", version=2, take=1, fingerprint=step.fingerprint, sketch=False
        )
        await ledger.record_names([given])
    refuse_name_collisions(await plan(bought.file))
    assert accepted_clip.request == step.fingerprint
    review(bought).unlink()
    with pytest.raises(RefusedError, match=f"renders/{name} is there already"):
        refuse_name_collisions(await plan(bought.file))


async def test_what_a_colleague_writes_while_a_take_is_decided_is_kept(drawn: Project):
    await retake(drawn.file, ["pack"])

    class Meanwhile(FakeClock):
        def now(self) -> float:
            review(drawn).write_text(review(drawn).read_text() + "# a colleague's\n")
            return super().now()

    await retake(drawn.file, ["open"], clock=Meanwhile())
    text = review(drawn).read_text()
    assert text.endswith("# a colleague's\n")
    assert "open:" in text
    drawn.change("bottle one", "bottle two")
    with pytest.raises(FileChangedError):
        await accept(drawn.file, ["open"], why="only a word", clock=Meanwhile())
    assert review(drawn).read_text() == f"{text}# a colleague's\n"

"""gc: what is kept and why, what goes, in which order, and what the next plan says of it."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from app_samples import Project
from bought_samples import PAID, buy, grow_old

from hailuo_batch.app.choosing import choose
from hailuo_batch.app.gc import collect_garbage
from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.review import accept
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.spending.garbage import Garbage
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, LedgerError
from hailuo_batch.ledger.sqlite import open_ledger, read_ledger
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.store.listing import list_digests
from hailuo_batch.testing.clips import make_clip
from hailuo_batch.testing.clock import FakeClock


async def gc(project: Project, *, days: int = 30, **how: Any) -> Garbage:
    return await collect_garbage(project.folder, days=days, **how)


def unname(project: Project, part: str = "") -> None:
    for path in project.renders.iterdir():
        if part in path.name:
            path.unlink()


def tree(folder: Path) -> dict[str, bytes]:
    """Everything that a gc may change; a ledger that is read keeps a log of its own beside it."""
    paths = (path for path in folder.rglob("*") if path.is_file() and "ledger.db-" not in path.name)
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


async def stages(project: Project) -> list[Stage]:
    async with read_ledger(Workspace(project.folder).ledger_file) as ledger:
        return [attempt.stage for attempt in await ledger.attempts()]


@pytest.fixture
async def changed(project: Project) -> Project:
    """Three clips were bought, all are old, and two of them are of a request that nobody asks any more."""
    project.write(PAID)
    await buy(project.file)
    project.change("in mist", "in fog")
    await buy(project.file)
    unname(project, "open_v001")
    grow_old(project.folder / ".hailuo" / "store", days=40)
    return project


async def test_a_clip_that_nobody_names_any_more_is_shown_with_what_it_cost_and_nothing_changes(changed: Project):
    before = tree(changed.folder)
    found = await gc(changed)
    assert [(clip.attempts[0].shot, clip.attempts[0].take) for clip in found.clips] in (
        [("open", 1), ("open", 2)],
        [("open", 2), ("open", 1)],
    )
    assert [str(money) for money in found.cost] == ["0.56 USD"]
    assert not found.is_removed
    after = tree(changed.folder)
    assert {name: after[name] for name in before if "memory" not in name} == {
        name: data for name, data in before.items() if "memory" not in name
    }


async def test_what_goes_is_written_down_first_and_bought_again_only_when_it_is_asked_for_again(changed: Project):
    store = Workspace(changed.folder).store_folder
    there, measures = list_digests(store), Workspace(changed.folder).open_measures()
    for digest in there:
        measures.keep(digest, ClipMeasures())
    found = await gc(changed, remove=True, by="ann")
    assert found.is_removed
    assert measures.read(there).keys() == list_digests(store), "what was measured of a clip goes with it"
    assert list_digests(store) == there - {clip.digest for clip in found.clips}
    assert await stages(changed) == [Stage.CANCELLED, Stage.CANCELLED, Stage.STORED, Stage.STORED, Stage.STORED]
    async with read_ledger(Workspace(changed.folder).ledger_file) as ledger:
        last = (await ledger.events([1]))[-1]
    assert (last.move, last.data["reason"], last.data["by"]) == (Move.DISCARD, "gc", "ann")
    assert (await gc(changed)).clips == ()
    assert (await plan(changed.file)).pending_steps == ()
    changed.change("in fog", "in mist")
    planned = await plan(changed.file)
    assert [step.why for step in planned.pending_steps] == [StepReason.DISCARDED, StepReason.DISCARDED]
    assert [str(money) for money in planned.report.to_spend] == ["0.56 USD"]


async def test_a_file_that_a_crash_left_behind_its_record_goes_with_the_next_gc(
    changed: Project, monkeypatch: pytest.MonkeyPatch
):
    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("hailuo_batch.store.local.LocalStore.remove", crash)
        with pytest.raises(KeyboardInterrupt):
            await gc(changed, remove=True)
    assert (await stages(changed)).count(Stage.CANCELLED) == 2
    assert len(list_digests(Workspace(changed.folder).store_folder)) == 5
    found = await gc(changed, remove=True)
    assert [str(money) for money in found.cost] == ["0.56 USD"]
    assert len(list_digests(Workspace(changed.folder).store_folder)) == 3


async def test_what_is_younger_stays(changed: Project):
    assert (await gc(changed, days=41)).clips == ()
    assert len((await gc(changed, days=39)).clips) == 2
    grow_old(changed.folder / ".hailuo" / "store", days=0)
    assert (await gc(changed, days=1)).clips == ()


async def test_a_clip_whose_name_is_still_there_stays(project: Project):
    project.write(PAID)
    await buy(project.file)
    project.change("in mist", "in fog")
    await buy(project.file)
    grow_old(project.folder, days=40)
    assert (await gc(project)).clips == ()


async def test_a_clip_that_is_still_linked_below_renders_under_a_name_of_ones_own_stays(project: Project):
    project.write(PAID)
    await buy(project.file)
    project.change("in mist", "in fog")
    await buy(project.file)
    (project.renders / "selected").mkdir()
    (project.renders / "aurora_open_v001_t01.mp4").rename(project.renders / "selected" / "best.mp4")
    (project.renders / "broken.mp4").symlink_to("nowhere.mp4")
    unname(project, "open_v001")
    grow_old(project.folder / ".hailuo", days=40)
    assert [clip.attempts[0].take for clip in (await gc(project)).clips] == [2]


async def test_a_clip_that_any_lock_of_the_project_names_stays(changed: Project):
    other = changed.folder / "archive"
    other.mkdir()
    lock = changed.lock.read_text()
    changed.change("in fog", "in mist")
    await plan(changed.file)
    clip = (await read_all(changed))[0]
    take = LockedTake(fingerprint="v1-x", digest=clip, provider="minimax")
    old = Lockfile(campaign="old", shots={"a": LockedShot(version=1, takes={1: take})})
    write_lock(other / "spring.lock.yaml", old)
    changed.change("in mist", "in fog")
    assert changed.lock.read_text() == lock
    assert [clip.attempts[0].take for clip in (await gc(changed)).clips] == [2]
    (other / "spring.lock.yaml").write_text("version: 1\nshots: [")
    with pytest.raises(InputError, match="cannot be read"):
        await gc(changed)


async def read_all(project: Project) -> list[str]:
    async with read_ledger(Workspace(project.folder).ledger_file) as ledger:
        return [attempt.digest or "" for attempt in await ledger.attempts()]


async def test_a_clip_that_was_accepted_stays_also_when_the_request_has_changed_since(project: Project):
    project.write(PAID)
    await buy(project.file)
    project.change("in mist", "in fog")
    await accept(project.file, ["open"], why="x")
    project.change("in fog", "in rain")
    await buy(project.file)
    unname(project, "open_v001")
    grow_old(project.folder / ".hailuo", days=40)
    assert (await gc(project)).clips == ()
    review = project.folder / "film.review.yaml"
    review.rename(project.folder / "moved.review.yaml")
    assert (await gc(project)).clips == ()
    (project.folder / "moved.review.yaml").write_text("version: 1\nshots: 7\n")
    with pytest.raises(ManifestError):
        await gc(project)
    (project.folder / "moved.review.yaml").unlink()
    assert len((await gc(project)).clips) == 2


async def test_what_another_manifest_wants_that_was_run_here_stays(changed: Project):
    other = changed.write(PAID.replace("campaign: aurora", "campaign: spring"), "spring.yaml")
    await buy(other)  # nothing is bought: the clips are here
    assert (await gc(changed)).clips == ()
    other.unlink()
    other.with_name("spring.lock.yaml").unlink()
    assert len((await gc(changed)).clips) == 2


async def test_a_manifest_that_cannot_be_planned_stops_it(changed: Project):
    changed.change("in fog", "in ${fog}")
    with pytest.raises(InputError, match=r"gc cannot determine what film\.yaml needs"):
        await gc(changed, remove=True)
    assert (await stages(changed)).count(Stage.STORED) == 5


async def test_a_clip_of_an_attempt_that_is_being_fetched_again_stays(changed: Project):
    async with open_ledger(Workspace(changed.folder).ledger_file, clock=FakeClock()) as ledger:
        await ledger.move(1, Move.MISS)
    assert [clip.attempts[0].id for clip in (await gc(changed)).clips] == [2]


async def test_a_file_that_the_ledger_does_not_know_is_left_and_counted(changed: Project):
    store = Workspace(changed.folder).store_folder
    (store / "ab").mkdir(exist_ok=True)
    (store / "ab" / f"ab{'0' * 62}.mp4").write_bytes(make_clip("stranger"))
    grow_old(store, days=99)
    found = await gc(changed, remove=True)
    assert (found.unknown, len(found.clips)) == (1, 2)
    assert (store / "ab" / f"ab{'0' * 62}.mp4").exists()


async def test_a_run_that_works_keeps_gc_out_and_looking_is_free(changed: Project):
    with Workspace(changed.folder).hold_run_lock("run film.yaml"):
        assert len((await gc(changed)).clips) == 2
        with pytest.raises(LedgerError):
            await gc(changed, remove=True)
    assert len(list_digests(Workspace(changed.folder).store_folder)) == 5


async def test_a_sketch_that_no_manifest_wants_and_no_name_shows_goes_for_nothing(project: Project):
    await project.run()
    project.change("the cap turns", "the cap spins")
    await project.run()
    unname(project, "turn_v001")
    grow_old(project.folder / ".hailuo" / "store", days=40)
    found = await gc(project, remove=True)
    assert ([clip.attempts[0].shot for clip in found.clips], found.cost, found.unpriced) == (["turn"], (), 0)
    assert await project.submits() == 0
    project.change("the cap spins", "the cap turns")
    assert await project.submits() == 1


async def test_old_leftovers_and_shortcuts_go_along(changed: Project):
    incoming = Workspace(changed.folder).store_folder / "incoming"
    incoming.mkdir(exist_ok=True)
    (incoming / "17-ab.mp4").write_bytes(b"half")
    (incoming / "18-cd.mp4").write_bytes(b"half")
    memory = changed.folder / ".hailuo" / "memory"
    memory.mkdir(exist_ok=True)
    (memory / "finished-old.txt").write_text("x")
    for path in (incoming / "17-ab.mp4", memory / "finished-old.txt"):
        os.utime(path, (0, 0))
    found = await gc(changed, remove=True)
    assert [Path(each.name).name for each in found.leftovers] == ["17-ab.mp4", "finished-old.txt"]
    assert not (incoming / "17-ab.mp4").exists()
    assert (incoming / "18-cd.mp4").exists()
    assert not (memory / "finished-old.txt").exists()


async def test_what_was_rehearsed_goes_with_its_names_and_touches_nothing_else(changed: Project):
    await buy(changed.file, world=World.REHEARSAL)
    base = changed.folder / ".hailuo" / "rehearsal"
    await choose(changed.file, [Choice(kind=ChoiceKind.SELECT, shot="pack")], world=World.REHEARSAL)
    assert (base / "renders" / "selected" / "aurora_pack.mp4").exists()
    grow_old(base, days=40)
    found = await gc(changed, remove=True, world=World.REHEARSAL)
    assert len(found.clips) == 3
    assert list_digests(Workspace(base).store_folder) == frozenset()
    assert [path for path in (base / "renders").rglob("*") if path.is_file()] == []
    assert len(list_digests(Workspace(changed.folder).store_folder)) == 5
    assert len(await buy(changed.file, world=World.REHEARSAL)) == 3, "it can be rehearsed again"


async def test_a_folder_without_a_project_has_nothing_to_remove(tmp_path: Path):
    assert await collect_garbage(tmp_path) == Garbage(days=30)
    assert list(tmp_path.iterdir()) == []


async def test_more_clips_than_are_written_down_together_all_go(project: Project, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hailuo_batch.app.gc._BATCH_SIZE", 10)
    shots = "".join(f"  - {{id: s{n}, prompt: bottle {n}}}\n" for n in range(21))
    project.write("version: 1\ncampaign: aurora\nproviders: [minimax]\nshots:\n" + shots)
    await buy(project.file, named=False, cost=Money(amount=Decimal(1), currency="USD"))
    project.lock.unlink()
    project.file.unlink()
    grow_old(project.folder / ".hailuo", days=40)
    found = await gc(project, remove=True)
    assert (len(found.clips), list_digests(Workspace(project.folder).store_folder)) == (21, frozenset())
    assert [str(money) for money in found.cost] == ["21.00 USD"]

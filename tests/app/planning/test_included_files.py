"""Campaigns in several files: planned as one list, and never taken for unchanged when one of the files is not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from app_samples import Project

from hailuo_batch.app.planning.validate import Validation, validate
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.world import World

MAIN = "version: 1\ncampaign: aurora\ninclude: [shared/looks.yaml, shared/pack.yaml]\n"
LOOKS = "vars: {bottle: a frosted bottle}\ndefaults: {duration: 1, resolution: 512p}\nshots:\n"
LOOKS += '  - {id: open, prompt: "${bottle} in mist [Push in]", tags: [hero]}\n'
PACK = "include: [deep.yaml]\nshots:\n  - {id: turn, prompt: the cap turns, frames: {first: {shot: open}}}\n"
PACK += '  - {id: pack, prompt: "${bottle} on a table", frames: {first: "${still}"}}\n'
DEEP = "vars: {still: a.png}\n"


def places(found: Validation) -> set[tuple[str, str, int, tuple[str, ...]]]:
    """Rule, file, line and chain of each error."""
    located = [(each.rule.id, each.place) for each in found.errors]
    return {(rule, place.file, place.line, place.included_by) for rule, place in located if place is not None}


@pytest.fixture
async def whole(project: Project) -> Project:
    """A film in one file, with everything drawn; `shared/` has an image of it."""
    from PIL import Image

    (project.folder / "shared").mkdir()
    Image.new("RGB", (640, 360), "#335577").save(project.folder / "shared" / "a.png")
    project.change(
        '{id: pack, prompt: "${bottle} on a table"}',
        '{id: pack, prompt: "${bottle} on a table", frames: {first: shared/a.png}}',
    )
    assert await project.submits() == 3
    return project


def split(project: Project) -> None:
    """The same film in four files."""
    for name, text in {"film": MAIN, "shared/looks": LOOKS, "shared/pack": PACK, "shared/deep": DEEP}.items():
        project.write(text, f"{name}.yaml")


@pytest.fixture
async def finished(whole: Project, nothing_is_too_fresh: None) -> Project:
    """The film in four files, with nothing to do, which is remembered."""
    split(whole)
    await whole.plan()
    assert whole.short_way()
    return whole


async def test_a_film_that_is_split_into_files_has_nothing_to_do(whole: Project) -> None:
    before = (await whole.plan()).plan
    split(whole)
    planned = await whole.plan()
    assert [step.action for step in planned.plan.steps] == [Action.REUSE] * 3
    assert [step.fingerprint for step in planned.plan.steps] == [step.fingerprint for step in before.steps]
    assert planned.pending_steps == planned.unnamed_steps == ()


def _write(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "shared" / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return change


def _move_link(folder: Path) -> None:
    """The same bytes in another folder, where their paths lead elsewhere."""
    (folder / "other").mkdir()
    (folder / "other" / "pack.yaml").write_bytes((folder / "shared" / "pack.yaml").read_bytes())
    (folder / "other" / "deep.yaml").write_bytes((folder / "shared" / "deep.yaml").read_bytes())
    (folder / "shared" / "pack.yaml").unlink()
    (folder / "shared" / "pack.yaml").symlink_to("../other/pack.yaml")


def _same_size_and_time(folder: Path) -> None:
    file = folder / "shared" / "deep.yaml"
    stat = file.stat()
    file.write_text("vars: {still: b.png}\n")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], None]] = {
    "a prompt": _write("pack.yaml", "the cap turns", "the cap burns"),
    "a variable of a file that is included by an included one": _write("deep.yaml", "a.png", "b.png"),
    "a comment": _write("looks.yaml", "shots:", "# why\nshots:"),
    "a byte of the same size at the same time": _same_size_and_time,
    "where a link leads": _move_link,
    "a file that is gone": lambda folder: (folder / "shared" / "deep.yaml").unlink(),
}


@pytest.mark.parametrize("case", CHANGES)
async def test_an_edit_in_an_included_file_is_never_missed(finished: Project, case: str) -> None:
    CHANGES[case](finished.folder)
    assert not finished.short_way()


async def test_what_two_included_files_write_is_seen_by_the_whole_command(finished: Project) -> None:
    finished.write(PACK.replace("the cap turns", '"${cap} turns"'), "shared/pack.yaml")
    found = await validate(finished.file, world=World.SKETCH)
    assert places(found) == {("name-unknown", "shared/pack.yaml", 3, ("film.yaml:3",))}


async def test_offers_and_images_are_placed_in_the_file_that_asks_for_them(finished: Project) -> None:
    finished.write(DEEP.replace("a.png", "b.png"), "shared/deep.yaml")
    found = await validate(finished.file)
    assert places(found) == {
        ("shot-length", "shared/looks.yaml", 2, ("film.yaml:3",)),
        ("frame-file", "shared/pack.yaml", 4, ("film.yaml:3",)),
    }


async def test_a_file_that_is_included_says_what_it_is(finished: Project) -> None:
    [problem] = (await validate(finished.folder / "shared" / "deep.yaml", world=World.SKETCH)).errors
    assert problem.rule.id == "included-file"

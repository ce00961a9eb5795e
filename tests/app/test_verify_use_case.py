from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from app_samples import Project

from hailuo_batch.app.verify import Verification, verify
from hailuo_batch.app.verify_faults import VerifyFault
from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.testing.driver import make_request_clip

NAMES = [f"aurora_{shot}_v001_sketch.mp4" for shot in ("open", "pack", "turn")]


async def looked(project: Project, **how: Any) -> Verification:
    return await verify(project.file, **{"world": World.SKETCH, **how})


async def faults(project: Project, **how: Any) -> list[tuple[VerifyFault, str]]:
    return [(finding.fault, finding.subject) for finding in (await looked(project, **how)).findings]


def digest(clip: Path) -> str:
    return f"sha256:{clip.stem}"


def overwrite(clip: Path, data: bytes) -> None:
    clip.chmod(0o644)
    clip.write_bytes(data)


@pytest.mark.parametrize("deep", [False, True])
async def test_what_a_run_made_is_whole(project: Project, deep: bool):
    await project.run()
    found = await looked(project, deep=deep)
    assert found == Verification(
        clips=3, names=3, bytes=sum(clip.stat().st_size for clip in project.stored()), findings=()
    )
    assert found.exit is Exit.DONE


async def test_a_project_without_clips_is_whole(project: Project):
    assert (await looked(project)).findings == ()


async def test_a_flipped_byte_is_found(project: Project):
    await project.run()
    clip = project.stored()[0]
    data = bytearray(clip.read_bytes())
    data[-1] ^= 1
    overwrite(clip, bytes(data))
    found = await looked(project)
    assert [(each.fault, each.subject) for each in found.findings] == [(VerifyFault.CHANGED, digest(clip))]
    assert found.exit is Exit.TAKES_FAILED


async def test_a_file_that_was_cut_is_found(project: Project):
    await project.run()
    clip = project.stored()[1]
    overwrite(clip, clip.read_bytes()[:-9])
    assert await faults(project) == [(VerifyFault.CHANGED, digest(clip))]


async def test_a_clip_that_is_gone_is_found(project: Project):
    await project.run()
    clip = project.stored()[2]
    clip.unlink()
    assert await faults(project) == [(VerifyFault.MISSING, digest(clip))]


async def test_a_name_that_is_gone_is_found(project: Project):
    await project.run()
    (project.renders / NAMES[0]).unlink()
    assert await faults(project) == [(VerifyFault.UNNAMED, NAMES[0])]


async def test_names_that_were_swapped_are_found(project: Project):
    await project.run()
    first, second = (project.renders / name for name in NAMES[:2])
    spare = project.renders / "spare"
    for old, new in ((first, spare), (second, first), (spare, second)):
        old.rename(new)
    assert await faults(project) == [(VerifyFault.RENAMED, NAMES[0]), (VerifyFault.RENAMED, NAMES[1])]


async def test_a_name_whose_file_was_replaced_by_an_equal_copy_is_whole(project: Project):
    await project.run()
    name = project.renders / NAMES[0]
    data = name.read_bytes()
    name.unlink()
    name.write_bytes(data)
    assert await faults(project) == []


def _gone(about: Path) -> None:
    about.unlink()


def _of_another(about: Path) -> None:
    about.write_bytes(about.with_name(NAMES[1]).with_suffix(".json").read_bytes())


def _no_json(about: Path) -> None:
    about.write_text("{")


def _no_object(about: Path) -> None:
    about.write_text("[]")


@pytest.mark.parametrize("harm", [_gone, _of_another, _no_json, _no_object])
async def test_a_provenance_that_is_gone_or_says_something_else_is_found(
    project: Project, harm: Callable[[Path], None]
):
    await project.run()
    harm((project.renders / NAMES[0]).with_suffix(".json"))
    assert await faults(project) == [(VerifyFault.ALONE, NAMES[0])]


async def test_a_stranger_in_the_store_is_found(project: Project):
    await project.run()
    stranger = project.folder / ".hailuo" / "store" / "ab" / f"ab{'0' * 62}.mp4"
    stranger.parent.mkdir(exist_ok=True)
    stranger.write_bytes(CLIP)
    assert await faults(project) == [(VerifyFault.UNKNOWN, digest(stranger))]


async def test_clips_of_another_manifest_are_no_strangers(project: Project):
    await project.run()
    project.change("campaign: aurora", "campaign: borealis")
    project.change("on a table", "under water")
    assert (await faults(project)) == [
        (VerifyFault.UNNAMED, "borealis_open_v001_sketch.mp4"),
        (VerifyFault.UNNAMED, "borealis_turn_v001_sketch.mp4"),
    ]


async def test_a_file_that_came_into_the_store_as_no_whole_video_is_found(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    """Its bytes are those that were stored; an earlier version that looked less closely let them in."""
    artifact = Clip(digest="", size=400, width=32, height=18, seconds=1.0, frames=2, codec="h264")
    monkeypatch.setattr("hailuo_batch.drivers.data_plane.probe_clip", lambda *_: artifact)
    project.driver.clip = lambda order: CLIP[:400] if order.shot == "pack" else make_request_clip(order)
    await project.run()
    [(fault, about)] = await faults(project)
    assert fault is VerifyFault.BROKEN
    assert about == digest(next(clip for clip in project.stored() if clip.stat().st_size == 400))


async def test_only_a_deep_look_decodes(project: Project):
    """A picture whose bits are damaged hashes to what was stored when it came so, and its boxes are sound."""
    at = CLIP.index(b"mdat") + 12
    damaged = CLIP[:at] + bytes(byte ^ 0xFF for byte in CLIP[at : at + 60]) + CLIP[at + 60 :]
    project.driver.clip = lambda order: damaged if order.shot == "pack" else CLIP
    await project.run()
    assert await faults(project) == []
    [(fault, _)] = await faults(project, deep=True)
    assert fault is VerifyFault.BROKEN


async def test_a_clip_that_the_lock_names_and_the_store_lacks_is_found(project: Project):
    project.change("campaign: aurora", "campaign: aurora\nmodel: animatic")
    await project.run(world=World.REAL)
    clip = next(clip for clip in project.stored() if clip.read_bytes() == project.clip("aurora_pack_v001_t01.mp4"))
    clip.unlink()
    assert await faults(project, world=World.REAL) == [
        (VerifyFault.MISSING, digest(clip)),
        (VerifyFault.UNLOCKED, "pack#1"),
    ]


async def test_a_run_brings_back_what_was_found(project: Project):
    await project.run()
    project.stored()[0].unlink()
    (project.renders / NAMES[0]).unlink()
    assert len(await faults(project)) == 2
    await project.run()
    assert await faults(project) == []


async def test_verifying_changes_nothing(project: Project):
    await project.run()
    project.stored()[0].unlink()
    (project.renders / NAMES[0]).unlink()
    before = sorted((path, path.stat().st_mtime_ns) for path in project.renders.rglob("*"))
    await looked(project, deep=True)
    assert sorted((path, path.stat().st_mtime_ns) for path in project.renders.rglob("*")) == before


@pytest.mark.parametrize("fault", VerifyFault)
def test_every_fault_has_a_remedy(fault: VerifyFault):
    assert fault.remedy.endswith(".")


def take_away(project: Project, *files: str) -> None:
    for file in files:
        (project.folder / file).unlink()


async def found(project: Project, **how: Any) -> list[tuple[VerifyFault, tuple[str, ...]]]:
    return [(finding.fault, finding.files) for finding in (await looked(project, **how)).findings]


def below(project: Project, clip: Path) -> str:
    return clip.relative_to(project.folder).as_posix()


def name_of(project: Project, clip: Path) -> str:
    return next(name for name in NAMES if project.clip(name) == clip.read_bytes())


def linked(project: Project, clip: Path) -> str:
    """The clip's readable name, as a hard link to it, whatever this file system does by itself."""
    name = name_of(project, clip)
    (project.renders / name).unlink()
    (project.renders / name).hardlink_to(clip)
    return f"renders/{name}"


def copied(project: Project, clip: Path) -> str:
    name = name_of(project, clip)
    (project.renders / name).unlink()
    (project.renders / name).write_bytes(clip.read_bytes())
    return f"renders/{name}"


async def test_changed_bytes_are_mended_as_the_remedy_says(project: Project):
    await project.run()
    clip = project.stored()[0]
    name = linked(project, clip)
    overwrite(clip, CLIP[:100])
    assert await found(project) == [(VerifyFault.CHANGED, (below(project, clip), name))]
    take_away(project, below(project, clip), name)
    await project.run()
    assert await found(project) == []


async def test_a_whole_copy_of_changed_bytes_is_kept_and_taken_back(project: Project):
    """Money: the readable name may be all that is left of a clip that was paid for."""
    await project.run()
    clip = project.stored()[0]
    name = copied(project, clip)
    overwrite(clip, CLIP[:100])
    assert await found(project) == [(VerifyFault.CHANGED, (below(project, clip),))]
    whole = (project.folder / name).read_bytes()
    take_away(project, below(project, clip))
    submits = project.driver.submits.total()
    await project.run()
    assert await found(project) == []
    assert clip.read_bytes() == whole
    assert project.driver.submits.total() == submits


async def test_a_clip_that_was_broken_when_it_came_is_mended_as_the_remedy_says(
    project: Project, monkeypatch: pytest.MonkeyPatch
):
    artifact = Clip(digest="", size=400, width=32, height=18, seconds=1.0, frames=2, codec="h264")
    with monkeypatch.context() as lenient:
        lenient.setattr("hailuo_batch.drivers.data_plane.probe_clip", lambda *_: artifact)
        project.driver.clip = lambda order: CLIP[:400] if order.shot == "pack" else make_request_clip(order)
        await project.run()
    clip = next(clip for clip in project.stored() if clip.stat().st_size == 400)
    assert await found(project) == [(VerifyFault.BROKEN, (below(project, clip), f"renders/{NAMES[1]}"))]
    take_away(project, below(project, clip), f"renders/{NAMES[1]}")
    project.driver.clip = make_request_clip
    await project.run()
    assert await found(project) == []


async def test_a_name_of_another_clip_is_mended_as_the_remedy_says(project: Project):
    await project.run()
    name = project.renders / NAMES[0]
    name.unlink()
    name.write_bytes(b"somebody's own")
    assert await found(project) == [(VerifyFault.RENAMED, (f"renders/{NAMES[0]}",))]
    take_away(project, f"renders/{NAMES[0]}", f"renders/{NAMES[0]}".replace(".mp4", ".json"))
    await project.run()
    assert await found(project) == []


async def test_a_folder_in_the_place_of_a_name_is_found(project: Project):
    await project.run()
    (project.renders / NAMES[0]).unlink()
    (project.renders / NAMES[0]).mkdir()
    assert await found(project) == [(VerifyFault.RENAMED, (f"renders/{NAMES[0]}",))]


@pytest.mark.parametrize("harm", [_gone, _of_another, _no_json, _no_object])
async def test_a_provenance_is_mended_as_the_remedy_says(project: Project, harm: Callable[[Path], None]):
    await project.run()
    about = (project.renders / NAMES[0]).with_suffix(".json")
    before = about.read_bytes()
    harm(about)
    await project.run()
    assert await found(project) == [(VerifyFault.ALONE, (f"renders/{NAMES[0]}",))], "a run alone does not mend it"
    (project.renders / NAMES[0]).unlink()
    about.unlink(missing_ok=True)
    await project.run()
    assert await found(project) == []
    assert about.read_bytes() == before


async def test_what_is_gone_comes_back_with_a_run(project: Project):
    await project.run()
    clip = project.stored()[2]
    clip.unlink()
    (project.renders / NAMES[1]).unlink()
    kinds = dict(await found(project))
    assert kinds[VerifyFault.MISSING] == (below(project, clip),)
    assert set(kinds) <= {VerifyFault.MISSING, VerifyFault.UNNAMED}
    await project.run()
    assert await found(project) == []


async def test_a_locked_clip_comes_back_from_the_names_of_another_machine(project: Project):
    project.change(", frames: {first: {shot: open}}", "")
    project.change("campaign: aurora", "campaign: aurora\nmodel: animatic")
    await project.run(world=World.REAL)
    clips = {clip.name for clip in project.stored()}
    (project.folder / ".hailuo").rename(project.folder.with_name("elsewhere"))
    missing = await found(project, world=World.REAL)
    assert [fault for fault, _ in missing] == [VerifyFault.UNLOCKED] * 3
    assert {Path(file).name for _, (file,) in missing} == clips
    submits = project.driver.submits.total()
    await project.run(world=World.REAL)
    assert await found(project, world=World.REAL) == []
    assert project.driver.submits.total() == submits

"""Hand-overs of a campaign whose clips were bought: real files, read back by the libraries that editors use."""

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bought_samples import buy
from film_samples import greys, write_clip
from signing_samples import make_certificates

from hailuo_batch.app.disclosing import Discloser
from hailuo_batch.app.hand_over import HandOver, HandOverFormat, HandOverOptions, hand_over
from hailuo_batch.core.origin import AI_SOURCE_TYPE, PARTLY_AI_SOURCE_TYPE, OriginMarks
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError, RefusedError, StoreError
from hailuo_batch.media.content_credentials import Credentials, read_credentials
from hailuo_batch.media.origin_marks import read_origin_marks
from hailuo_batch.media.probe import VideoFacts, probe

FILM = """\
version: 1
campaign: aurora
providers: [minimax]
sequences: [{id: sq010, title: Morning}, {id: sq020}]
shots:
  - {id: pack, prompt: a bottle on a table, sequence: sq020}
  - {id: open, prompt: a bottle in mist, sequence: sq010, takes: 2, cut: {in: 0.25, out: 0.75}}
"""
LATER = "  - {id: gone, prompt: the cap, sequence: sq010, cut: 0.5}\n"
RATE, FRAMES = 24, 24


@pytest.fixture
async def bought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A manifest whose shots have clips, but for the last, which was written later."""
    folder = tmp_path / "aurora"
    folder.mkdir()
    (folder / "hailuo.yaml").write_text("version: 1\n")
    monkeypatch.chdir(folder)
    count = iter(range(100))

    def make(mark: str) -> bytes:
        return write_clip(tmp_path / "new.mp4", FRAMES, rate=RATE, begin=20 + next(count)).read_bytes()

    monkeypatch.setattr("bought_samples.make_clip", make)
    file = folder / "film.yaml"
    file.write_text(FILM)
    await buy(file)
    file.write_text(FILM + LATER)
    return file


def named(folder: Path, template: str) -> None:
    (folder / "hailuo.yaml").write_text(f"version: 1\nnames: {json.dumps(template)}\n")


async def write(file: Path, form: str, out: str | None = None, **how: Any) -> HandOver:
    chosen = HandOverOptions(form=HandOverFormat(form), out=Path(out) if out else None, **how)
    return await hand_over(file, chosen)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


async def test_the_timeline_is_in_the_order_of_the_edit_and_its_media_are_found_from_where_it_is(bought: Path):
    otio = pytest.importorskip("opentimelineio")
    made = await write(bought, "otio", "to the editor/cut 1/film.otio")
    found = otio.adapters.read_from_file("to the editor/cut 1/film.otio")
    parts = [part.metadata["hailuo_batch"]["shot"] for part in found.tracks[0]]
    assert parts == ["open", "gone", "pack"]
    assert made.timeline.frames == found.duration().value == 12 + 12 + 24
    for clip in found.find_clips():
        url = clip.media_reference.target_url
        assert (Path("to the editor/cut 1") / url.replace("%20", " ")).is_file()
        assert url.startswith("../../renders/aurora_")
        assert clip.media_reference.available_range.duration.value == FRAMES


async def test_a_clip_without_a_name_is_taken_from_the_store(bought: Path):
    for path in (bought.parent / "renders").iterdir():
        path.unlink()
    made = await write(bought, "fcpxml")
    assert made.text.count('src="./.hailuo/store/') == 2


@pytest.mark.parametrize("form", ["edl", "fcpxml", "ale", "otio", "fcp7xml"])
async def test_copies_have_the_names_of_the_settings_and_share_no_bytes_with_the_store(bought: Path, form: str):
    if form != "fcpxml":
        pytest.importorskip("opentimelineio")
    named(bought.parent, "{sequence}_{shot}_v{version:03d}_t{take:02d}")
    before = files(bought.parent)
    Path("out").mkdir()
    made = await write(bought, form, "out", media=Path("out/clips"))
    assert made.out is not None
    assert files(Path("out/clips")) == ["sq010_open_v001_t01.mp4", "sq020_pack_v001_t01.mp4"]
    assert all(name in made.out.read_text() for name in files(Path("out/clips")))
    copy, clip = Path("out/clips/sq010_open_v001_t01.mp4"), Path("renders/aurora_open_v001_t01.mp4")
    assert copy.read_bytes().startswith(clip.read_bytes())
    assert not copy.samefile(clip)  # editing programs write into files
    assert copy.stat().st_mode & stat.S_IWUSR
    assert [each for each in files(bought.parent) if not each.startswith("out/")] == before
    again = await write(bought, form, str(made.out), media=Path("out/clips"), force=True)
    assert (made.new_copies, again.new_copies) == (2, 0)


async def test_two_clips_of_one_name_are_refused_and_nothing_is_written(bought: Path):
    bought.write_text((FILM + LATER).replace("sq020", "sq0").replace("id: pack", "id: 10OPEN"))
    await buy(bought)
    named(bought.parent, "{sequence}{shot}")
    before = files(bought.parent)
    with pytest.raises(RefusedError, match=r"would be called sq010OPEN\.mp4"):
        await write(bought, "fcpxml", "film.fcpxml", media=Path("clips"))
    assert files(bought.parent) == before
    assert not Path("clips").exists()


async def test_nothing_of_others_is_replaced_not_even_by_force(bought: Path):
    named(bought.parent, "{sequence}_{shot}")
    Path("clips").mkdir()
    theirs = Path("clips/sq020_pack.mp4")
    theirs.write_bytes(b"theirs")
    for force in (False, True):
        with pytest.raises(RefusedError, match="is there already"):
            await write(bought, "fcpxml", "film.fcpxml", media=Path("clips"), force=force)
    assert files(Path("clips")) == ["sq020_pack.mp4"]
    assert theirs.read_bytes() == b"theirs"
    assert not Path("film.fcpxml").exists()
    theirs.unlink()
    theirs.symlink_to(Path("renders/aurora_pack_v001_t01.mp4").resolve())
    with pytest.raises(RefusedError):
        await write(bought, "fcpxml", media=Path("clips"), force=True)


async def test_a_copy_of_another_of_our_clips_makes_room_only_by_force(bought: Path):
    named(bought.parent, "{shot}")
    Path("clips").mkdir()
    await write(bought, "fcpxml", media=Path("clips"), only=["open#2"])
    assert files(Path("clips")) == ["open.mp4"]
    with pytest.raises(RefusedError):
        await write(bought, "fcpxml", media=Path("clips"))
    assert (await write(bought, "fcpxml", media=Path("clips"), force=True)).new_copies == 2
    assert Path("clips/open.mp4").read_bytes().startswith(Path("renders/aurora_open_v001_t01.mp4").read_bytes())


async def test_copies_that_a_full_disk_stops_are_taken_back(bought: Path, monkeypatch: pytest.MonkeyPatch):
    made: list[Path] = []
    make: Callable[..., bytes] = Discloser.make_copy

    def fill(self: object, row: object, source: Path) -> bytes:
        if made:
            raise OSError(28, "No space left on device")
        made.append(source)
        return make(self, row, source)

    monkeypatch.setattr(Discloser, "make_copy", fill)
    with pytest.raises(StoreError):
        await write(bought, "fcpxml", "film.fcpxml", media=Path("clips"))
    assert made
    assert files(Path("clips")) == []
    assert not Path("film.fcpxml").exists()


@pytest.mark.parametrize("place", ["renders", "renders/sub", ".hailuo/store"])
async def test_folders_of_runs_are_no_place_for_copies_or_films(bought: Path, place: str):
    with pytest.raises(InputError, match="nothing is exported to"):
        await write(bought, "fcpxml", media=Path(place))
    with pytest.raises(InputError, match="nothing is exported to"):
        await write(bought, "rough-cut", f"{place}/film.mp4")


async def test_a_rough_cut_is_as_long_as_its_parts_with_a_slate_where_a_clip_is_missing(bought: Path):
    made = await write(bought, "rough-cut", "film.mp4")
    facts = probe(Path("film.mp4"))
    assert isinstance(facts, VideoFacts)
    assert facts.frames == made.timeline.frames == 48
    found = greys(Path("film.mp4"))
    assert found[:12] == [*range(6, 18)]  # the cut, from 0.25 s on
    assert found[24:] == [*range(24)]
    assert [path.name for path in bought.parent.iterdir() if ".mp4" in path.name] == ["film.mp4"]
    with pytest.raises(RefusedError):
        await write(bought, "rough-cut", "film.mp4")


async def test_a_campaign_without_a_clip_is_refused_with_what_to_run(bought: Path):
    with pytest.raises(InputError, match="no clip to hand over") as refused:
        await write(bought, "fcpxml", world=World.SKETCH)
    assert "hailuo-batch plan --sketch" in refused.value.remedy


async def test_only_picks_shots_and_takes(bought: Path):
    made = await write(bought, "fcpxml", only=["open#2", "seq:sq020"])
    assert [(part.shot, part.row.take) for part in made.timeline.parts] == [("open", 2), ("pack", 1)]


async def test_copies_and_films_are_of_the_stores_bytes_whatever_a_readable_name_has(bought: Path):
    wanted = Path("renders/aurora_open_v001_t01.mp4").read_bytes()
    Path("renders/aurora_open_v001_t01.mp4").unlink()
    Path("renders/aurora_open_v001_t01.mp4").write_bytes(b"changed by hand")
    await write(bought, "fcpxml", media=Path("clips"))
    assert Path("clips/aurora_sq010_open_v001_t01.mp4").read_bytes().startswith(wanted)
    await write(bought, "rough-cut", "film.mp4")
    assert greys(Path("film.mp4"))[:12] == [*range(6, 18)]


async def test_copies_and_films_say_how_they_were_made_and_are_signed_where_there_is_a_certificate(bought: Path):
    (bought.parent / "hailuo.yaml").write_text("version: 1\ndisclosure: Made with AI for Acme.\n")
    certificates, key = make_certificates()
    Path("chain.pem").write_bytes(certificates)
    Path("key.pem").write_bytes(key)
    signing: dict[str, Any] = {"certificate": Path("chain.pem"), "key": Path("key.pem")}
    await write(bought, "fcpxml", media=Path("clips"), only=["pack"])
    await write(bought, "fcpxml", media=Path("signed"), **signing)
    await write(bought, "rough-cut", "film.mp4", **signing)
    plain, film = Path("clips/aurora_sq020_pack_v001_t01.mp4"), Path("film.mp4")
    assert read_origin_marks(plain) == OriginMarks(source_type=AI_SOURCE_TYPE)
    assert b"Made with AI for Acme." in plain.read_bytes()
    assert b"hailuo-02" in plain.read_bytes()
    assert read_credentials(plain.read_bytes()) is None
    found = read_credentials(Path("signed/aurora_sq020_pack_v001_t01.mp4").read_bytes())
    assert found == Credentials(
        state="Valid", source_type=AI_SOURCE_TYPE, signed_by="Acme Films", ingredients=("pack#1",)
    )
    joined = read_credentials(film.read_bytes())
    assert joined == Credentials(
        state="Valid", source_type=PARTLY_AI_SOURCE_TYPE, signed_by="Acme Films", ingredients=("open#1", "pack#1")
    )
    assert [read_origin_marks(path) for path in sorted(Path("renders").glob("*.mp4"))] == [OriginMarks()] * 3


async def test_a_timeline_of_clips_that_say_nothing_is_refused_on_request(bought: Path):
    with pytest.raises(RefusedError, match="does not say how it was made") as refused:
        await write(bought, "fcpxml", require_disclosure=True)
    assert "open#1, pack#1" in refused.value.why
    await write(bought, "fcpxml", media=Path("clips"), require_disclosure=True)


async def test_a_clip_with_credentials_of_its_own_is_copied_as_it_is(bought: Path, monkeypatch: pytest.MonkeyPatch):
    marks = OriginMarks(content_credentials=9)
    monkeypatch.setattr("hailuo_batch.app.disclosing.read_origin_marks", lambda _: marks)
    await write(bought, "fcpxml", media=Path("clips"), only=["pack"])
    copy = Path("clips/aurora_sq020_pack_v001_t01.mp4")
    assert copy.read_bytes() == Path("renders/aurora_pack_v001_t01.mp4").read_bytes()

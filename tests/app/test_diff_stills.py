"""The stills of a comparison: old beside new, from git's objects, and nothing written but the folder that is named."""

import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from hailuo_batch.app.diff import diff
from hailuo_batch.app.diff_stills import MAX_LINKED, StillOptions
from hailuo_batch.core.plan.lockfile import LockedShot, LockedTake, Lockfile
from hailuo_batch.core.plan.shot_stills import StillPair
from hailuo_batch.errors import InputError
from hailuo_batch.load.lockfile import lock_text

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")

HEAD = "version: 1\ncampaign: film\nproviders: [minimax]\nshots:\n"
STILL = '  - {{id: {0}, prompt: "a still", frames: {{first: {{file: "{1}"}}}}}}\n'
OPEN, FILM, IMAGE = STILL.format("open", "../stills/a.png"), "manifests/film.yaml", "stills/a.png"
ADDRESS = "https://github.test/me/film/raw"
DIGEST = "sha256:" + "{0}" * 64


def draw(colour: str, size: tuple[int, int] = (1200, 800), orientation: int = 0) -> bytes:
    target, exif = BytesIO(), Image.Exif()
    if orientation:
        exif[0x0112], exif[0x010E] = orientation, "SECRET"
    Image.new("RGB", size, colour).save(target, "PNG", exif=exif)
    return target.getvalue()


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def write(folder: Path, files: dict[str, bytes | str]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def make_lock(fingerprint: str, digest: str) -> str:
    take = LockedTake(fingerprint=f"v1:{fingerprint * 64}", digest=DIGEST.format(digest), provider="minimax")
    return lock_text(Lockfile(campaign="film", shots={"open": LockedShot(version=1, takes={1: take})}))


def commit(folder: Path, tag: str, files: dict[str, bytes | str]) -> str:
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", tag)
    git(folder, "tag", tag)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    monkeypatch.chdir(folder)
    commit(folder, "begin", {FILM: HEAD + OPEN, IMAGE: draw("red")})
    return folder


def pairs(revisions: str, options: StillOptions) -> dict[str, tuple[StillPair, ...]]:
    (film,) = diff(revisions, [Path(FILM)], options).manifests
    return dict(film.stills)


def colour_and_size(file: Path) -> tuple[str, tuple[int, int]]:
    with Image.open(file) as image:
        assert (image.format, image.info.get("exif"), b"SECRET" in file.read_bytes()) == ("JPEG", None, False)
        red, _, blue = image.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
        return ("red" if red > blue else "blue"), image.size


def test_an_edited_image_behind_the_same_name_is_shown_old_beside_new(project: Path, tmp_path: Path) -> None:
    write(project, {IMAGE: draw("blue", orientation=6)})
    folder = tmp_path / "out of the project"
    ((pair,),) = pairs("", StillOptions(folder=folder)).values()
    names = [Path(each).name for each in (pair.before, pair.after)]
    assert [pair.part, *map(len, names)] == ["first", 20, 20]
    assert [colour_and_size(folder / each) for each in names] == [("red", (480, 320)), ("blue", (320, 480))]
    assert sorted(each.name for each in folder.iterdir()) == sorted(names)
    assert pair.before == f"../out%20of%20the%20project/{names[0]}"
    assert git(project, "status", "--porcelain") == "M stills/a.png"
    assert pairs("", StillOptions(folder=folder, base=ADDRESS))["open"][0].after == f"{ADDRESS}/{names[1]}"


def test_the_work_tree_is_not_read_for_what_git_has(project: Path) -> None:
    commit(project, "blue", {IMAGE: draw("blue")})
    (project / IMAGE).unlink()
    ((pair,),) = pairs("begin..blue", StillOptions(folder=project / "out")).values()
    assert [colour_and_size(project / each)[0] for each in (pair.before, pair.after)] == ["red", "blue"]


def test_a_new_shot_has_its_frame_after_and_one_that_is_gone_before(project: Path) -> None:
    commit(project, "other", {FILM: HEAD + STILL.format("close", "../stills/b.png"), "stills/b.png": draw("blue")})
    found = pairs("begin..other", StillOptions(folder=Path("out")))
    assert {
        shot: (bool(each.before), bool(each.after), colour_and_size(project / (each.before or each.after))[0])
        for shot, (each,) in found.items()
    } == {"close": (False, True, "blue"), "open": (True, False, "red")}


def test_a_shot_whose_images_stay_has_no_stills(project: Path) -> None:
    commit(project, "prompt", {FILM: HEAD + OPEN.replace("a still", "another")})
    assert pairs("begin..prompt", StillOptions(folder=Path("out"))) == {}
    assert list((project / "out").iterdir()) == []


@pytest.mark.parametrize(("digit", "shown"), [("a", (True, False)), ("b", (True, True))])
def test_a_clip_is_shown_by_its_poster_before_and_after_where_the_lock_names_it(
    project: Path, digit: str, shown: tuple[bool, bool]
) -> None:
    lock = "manifests/film.lock.yaml"
    commit(project, "bought", {lock: make_lock("1", "a")})
    write(
        project,
        {FILM: HEAD + OPEN.replace("a still", "another"), lock: make_lock("2", digit)},
    )
    for name, colour in (("a", "red"), ("b", "blue")):
        write(project, {f"renders/posters/{name * 16}.jpg": draw(colour)})
    ((pair,),) = pairs("bought", StillOptions(folder=Path("out"))).values()
    assert (pair.part, bool(pair.before), bool(pair.after)) == ("clip", *shown)
    assert colour_and_size(project / pair.before)[0] == "red"


def test_originals_are_shown_by_the_commit_and_their_path_and_nothing_is_written(project: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid {DIGEST.format('a')}\nsize 3\n"
    name = "stills/b #1?.png"
    after = commit(project, "moved", {FILM: HEAD + STILL.format("open", f"../{name}"), name: pointer})
    before, status = git(project, "rev-parse", "begin"), git(project, "status", "--porcelain")
    options = StillOptions(base=ADDRESS)
    assert pairs("begin..moved", options)["open"] == (
        StillPair(
            part="first", before=f"{ADDRESS}/{before}/stills/a.png", after=f"{ADDRESS}/{after}/stills/b%20%231%3F.png"
        ),
    )
    assert pairs("begin", options)["open"][0].after == ""  # what is not committed has no address
    assert git(project, "status", "--porcelain") == status


def test_an_image_that_cannot_be_drawn_is_named_and_the_other_is_shown(project: Path) -> None:
    commit(project, "broken", {IMAGE: b"no image"})
    (film,) = diff("begin..broken", [], StillOptions(folder=Path("out"))).manifests
    assert [bool(film.stills["open"][0].before), bool(film.stills["open"][0].after)] == [True, False]
    assert film.notes == ("These images could not be drawn as stills: stills/a.png.",)


def test_of_too_many_the_first_are_shown_and_a_note_says_so(project: Path) -> None:
    shots = "".join(STILL.format(f"s{number}", "../stills/a.png") for number in range(MAX_LINKED + 5))
    commit(project, "many", {FILM: HEAD + shots})
    (film,) = diff("begin..many", [], StillOptions(base=ADDRESS)).manifests
    assert sum(bool(each.before) + bool(each.after) for (each,) in film.stills.values()) == MAX_LINKED
    assert film.notes == ("Not all stills are shown, as there are too many.",)


def test_a_link_in_the_place_of_a_still_is_replaced_and_a_file_is_no_folder(project: Path, tmp_path: Path) -> None:
    write(project, {IMAGE: draw("blue")})
    ((pair,),) = pairs("", StillOptions(folder=Path("out"))).values()
    theirs, still = tmp_path / "theirs", project / pair.after
    theirs.write_text("mine")
    still.unlink()
    still.symlink_to(theirs)
    pairs("", StillOptions(folder=Path("out")))
    assert (theirs.read_text(), still.is_symlink()) == ("mine", False)
    (project / "shipped").symlink_to(tmp_path)
    for folder in (theirs, Path("shipped"), Path("shipped/out")):
        with pytest.raises(InputError, match="cannot write stills into"):
            diff("", [], StillOptions(folder=folder))
    assert not (tmp_path / "out").exists()

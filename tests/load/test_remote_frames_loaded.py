"""Frames by web address, by what is known of them; nobody is asked here."""

from pathlib import Path

import pytest

from hailuo_batch.core.manifest.document import FileFrame, Frames, UrlFrame
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.problem import Severity
from hailuo_batch.core.request.remote_image import RemoteImage, RemoteImageFailure
from hailuo_batch.core.request.request import ImageRef
from hailuo_batch.core.switches import DEFAULT_SWITCHES
from hailuo_batch.load.cache import read_cached_remote_images, write_cached_remote_images
from hailuo_batch.load.input_values import Inputs
from hailuo_batch.load.inputs import read_inputs
from hailuo_batch.load.project_root import CACHE_FOLDER
from hailuo_batch.load.remote_frames import RemoteImages
from hailuo_batch.load.settings import Project

URL = "https://me:pw@frames.example/spring/a.png?sig=secret"
HEX, OTHER = "ab" * 32, "cd" * 32
SEEN = RemoteImage(
    digest=f"sha256:{HEX}", kind="png", size=(640, 360), length=3, home=URL, etag='"a"', modified="", at=1_795_000_000
)
FREE, PINNED = UrlFrame(url=URL), UrlFrame(url=URL, sha256=HEX)


def seen(**other: object) -> RemoteImage:
    return RemoteImage(**{**{name: getattr(SEEN, name) for name in SEEN.__slots__}, **other})


def read(tmp_path: Path, web: RemoteImages, *frames: UrlFrame | FileFrame, for_gateways: bool = True) -> Inputs:
    shot = Shot(
        id="open", index=0, prompt="p", frames=Frames(first=frames[0], last=frames[1] if frames[1:] else None),
        duration=6, resolution="768p", takes=1, tags=(), switches=DEFAULT_SWITCHES, notes="",
    )  # fmt: skip
    project = Project(root=tmp_path)
    return read_inputs(
        [shot] * 3, folder=tmp_path, project=project, cached_images={}, remote_images=web, for_gateways=for_gateways
    )


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder with the bytes of the picture."""
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / HEX).write_bytes(b"abc")
    return folder


def test_what_was_seen_behind_an_address_is_the_picture(tmp_path: Path, kept: Path) -> None:
    found = read(tmp_path, RemoteImages(known={URL: SEEN}, folder=kept), FREE)
    assert found.images == {FREE: ImageRef(digest=SEEN.digest)}
    assert found.files == {SEEN.digest: kept / HEX}
    assert found.addresses == {SEEN.digest: URL}
    assert (found.problems, found.is_stable) == ((), False)


def test_what_was_never_seen_is_no_picture(tmp_path: Path) -> None:
    found = read(tmp_path, RemoteImages(), FREE)
    assert (found.images, found.addresses, found.problems, found.is_stable) == ({}, {}, (), False)


def test_bytes_of_another_length_are_not_those_that_were_fetched(tmp_path: Path, kept: Path) -> None:
    (kept / HEX).write_bytes(b"ab")
    assert read(tmp_path, RemoteImages(known={URL: SEEN}, folder=kept), FREE).files == {}


def test_a_pinned_address_is_known_without_a_look_and_drawn_from_what_is_here(tmp_path: Path, kept: Path) -> None:
    for web in (RemoteImages(), RemoteImages(folder=kept), RemoteImages(known={URL: SEEN}, folder=kept)):
        for for_gateways in (True, False):
            found = read(tmp_path, web, PINNED, for_gateways=for_gateways)
            assert found.images == {PINNED: ImageRef(digest=SEEN.digest)}
            assert found.addresses == {SEEN.digest: URL}
            assert found.files == ({SEEN.digest: kept / HEX} if web.folder else {})
            assert (found.problems, found.is_stable) == ((), True)


def test_two_addresses_of_the_same_bytes_are_one_picture(tmp_path: Path, kept: Path) -> None:
    other = UrlFrame(url="https://b.example/b.png")
    web = RemoteImages(known={URL: SEEN, other.url: seen(home=other.url)}, folder=kept)
    found = read(tmp_path, web, FREE, other)
    assert set(found.images.values()) == {ImageRef(digest=SEEN.digest)}
    assert found.addresses == {SEEN.digest: URL}


def test_an_address_that_cannot_be_reached_is_taken_as_it_was_with_a_warning(tmp_path: Path, kept: Path) -> None:
    web = RemoteImages(known={URL: SEEN}, failures={URL: RemoteImageFailure(why="no network")}, folder=kept)
    found = read(tmp_path, web, FREE)
    assert found.images == {FREE: ImageRef(digest=SEEN.digest)}
    assert found.addresses == {SEEN.digest: URL}
    (said,) = found.problems
    assert (said.rule.id, said.severity, said.path) == (
        "frame-web",
        Severity.WARNING,
        ("shots", 0, "frames", "first"),
    )
    assert said.why == (
        'shot "open": "frames.example/spring/a.png" gave no picture: no network; the one that was fetched on '
        "2026-11-18 is used."
    )
    assert said.remedy


def test_a_picture_that_is_gone_is_sent_as_it_was_and_not_by_its_address(tmp_path: Path, kept: Path) -> None:
    web = RemoteImages(
        known={URL: SEEN}, failures={URL: RemoteImageFailure(why="its host answered 404", gone=True)}, folder=kept
    )
    found = read(tmp_path, web, FREE)
    assert (found.images, found.addresses) == ({FREE: ImageRef(digest=SEEN.digest)}, {})
    assert found.files == {SEEN.digest: kept / HEX}
    assert found.problems[0].why.endswith("is used, and sent as a file.")


def test_an_address_that_never_gave_a_picture_holds_its_shot_and_says_why(tmp_path: Path) -> None:
    found = read(
        tmp_path, RemoteImages(failures={URL: RemoteImageFailure(why="its host answered 404", gone=True)}), FREE
    )
    (said,) = found.problems
    assert (found.images, said.rule.id, said.severity) == ({}, "frame-web", Severity.WARNING)
    assert '"frames.example/spring/a.png" gave no picture: its host answered 404; the shot is held.' in said.why
    assert "sha256" in said.remedy
    assert not {"secret", "pw"} & set(said.why.replace("?", " ").replace("=", " ").split())


@pytest.mark.parametrize(
    ("facts", "summary"),
    [
        ({"size": (200, 120)}, "picture too small"),
        ({"size": (1200, 400)}, "picture shape not taken"),
        ({"length": 20 * 1024 * 1024}, "picture too large"),
    ],
)
def test_a_picture_that_gateways_refuse_holds_its_shot(tmp_path: Path, facts: dict[str, object], summary: str) -> None:
    found = read(tmp_path, RemoteImages(known={URL: seen(**facts)}), FREE)
    (said,) = found.problems
    assert (found.images, said.summary, said.severity) == ({}, summary, Severity.WARNING)
    assert said.why.endswith("; the shot is held.")


@pytest.mark.parametrize(
    ("path", "said"),
    [("a.jpg", '"a.jpg" is a PNG, despite its name.'), ("a.png", ""), ("image.php?x=a.jpg", ""), ("", "")],
)
def test_a_lying_name_in_an_address_is_a_warning(tmp_path: Path, path: str, said: str) -> None:
    frame = UrlFrame(url=f"https://frames.example/{path}")
    found = read(tmp_path, RemoteImages(known={frame.url: SEEN}), frame)
    assert [problem.why for problem in found.problems] == ([f'shot "open": {said}'] if said else [])
    assert frame in found.images


def test_other_bytes_than_the_pinned_ones_stop_everything_if_they_were_just_seen(tmp_path: Path) -> None:
    wrong = UrlFrame(url=URL, sha256=OTHER)
    remembered = read(tmp_path, RemoteImages(known={URL: SEEN}), FREE, wrong)
    assert (remembered.problems, set(remembered.images)) == ((), {FREE, wrong})
    found = read(tmp_path, RemoteImages(known={URL: SEEN}, fresh=frozenset({URL})), FREE, wrong)
    (said,) = found.problems
    assert (said.rule.id, said.severity, said.path[-1]) == ("frame-pinned", Severity.ERROR, "last")
    assert said.why.endswith(f"are not those that its sha256 names; theirs is {HEX}.")
    assert set(found.images) == {FREE}
    assert read(tmp_path, RemoteImages(known={URL: SEEN}, fresh=frozenset({URL})), PINNED).problems == ()


def test_frames_of_unlike_shape_are_told_with_who_crops(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (1000, 1000)).save(tmp_path / "square.png")
    square = FileFrame(path="square.png")
    (ours,) = read(tmp_path, RemoteImages(known={URL: SEEN}), FREE, square).problems
    assert "only the middle of the last is sent, 1000 × 563" in ours.why
    (theirs,) = read(tmp_path, RemoteImages(known={URL: SEEN}), square, FREE).problems
    assert "the gateway crops the last to it" in theirs.why


def test_a_sketch_draws_what_is_here_and_takes_the_rest_by_its_address(tmp_path: Path, kept: Path) -> None:
    here = read(tmp_path, RemoteImages(known={URL: seen(size=(20, 10))}, folder=kept), FREE, for_gateways=False)
    assert (here.images, here.files) == ({FREE: ImageRef(digest=SEEN.digest)}, {SEEN.digest: kept / HEX})
    (kept / HEX).unlink()
    for web in (RemoteImages(known={URL: SEEN}, folder=kept), RemoteImages()):
        away = read(tmp_path, web, FREE, for_gateways=False)
        assert away.images[FREE].digest.startswith("address:")
        assert (away.files, away.problems, away.is_stable) == ({}, (), False)


def test_addresses_are_remembered_beside_those_of_other_manifests(tmp_path: Path) -> None:
    assert read_cached_remote_images(tmp_path) == {}
    write_cached_remote_images(tmp_path, {URL: SEEN})
    write_cached_remote_images(tmp_path, {"https://b.example/b.png": seen(etag="")})
    assert read_cached_remote_images(tmp_path) == {URL: SEEN, "https://b.example/b.png": seen(etag="")}
    (file,) = (tmp_path / CACHE_FOLDER).iterdir()
    before = file.stat().st_ino
    write_cached_remote_images(tmp_path, {URL: SEEN})
    assert file.stat().st_ino == before, "what is known already is not written again"


@pytest.mark.parametrize("damage", [b"", b"0\n{}", b"no memory of ours"])
def test_a_damaged_memory_of_addresses_is_none(tmp_path: Path, damage: bytes) -> None:
    write_cached_remote_images(tmp_path, {URL: SEEN})
    (file,) = (tmp_path / CACHE_FOLDER).iterdir()
    file.write_bytes(damage)
    assert read_cached_remote_images(tmp_path) == {}


@pytest.mark.parametrize("text", ["[]", '{"https://a": 1}', '{"https://a": {"size": [1, 2]}}', '{"https://a": {}}'])
def test_a_memory_of_addresses_of_another_form_is_none(tmp_path: Path, text: str) -> None:
    from hailuo_batch.load import cache

    cache._write_text(tmp_path / CACHE_FOLDER / "addresses.txt", text)
    assert read_cached_remote_images(tmp_path) == {}

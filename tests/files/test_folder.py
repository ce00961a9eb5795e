"""What is done in a folder of ours never leaves it, with descriptors and, as on Windows, without."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hailuo_batch.files import folder as room
from hailuo_batch.files.folder import Folder, OpenFolder, write_beside
from hailuo_batch.files.regular import UnsafeFileError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="links are made only for some there")


@pytest.fixture(params=[True, False], ids=["descriptors", "paths"])
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setattr(room, "_HAS_DESCRIPTORS", request.param)
    return Folder(tmp_path / "project" / ".hailuo" / "store", tmp_path / "project")


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "canary").write_text("mine")
    return tmp_path / "outside" / "canary"


def test_a_folder_is_made_with_those_above_it_and_opened_again(place: Folder):
    with pytest.raises(FileNotFoundError), place.open():
        pass
    for make in (True, False):
        with place.open(make=make) as folder:
            assert folder.names() == []


@pytest.mark.parametrize("part", [".hailuo", ".hailuo/store"])
@pytest.mark.parametrize("make", [True, False])
def test_no_part_of_the_way_may_be_a_link(place: Folder, tmp_path: Path, canary: Path, part: str, make: bool):
    link = tmp_path / "project" / part
    link.parent.mkdir(parents=True)
    link.symlink_to(canary.parent)
    (canary.parent / "store").mkdir()
    with pytest.raises(UnsafeFileError, match="is a link") as wrong, place.open(make=make):
        pass
    assert wrong.value.path == link
    assert sorted(path.name for path in canary.parent.iterdir()) == ["canary", "store"]


def test_a_link_above_the_trusted_folder_is_the_users_own(tmp_path: Path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "project").symlink_to("disk")
    with Folder(tmp_path / "project" / "renders", tmp_path / "project").open(make=True) as folder:
        folder.replace_content("a", b"1")
    assert (tmp_path / "disk" / "renders" / "a").read_bytes() == b"1"


Act = Callable[[OpenFolder], object]


@pytest.mark.parametrize(
    "act",
    [
        lambda folder: folder.create("name"),
        lambda folder: folder.open("name"),
        lambda folder: folder.open_for_update("name"),
        lambda folder: folder.read("name", 100),
    ],
    ids=["create", "open", "open_for_update", "read"],
)
@pytest.mark.parametrize("trap", ["link", "dangling", "pipe", "device"])
def test_what_is_no_regular_file_is_neither_opened_nor_waited_for(place: Folder, canary: Path, act: Act, trap: str):
    targets = {"link": canary, "dangling": canary.with_name("new"), "device": Path("/dev/zero")}
    with place.open(make=True) as folder:
        if trap == "pipe":
            os.mkfifo(folder.path / "name")
        else:
            (folder.path / "name").symlink_to(targets[trap])
        with pytest.raises((UnsafeFileError, FileExistsError)):
            act(folder)
    assert (canary.read_text(), sorted(path.name for path in canary.parent.iterdir())) == ("mine", ["canary"])


def test_content_takes_the_place_of_a_link_and_leaves_what_it_leads_to(place: Folder, canary: Path):
    with place.open(make=True) as folder:
        (folder.path / "name").symlink_to(canary)
        folder.replace_content("name", b"ours", durable=True)
        assert (folder.read("name", 100), folder.names()) == (b"ours", ["name"])
        folder.remove("name")
        folder.remove("name")
        assert folder.names() == []
    assert canary.read_text() == "mine"


def test_a_sweep_takes_regular_files_directly_below_and_nothing_else(place: Folder, canary: Path):
    with place.open(make=True) as folder:
        (folder.path / "old").write_text("half")
        (folder.path / "link").symlink_to(canary)
        (folder.path / "way").symlink_to(canary.parent)
        (folder.path / "inside").mkdir()
        (folder.path / "inside" / "old").write_text("half")
        os.mkfifo(folder.path / "pipe")
        assert place.sweep(lambda *_: True) == 1
        assert sorted(folder.names()) == ["inside", "link", "pipe", "way"]
    assert (folder.path / "inside" / "old").exists()
    assert canary.read_text() == "mine"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/passwd"])
def test_a_name_is_that_of_a_file_directly_below(place: Folder, name: str):
    with place.open(make=True) as folder, pytest.raises(AssertionError):
        folder.replace_content(name, b"")


def test_a_write_that_fails_leaves_what_was_there(place: Folder, monkeypatch: pytest.MonkeyPatch):
    with place.open(make=True) as folder:
        folder.replace_content("name", b"before")

        def full(*_: object, **__: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            folder.replace_content("name", b"after")
        assert (folder.read("name", 100), folder.names()) == (b"before", ["name"])


def test_an_error_names_the_whole_path(place: Folder):
    with pytest.raises(FileNotFoundError) as wrong, place.open(make=True) as folder:
        folder.open("absent")
    assert wrong.value.filename == str(place.path / "absent")
    (place.path / "file").touch()
    with pytest.raises(NotADirectoryError) as no_folder, Folder(place.path / "file", place.path).open():
        pass
    assert no_folder.value.filename == str(place.path / "file")


def test_a_folder_that_is_swapped_for_a_link_while_it_is_open_is_not_left(tmp_path: Path, canary: Path):
    """Only with descriptors: what was opened is what is written to."""
    place = Folder(tmp_path / "renders")
    with place.open(make=True) as folder:
        (tmp_path / "renders").rename(tmp_path / "moved")
        (tmp_path / "renders").symlink_to(canary.parent)
        folder.replace_content("canary", b"ours")
    assert ((tmp_path / "moved" / "canary").read_bytes(), canary.read_text()) == (b"ours", "mine")


def test_many_threads_may_make_one_folder(place: Folder):
    failures: list[BaseException] = []

    def write(number: int) -> None:
        try:
            with place.open(make=True) as folder:
                folder.replace_content(f"{number}", b"1")
        except BaseException as error:  # noqa: BLE001 - shown below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with place.open() as folder:
        assert (failures, len(folder.names())) == ([], 16)


def test_a_file_of_the_user_is_written_whole_beside_itself(tmp_path: Path, canary: Path):
    (tmp_path / "page").symlink_to(canary)
    write_beside(tmp_path / "page", b"ours")
    assert ((tmp_path / "page").is_symlink(), (tmp_path / "page").read_bytes(), canary.read_text()) == (
        False,
        b"ours",
        "mine",
    )


def test_a_link_that_leads_nowhere_is_called_so(tmp_path: Path) -> None:
    (tmp_path / "renders").symlink_to(tmp_path / "nas" / "renders")
    with pytest.raises(UnsafeFileError, match="leads nowhere"), Folder(tmp_path / "renders", tmp_path).open():
        pass

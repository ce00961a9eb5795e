import asyncio
import errno
import fcntl
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from hailuo_batch import ports
from hailuo_batch.errors import Exit, InputError, RefusedError, StoreError
from hailuo_batch.store.links import temporary_name
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.renders import Renders

NAME = "aurora_open_v001_t01.mp4"
ABOUT = {"version": 1, "shot": "open", "prompt": "薄雾 [Push in]", "fingerprint": "v1-a"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "renders"


@pytest.fixture
def renders(root: Path) -> Renders:
    return Renders(root)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    return kept(tmp_path, b"a clip")


def kept(tmp_path: Path, content: bytes) -> Path:
    store = LocalStore(tmp_path / "store")
    file = store.temporary_path()
    file.write_bytes(content)
    return store.path(asyncio.run(store.keep(file)))


def place(renders: Renders, artifact: Path, name: str = NAME, about: dict[str, object] = ABOUT) -> None:
    asyncio.run(renders.place(artifact, name, about))


def listing(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def refuse(number: int) -> Callable[..., object]:
    def refusing(*_: object, **__: object) -> object:
        raise OSError(number, os.strerror(number))

    return refusing


def clone(target: object, request: int, source: int) -> int:
    """What a file system that shares blocks does, as far as anybody can see."""
    assert request == 0x40049409
    os.write(target.fileno(), os.pread(source, 1 << 20, 0))  # type: ignore[attr-defined]
    return 0


def hard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "ioctl", refuse(errno.EOPNOTSUPP))


def cloned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fcntl, "ioctl", clone)


def copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another disk: links from the store fail, links beside the copy do not."""
    hard(monkeypatch)
    link = os.link

    def across(source: Path, target: Path, **options: object) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target)

    monkeypatch.setattr(os, "link", across)


def unlinkable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without hard links, such as a memory card."""
    hard(monkeypatch)
    monkeypatch.setattr(os, "link", refuse(errno.EPERM))


@pytest.fixture(params=[hard, cloned, copied, unlinkable])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every way in which a disk can give a file a second name."""
    request.param(monkeypatch)
    return str(request.param.__name__)


def test_it_wears_the_face_that_the_runner_works_with(renders: Renders):
    face: ports.Renders = renders
    assert face is renders


def test_a_clip_gets_its_name_and_its_provenance(disk: str, renders: Renders, root: Path, artifact: Path):
    place(renders, artifact)
    assert listing(root) == ["aurora_open_v001_t01.json", NAME]
    assert (root / NAME).read_bytes() == b"a clip"
    assert (root / NAME).samefile(artifact) == (disk == "hard")
    text = (root / "aurora_open_v001_t01.json").read_text(encoding="utf-8")
    assert text == (
        '{\n  "fingerprint": "v1-a",\n  "prompt": "薄雾 [Push in]",\n  "shot": "open",\n  "version": 1\n}\n'
    )
    assert renders.names() == {NAME}


def test_placing_again_does_nothing(disk: str, renders: Renders, root: Path, artifact: Path):
    place(renders, artifact)
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(root.iterdir())]
    place(renders, artifact)
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in sorted(root.iterdir())] == before


def test_another_clip_of_that_name_is_never_overwritten(
    disk: str, renders: Renders, root: Path, artifact: Path, tmp_path: Path
):
    place(renders, artifact)
    for other in (b"a clop", b"longer than that"):
        with pytest.raises(RefusedError) as caught:
            place(renders, kept(tmp_path, other), about={**ABOUT, "fingerprint": "v1-b"})
    assert caught.value.exit is Exit.REFUSED
    assert caught.value.summary == f"{NAME} is there already, with other content"
    assert str(root / NAME) in caught.value.why
    assert "Move or rename it" in caught.value.remedy
    assert (root / NAME).read_bytes() == b"a clip"
    assert json.loads((root / NAME).with_suffix(".json").read_bytes()) == ABOUT
    assert listing(root) == ["aurora_open_v001_t01.json", NAME]


def test_a_name_that_is_taken_between_look_and_leap_is_not_overwritten(
    disk: str, renders: Renders, root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
):
    root.mkdir()
    lexists = os.path.lexists

    def late(path: Path) -> bool:
        found = lexists(path)
        if Path(path).name == NAME and not found:
            Path(path).write_bytes(b"of somebody else")
        return found

    monkeypatch.setattr(os.path, "lexists", late)
    with pytest.raises(RefusedError):
        place(renders, artifact)
    assert (root / NAME).read_bytes() == b"of somebody else"
    assert listing(root) == [NAME]


@pytest.mark.parametrize("kind", ["folder", "dangling link"])
def test_whatever_has_the_name_keeps_it(renders: Renders, root: Path, artifact: Path, kind: str):
    root.mkdir()
    if kind == "folder":
        (root / NAME).mkdir()
    else:
        (root / NAME).symlink_to(root / "nowhere")
    with pytest.raises(RefusedError, match="is there already"):
        place(renders, artifact)
    assert listing(root) == [NAME]


def test_a_lost_provenance_is_written_again(renders: Renders, root: Path, artifact: Path):
    place(renders, artifact)
    about = (root / NAME).with_suffix(".json")
    for spoil in (about.unlink, lambda: about.write_bytes(b"")):
        spoil()
        place(renders, artifact)
        assert json.loads(about.read_bytes()) == ABOUT


def test_the_provenance_of_a_clip_that_was_deleted_gives_way_to_the_new_one(
    renders: Renders, root: Path, artifact: Path
):
    place(renders, artifact, about={**ABOUT, "fingerprint": "v1-old"})
    (root / NAME).unlink()
    place(renders, artifact)
    assert json.loads((root / NAME).with_suffix(".json").read_bytes()) == ABOUT


@pytest.mark.parametrize("text", ['{"mine": true}', "[1]", "notes", "\udcff"])
def test_a_users_own_json_file_is_never_overwritten(renders: Renders, root: Path, artifact: Path, text: str):
    root.mkdir()
    about = (root / NAME).with_suffix(".json")
    about.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(RefusedError, match=r"aurora_open_v001_t01\.json is there already"):
        place(renders, artifact)
    assert about.read_bytes() == text.encode(errors="surrogateescape")
    assert listing(root) == ["aurora_open_v001_t01.json"]


def test_one_clip_may_have_many_names(renders: Renders, artifact: Path):
    place(renders, artifact)
    place(renders, artifact, "aurora_again_v001_t01.mp4")
    assert renders.names() == {NAME, "aurora_again_v001_t01.mp4"}


async def test_the_same_name_given_twice_at_once_is_given_once(renders: Renders, root: Path, tmp_path: Path):
    artifact = await asyncio.to_thread(kept, tmp_path, b"a clip")
    await asyncio.gather(*(renders.place(artifact, NAME, ABOUT) for _ in range(20)))
    assert listing(root) == ["aurora_open_v001_t01.json", NAME]


BAD = [
    "",
    ".mp4",
    "..",
    "../x.mp4",
    "a/b.mp4",
    "a\\b.mp4",
    "C:x.mp4",
    "x.json",
    "x.mp4\n",
    "x\0.mp4",
    ".x.mp4",
    "/x.mp4",
]


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_leads_elsewhere_is_refused(renders: Renders, root: Path, artifact: Path, name: str):
    with pytest.raises(InputError, match="cannot be the name of a clip"):
        place(renders, artifact, name)
    assert not root.exists()


def test_renders_that_are_not_there_have_no_names(renders: Renders, root: Path):
    assert renders.names() == set()
    assert not root.exists()


def test_a_copy_that_finds_no_room_leaves_nothing(
    renders: Renders, root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
):
    unlinkable(monkeypatch)
    monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
    with pytest.raises(StoreError) as caught:
        place(renders, artifact)
    assert caught.value.summary == f"cannot place {NAME}: the disk is full"
    assert listing(root) == []


def test_sweeping_takes_leftovers_and_nothing_else(renders: Renders, root: Path, artifact: Path):
    place(renders, artifact)
    with temporary_name(root / NAME) as leftover:
        leftover.touch()
        (root / ".notes").touch()
        assert renders.names() == {NAME}
        assert renders.remove_leftovers() == 1
    assert listing(root) == [".notes", "aurora_open_v001_t01.json", NAME]


def test_a_name_is_taken_away_with_its_provenance_and_the_clip_stays(renders: Renders, root: Path, artifact: Path):
    place(renders, artifact)
    renders.remove(NAME)
    renders.remove(NAME)
    assert listing(root) == []
    assert artifact.read_bytes() == b"a clip"
    with pytest.raises(InputError):
        renders.remove("../../other.mp4")


def test_a_clip_that_is_gone_from_the_store_cannot_be_placed(renders: Renders, root: Path, tmp_path: Path):
    with pytest.raises(StoreError, match="cannot place"):
        place(renders, tmp_path / "gone.mp4")
    assert listing(root) == []

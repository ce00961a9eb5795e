import asyncio
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.errors import RefusedError, StoreError
from hailuo_batch.files.folder import temporary_name
from hailuo_batch.ports import Renders
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.renders import LocalRenders
from hailuo_batch.testing.renders_contract import NAME, PROVENANCE, RendersContract, list_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "renders"


@pytest.fixture
def renders(root: Path) -> LocalRenders:
    return LocalRenders(root)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    return kept(tmp_path, b"a clip")


def kept(tmp_path: Path, content: bytes) -> Path:
    store = LocalStore(tmp_path / "store")
    file = store.temporary_path()
    file.write_bytes(content)
    return Path(store.location(asyncio.run(store.keep(file))))


def place(renders: LocalRenders, artifact: Path, name: str = NAME, about: dict[str, object] = PROVENANCE) -> None:
    asyncio.run(renders.place(artifact, name, about))


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

    def across(source: Path, target: Path, **options: Any) -> None:
        if not Path(source).name.startswith("."):
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        link(source, target, **options)

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


@pytest.mark.usefixtures("disk")
class TestLocalRenders(RendersContract):
    """What all readable names promise, on every such disk."""

    def open_renders(self, folder: Path) -> Renders:
        return LocalRenders(folder)


def test_a_name_is_a_hard_link_where_blocks_cannot_be_shared(
    disk: str, renders: LocalRenders, root: Path, artifact: Path
):
    place(renders, artifact)
    assert (root / NAME).samefile(artifact) == (disk == "hard")


def test_a_name_that_is_taken_between_look_and_leap_is_not_overwritten(
    disk: str, renders: LocalRenders, root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
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
    assert list_folder(root) == [NAME]


def test_a_copy_that_finds_no_room_leaves_nothing(
    renders: LocalRenders, root: Path, artifact: Path, monkeypatch: pytest.MonkeyPatch
):
    unlinkable(monkeypatch)
    monkeypatch.setattr(os, "fsync", refuse(errno.ENOSPC))
    with pytest.raises(StoreError) as caught:
        place(renders, artifact)
    assert caught.value.summary == f"cannot place {NAME}: the disk is full"
    assert list_folder(root) == []


def test_sweeping_takes_leftovers_and_nothing_else(renders: LocalRenders, root: Path, artifact: Path):
    place(renders, artifact)
    (root / temporary_name(NAME)).touch()
    (root / ".notes").touch()
    assert renders.list_names() == {NAME}
    assert renders.remove_leftovers() == 1
    assert list_folder(root) == [".notes", "aurora_open_v001_t01.json", NAME]

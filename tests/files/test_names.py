"""Moving and removing as Windows allows it, on a system that is made to refuse as Windows does."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.errors import StoreError
from hailuo_batch.files import folder as room
from hailuo_batch.files import names
from hailuo_batch.files.folder import OpenFolder
from hailuo_batch.files.names import FileInUseError, remove_file, replace_file
from hailuo_batch.store.errors import translate_os_errors

pytestmark = pytest.mark.skipif(os.name == "nt", reason="it refuses by itself there")
CHANGES: dict[str, Callable[[OpenFolder, Path], None]] = {
    "folder.remove": lambda folder, _: folder.remove("b"),
    "folder.move": lambda folder, _: folder.move("a", "b"),
    "folder.move_in": lambda folder, path: folder.move_in(path / "a", "b"),
    "remove_file": lambda _, path: remove_file(path / "b"),
    "replace_file": lambda _, path: replace_file(path / "a", path / "b"),
}


class Windows:
    """Refuses to replace or remove what is read-only, and what is in use for so many tries."""

    def __init__(self) -> None:
        self.busy, self.pauses = 0, 0

    def refusing(self, real: Callable[..., None]) -> Callable[..., None]:
        def change(*paths: Any, **how: Any) -> None:
            target = Path(paths[-1])
            self.busy -= 1
            if target.exists() and (self.busy >= 0 or not target.stat().st_mode & stat.S_IWRITE):
                raise PermissionError(errno.EACCES, "Access is denied", str(target))
            real(*paths, **how)

        return change

    def pause(self, _: float) -> None:
        self.pauses += 1


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Windows:
    disk = Windows()
    monkeypatch.setattr(names, "IS_WINDOWS", True)
    monkeypatch.setattr(room, "_HAS_DESCRIPTORS", False)
    monkeypatch.setattr("hailuo_batch.files.names.time.sleep", disk.pause)
    for name in ("replace", "unlink"):
        monkeypatch.setattr(os, name, disk.refusing(getattr(os, name)))
    return disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "a").write_text("new")
    (tmp_path / "b").write_text("old")
    return tmp_path


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(("mode", "busy"), [(0o444, 0), (0o644, 3), (0o444, 3)])
def test_what_is_read_only_or_in_use_for_a_moment_is_changed(
    windows: Windows, path: Path, change: Callable[[OpenFolder, Path], None], mode: int, busy: int
) -> None:
    (path / "b").chmod(mode)
    windows.busy = busy
    change(OpenFolder(path, None), path)
    assert not (path / "b").exists() or (path / "b").read_text() == "new"
    assert 1 <= windows.pauses <= 3


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_stays_in_use_is_named(windows: Windows, path: Path, change: Callable[[OpenFolder, Path], None]) -> None:
    windows.busy = 99
    with pytest.raises(StoreError) as error, translate_os_errors("cannot store a clip"):
        change(OpenFolder(path, None), path)
    assert error.value.summary == "cannot store a clip: the file is in use"
    assert error.value.why == f"Another program has {path / 'b'} open, or you may not change it."
    assert (windows.pauses, (path / "b").read_text()) == (names.TRIES - 1, "old")


def test_what_is_gone_is_not_tried_again(windows: Windows, path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remove_file(path / "c")
    assert windows.pauses == 0
    assert issubclass(FileInUseError, PermissionError), "as callers know it"

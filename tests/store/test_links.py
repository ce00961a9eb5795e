import errno
import os
from pathlib import Path

import pytest

from hailuo_batch.files.folder import Folder
from hailuo_batch.store.links import Linker

fcntl = pytest.importorskip("fcntl")


@pytest.mark.skipif(os.uname().sysname != "Linux", reason="only Linux clones files this way")
def test_what_a_file_system_cannot_do_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    tries: list[int] = []

    def refusing(*_: object) -> None:
        tries.append(1)
        raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))

    monkeypatch.setattr(fcntl, "ioctl", refusing)
    source, linker = tmp_path / "source.mp4", Linker()
    source.write_bytes(b"a clip")
    with Folder(tmp_path).open() as folder:
        for number in range(3):
            linker.link(source, folder, f"{number}.mp4")
    assert len(tries) == 1
    assert [(tmp_path / f"{number}.mp4").samefile(source) for number in range(3)] == [True] * 3
    assert len(list(tmp_path.iterdir())) == 4, "nothing else is left"

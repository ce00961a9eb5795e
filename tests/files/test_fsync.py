"""A disk that cannot make names durable stops nothing and is reported once; one that fails stops the command."""

import errno
import logging
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from hailuo_batch.files import fsync as room
from hailuo_batch.files.folder import Folder
from hailuo_batch.files.fsync import sync_file, sync_folder

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such call")
Answer = Callable[[int], None]


@pytest.fixture
def disk_answers(monkeypatch: pytest.MonkeyPatch) -> Answer:
    """Makes each fsync of a folder fail with this number."""

    def answer(number: int) -> None:
        real = os.fsync

        def fsync(descriptor: int) -> None:
            if stat.S_ISDIR(os.fstat(descriptor).st_mode):
                raise OSError(number, os.strerror(number))
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        room._warnings.cache_clear()

    return answer


@pytest.mark.parametrize("name", ["EINVAL", "ENOTSUP", "ENOTTY", "ENOSYS"])
def test_a_folder_that_cannot_be_synced_is_reported_once(
    tmp_path: Path, disk_answers: Answer, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    disk_answers(getattr(errno, name))
    with Folder(tmp_path / "a" / "b", tmp_path).open(make=True) as folder:
        folder.replace_content("c", b"1", durable=True)
    sync_folder(tmp_path)
    assert [(record.levelno, str(tmp_path) in record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, True)
    ]
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"1"


def test_a_disk_that_fails_stays_an_error(
    tmp_path: Path, disk_answers: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    disk_answers(errno.EIO)
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        sync_folder(tmp_path)
    assert caplog.records == []


@pytest.mark.parametrize(("answer", "falls_back"), [(0, False), (errno.ENOTSUP, True), (errno.ENOTTY, True)])
def test_macos_falls_back_to_the_call_that_each_disk_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: int, falls_back: bool
) -> None:
    def fcntl(_: int, __: int) -> None:
        if answer:
            raise OSError(answer, os.strerror(answer))

    synced: list[int] = []
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(os, "fsync", synced.append)
    monkeypatch.setitem(sys.modules, "fcntl", SimpleNamespace(fcntl=fcntl, F_FULLFSYNC=51))
    with (tmp_path / "file").open("wb") as file:
        sync_file(file.fileno())
        assert synced == [file.fileno()] * falls_back

import os
from pathlib import Path

import pytest

from hailuo_batch.files.regular import UnsafeFileError, open_regular, read_regular


def test_a_file_up_to_the_limit_is_read_and_a_larger_one_is_not(tmp_path: Path):
    file = tmp_path / "file"
    for content in (b"", b"a", b"ab" * 512):
        file.write_bytes(content)
        assert read_regular(file, 1024) == content
    file.write_bytes(b"a" * 1025)
    with pytest.raises(UnsafeFileError, match="is larger than"):
        read_regular(file, 1024)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux has files without a size")
def test_a_file_that_has_more_than_it_says_is_read_to_its_end_or_the_limit():
    assert read_regular("/proc/self/status", 1024**2).endswith(b"\n")
    with pytest.raises(UnsafeFileError, match="is larger than"):
        read_regular("/proc/self/status", 10)


@pytest.mark.skipif(os.name == "nt", reason="Windows makes no pipes")
def test_what_becomes_a_pipe_between_look_and_open_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    file = tmp_path / "file"
    file.touch()
    real = os.open

    def swapped(*given: object, **named: object) -> int:
        file.unlink()
        os.mkfifo(file)
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", swapped)
    with pytest.raises(UnsafeFileError, match="is a pipe"):
        open_regular(file)

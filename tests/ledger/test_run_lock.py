import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hailuo_batch.errors import Exit, LedgerError
from hailuo_batch.ledger.run_lock import hold_lock, is_lock_held

HOLDER = """
import sys
from pathlib import Path
from hailuo_batch.ledger.run_lock import hold_lock
with hold_lock(Path(sys.argv[1]), "hailuo-batch run spring.yaml"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".hailuo" / "run.lock"


@contextmanager
def other_process(lock: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_run_is_told_who_holds_the_ledger(lock: Path):
    with other_process(lock) as process:
        with pytest.raises(LedgerError) as caught, hold_lock(lock, "hailuo-batch run"):
            pass
        error = caught.value
        assert error.exit is Exit.LEDGER
        assert error.summary == "another run is working in this project"
        assert f"`hailuo-batch run spring.yaml`, process {process.pid} on " in error.why
        assert "hailuo-batch status" in error.remedy


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_lock_of_a_killed_run_goes_with_it(lock: Path):
    with other_process(lock) as process:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert json.loads(lock.read_bytes())["pid"] == process.pid  # what it wrote is still there
        with hold_lock(lock, "hailuo-batch run"):
            assert json.loads(lock.read_bytes())["pid"] == os.getpid()


def test_a_run_that_ended_leaves_the_lock_free(lock: Path):
    with hold_lock(lock, "first"):
        held = json.loads(lock.read_bytes())
    assert (held["command"], held["pid"], sorted(held)) == ("first", os.getpid(), ["command", "host", "pid", "since"])
    with hold_lock(lock, "second"):
        pass
    assert lock.read_bytes() == b""


def test_a_run_that_fails_leaves_the_lock_free(lock: Path):
    with pytest.raises(ZeroDivisionError), hold_lock(lock, "first"):
        raise ZeroDivisionError
    with hold_lock(lock, "second"):
        pass


def test_one_process_cannot_hold_it_twice(lock: Path):
    with hold_lock(lock, "first"), pytest.raises(LedgerError, match="another run"), hold_lock(lock, "second"):
        pass


@pytest.mark.parametrize("text", [b"", b'{"pid": 1', b"[]", b'{"pid": 1}', b"\xff\xfe"])
def test_a_holder_that_cannot_be_read_is_still_a_holder(lock: Path, text: bytes):
    with hold_lock(lock, "first"):
        lock.write_bytes(text)
        with pytest.raises(LedgerError) as caught, hold_lock(lock, "second"):
            pass
    assert caught.value.why == f"{lock} is locked, and its holder has not signed it yet"


def test_a_longer_text_of_a_dead_run_leaves_nothing_behind(lock: Path):
    lock.parent.mkdir()
    lock.write_bytes(b"x" * 10_000)
    with hold_lock(lock, "short"):
        assert json.loads(lock.read_bytes())["command"] == "short"


def test_a_lock_that_cannot_be_opened_says_why(lock: Path):
    lock.mkdir(parents=True)
    with pytest.raises(LedgerError) as caught, hold_lock(lock, "run"):
        pass
    assert caught.value.summary == "the run lock cannot be taken"
    assert str(lock) in caught.value.why


def test_a_lock_whose_folder_cannot_be_made_says_why(tmp_path: Path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(LedgerError, match="the run lock cannot be taken"),
        hold_lock(tmp_path / "file" / "run.lock", "run"),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_disk_that_knows_no_locks_is_not_taken_for_a_second_run(lock: Path, monkeypatch: pytest.MonkeyPatch):
    import fcntl

    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LedgerError, match="the run lock cannot be taken"), hold_lock(lock, "run"):
        pass


def test_whether_a_run_works_is_seen_without_taking_its_lock(lock: Path):
    assert not is_lock_held(lock)
    assert not lock.parent.exists(), "looking makes nothing"
    with other_process(lock):
        assert is_lock_held(lock)
        assert is_lock_held(lock)
        signed = lock.read_bytes()
    assert not is_lock_held(lock), "what a killed run wrote is still there, and nobody holds it"
    assert lock.read_bytes() == signed
    with hold_lock(lock, "hailuo-batch run"):
        assert is_lock_held(lock)
    assert not is_lock_held(lock)


def test_a_lock_that_cannot_be_opened_is_nobodys(lock: Path):
    lock.mkdir(parents=True)
    (lock / "file").touch()
    assert not is_lock_held(lock)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_child_that_outlives_a_killed_run_does_not_hold_its_lock(lock: Path):
    child = "import subprocess; subprocess.Popen(['sleep', '60'], close_fds=False, stdout=subprocess.DEVNULL)"
    script = HOLDER.replace('    print("held"', f'    {child}\n    print("held"')
    with subprocess.Popen(
        [sys.executable, "-c", script, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        process.kill()
        process.wait()
        try:
            with hold_lock(lock, "hailuo-batch run"):
                pass
        finally:
            os.killpg(process.pid, signal.SIGKILL)

import errno
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from io import FileIO
from pathlib import Path

import pytest

from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger import run_lock
from hailuo_batch.ledger.run_lock import FileLocks
from hailuo_batch.testing.locks_contract import LocksContract

HOLDER = """
import sys
from pathlib import Path
from hailuo_batch.ledger.run_lock import FileLocks
with FileLocks(Path(sys.argv[1])).hold_run_lock("hailuo-batch run spring.yaml"):
    print("held", flush=True)
    sys.stdin.read()
"""

Check = Callable[[Callable[[], None]], bool]


class TestFileLocks(LocksContract):
    """What every run lock promises."""

    opener = "hailuo_batch.ledger.run_lock:FileLocks"


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / ".hailuo" / "run.lock"


def test_the_file_says_who_holds_the_lock_and_is_empty_afterwards(lock: Path):
    with FileLocks(lock).hold_run_lock("first"):
        held = json.loads(lock.read_bytes())
    assert (held["command"], held["pid"], sorted(held)) == ("first", os.getpid(), ["command", "host", "pid", "since"])
    assert lock.read_bytes() == b""


@pytest.mark.parametrize("text", [b"", b'{"pid": 1', b"[]", b'{"pid": 1}', b"\xff\xfe"])
def test_a_holder_that_cannot_be_read_is_still_a_holder(lock: Path, text: bytes):
    with FileLocks(lock).hold_run_lock("first"):
        lock.write_bytes(text)
        with pytest.raises(LedgerError) as caught, FileLocks(lock).hold_run_lock("second"):
            pass
    assert caught.value.why == f"{lock} is locked, and its holder is not known yet"


def test_a_longer_text_of_a_dead_run_leaves_nothing_behind(lock: Path):
    lock.parent.mkdir()
    lock.write_bytes(b"x" * 10_000)
    with FileLocks(lock).hold_run_lock("short"):
        assert json.loads(lock.read_bytes())["command"] == "short"


def test_a_lock_that_cannot_be_opened_says_why(lock: Path):
    lock.mkdir(parents=True)
    with pytest.raises(LedgerError) as caught, FileLocks(lock).hold_run_lock("run"):
        pass
    assert caught.value.summary == "the run lock cannot be taken"
    assert str(lock) in caught.value.why


def test_a_lock_whose_folder_cannot_be_made_says_why(tmp_path: Path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(LedgerError, match="the run lock cannot be taken"),
        FileLocks(tmp_path / "file" / "run.lock").hold_run_lock("run"),
    ):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_disk_that_knows_no_locks_is_not_taken_for_a_second_run(lock: Path, monkeypatch: pytest.MonkeyPatch):
    import fcntl

    def refuse(file: object, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(LedgerError, match="this disk cannot lock files"), FileLocks(lock).hold_run_lock("run"):
        pass


def test_what_a_killed_run_wrote_holds_nothing_and_looking_leaves_it(lock: Path):
    lock.parent.mkdir()
    lock.write_bytes(b'{"pid": 1, "host": "here", "command": "run", "since": "2026-01-01T00:00:00+00:00"}')
    signed = lock.read_bytes()
    assert not FileLocks(lock).is_run_active()
    assert FileLocks(lock).read_run_holder() is None
    assert lock.read_bytes() == signed


@pytest.fixture
def check(lock: Path, monkeypatch: pytest.MonkeyPatch):
    """Calls a function in the middle of a check of a lock that a killed run signed; what the check found."""
    import fcntl

    real_flock = fcntl.flock

    def run_check(meanwhile: Callable[[], None]) -> bool:
        lock.parent.mkdir()
        lock.write_bytes(b"{}")
        calls = [meanwhile]

        def flock(file: FileIO, how: int) -> None:
            if how == fcntl.LOCK_UN and calls:
                calls.pop()()
            real_flock(file, how)

        monkeypatch.setattr(fcntl, "flock", flock)
        found = FileLocks(lock).is_run_active()
        assert not calls
        return found

    return run_check


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_two_checks_at_once_do_not_take_each_other_for_a_run(lock: Path, check: Check):
    found: list[bool] = []
    assert not check(lambda: found.append(FileLocks(lock).is_run_active()))
    assert found == [False]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_run_that_starts_during_a_check_is_not_refused(lock: Path, check: Check, monkeypatch: pytest.MonkeyPatch):
    waits, checked, started = threading.Event(), threading.Event(), threading.Event()

    def pause() -> None:
        waits.set()
        assert checked.wait(10)

    def start() -> None:
        with FileLocks(lock).hold_run_lock("run"):
            started.set()

    def begin() -> None:
        thread.start()
        assert waits.wait(10)

    monkeypatch.setattr("hailuo_batch.ledger.run_lock._pause", pause)
    thread = threading.Thread(target=start)
    assert not check(begin)
    checked.set()
    thread.join(10)
    assert started.is_set()


def test_a_lock_that_cannot_be_opened_is_nobodys(lock: Path):
    lock.mkdir(parents=True)
    (lock / "file").touch()
    assert not FileLocks(lock).is_run_active()


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
            with FileLocks(lock).hold_run_lock("hailuo-batch run"):
                pass
        finally:
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows removes no file that is open")
@pytest.mark.parametrize("removals", [1, 3, 1000])
def test_a_lock_on_a_file_that_lost_its_name_is_not_held(lock: Path, removals: int, monkeypatch: pytest.MonkeyPatch):
    """Somebody removes the file between its opening and its locking, so often; a second run may have made it anew."""
    seize, left = run_lock._seize, removals

    def removed_first(file: FileIO) -> None:
        nonlocal left
        if left:
            left -= 1
            lock.unlink()
        seize(file)

    monkeypatch.setattr(run_lock, "_seize", removed_first)
    if removals > 20:
        with pytest.raises(LedgerError, match="the run lock cannot be taken"), FileLocks(lock).hold_run_lock("run"):
            pass
        return
    with FileLocks(lock).hold_run_lock("run") as held:
        held.check()
        with pytest.raises(LedgerError, match="another run"), FileLocks(lock).hold_run_lock("second"):
            pass


def test_a_disk_that_fails_when_the_lock_is_freed_is_a_warning(
    lock: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def fail(_: FileIO) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken, FileLocks(lock).hold_run_lock("run"):
        broken.setattr(run_lock, "_release", fail)
    assert [os.strerror(errno.EIO) in record.getMessage() for record in caplog.records] == [True]
    with FileLocks(lock).hold_run_lock("the next"):
        pass

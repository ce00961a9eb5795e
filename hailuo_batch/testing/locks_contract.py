"""What every run lock promises: a suite for `Locks`. It needs pytest, and real processes that it starts and kills.

class TestMyLocks(LocksContract):
    opener = "my_package.locks:MyLocks"  # called with a path of the project, in other processes too
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

from hailuo_batch.errors import Exit, LedgerError, LedgerMovedError
from hailuo_batch.ports import Locks

_HOLD = """
import sys
from importlib import import_module
from pathlib import Path
module, _, name = sys.argv[1].partition(":")
locks = getattr(import_module(module), name)(Path(sys.argv[2]))
with locks.hold_run_lock("hailuo-batch run spring.yaml"):
    print("held", flush=True)
    sys.stdin.read()
"""


class LocksContract:
    """The promises of `Locks`."""

    opener: str

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """A path below the project's state folder, which is not there yet."""
        return tmp_path / ".hailuo" / "run.lock"

    @pytest.fixture
    def locks(self, place: Path) -> Locks:
        """What is under test."""
        module, _, name = self.opener.partition(":")
        found: Locks = getattr(import_module(module), name)(place)
        return found

    def take_away(self, place: Path) -> None:
        """Removes what is locked, while it is held, as `git clean` or a sync client does."""
        if sys.platform == "win32":
            pytest.skip("Windows removes no file that is open")
        place.unlink()

    @contextmanager
    def hold_elsewhere(self, place: Path) -> Iterator[subprocess.Popen[bytes]]:
        """Another process that holds the lock; it is killed at the end."""
        command = [sys.executable, "-c", _HOLD, self.opener, str(place)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"held\n"
            try:
                yield process
            finally:
                process.kill()

    def test_a_second_run_learns_who_holds_the_lock(self, locks: Locks, place: Path) -> None:
        with self.hold_elsewhere(place) as process:
            with pytest.raises(LedgerError) as caught, locks.hold_run_lock("hailuo-batch run"):
                pass
            holder = locks.read_run_holder()
        error = caught.value
        assert error.exit is Exit.LEDGER
        assert error.summary == "another run is working in this project"
        assert f"`hailuo-batch run spring.yaml`, process {process.pid} on " in error.why
        assert "`status`" in error.remedy
        assert holder is not None
        assert (holder.command, holder.process) == ("hailuo-batch run spring.yaml", process.pid)

    def test_a_lock_that_was_taken_away_is_noticed_by_its_holder(self, locks: Locks, place: Path) -> None:
        with locks.hold_run_lock("first") as held:
            held.check()
            self.take_away(place)
            with pytest.raises(LedgerMovedError):
                held.check()
            with locks.hold_run_lock("second") as other:
                other.check()
                with pytest.raises(LedgerMovedError):
                    held.check()

    def test_the_lock_of_a_killed_run_is_free(self, locks: Locks, place: Path) -> None:
        with self.hold_elsewhere(place) as process:
            process.kill()
            process.wait()
            assert locks.read_run_holder() is None
            with locks.hold_run_lock("hailuo-batch run"):
                holder = locks.read_run_holder()
        assert holder is not None
        assert holder.process == os.getpid()

    def test_a_run_that_ended_leaves_the_lock_free(self, locks: Locks) -> None:
        with locks.hold_run_lock("first"):
            pass
        assert not locks.is_run_active()
        assert locks.read_run_holder() is None
        with locks.hold_run_lock("second"):
            pass

    def test_a_run_that_fails_leaves_the_lock_free(self, locks: Locks) -> None:
        with pytest.raises(ZeroDivisionError), locks.hold_run_lock("first"):
            raise ZeroDivisionError
        with locks.hold_run_lock("second"):
            pass

    def test_one_process_cannot_hold_it_twice(self, locks: Locks) -> None:
        with (
            locks.hold_run_lock("first"),
            pytest.raises(LedgerError, match="another run"),
            locks.hold_run_lock("second"),
        ):
            pass

    def test_whether_a_run_works_is_seen_without_taking_its_lock(self, locks: Locks, place: Path) -> None:
        assert not locks.is_run_active()
        assert not place.parent.exists(), "looking makes nothing"
        with self.hold_elsewhere(place):
            assert locks.is_run_active()
            assert locks.is_run_active()
        assert not locks.is_run_active(), "a killed run holds nothing"
        with locks.hold_run_lock("hailuo-batch run"):
            assert locks.is_run_active()
        assert not locks.is_run_active()

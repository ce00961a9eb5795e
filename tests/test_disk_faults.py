"""A disk that is full, fails, or cannot be written to, under a real run: nothing is bought twice, all of it explained.

strace makes the n-th call of a kind fail, for the ledger and for the store; where it may not be used, and where no
small disk can be mounted, the tests say so.
"""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from crashing import ENVIRONMENT, Film, new_mock
from forking import Forks
from rehearsal import SPEED, Studio, film
from tracing import PLACES, traced, why_not

from hailuo_batch.app.resolve import list_open_attempts, settle
from hailuo_batch.app.run import RunResult
from hailuo_batch.core.attempt.in_doubt import Verdict
from hailuo_batch.core.world import World
from hailuo_batch.errors import HailuoError
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.mock.hooks import HookEvent
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP
from hailuo_batch.views.failure_advice import failure_advice

BY_NAME = {str(place): place for place in PLACES}
LEDGER_FULL = "the disk is full, so the ledger cannot be written"
LEDGER_FAILED = "ledger.db: disk I/O error"
FULL, FAILED = "the disk is full", "the disk failed"
# Which calls fail, how, and the words that say so. `+` means all from then on. The ledger's are before the first
# submit, among the submits, and while clips come home.
TROUBLES = (
    ("pwrite64 of the ledger", "error=ENOSPC:when=3+", LEDGER_FULL),
    ("pwrite64 of the ledger", "error=ENOSPC:when=60+", LEDGER_FULL),
    ("pwrite64 of the ledger", "error=ENOSPC:when=85+", LEDGER_FULL),
    ("fdatasync of the ledger", "error=EIO:when=6+", LEDGER_FAILED),
    ("fdatasync of the ledger", "error=EIO:when=8", LEDGER_FAILED),
    ("fsync", "error=ENOSPC:when=2+", FULL),
    ("fsync", "error=EIO:when=10", FAILED),
    ("rename", "error=ENOSPC:when=3", FULL),
)

in_session = pytest.mark.asyncio(loop_scope="session")  # in which the server of the forks lives
untraced = pytest.mark.skipif(sys.platform != "linux" or bool(why_not()), reason=why_not() or "only Linux has strace")


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "small", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], None]]:
    """Makes a folder read-only until the test ends; for root, who may write everywhere, by mounting it so."""
    frozen: list[Path] = []

    def freeze(folder: Path) -> None:
        if os.geteuid():
            folder.chmod(0o555)
        elif sys.platform != "linux" or not _mounted_read_only(folder):
            pytest.skip("root may write everywhere, and nothing can be mounted here")
        frozen.append(folder)

    yield freeze
    for folder in frozen:
        if os.geteuid():
            folder.chmod(0o755)
        else:
            subprocess.run(["umount", "-l", str(folder)], check=True)


def _mounted_read_only(folder: Path) -> bool:
    bind = ["mount", "--bind", str(folder), str(folder)]
    again = ["mount", "-o", "remount,ro,bind", str(folder)]
    return all(subprocess.run(each, capture_output=True, check=False).returncode == 0 for each in (bind, again))


@untraced
@in_session
@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(("place", "fate", "words"), TROUBLES, ids=lambda value: value)
async def test_a_call_that_fails_costs_nothing_twice_and_is_explained(
    place: str, fate: str, words: str, tmp_path: Path, forks: Forks
):
    async with new_mock() as mock:
        found = Film.begun(tmp_path, forks, mock, "minimax")
        code, said = await traced(tmp_path, found.base, BY_NAME[place], fate)
        assert code in {4, 8, 9}, said
        assert words in said
        assert "Traceback" not in said, said
        async with read_ledger(tmp_path / ".hailuo" / "ledger.db") as ledger:
            known = {task for _, task in await ledger.tasks()}
        told = [charge.task for charge in mock.charges if charge.task not in known]
        assert all(task in said for task in told), "an id that could not be written down is printed"
        assert (code == 8) is bool(told)
        await found.assert_kept()


@untraced
@in_session
@pytest.mark.usefixtures("keys")
async def test_a_tasks_file_that_could_not_be_written_once_is_written_with_the_next_task(tmp_path: Path, forks: Forks):
    async with new_mock() as mock:
        found = Film.begun(tmp_path, forks, mock, "minimax")
        code, said = await traced(tmp_path, found.base, BY_NAME["fsync"], "error=EIO:when=2")
        assert code == 0, said
        await found.assert_kept()


@untraced
@in_session
@pytest.mark.usefixtures("keys")
async def test_a_sketch_on_a_disk_that_fails_goes_on_when_it_works_again(tmp_path: Path, forks: Forks):
    found = Film.begun(tmp_path, forks, None)
    code, said = await traced(tmp_path, found.base, BY_NAME["fsync"], "error=EIO:when=4")  # before: folders
    assert code == 4, said
    assert FAILED in said
    await found.assert_kept()


async def test_a_clip_that_finds_no_room_is_fetched_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with Mock(speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        found.write(film("minimax", "a kite", "a boat"))
        with monkeypatch.context() as full:
            full.setattr("hailuo_batch.store.local.sync_file", no_room)
            ran = await found.run(jobs=1)
        ((_, failure),) = ran.outcome.failed
        assert (len(mock.charges), int(ran.exit)) == (1, 4), "nothing more is submitted"
        assert FULL in failure.why
        assert "downloaded, not bought" in failure.remedy
        assert await found.tell() == "stored, 2 charged, exit 0"
        assert (found.stages(), found.leftovers()) == (["stored", "stored"], [])


async def test_a_disk_that_fills_while_a_task_is_accepted_loses_neither_the_id_nor_the_clip(
    disk: Path, monkeypatch: pytest.MonkeyPatch
):
    """A real disk without a byte left, from the moment at which the gateway has charged."""

    def fill(moment: HookEvent) -> None:
        if moment.kind == "charged" and not ballast.exists():
            with ballast.open("wb", buffering=0) as file, suppress(OSError):
                while file.write(bytes(4096)):
                    pass
            assert shutil.disk_usage(disk).free == 0

    ballast = disk / "ballast"
    async with Mock(speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=disk, mock=mock, monkeypatch=monkeypatch)
        found.write(film("minimax", "a kite"))
        mock.listeners.append(fill)
        ran = await found.run()
        mock.listeners.remove(fill)
        assert LEDGER_FULL in words_of(ran)
        task = mock.charges[0].task
        assert task in words_of(ran)
        assert f"--task {task}" in words_of(ran)
        assert int(ran.exit) == 8
        ballast.unlink()
        assert (await found.tell()).startswith("held ")
        left = await list_open_attempts(folder=disk, world=World.REHEARSAL)
        (doubt,) = left.in_doubt
        await settle(left, [doubt], Verdict.FOUND, reason="it was printed", tasks={doubt.attempt: task})
        assert await found.tell() == "stored, 1 charged, exit 0"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="folders have no such rights here")
@pytest.mark.parametrize("begun", [False, True], ids=["a new project", "a project with a ledger"])
async def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_sent(
    *, begun: bool, tmp_path: Path, read_only: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
):
    async with Mock(speed=SPEED, clip=CLIP) as mock:
        found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
        if begun:
            found.write(film("minimax", "a kite"))
            await found.run()
        found.write(film("minimax", "a kite", "a boat"))
        before = len(mock.charges)
        read_only(found.base / ".hailuo" if begun else tmp_path)
        with pytest.raises(HailuoError) as error:
            await found.run()
        assert len(mock.charges) == before
        assert str(found.base if begun else tmp_path) in error.value.why
        assert "Check who owns" in error.value.remedy or "read-only" in error.value.summary


def words_of(ran: RunResult) -> str:
    """Everything that a run has to say of what went wrong."""
    failed = [f"{failure.why}\n{failure_advice(failure)}" for _, failure in ran.outcome.failed]
    trouble = [] if ran.error is None else [f"{ran.error.summary}: {ran.error.why}"]
    return "\n".join([*failed, *trouble])

import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.errors import Exit, InputError, StoreError
from hailuo_batch.ports import Store
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.state_dir import ensure_state_folder
from hailuo_batch.testing.store_contract import StoreContract, write_clip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


class TestLocalStore(StoreContract):
    """What every store of clips promises."""

    def open_store(self, folder: Path) -> Store:
        return LocalStore(folder)


async def test_a_clip_is_a_file_under_its_digest_and_other_files_are_no_clips(store: LocalStore, root: Path):
    digest = await store.keep(write_clip(store))
    assert await store.local_copy(digest) == root / digest[7:9] / f"{digest[7:]}.mp4"
    assert store.location(digest) == str(root / digest[7:9] / f"{digest[7:]}.mp4")
    (root / digest[7:9] / ".DS_Store").touch()
    (root / "README").touch()
    assert store.list_digests() == {digest}


async def test_bytes_that_are_kept_already_leave_the_file_as_it_is(store: LocalStore):
    kept = await store.local_copy(await store.keep(write_clip(store)))
    inode = kept.stat().st_ino
    await store.keep(write_clip(store))
    assert kept.stat().st_ino == inode


async def test_a_readable_name_outlives_its_clip_in_the_store(store: LocalStore, tmp_path: Path):
    digest = await store.keep(write_clip(store))
    name = tmp_path / "a name.mp4"
    name.hardlink_to(await store.local_copy(digest))
    store.remove(digest)
    assert name.read_bytes() == b"a clip"


async def test_a_link_to_a_clip_is_another_name_of_it(store: LocalStore, tmp_path: Path):
    digest, other = [await store.keep(write_clip(store, name)) for name in (b"one", b"two")]
    (tmp_path / "a name.mp4").hardlink_to(await store.local_copy(digest))
    (tmp_path / "a symlink.mp4").symlink_to(await store.local_copy(other))
    assert store.find_linked_clips([tmp_path / "a name.mp4"]) == {digest}
    assert store.find_linked_clips([tmp_path / "a name.mp4", tmp_path / "a symlink.mp4"]) == {digest, other}


async def test_a_kept_clip_is_read_only(store: LocalStore):
    kept = await store.local_copy(await store.keep(write_clip(store)))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444


async def test_the_bytes_and_the_name_are_on_the_disk_before_anybody_is_told(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
):
    steps: list[str] = []
    sync, replace, file = os.fsync, os.replace, write_clip(store, b"one")

    def synced(number: int) -> None:
        steps.append("sync " + ("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file"))
        sync(number)

    def moved(*names: Any, **folders: Any) -> None:
        steps.append("move")
        replace(*names, **folders)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", moved)
    await store.keep(file)
    assert steps == ["sync file", "sync folder", "move", "sync folder"]


async def test_a_kept_clip_that_was_cut_since_is_replaced_by_a_whole_one(store: LocalStore):
    kept = await store.local_copy(await store.keep(write_clip(store)))
    kept.chmod(0o644)
    kept.write_bytes(b"a c")
    await store.keep(write_clip(store))
    assert kept.read_bytes() == b"a clip"


@given(text=st.text() | st.from_regex(r"sha256:[0-9a-f./\\]*"))
def test_no_text_leads_out_of_the_store(text: str):
    root = Path("/store")
    try:
        path = Path(LocalStore(root).location(text))
    except InputError:
        return
    assert path.parent.parent == root


TROUBLES = [
    (errno.ENOSPC, "cannot store a clip: the disk is full"),
    (errno.EACCES, "cannot store a clip: no permission"),
    (errno.EROFS, "cannot store a clip: the disk is read-only"),
    (errno.EXDEV, "cannot store a clip: the file system refused"),
]


@pytest.mark.parametrize(("number", "summary"), TROUBLES)
async def test_a_disk_that_refuses_is_told_in_plain_words(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int, summary: str
):
    file = write_clip(store)

    def refuse(*names: object, **_: object) -> None:
        raise OSError(number, os.strerror(number), str(names[1]))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StoreError) as caught:
        await store.keep(file)
    assert (caught.value.summary, caught.value.exit) == (summary, Exit.REFUSED)
    assert os.strerror(number) in caught.value.why
    assert caught.value.remedy
    assert store.list_digests() == set()


async def test_a_full_disk_at_the_last_moment_keeps_nothing(store: LocalStore, monkeypatch: pytest.MonkeyPatch):
    def refuse(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = write_clip(store)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match="the disk is full"):
        await store.keep(file)
    assert store.list_digests() == set()


def test_a_store_that_cannot_be_listed_is_not_taken_for_an_empty_one(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
):
    def refuse(folder: Path) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StoreError, match=r"cannot read .*: no permission"):
        store.list_digests()


KEEPS_UNTIL_KILLED = """
import asyncio, os, sys
from pathlib import Path
from hailuo_batch.store.local import LocalStore

async def main():
    store = LocalStore(Path(sys.argv[1]))
    for number in range(10**9):
        file = store.temporary_path()
        file.write_bytes(number.to_bytes(8, "big") * 20_000)
        os.write(1, ((await store.keep(file)) + "\\n").encode())

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
@pytest.mark.parametrize("clips", [1, 20, 100])
def test_a_clip_is_there_whole_or_not_at_all_after_the_process_was_killed(store: LocalStore, root: Path, clips: int):
    process = subprocess.Popen([sys.executable, "-c", KEEPS_UNTIL_KILLED, str(root)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    with process:
        told = {process.stdout.readline().decode().strip() for _ in range(clips)}
        os.kill(process.pid, signal.SIGKILL)
        told |= set(process.stdout.read().decode().split())
    there = store.list_digests()
    assert told <= there
    for digest in there:
        assert hashlib.sha256(Path(store.location(digest)).read_bytes()).hexdigest() == digest[7:]
    store.remove_leftovers()
    assert list((root / "incoming").iterdir()) == []


def test_the_projects_own_folder_is_its_owners_and_never_in_git(tmp_path: Path):
    folder = tmp_path / "project" / ".hailuo"
    assert ensure_state_folder(folder) == folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert (folder / ".gitignore").read_bytes() == b"*\n"


def test_a_folder_that_is_there_stays_as_its_owner_set_it(tmp_path: Path):
    folder = tmp_path / ".hailuo"
    ensure_state_folder(folder)
    folder.chmod(0o770)
    (folder / ".gitignore").write_text("*\n!keep\n", encoding="utf-8")
    ensure_state_folder(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o770
    assert (folder / ".gitignore").read_text(encoding="utf-8") == "*\n!keep\n"


def test_a_file_in_the_folders_place_is_told_in_plain_words(tmp_path: Path):
    (tmp_path / ".hailuo").touch()
    with pytest.raises(StoreError, match="cannot make"):
        ensure_state_folder(tmp_path / ".hailuo")

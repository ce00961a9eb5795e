import asyncio
import errno
import hashlib
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hailuo_batch.errors import Exit, InputError, StoreError
from hailuo_batch.ports import Store
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.state_dir import ensure_state_folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


def written(store: LocalStore, content: bytes = b"a clip") -> Path:
    file = store.temporary_path()
    file.write_bytes(content)
    return file


def test_it_wears_the_face_that_the_runner_works_with(store: LocalStore):
    face: Store = store
    assert face.path("sha256:" + "ab" * 32)


async def test_a_kept_clip_stands_under_its_digest_and_nowhere_else(store: LocalStore, root: Path):
    file = written(store)
    digest = await store.keep(file)
    assert digest == "sha256:" + hashlib.sha256(b"a clip").hexdigest()
    assert store.path(digest).read_bytes() == b"a clip"
    assert store.path(digest) == root / digest[7:9] / f"{digest[7:]}.mp4"
    assert not file.exists()
    assert store.digests() == {digest}


async def test_a_kept_clip_is_read_only(store: LocalStore):
    kept = store.path(await store.keep(written(store)))
    assert stat.S_IMODE(kept.stat().st_mode) == 0o444


async def test_the_bytes_and_the_name_are_on_the_disk_before_anybody_is_told(
    store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
):
    steps: list[str] = []
    sync, replace = os.fsync, Path.replace

    def synced(number: int) -> None:
        steps.append("sync " + ("folder" if stat.S_ISDIR(os.fstat(number).st_mode) else "file"))
        sync(number)

    def moved(self: Path, target: Path) -> Path:
        steps.append("move")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", moved)
    await store.keep(written(store, b"one"))
    assert steps == ["sync file", "sync folder", "sync folder", "move", "sync folder"]


async def test_the_same_bytes_are_kept_once(store: LocalStore, root: Path):
    first = await store.keep(written(store))
    inode = store.path(first).stat().st_ino
    again = written(store)
    assert await store.keep(again) == first
    assert store.path(first).stat().st_ino == inode
    assert not again.exists()


async def test_the_same_bytes_arriving_at_once_are_kept_once(store: LocalStore):
    digests = await asyncio.gather(*(store.keep(written(store, b"same")) for _ in range(30)))
    assert store.digests() == {digests[0]} == set(digests)
    assert store.path(digests[0]).read_bytes() == b"same"


async def test_a_kept_clip_that_was_cut_since_is_replaced_by_a_whole_one(store: LocalStore):
    kept = store.path(await store.keep(written(store)))
    kept.chmod(0o644)
    kept.write_bytes(b"a c")
    await store.keep(written(store))
    assert kept.read_bytes() == b"a clip"


def test_temporary_names_never_meet(store: LocalStore, root: Path):
    names = {store.temporary_path() for _ in range(1000)}
    assert len(names) == 1000
    assert {name.parent for name in names} == {root / "incoming"}


async def test_what_is_not_kept_is_no_digest(store: LocalStore, root: Path):
    written(store)
    digest = await store.keep(written(store, b"kept"))
    (root / digest[7:9] / ".DS_Store").touch()
    (root / "README").touch()
    assert store.digests() == {digest}


def test_a_store_that_is_not_there_is_empty_and_is_not_made(store: LocalStore, root: Path):
    assert store.digests() == set()
    assert store.remove_leftovers() == 0
    assert not root.exists()


async def test_sweeping_takes_leftovers_and_no_clip(store: LocalStore, root: Path):
    digest = await store.keep(written(store, b"kept"))
    written(store)
    written(store)
    assert store.remove_leftovers() == 2
    assert list((root / "incoming").iterdir()) == []
    assert store.digests() == {digest}


async def test_a_clip_that_is_removed_is_gone_and_the_others_stay(store: LocalStore, tmp_path: Path):
    gone, stays = await store.keep(written(store, b"gone")), await store.keep(written(store, b"stays"))
    name = tmp_path / "a name.mp4"
    name.hardlink_to(store.path(gone))
    store.remove(gone)
    store.remove(gone)
    assert store.digests() == {stays}
    assert name.read_bytes() == b"gone"
    with pytest.raises(InputError):
        store.remove("sha256:../../x")


BAD = ["", "sha256:", "sha256:../../x", "sha256:" + "A" * 64, "md5:" + "a" * 64, "sha256:" + "a" * 63, "a" * 64]
BAD += ["sha256:" + "a" * 64 + "\n", "sha256:" + "a" * 60 + "/../", "sha256:" + "١" * 64]


@pytest.mark.parametrize("digest", BAD)
def test_what_is_not_a_digest_names_no_place(store: LocalStore, digest: str):
    with pytest.raises(InputError, match="not the digest of a clip"):
        store.path(digest)


@given(text=st.text() | st.from_regex(r"sha256:[0-9a-f./\\]*"))
def test_no_text_leads_out_of_the_store(text: str):
    root = Path("/store")
    try:
        path = LocalStore(root).path(text)
    except InputError:
        return
    assert path.parent.parent == root


TROUBLES = [
    (errno.ENOSPC, "cannot keep a clip in the store: the disk is full"),
    (errno.EACCES, "cannot keep a clip in the store: no right to do so"),
    (errno.EROFS, "cannot keep a clip in the store: the disk is read-only"),
    (errno.EXDEV, "cannot keep a clip in the store: the file system refused"),
]


@pytest.mark.parametrize(("number", "summary"), TROUBLES)
async def test_a_disk_that_refuses_is_told_in_plain_words(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int, summary: str
):
    file = written(store)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number), str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(StoreError) as caught:
        await store.keep(file)
    assert (caught.value.summary, caught.value.exit) == (summary, Exit.REFUSED)
    assert os.strerror(number) in caught.value.why
    assert caught.value.remedy
    assert store.digests() == set()


async def test_a_full_disk_at_the_last_moment_keeps_nothing(store: LocalStore, monkeypatch: pytest.MonkeyPatch):
    def refuse(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = written(store)
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(StoreError, match="the disk is full"):
        await store.keep(file)
    assert store.digests() == set()


def test_a_store_that_cannot_be_listed_is_not_taken_for_an_empty_one(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
):
    def refuse(folder: Path) -> list[str]:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(StoreError, match=r"cannot read .*: no right"):
        store.digests()


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
    there = store.digests()
    assert told <= there
    for digest in there:
        assert hashlib.sha256(store.path(digest).read_bytes()).hexdigest() == digest[7:]
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

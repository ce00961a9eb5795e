import asyncio
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from counted_line import CountedLine

from hailuo_batch.errors import InputError, SharedStoreError
from hailuo_batch.ports import Store
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.object_listing import CHANGES, object_name
from hailuo_batch.store.object_store import ObjectStore
from hailuo_batch.store.race import count_winners
from hailuo_batch.store.shared import SharedStore, open_shared_store
from hailuo_batch.testing.store_contract import StoreContract, write_clip


def open_shared(folder: Path, address: str, *, patience: float = 30.0) -> SharedStore:
    """The store of one machine, whose project is the folder."""
    cache = LocalStore(folder / "store", trusted=folder.parent)
    return open_shared_store(
        address, cache, state=folder, memory=folder / "memory", trusted=folder.parent, patience=patience
    )


@pytest.fixture
def nas(tmp_path: Path) -> str:
    """The address of a folder that several machines share."""
    (tmp_path / "nas").mkdir()
    return f"file://{tmp_path / 'nas'}"


class TestSharedFolder(StoreContract):
    """What every store of clips promises, of a folder that several machines share."""

    removes_everywhere = False

    @pytest.fixture(autouse=True)
    def _address(self, nas: str) -> None:
        self._nas = nas

    def open_store(self, folder: Path) -> Store:
        cache = LocalStore(folder, trusted=folder.parent)
        state = folder.parent / "state"
        return open_shared_store(self._nas, cache, state=state, memory=state / "memory", trusted=folder.parent)


class TestBucket(TestSharedFolder):
    """The same of a bucket."""

    @pytest.fixture(autouse=True)
    def _address(self, weed: str) -> None:
        self._nas = weed


@pytest.fixture
def line(weed: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CountedLine]:
    found = CountedLine(os.environ["AWS_ENDPOINT_URL"])
    monkeypatch.setenv("AWS_ENDPOINT_URL", found.endpoint)
    yield found
    found.close()


def names_there(address: str) -> set[str]:
    return {name for name, _ in ObjectStore(address).list_all()} - {CHANGES}


async def test_a_clip_of_one_machine_is_brought_to_another(weed: str, tmp_path: Path):
    here, there = open_shared(tmp_path / "one", weed), open_shared(tmp_path / "two", weed)
    digest = await here.keep(write_clip(here, b"x" * 20_000_000))  # in parts, both ways
    assert here.list_owed() == set()
    assert there.list_digests() == {digest}
    assert there.location(digest) == f"{weed}/{object_name(digest)}"
    found = there.stat(digest)
    assert found is not None
    assert found.size == 20_000_000
    file = await there.local_copy(digest)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == digest.removeprefix("sha256:")
    assert there.location(digest) == str(file)


async def test_a_clip_that_two_machines_rendered_is_one_object(weed: str, tmp_path: Path):
    stores = [open_shared(tmp_path / f"{number}", weed) for number in range(16)]
    digests = await asyncio.gather(*(store.keep(write_clip(store)) for store in stores))
    assert names_there(weed) == {object_name(digest) for digest in digests}
    assert len(set(digests)) == 1
    assert all(store.list_owed() == set() for store in stores)


async def test_changed_bytes_in_the_bucket_never_get_a_name_here(nas: str, tmp_path: Path):
    here, there = open_shared(tmp_path / "one", nas), open_shared(tmp_path / "two", nas)
    digest = await here.keep(write_clip(here, b"a whole clip"))
    (tmp_path / "nas" / object_name(digest)).write_bytes(b"a whole cliq")
    with pytest.raises(SharedStoreError, match="damaged"):
        await there.local_copy(digest)
    with pytest.raises(OSError, match="damaged"):
        there.open(digest)
    assert list((tmp_path / "two" / "store").rglob("*.mp4")) == []


async def test_a_clip_that_was_damaged_here_is_not_shared(nas: str, tmp_path: Path):
    store = open_shared(tmp_path / "one", nas)
    file = write_clip(LocalStore(tmp_path / "one" / "store"))
    digest = await LocalStore(tmp_path / "one" / "store").keep(file)
    kept = await store.local_copy(digest)
    kept.chmod(0o644)
    kept.write_bytes(b"a cliq")
    assert "damaged" in (await store.push([digest]))[digest]
    assert names_there(nas) == set()


async def test_where_the_bucket_is_away_the_clip_is_kept_and_owed_until_it_is_pushed(
    weed: str, line: CountedLine, tmp_path: Path
):
    store = open_shared(tmp_path / "one", weed, patience=1.0)
    line.is_cut = True
    digest = await store.keep(write_clip(store))
    requests = len(line.seen)
    other = await store.keep(write_clip(store, b"another"))
    assert len(line.seen) == requests, "a run does not wait for the bucket at each clip"
    assert store.fault is not None
    again = open_shared(tmp_path / "one", weed, patience=1.0)
    assert again.list_owed() == {digest, other}
    assert again.list_digests() == {digest, other}
    with pytest.raises(SharedStoreError, match="cannot"):
        await again.push([digest, other])
    line.is_cut = False
    last = open_shared(tmp_path / "one", weed)
    assert await last.push([digest, other]) == {}
    assert last.list_owed() == set()
    assert names_there(weed) == {object_name(digest), object_name(other)}


async def test_one_request_tells_that_nothing_has_changed(weed: str, line: CountedLine, tmp_path: Path):
    here, there = open_shared(tmp_path / "one", weed), open_shared(tmp_path / "two", weed)
    digest = await here.keep(write_clip(here))
    assert there.list_digests() == {digest}
    line.seen.clear()
    assert open_shared(tmp_path / "two", weed).list_digests() == {digest}
    assert [each.partition(" ")[0] for each in line.seen] == ["HEAD"]
    other = await here.keep(write_clip(here, b"another"))
    assert open_shared(tmp_path / "two", weed).list_digests() == {digest, other}
    line.is_cut = True
    assert open_shared(tmp_path / "two", weed, patience=1.0).list_digests() == {digest, other}


async def test_the_cache_is_cut_to_its_limit_and_keeps_what_only_it_has(nas: str, tmp_path: Path):
    store = open_shared(tmp_path / "one", nas)
    oldest, used, newest, named = [await store.keep(write_clip(store, bytes([65 + n]) * 100)) for n in range(4)]
    (tmp_path / "a name.mp4").hardlink_to(await store.local_copy(named))
    alone = await LocalStore(tmp_path / "one" / "store").keep(write_clip(store, b"z" * 100))
    cut = await store.keep(write_clip(store, b"y" * 100))
    (tmp_path / "nas" / object_name(cut)).write_bytes(b"y")
    await store.local_copy(used)
    assert store.shrink_cache(500) == (0, 0)
    assert store.shrink_cache(350) == (2, 200)
    left = LocalStore(tmp_path / "one" / "store").list_digests()
    assert left == {used, named, alone, cut}
    assert store.shrink_cache(0) == (1, 100)
    assert LocalStore(tmp_path / "one" / "store").list_digests() == {named, alone, cut}
    assert (await store.local_copy(oldest)).read_bytes() == b"A" * 100
    assert newest in store.list_digests()


async def test_another_object_under_the_name_of_a_clip_is_reported_and_the_clip_stays_owed(nas: str, tmp_path: Path):
    store = open_shared(tmp_path / "one", nas)
    digest = "sha256:" + hashlib.sha256(b"a clip").hexdigest()
    there = tmp_path / "nas" / object_name(digest)
    there.parent.mkdir()
    there.write_bytes(b"other")
    await store.keep(write_clip(store))
    assert store.fault is not None
    assert "another object" in store.fault.summary
    assert store.list_owed() == {digest}


async def test_a_folder_that_is_not_mounted_is_not_made(tmp_path: Path):
    store = open_shared(tmp_path / "one", f"file://{tmp_path / 'nas'}")
    await store.keep(write_clip(store))
    assert not (tmp_path / "nas").exists()
    assert len(store.list_owed()) == 1


@pytest.mark.parametrize(
    "address",
    ["", "clips", "http://host/x", "s3://", "file://host/x", "file:nas", "s3://key:secret@bucket/x", "s3://b/x?sig=1"],
)
def test_what_is_not_the_address_of_a_shared_store_is_refused(address: str):
    with pytest.raises(InputError, match="not the address") as refused:
        ObjectStore(address)
    assert "secret" not in str(refused.value.why)


def test_no_process_that_used_a_bucket_ends_by_a_signal(weed: str):
    """The library's other calls abort one process in five; `benchmarks/team_store.py` starts 200."""
    program = (
        "import sys; from pathlib import Path; import hashlib\n"
        "from hailuo_batch.store.object_store import ObjectStore\n"
        "store, file = ObjectStore(sys.argv[1]), Path(sys.argv[2])\n"
        "digest = 'sha256:' + hashlib.sha256(file.read_bytes()).hexdigest()\n"
        "store.put_new('ab/x', file, digest); list(store.read_parts('ab/x')); store.stat('ab/x')\n"
    )
    runs = [subprocess.Popen([sys.executable, "-c", program, weed, __file__]) for _ in range(3)]
    assert [run.wait(60) for run in runs] == [0] * 3


def test_a_bucket_that_makes_each_object_once_has_one_winner_and_keeps_nothing_of_the_race(weed: str):
    assert count_winners(ObjectStore(weed)) == 1
    assert names_there(weed) == set()


def test_a_server_that_ignores_the_condition_is_found_out(weed: str, line: CountedLine):
    line.drops = "if-none-match"
    assert count_winners(ObjectStore(weed)) > 1


async def test_an_object_that_no_clip_can_be_is_not_brought(nas: str, tmp_path: Path):
    store, digest = open_shared(tmp_path / "one", nas), "sha256:" + "ab" * 32
    there = tmp_path / "nas" / object_name(digest)
    there.parent.mkdir()
    there.touch()
    os.truncate(there, 9 * 1024**3)  # it has no blocks
    with pytest.raises(SharedStoreError, match="too large"):
        await store.local_copy(digest)


KILLED_AT_EACH = """\
import asyncio, os, sys
from pathlib import Path
from hailuo_batch.store import local, object_listing, object_store, owed, shared

place, steps = 0, 0
def at_each(kind, name):
    work = getattr(kind, name)
    def step(*given, **more):
        global steps
        steps += 1
        if steps == place:
            os.kill(os.getpid(), 9)
        return work(*given, **more)
    setattr(kind, name, step)

at_each(owed.OwedClips, "add"); at_each(local.LocalStore, "keep_sealed"); at_each(object_store.ObjectStore, "put_new")
at_each(object_listing.ObjectListing, "announce"); at_each(owed.OwedClips, "settle")
for place in range(1, 7):
    child = os.fork()  # nothing of the library runs here yet
    if child == 0:
        above = Path(sys.argv[1]); folder = above / f"machine {place}"
        cache = local.LocalStore(folder / "store", trusted=above)
        store = shared.open_shared_store(f"{sys.argv[2]}/{place}", cache, state=folder, memory=folder, trusted=above)
        file = store.temporary_path(); file.write_bytes(b"a clip")
        asyncio.run(store.keep(file))
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


async def test_a_clip_is_owed_before_it_is_kept_so_that_no_kill_forgets_it(nas: str, tmp_path: Path):
    """Killed at any step of `keep`, a clip that is kept here is owed, until it is there and everybody can notice."""
    for place in range(1, 7):
        (tmp_path / "nas" / str(place)).mkdir()
    line = [sys.executable, "-c", KILLED_AT_EACH, str(tmp_path), nas]
    ends = subprocess.run(line, check=True, stdout=subprocess.PIPE).stdout.split()
    assert ends == [b"-9"] * 5 + [b"0"]
    for place in range(1, 7):
        kept = LocalStore(tmp_path / f"machine {place}" / "store", trusted=tmp_path).list_digests()
        store = open_shared(tmp_path / f"machine {place}", f"{nas}/{place}")
        assert store.list_owed() >= (kept if place < 6 else set())
        assert await store.push(kept) == {}
        assert names_there(f"{nas}/{place}") == {object_name(digest) for digest in kept}


def test_without_its_library_a_shared_store_is_refused_with_the_command_that_installs_it(
    nas: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("hailuo_batch.store.object_store.find_spec", lambda _: None)
    with pytest.raises(InputError, match="not installed") as refused:
        open_shared(tmp_path / "one", nas)
    assert 'pip install "hailuo-batch[s3]"' in refused.value.remedy


async def test_a_bucket_that_is_silent_holds_no_clip_up_for_longer_than_its_patience(
    weed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        store, begin = open_shared(tmp_path / "one", weed, patience=0.3), time.monotonic()
        digest = await store.keep(write_clip(store))
        assert time.monotonic() - begin < 15
    assert store.list_owed() == {digest}
    assert "cannot write to" in str(store.fault)


async def test_a_bucket_that_refuses_says_so_without_a_key(weed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "sk-never-to-be-shown")
    store = open_shared(tmp_path / "one", weed.replace("clips/", "nobodys/"))
    digest = await store.keep(write_clip(store))
    assert store.list_owed() == {digest}
    assert store.fault is not None
    assert "sk-never" not in f"{store.fault.summary} {store.fault.why} {store.fault.remedy}"
    assert "403 Forbidden" in store.fault.why

"""What every store of clips promises: a suite for `Store`. It needs pytest and pytest-asyncio in its `auto` mode.

class TestMyStore(StoreContract):
    def open_store(self, folder): return MyStore(folder)
"""

import asyncio
import hashlib
import os
import time
from pathlib import Path

import pytest

from hailuo_batch.errors import InputError
from hailuo_batch.ports import Store

NOT_DIGESTS = (
    "",
    "sha256:",
    "sha256:../../x",
    "sha256:" + "A" * 64,
    "md5:" + "a" * 64,
    "sha256:" + "a" * 63,
    "a" * 64,
    "sha256:" + "a" * 64 + "\n",
    "sha256:" + "a" * 60 + "/../",
    "sha256:" + "١" * 64,
)
_ABSENT = "sha256:" + "ab" * 32


def write_clip(store: Store, content: bytes = b"a clip") -> Path:
    """A temporary file of the store with this content."""
    file = store.temporary_path()
    file.write_bytes(content)
    return file


class StoreContract:
    """The promises of `Store`. `removes_everywhere` is false of a store that other machines share."""

    removes_everywhere = True

    def open_store(self, folder: Path) -> Store:
        """The store of a project; opened again on the same folder it has the same clips."""
        raise NotImplementedError

    async def test_a_kept_clip_is_there_under_the_digest_of_its_bytes(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        file, before = write_clip(store), time.time()
        digest = await store.keep(file)
        assert digest == "sha256:" + hashlib.sha256(b"a clip").hexdigest()
        assert not file.exists()
        again = self.open_store(tmp_path / "store")
        assert again.list_digests() == {digest}
        with again.open(digest) as opened:
            assert opened.read() == b"a clip"
        assert (await again.local_copy(digest)).read_bytes() == b"a clip"
        found = again.stat(digest)
        assert found is not None
        assert found.size == len(b"a clip")
        assert abs(found.modified_at - before) < 60

    async def test_a_clip_that_is_not_there_has_no_bytes(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        assert store.list_digests() == set()
        assert store.stat(_ABSENT) is None
        assert not (await store.local_copy(_ABSENT)).exists()
        with pytest.raises(OSError, match=r"."):
            store.open(_ABSENT)

    async def test_a_location_names_the_clip_also_when_it_is_gone(self, tmp_path: Path) -> None:
        assert _ABSENT.removeprefix("sha256:") in self.open_store(tmp_path / "store").location(_ABSENT)

    async def test_reading_a_store_that_is_not_there_makes_none(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        assert store.list_digests() == set()
        assert store.remove_leftovers() == 0
        assert not (tmp_path / "store").exists()

    async def test_the_same_bytes_are_kept_once(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        first = await store.keep(write_clip(store))
        again = write_clip(store)
        assert await store.keep(again) == first
        assert not again.exists()
        assert store.list_digests() == {first}

    async def test_the_same_bytes_arriving_at_once_are_kept_once(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        digests = await asyncio.gather(*(store.keep(write_clip(store, b"same")) for _ in range(30)))
        assert store.list_digests() == {digests[0]} == set(digests)
        assert (await store.local_copy(digests[0])).read_bytes() == b"same"

    async def test_temporary_names_never_meet_and_what_is_not_kept_is_no_clip(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        assert len({store.temporary_path() for _ in range(1000)}) == 1000
        write_clip(store)
        digest = await store.keep(write_clip(store, b"kept"))
        assert store.list_digests() == {digest}

    async def test_sweeping_takes_leftovers_and_no_clip(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        digest = await store.keep(write_clip(store, b"kept"))
        leftovers = [write_clip(store), write_clip(store)]
        assert store.remove_leftovers() == 2
        assert [file.exists() for file in leftovers] == [False, False]
        assert store.list_digests() == {digest}

    async def test_leftovers_are_listed_with_size_and_age_and_no_clip_among_them(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        assert store.list_leftovers() == {}
        await store.keep(write_clip(store, b"kept"))
        before = time.time()
        file = write_clip(store, b"half")
        [(location, found)] = store.list_leftovers().items()
        assert file.name in location
        assert found.size == len(b"half")
        assert abs(found.modified_at - before) < 60

    async def test_sweeping_up_to_a_moment_leaves_what_is_younger(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        old, young = write_clip(store), write_clip(store)
        os.utime(old, (1_000, 1_000))
        assert store.remove_leftovers(before=1_000) == 0
        assert store.remove_leftovers(before=2_000) == 1
        assert (old.exists(), young.exists()) == (False, True)

    async def test_only_a_link_to_a_clip_of_the_store_is_another_name_of_it(self, tmp_path: Path) -> None:
        """A store whose clips cannot be linked to has no such names."""
        store = self.open_store(tmp_path / "store")
        linked = await store.keep(write_clip(store, b"linked"))
        await store.keep(write_clip(store, b"copied"))
        link, copy, broken = (tmp_path / name for name in ("link.mp4", "copy.mp4", "broken.mp4"))
        link.hardlink_to(await store.local_copy(linked))
        copy.write_bytes(b"copied")
        broken.symlink_to("nowhere.mp4")
        assert store.find_linked_clips([]) == set()
        assert store.find_linked_clips([copy, broken]) == set()
        assert store.find_linked_clips([copy, link, broken]) <= {linked}

    async def test_a_clip_that_is_removed_is_gone_and_the_others_stay(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        gone, stays = [await store.keep(write_clip(store, name)) for name in (b"gone", b"stays")]
        file = await store.local_copy(gone)
        store.remove(gone)
        store.remove(gone)
        assert not file.exists()
        assert store.list_digests() == ({stays} if self.removes_everywhere else {stays, gone})
        assert (store.stat(gone) is None) is self.removes_everywhere

    async def test_a_clip_is_restored_from_a_copy_that_stays(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        digest = await store.keep(write_clip(store))
        store.remove(digest)
        copy = tmp_path / "a name.mp4"
        copy.write_bytes(b"a clip")
        assert await store.restore(copy, digest)
        assert store.list_digests() == {digest}
        assert copy.read_bytes() == b"a clip"

    async def test_a_copy_of_another_clip_restores_nothing(self, tmp_path: Path) -> None:
        store = self.open_store(tmp_path / "store")
        copy = tmp_path / "a name.mp4"
        copy.write_bytes(b"another clip")
        assert not await store.restore(copy, _ABSENT)
        assert store.list_digests() == set()
        assert store.remove_leftovers() == 0

    @pytest.mark.parametrize("text", NOT_DIGESTS)
    async def test_what_is_not_a_digest_names_no_clip(self, tmp_path: Path, text: str) -> None:
        """It may come from a file that somebody edited, and must never lead to another place."""
        store = self.open_store(tmp_path / "store")
        for read in (store.stat, store.open, store.location, store.remove):
            with pytest.raises(InputError, match="not the digest of a clip"):
                read(text)
        with pytest.raises(InputError, match="not the digest of a clip"):
            await store.local_copy(text)

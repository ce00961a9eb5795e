"""A store that several machines share. The local store is its cache, and has every clip first.

    keep        the clip is owed, then kept here, then put there: create-only, under its digest; then owed no longer
    local_copy  from here, else brought from there, checked against its digest before it has a name here
    remove      from here only: another machine may need it, so nothing of ours removes a clip there

Where the place cannot be reached, a clip stays owed, and the work goes on. `push` puts it there later.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from io import BufferedReader
from pathlib import Path
from threading import Lock
from typing import TypeVar

from hailuo_batch.errors import SharedStoreError, StoreError
from hailuo_batch.ports import StoredFile
from hailuo_batch.store.errors import translate_os_errors
from hailuo_batch.store.local import LocalStore, seal_file
from hailuo_batch.store.object_listing import ListedClips, ObjectListing, object_name
from hailuo_batch.store.object_store import ObjectStore
from hailuo_batch.store.owed import OwedClips

T = TypeVar("T")
_THREADS = 8  # transfers at once
_PAUSE = 60.0  # seconds without a try after the place could not be reached: a run does not wait for it at each clip


class SharedStore:
    """Implements `ports.Store` over a place that several machines share."""

    def __init__(self, cache: LocalStore, objects: ObjectStore, *, state: Path, memory: Path, trusted: Path) -> None:
        """`state` gets what is owed, `memory` what can be listed again; both are below `trusted`."""
        self.objects, self._cache = objects, cache
        self._owed = OwedClips(state / "owed", trusted=trusted)
        self._listing = ObjectListing(objects, memory, trusted=trusted)
        self._listed: ListedClips | None = None
        self._listing_once, self._silent_until = Lock(), 0.0
        self.fault: SharedStoreError | None = None  # why the place could not be reached last

    @property
    def address(self) -> str:
        """Where the shared clips are."""
        return self.objects.address

    def temporary_path(self) -> Path:
        """A new temporary file name on this machine, from which `keep` takes a clip."""
        return self._cache.temporary_path()

    async def keep(self, file: Path) -> str:
        """Moves a whole file in, durably, under its digest; where it cannot be shared now, it is owed."""
        return await self._run(lambda: self._keep(file))

    async def restore(self, file: Path, digest: str) -> bool:
        """Keeps a copy of a clip that a readable name still has, if its bytes are those of the digest."""
        if not await self._cache.restore(file, digest):
            return False
        if digest not in (await self._run(self._list)).rows:
            await self._run(lambda: self._owe_and_put(digest))
        return True

    async def local_copy(self, digest: str) -> Path:
        """Where the clip can be read on this machine; one that is not here is brought first."""
        path = await self._cache.local_copy(digest)
        if self._cache.stat(digest) is not None:
            self._cache.mark_used(digest)
        elif digest in (await self._run(self._list)).rows:
            await self._run(lambda: self._bring(digest))
        return path

    def list_digests(self) -> frozenset[str]:
        """The digests of all clips, here and there; of a place that cannot be reached, as it was last known."""
        self._listed = None
        return self._cache.list_digests() | self._list().digests

    def stat(self, digest: str) -> StoredFile | None:
        """The size and age of a clip, or None if it is neither here nor there."""
        return self._cache.stat(digest) or self._list().stat(digest)

    def open(self, digest: str) -> BufferedReader:
        """The clip's bytes; one that is not here is brought first, so that they are the right ones."""
        if self._cache.stat(digest) is None and digest in self._list().rows:
            try:
                self._bring(digest)
            except StoreError as error:
                raise OSError(f"{error.summary}: {error.why}") from error
        return self._cache.open(digest)

    def location(self, digest: str) -> str:
        """The clip's path while it is here, else its address."""
        here = self._cache.location(digest)
        is_there = self._cache.stat(digest) is None and self._listed is not None and digest in self._listed.rows
        return self.objects.location(object_name(digest)) if is_there else here

    def remove(self, digest: str) -> None:
        """Removes a clip from this machine, unless it is owed: it may be all there is."""
        if digest not in self._owed.list_all():
            self._cache.remove(digest)

    def find_linked_clips(self, files: Iterable[Path]) -> frozenset[str]:
        """The clips of the cache of which one of these files is another name, by digest."""
        return self._cache.find_linked_clips(files)

    def list_leftovers(self) -> Mapping[str, StoredFile]:
        """What earlier runs left half written on this machine."""
        return self._cache.list_leftovers()

    def remove_leftovers(self, *, before: float | None = None) -> int:
        """Removes what earlier runs left half written on this machine, and says how many."""
        return self._cache.remove_leftovers(before=before)

    def list_owed(self) -> frozenset[str]:
        """The clips that are here and owed to the shared store."""
        return self._owed.list_all()

    def list_shared(self) -> ListedClips:
        """What the shared store has, listed anew; raises `SharedStoreError` where it cannot be reached."""
        self._listed = self._listing.read_anew()
        return self._listed

    async def push(self, digests: Iterable[str], on_done: Callable[[str], None] = lambda _: None) -> Mapping[str, str]:
        """Puts clips that are here into the shared store; why those are still owed that could not be, by digest.

        Raises `SharedStoreError` where it cannot be reached at all. What it has already is not sent.
        """
        shared = await self._run(self.list_shared)
        wanted = sorted(digests)
        there = {digest for digest in wanted if self._is_whole_there(digest, shared)}
        failed: dict[str, str] = {}

        async def push_one(digest: str) -> None:
            try:
                await self._run(lambda: self._push_one(digest, there))
            except StoreError as error:
                failed[digest] = f"{error.summary}: {error.why}"
            on_done(digest)

        await asyncio.gather(*map(push_one, wanted))
        return failed

    def forget_owed(self, digest: str) -> None:
        """Owes a clip no longer that is neither here nor named by anything: a killed run left its mark."""
        self._owed.settle(digest)

    async def pull(self, digests: Iterable[str], on_done: Callable[[str], None] = lambda _: None) -> Mapping[str, str]:
        """Brings clips here that the shared store has; why those did not come that could not be, by digest."""
        failed: dict[str, str] = {}

        async def pull_one(digest: str) -> None:
            try:
                await self._run(lambda: self._bring(digest))
            except StoreError as error:
                failed[digest] = f"{error.summary}: {error.why}"
            on_done(digest)

        await asyncio.gather(*map(pull_one, sorted(digests)))
        return failed

    def count_winners(self) -> int:
        """How many of several writers made one object; a store that keeps its word has one winner."""
        from hailuo_batch.store.race import count_winners

        return count_winners(self.objects)

    def shrink_cache(self, limit: int, *, keep: AbstractSet[str] = frozenset()) -> tuple[int, int]:
        """Removes clips from this machine until they take no more than so many bytes; how many, and their bytes.

        Only those go that the shared store has, whole, as it says now; those used longest ago go first. What is owed
        stays, and so does `keep`. A clip whose file has another name takes as much room without its place here.
        """
        clips = [(digest, size) for digest, size, names in self._cache.list_by_use() if names == 1]
        excess = sum(size for _, size in clips) - limit
        if excess <= 0:
            return 0, 0
        there, owed = self.list_shared(), self._owed.list_all()
        removed = freed = 0
        for digest, size in clips:
            shared = there.stat(digest)
            if freed >= excess:
                break
            if shared is not None and shared.size == size and digest not in owed and digest not in keep:
                self._cache.remove(digest)
                removed, freed = removed + 1, freed + size
        return removed, freed

    def _keep(self, file: Path) -> str:
        with translate_os_errors("cannot store a clip"):
            digest = seal_file(file)
        self._owed.add(digest)
        self._cache.keep_sealed(file, digest)
        self._try_to_put(digest, is_sealed=True)
        return digest

    def _owe_and_put(self, digest: str) -> None:
        self._owed.add(digest)
        self._try_to_put(digest)

    def _try_to_put(self, digest: str, *, is_sealed: bool = False) -> None:
        """Shares a clip that is owed; where that fails it stays owed, and is no failure of the run."""
        if time.monotonic() < self._silent_until:
            return
        try:
            self._push_one(digest, frozenset(), is_sealed=is_sealed)
        except SharedStoreError as error:
            self.fault, self._silent_until = error, time.monotonic() + _PAUSE

    def _push_one(self, digest: str, there: AbstractSet[str], *, is_sealed: bool = False) -> None:
        if digest not in there:
            self._put_object(digest, is_sealed=is_sealed)
            self._listing.announce()
        self._owed.settle(digest)

    def _is_whole_there(self, digest: str, shared: ListedClips) -> bool:
        """Whether a clip is there; one that is here too has to have the same size."""
        found, here = shared.stat(digest), self._cache.stat(digest)
        return found is not None and (here is None or here.size == found.size)

    def _put_object(self, digest: str, *, is_sealed: bool) -> None:
        if self._cache.stat(digest) is None:
            why = f"{self._cache.location(digest)} is not there."
            raise StoreError("the clip is gone from this machine", why=why, remedy="A run brings it back.")
        with translate_os_errors("cannot read a clip of the store"):
            self.objects.put_new(object_name(digest), Path(self._cache.location(digest)), digest, is_sealed=is_sealed)

    def _bring(self, digest: str) -> None:
        name = object_name(digest)
        try:
            is_whole = self._cache.receive(self.objects.read_parts(name), digest)
        except FileNotFoundError:
            why = f"{self.objects.location(name)} is not there."
            raise SharedStoreError("the shared store has a clip no longer", why=why, remedy=_GONE) from None
        if not is_whole:
            why = f"The bytes of {self.objects.location(name)} are not those of its name. Nothing of it was kept."
            raise SharedStoreError("a clip of the shared store is damaged", why=why, remedy=_DAMAGED_THERE)

    def _list(self) -> ListedClips:
        """What the place has; it is listed once for many questions. Where it cannot be reached: what was last known."""
        with self._listing_once:
            if self._listed is None:
                try:
                    self._listed = self._listing.read()
                except SharedStoreError as error:
                    self.fault, self._listed = error, self._listing.last_known()
            return self._listed

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(_THREADS, thread_name_prefix="shared-store")


_GONE = "A machine that has it puts it there with `push`."
_DAMAGED_THERE = (
    "Remove that object by hand, since no command of ours does. A machine that has the clip puts it there again with "
    "`push`."
)


def open_shared_store(
    address: str, cache: LocalStore, *, state: Path, memory: Path, trusted: Path, patience: float = 30.0
) -> SharedStore:
    """The store at an address, with a local one as its cache."""
    return SharedStore(cache, ObjectStore(address, patience=patience), state=state, memory=memory, trusted=trusted)

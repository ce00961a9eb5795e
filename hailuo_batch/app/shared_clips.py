"""What `verify` and `gc` need to know of the shared store: what it has, of what may be read or removed here."""

from collections.abc import Iterable, Mapping
from dataclasses import field

from hailuo_batch.app.workspace.workspace import LISTING_PATIENCE, Workspace
from hailuo_batch.ports import StoredFile
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedClips:
    """What the shared store has, listed anew, with what is owed to it. `address` is "" where there is none."""

    address: str = ""
    files: Mapping[str, StoredFile] = field(default_factory=dict)  # by digest
    owed: frozenset[str] = frozenset()

    def has_whole(self, digest: str, size: int) -> bool:
        """Whether a clip is there with its size."""
        return (found := self.files.get(digest)) is not None and found.size == size

    def find_removable(self, here: Mapping[str, int]) -> frozenset[str]:
        """Of clips that are here, by size: those that are there too, so that nothing is lost with them here."""
        return frozenset(digest for digest, size in here.items() if self.has_whole(digest, size)) - self.owed


def list_shared_clips(workspace: Workspace) -> SharedClips:
    """What the shared store has now. Raises `SharedStoreError` where there is one, and it cannot be reached."""
    store = workspace.open_shared_store(patience=LISTING_PATIENCE)
    if store is None:
        return SharedClips()
    listed = store.list_shared()
    files = {digest: file for digest in listed.digests if (file := listed.stat(digest)) is not None}
    return SharedClips(address=store.address, files=files, owed=store.list_owed())


async def bring_clips(workspace: Workspace, digests: Iterable[str]) -> Mapping[str, str]:
    """Brings clips here that the shared store has; why those did not come that could not be, by digest."""
    store = workspace.open_shared_store()
    return {} if store is None else await store.pull(digests)

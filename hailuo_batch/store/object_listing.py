"""Which clips a shared store has, remembered here: one request says whether the list is still right.

Everybody who puts a clip there writes the object `changes` anew afterwards. The list is remembered with the stamp that
`changes` had before it was made, so what comes later is always noticed. What somebody removes by hand is not: `verify`
and the cache's limit list anew.

Light on purpose: a run with nothing to do loads this, where not every clip is on this machine.
"""

import hashlib
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import field
from pathlib import Path
from threading import Lock

from hailuo_batch.errors import SharedStoreError
from hailuo_batch.files.folder import Folder
from hailuo_batch.ports import StoredFile
from hailuo_batch.store.listing import ClipPlaces
from hailuo_batch.store.object_store import ObjectStore
from hailuo_batch.values import dataclass

CHANGES = "changes"
_HEX = 64
_LARGEST = 1024**3  # bytes of a remembered list; a million clips take 0.1 GB
_DIGITS = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ListedClips:
    """What a store has: for each digest, size and age as they were written down. Most commands read few of those."""

    rows: Mapping[str, str] = field(default_factory=dict)

    @property
    def digests(self) -> frozenset[str]:
        """The digests of all clips."""
        return frozenset(self.rows)

    def stat(self, digest: str) -> StoredFile | None:
        """The size and age of a clip, or None if it is not there."""
        if (row := self.rows.get(digest)) is None:
            return None
        size, _, modified_at = row.partition(" ")
        return StoredFile(size=int(size), modified_at=float(modified_at))


def list_clip_places(address: str, here: frozenset[str], memory: Path, *, trusted: Path, patience: float) -> ClipPlaces:
    """Where all clips are; of a shared store that cannot be reached, as it was last known."""
    listing = ObjectListing(ObjectStore(address, patience=patience), memory, trusted=trusted)
    try:
        return ClipPlaces(here=here, shared=listing.read().digests)
    except SharedStoreError as error:
        shared = listing.last_known().digests
        return ClipPlaces(here=here, shared=shared, fault=f"{error.summary}: {error.why}")


def object_name(digest: str) -> str:
    """The name of a clip's object: as in the local store, below the first two digits of its digest."""
    name = digest.removeprefix("sha256:")
    return f"{name[:2]}/{name}.mp4"


class ObjectListing:
    """The clips of a shared store, by digest; `folder` has what is remembered, below `trusted`."""

    def __init__(self, objects: ObjectStore, folder: Path, *, trusted: Path) -> None:
        self._objects, self._folder = objects, Folder(folder, trusted)
        mark = hashlib.sha256(objects.address.encode()).hexdigest()[:16]
        self._file = f"shared-store-{mark}"
        self._counting, self._announcing = Lock(), Lock()
        self._puts = self._announced = 0

    def read(self) -> ListedClips:
        """What the store has now. One request where nothing changed, else one more for each thousand clips."""
        stamp = self._objects.read_stamp(CHANGES)
        known = self._remembered(stamp) if stamp else None
        return self._list(stamp) if known is None else known

    def read_anew(self) -> ListedClips:
        """What the store has now, whatever is remembered."""
        return self._list(self._objects.read_stamp(CHANGES))

    def last_known(self) -> ListedClips:
        """What the store had when it was last listed here, for when it cannot be reached."""
        return self._remembered("") or ListedClips()

    def announce(self) -> None:
        """Lets everybody notice what was put until now; what several threads put at once is announced once."""
        with self._counting:
            self._puts += 1
            mine = self._puts
        with self._announcing:
            if self._announced < mine:
                covered = self._puts
                self._objects.overwrite(CHANGES, secrets.token_hex(16).encode())
                self._announced = covered

    def _list(self, stamp: str) -> ListedClips:
        rows = {
            digest: f"{file.size} {file.modified_at!r}"
            for name, file in self._objects.list_all()
            if (digest := _find_digest(name))
        }
        lines = (f"{digest[7:]} {row}" for digest, row in rows.items())
        data = "\n".join((self._objects.address, stamp, *lines)).encode()
        with suppress(OSError), self._folder.open(make=True, mode=0o700) as folder:  # else it is listed again next time
            folder.replace_content(self._file, data)
        return ListedClips(rows)

    def _remembered(self, stamp: str) -> ListedClips | None:
        """What was remembered with this stamp, or with any; None where there is nothing of use."""
        try:
            with self._folder.open() as folder:
                address, was, *lines = folder.read(self._file, _LARGEST).decode().split("\n")
        except (OSError, ValueError):
            return None
        if address != self._objects.address or (stamp and was != stamp):
            return None
        return ListedClips({f"sha256:{line[:_HEX]}": line[_HEX + 1 :] for line in lines})


def _find_digest(name: str) -> str:
    """The digest of a clip's object; "" for any other object."""
    digits = name[3 : 3 + _HEX]
    return f"sha256:{digits}" if len(digits) == _HEX and object_name(digits) == name and set(digits) <= _DIGITS else ""

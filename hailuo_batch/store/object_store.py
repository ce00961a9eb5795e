"""Objects at an address that several machines share: in a bucket (`s3://`, `gs://`, `az://`) or a folder (`file://`).

Every call blocks, and any thread may make it. Only the library's blocking calls are used: with its others, some
processes end by a signal after all is done. Keys come from the environment, as the library reads them; nothing here
knows what a clip is.
"""

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import cached_property
from importlib.util import find_spec
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from hailuo_batch.core.redaction import redact_text
from hailuo_batch.errors import InputError, SharedStoreError
from hailuo_batch.files.fsync import sync_file, sync_folder
from hailuo_batch.files.regular import open_regular
from hailuo_batch.ports import StoredFile

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig
    from obstore.store import ObjectStore as Bucket

SCHEMES = ("s3", "gs", "az", "file")
PART_BYTES = 8 * 1024**2  # what one request carries of a larger file: a cut line repeats no more than this
_WHOLE_BYTES = 16 * 1024**2  # up to here a file is one request
_LARGEST = 8 * 1024**3  # bytes of a clip; what is larger is none
_PAGE = 1_000  # objects in one answer to a listing; no bucket gives more
_LOOPBACK = re.compile(r"http://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?(?:/|$)")
_ADVICE = "Check the address in hailuo.yaml, the keys in the environment and the network, then run the command again."


class ObjectStore:
    """The objects below one address. A `SharedStoreError` says that the place cannot be reached, or refuses."""

    def __init__(self, address: str, *, patience: float = 30.0) -> None:
        """`patience` is how many seconds the place may be silent."""
        self.address = address.rstrip("/")
        self._scheme, self._patience = _check_address(self.address), patience
        _require_library()

    def put_new(self, name: str, file: Path, digest: str, *, is_sealed: bool = False) -> bool:
        """Whether a file became an object of this name now; one that is there with the same length stays as it is.

        A file that `is_sealed` was read for its digest just now, and is not read for it again.

        Raises `SharedStoreError` also where the file's bytes are not those of the digest (`sha256:…`), or where
        another object has the name.
        """
        with open_regular(file) as opened:
            size = os.fstat(opened.fileno()).st_size
            data = opened.read() if size <= _WHOLE_BYTES else None
            is_same = is_sealed or digest == _read_digest(opened if data is None else data)
        if not is_same:
            why = f"The bytes of {file} are not those of its name. Nothing was copied."
            raise SharedStoreError("a damaged clip was not copied to the shared store", why=why, remedy=_DAMAGED_HERE)
        is_new = self._put_parts(name, file) if data is None else self._put_bytes(name, data)
        if not is_new and (there := self.stat(name)) is not None and there.size != size:
            why = f"{self.location(name)} has {there.size:,} bytes, and the clip has {size:,}."
            remedy = "Remove that object by hand, since no command of ours does, then `push` again."
            raise SharedStoreError("the shared store has another object in the place of a clip", why=why, remedy=remedy)
        if is_new and self._scheme == "file" and os.name != "nt":
            _sync_path(Path(self._folder, name))
        return is_new

    def read_parts(self, name: str) -> Iterator[bytes]:
        """The bytes of an object, a part at a time; `FileNotFoundError` where it is not there."""
        import obstore

        at = size = 0
        while at < size or not at:
            with self._translate(f"cannot read {self.location(name)}"):
                answer = obstore.get(self._bucket, name, options={"range": (at, at + PART_BYTES)})
                size = _check_size(answer.meta["size"], self.location(name))
                part = bytes(answer.bytes())
            at += len(part)
            yield part
            if not part:
                return

    def stat(self, name: str) -> StoredFile | None:
        """The size and age of an object, or None if it is not there."""
        import obstore

        try:
            with self._translate(f"cannot read {self.location(name)}"):
                return _stored_file(obstore.head(self._bucket, name))
        except FileNotFoundError:
            return None

    def read_stamp(self, name: str) -> str:
        """What is another text after each change of an object; "" where it is not there."""
        import obstore

        try:
            with self._translate(f"cannot read {self.location(name)}"):
                found = obstore.head(self._bucket, name)
        except FileNotFoundError:
            return ""
        return f"{found['e_tag']} {found['version']} {found['last_modified'].timestamp()} {found['size']}"

    def list_all(self, *, below: str = "") -> Iterator[tuple[str, StoredFile]]:
        """Every object below the address, or below a folder of it: name, size and age; a request brings a thousand."""
        import obstore

        with self._translate(f"cannot list {self.address}"):
            for page in obstore.list(self._bucket, below or None, chunk_size=_PAGE):
                yield from ((each["path"], _stored_file(each)) for each in page)

    def overwrite(self, name: str, data: bytes) -> None:
        """Makes an object have this content."""
        import obstore

        with self._translate(f"cannot write to {self.address}"):
            obstore.put(self._bucket, name, data, mode="overwrite")

    def create(self, name: str, data: bytes) -> bool:
        """Whether an object of this name was made now; where there is one, it stays."""
        return self._put_bytes(name, data)

    def remove(self, name: str) -> None:
        """Removes an object that is no clip; one that is gone already is no fault."""
        import obstore

        try:
            with self._translate(f"cannot write to {self.address}"):
                obstore.delete(self._bucket, name)
        except FileNotFoundError:
            pass

    def location(self, name: str) -> str:
        """Where a person finds an object."""
        return f"{self.address}/{name}"

    def _put_bytes(self, name: str, data: bytes) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError

        with self._translate(f"cannot write to {self.address}"):
            try:
                obstore.put(self._bucket, name, data, mode="create")
            except AlreadyExistsError:
                return False
        return True

    def _put_parts(self, name: str, file: Path) -> bool:
        """A large file goes up in parts, which no bucket refuses where the name is taken: it is looked up before."""
        import obstore

        if self.stat(name) is not None:
            return False
        with self._translate(f"cannot write to {self.address}"):
            obstore.put(self._bucket, name, file, use_multipart=True, chunk_size=PART_BYTES, max_concurrency=4)
        return True

    @cached_property
    def _folder(self) -> str:
        return unquote(urlsplit(self.address).path)

    @cached_property
    def _bucket(self) -> "Bucket":
        from obstore.store import LocalStore, from_url

        if self._scheme == "file":
            if not Path(self._folder).is_dir():
                # An unmounted share must not become a folder of this disk.
                why = f"There is no folder {self._folder} on this machine."
                raise SharedStoreError(
                    f"cannot reach {self.address}", why=why, remedy="Mount it, or make the folder once, by hand."
                )
            return LocalStore(self._folder)
        arguments: dict[str, Any] = {"client_options": self._client_options, "retry_config": self._retries}
        if self._scheme == "s3":
            arguments["checksum_algorithm"] = "SHA256"
        with self._translate(f"cannot use {self.address}"):
            return from_url(self.address, **arguments)

    @property
    def _client_options(self) -> "ClientConfig":
        return {
            "allow_http": _may_use_http(os.environ),
            "connect_timeout": timedelta(seconds=min(5.0, self._patience)),
            "read_timeout": timedelta(seconds=self._patience),
            "timeout": timedelta(seconds=4 * self._patience),  # of one request, so of one part
        }

    @property
    def _retries(self) -> "RetryConfig":
        pause = {"init_backoff": timedelta(milliseconds=200), "max_backoff": timedelta(seconds=3), "base": 2}
        return {"max_retries": 3, "retry_timeout": timedelta(seconds=self._patience), "backoff": pause}  # type: ignore[typeddict-item]

    @contextmanager
    def _translate(self, action: str) -> Iterator[None]:
        """Turns what the library raises into a `SharedStoreError`; that nothing is there stays `FileNotFoundError`."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileNotFoundError:
            raise
        except (BaseError, OSError, ValueError) as error:
            why = redact_text(str(error).partition("\n")[0])
            raise SharedStoreError(action, why=why, remedy=_ADVICE) from None


_DAMAGED_HERE = "Find its file with `verify`, and remove it; a run brings the whole one back."


def _require_library() -> None:
    if find_spec("obstore") is None:
        raise InputError(
            "the shared store needs a library that is not installed",
            why="hailuo.yaml names a shared store.",
            remedy='To install it:\n    python -m pip install "hailuo-batch[s3]"',
        )


def _check_address(address: str) -> str:
    parts = urlsplit(address)
    has_place = parts.path.startswith("/") and not parts.netloc if parts.scheme == "file" else bool(parts.netloc)
    if parts.scheme not in SCHEMES or not has_place or parts.username or parts.password or parts.query:
        raise InputError(
            "not the address of a shared store",
            why=f"it reads {redact_text(address)[:100]!r}",
            remedy="Write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder. Keys are "
            "read from the environment.",
        )
    return parts.scheme


def _read_digest(source: FileIO | bytes) -> str:
    found = hashlib.sha256(source) if isinstance(source, bytes) else hashlib.file_digest(source, "sha256")
    return f"sha256:{found.hexdigest()}"


def _check_size(size: int, location: str) -> int:
    if size > _LARGEST:
        why = f"{location} has {size:,} bytes, and no clip has so many. Nothing of it was kept."
        raise SharedStoreError("a clip of the shared store is too large", why=why, remedy="Remove that object by hand.")
    return size


def _may_use_http(environment: Mapping[str, str]) -> bool:
    """Whether the user's own environment names a server on this machine, or allows http by its own name."""
    endpoint = environment.get("AWS_ENDPOINT_URL", environment.get("AWS_ENDPOINT", ""))
    return bool(_LOOPBACK.match(endpoint)) or environment.get("AWS_ALLOW_HTTP", "").lower() in {"1", "true"}


def _stored_file(found: Mapping[str, Any]) -> StoredFile:
    return StoredFile(size=found["size"], modified_at=found["last_modified"].timestamp())


def _sync_path(path: Path) -> None:
    """Returns when a file of a shared folder, and its name, are on that disk."""
    with open_regular(path) as opened:
        sync_file(opened.fileno())
    sync_folder(path.parent)

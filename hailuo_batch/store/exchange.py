"""Files of free work that machines hand to each other: below `farm/` in the shared store.

A file is there under its digest, and the answer of a job under the job's key; both are written once and never replaced.
Nothing here was paid for: what is lost is made again. Clips of the store itself are only read.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from hailuo_batch.errors import StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import open_regular
from hailuo_batch.store.object_listing import object_name
from hailuo_batch.store.object_store import ObjectStore

_FOLDER = "farm"
_LARGEST_FILE, _LARGEST_ANSWER = 1024**3, 256 * 1024  # bytes; a file is in memory while its digest is checked
_DIGEST_LETTERS = 64


class Exchange:
    """The files and answers of one shared store, which is reached for the first of them; each call blocks."""

    def __init__(self, address: str) -> None:
        self._objects = ObjectStore(address)

    def share(self, file: Path) -> str:
        """The digest of a file, which others can fetch from now on; one that is there already is not sent again."""
        digest = _hash_file(file)
        if all(self._objects.stat(name) is None for name in (object_name(digest), _file_name(digest))):
            self._objects.put_new(_file_name(digest), file, digest)
        return digest

    def keep(self, file: Path) -> str:
        """The same for a file that was just made and is hardly there yet: one request."""
        digest = _hash_file(file)
        self._objects.put_new(_file_name(digest), file, digest)
        return digest

    def fetch(self, digest: str, target: Path) -> bool:
        """Writes a file to `target`; False when it is not there. One of ours that has another digest is removed."""
        for name in (_file_name(digest), object_name(digest)):
            data = self._read(name, _LARGEST_FILE)
            if data is not None and f"sha256:{hashlib.sha256(data).hexdigest()}" == digest:
                write_beside(target, data)
                return True
            if data is not None and name == _file_name(digest):
                self._objects.remove(name)
        return False

    def read_answer(self, key: str) -> dict[str, Any] | None:
        """The answer of a job; None while there is none that can be read."""
        data = self._read(_answer_name(key), _LARGEST_ANSWER)
        answer = None
        with suppress(ValueError):
            answer = json.loads(data) if data is not None else None
        return answer if isinstance(answer, dict) else None

    def keep_answer(self, key: str, answer: dict[str, Any]) -> None:
        """Keeps the answer of a job; the first one stays."""
        self._objects.create(_answer_name(key), json.dumps(answer, sort_keys=True).encode())

    def remove_answer(self, key: str) -> None:
        """Removes an answer that is of no use, since its files are gone or damaged."""
        self._objects.remove(_answer_name(key))

    def remove_older(self, *, before: float) -> int:
        """Removes files and answers that were written before that moment, and says how many."""
        old = [name for name, found in self._objects.list_all(below=_FOLDER) if found.modified_at < before]
        for name in old:
            self._objects.remove(name)
        return len(old)

    def _read(self, name: str, limit: int) -> bytes | None:
        """The bytes of an object; None where there is none, or one that is no answer and no clip."""
        data = bytearray()
        try:
            for part in self._objects.read_parts(name):
                data += part
                if len(data) > limit:
                    return None
        except FileNotFoundError:
            return None
        return bytes(data)


def _hash_file(file: Path) -> str:
    with open_regular(file) as opened:
        return f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"


def _require_digest(digest: str) -> str:
    letters = digest.removeprefix("sha256:")
    if len(letters) != _DIGEST_LETTERS or set(letters) - set("0123456789abcdef"):
        raise StoreError(f"{digest!r} is no digest")  # it would name another file
    return letters


def _file_name(digest: str) -> str:
    letters = _require_digest(digest)
    return f"{_FOLDER}/files/{letters[:2]}/{letters}"


def _answer_name(key: str) -> str:
    letters = _require_digest(key)
    return f"{_FOLDER}/answers/{letters[:2]}/{letters}.json"

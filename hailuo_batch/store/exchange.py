"""Files of free work that machines hand to each other: below `farm/` in the folder or bucket that they share.

A file is there under its digest, and the answer of a job under the job's key; both are written once and never replaced.
Nothing here was paid for: what is lost is made again. Clips of the shared store itself are only read.
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from hailuo_batch.errors import StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import open_regular

_FOLDER = "farm"
_LARGEST_FILE, _LARGEST_ANSWER = 4 * 1024**3, 256 * 1024
_DIGEST_LETTERS = 64


class Exchange:
    """The files and answers of one shared place; each call blocks."""

    def __init__(self, address: str) -> None:
        self.address = address

    @cached_property
    def _library(self) -> Any:
        import obstore

        return obstore

    @cached_property
    def _bucket(self) -> Any:
        from obstore.store import from_url

        with self._translate("cannot open the shared store"):
            return from_url(self.address)

    def share(self, file: Path) -> str:
        """The digest of a file, which others can fetch from now on; one that is there already is not sent again."""
        digest = _hash_file(file)
        if not self._is_there(_clip_name(digest)) and not self._is_there(_file_name(digest)):
            self._put(_file_name(digest), file)
        return digest

    def keep(self, file: Path) -> str:
        """The same for a file that was just made and is hardly there yet: one request."""
        digest = _hash_file(file)
        self._put(_file_name(digest), file)
        return digest

    def fetch(self, digest: str, target: Path) -> bool:
        """Writes a file to `target`; False when it is not there. One of ours that has another digest is removed."""
        for name in (_file_name(digest), _clip_name(digest)):
            data = self._get(name, _LARGEST_FILE)
            if data is not None and f"sha256:{hashlib.sha256(data).hexdigest()}" == digest:
                write_beside(target, data)
                return True
            if data is not None and name == _file_name(digest):
                with self._translate("cannot remove a damaged file"):
                    self._remove(name)
        return False

    def read_answer(self, key: str) -> dict[str, Any] | None:
        """The answer of a job; None while there is none that can be read."""
        data = self._get(_answer_name(key), _LARGEST_ANSWER)
        try:
            answer = json.loads(data) if data is not None else None
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def keep_answer(self, key: str, answer: dict[str, Any]) -> None:
        """Keeps the answer of a job; the first one stays."""
        self._put(_answer_name(key), json.dumps(answer, sort_keys=True).encode())

    def remove_answer(self, key: str) -> None:
        """Removes an answer that is of no use, since its files are gone or damaged."""
        with self._translate("cannot remove an answer"):
            self._remove(_answer_name(key))

    def remove_older(self, *, days: float) -> int:
        """Removes files and answers that were written so many days ago, and says how many."""
        now = datetime.now(UTC)
        with self._translate("cannot list the files of the farm"):
            pages = self._library.list(self._bucket, _FOLDER)
            old = [each["path"] for page in pages for each in page if _is_older(each, now, days)]
            for name in old:
                self._remove(name)
        return len(old)

    def _is_there(self, name: str) -> bool:
        with self._translate("cannot read the shared store"):
            try:
                self._library.head(self._bucket, name)
            except FileNotFoundError:
                return False
        return True

    def _put(self, name: str, content: Path | bytes) -> None:
        exists = self._library.exceptions.AlreadyExistsError
        with self._translate("cannot write to the shared store"):
            try:
                self._library.put(self._bucket, name, content, mode="create")
            except exists:
                return

    def _get(self, name: str, limit: int) -> bytes | None:
        with self._translate("cannot read the shared store"):
            try:
                found = self._library.get(self._bucket, name)
            except FileNotFoundError:
                return None
            return bytes(found.bytes()) if found.meta["size"] <= limit else None

    def _remove(self, name: str) -> None:
        try:
            self._library.delete(self._bucket, name)
        except FileNotFoundError:
            return

    @contextmanager
    def _translate(self, action: str) -> Iterator[None]:
        try:
            yield
        except (self._library.exceptions.BaseError, OSError, ValueError) as error:
            why = str(error).partition("\n")[0]
            raise StoreError(f"{action}: {self.address}", why=why, remedy="Check its address and rights.") from error


def _hash_file(file: Path) -> str:
    with open_regular(file) as opened:
        return f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}"


def _is_older(entry: Any, now: datetime, days: float) -> bool:
    return bool((now - entry["last_modified"]).total_seconds() >= days * 86400)


def _letters(digest: str) -> str:
    letters = digest.removeprefix("sha256:")
    if len(letters) != _DIGEST_LETTERS or set(letters) - set("0123456789abcdef"):
        raise StoreError(f"{digest!r} is no digest")  # it would name another file
    return letters


def _file_name(digest: str) -> str:
    letters = _letters(digest)
    return f"{_FOLDER}/files/{letters[:2]}/{letters}"


def _clip_name(digest: str) -> str:
    letters = _letters(digest)
    return f"{letters[:2]}/{letters}.mp4"


def _answer_name(key: str) -> str:
    return f"{_FOLDER}/answers/{_letters(key)[:2]}/{_letters(key)}.json"

"""How much of a file has arrived, and whether the host's next bytes belong to it. Does no I/O.

Bytes are joined only when the host says that they are of one file: the same length, and the same validator if it gave
one (RFC 9110, sections 13.1.5 and 14). In any doubt, the download starts again.
"""

import re
from collections.abc import Mapping

from hailuo_batch.values import dataclass

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.IGNORECASE)


@dataclass(slots=True, kw_only=True)
class PartialDownload:
    """The state of a download. `size` bytes of `total` are there (None: not known)."""

    size: int = 0
    total: int | None = None
    etag: str = ""  # a strong one: a weak one does not promise the same bytes
    last_modified: str = ""
    accepts_ranges: bool = False  # the host says that it sends parts

    def range_headers(self) -> dict[str, str]:
        """The headers that request the rest; none where the download starts at the first byte."""
        validator = self.etag or self.last_modified
        if self.total is None or not 0 < self.size < self.total or not (validator or self.accepts_ranges):
            return {}
        return {"Range": f"bytes={self.size}-", **({"If-Range": validator} if validator else {})}

    def begin(self, headers: Mapping[str, str], total: int | None) -> None:
        """A whole file begins, and nothing of it is there yet."""
        self.size, self.total = 0, total
        accepted = headers.get("Accept-Ranges", "").strip().lower()
        refused = accepted == "none"
        self.etag = "" if refused else _strong_etag(headers.get("ETag", ""))
        self.last_modified = "" if refused else headers.get("Last-Modified", "")
        self.accepts_ranges = accepted == "bytes"

    def is_continuation(self, headers: Mapping[str, str]) -> bool:
        """Whether a partial answer is the rest of this file, and all of it."""
        found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        if found is None or "Content-Encoding" in headers:
            return False
        first, last, total = (int(each) for each in found.groups())
        return (first, last + 1, total) == (self.size, self.total, self.total) and self._is_same_file(headers)

    def reset(self) -> None:
        """What has arrived is useless: the download starts again."""
        self.size, self.total, self.etag, self.last_modified, self.accepts_ranges = 0, None, "", "", False

    def _is_same_file(self, headers: Mapping[str, str]) -> bool:
        """Whether the host names the same file; a validator that it leaves out this time says nothing against it."""
        if self.etag:
            return headers.get("ETag", self.etag) == self.etag
        return headers.get("Last-Modified", self.last_modified) == self.last_modified


def _strong_etag(etag: str) -> str:
    return etag if etag.startswith('"') else ""

"""The content of a ledger that was written a moment ago, when its times cannot tell yet whether it changed again.

Its bytes can: the ledger only grows, so equal bytes before and after reading it are what was read.
"""

import time
from hashlib import file_digest
from pathlib import Path

from hailuo_batch.files.regular import open_regular
from hailuo_batch.load import file_stamp

_LARGEST = 512 * 1024 * 1024  # bytes: hashing more takes longer than it saves

LedgerContent = list[str]


def hash_recent_ledger(ledger: Path) -> LedgerContent | None:
    """The digests of a ledger whose times say nothing yet; None of one that was written before."""
    stamps = [stamp for path in _list_files(ledger) if (stamp := file_stamp.read_stamp(path)) is not None]
    latest = max((changed for _, changed, _ in stamps), default=0)
    return hash_ledger(ledger) if latest >= time.time_ns() - file_stamp.MTIME_SLACK_NS else None


def hash_ledger(ledger: Path) -> LedgerContent | None:
    """The digests of the ledger's files; None where they are too large, or cannot be read."""
    try:
        sizes = {path: path.stat().st_size for path in _list_files(ledger) if path.exists()}
        return None if sum(sizes.values()) > _LARGEST else [_hash_file(path) for path, size in sizes.items() if size]
    except OSError:
        return None


def _list_files(ledger: Path) -> tuple[Path, Path]:
    return ledger, ledger.with_name(f"{ledger.name}-wal")


def _hash_file(path: Path) -> str:
    with open_regular(path) as file:
        return file_digest(file, "sha256").hexdigest()

"""A few shots of a large lock, read without the others: found by bytes, in a file that is as we write it."""

import re
from collections.abc import Collection
from pathlib import Path

from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.load.lockfile import lock_text, parse_lock
from hailuo_batch.load.sidecar import quote_yaml, source_digest
from hailuo_batch.load.user_files import MAX_LOCK_BYTES, read_user_file

_SHOTS = b"\nshots:\n"
_NEXT_SHOT = re.compile(rb"^  (?! )", re.MULTILINE)
_MOST_SHOTS = 20  # each is searched for in the whole file; of more, reading the whole is as fast


def own_lock_digest(lock: Lockfile) -> str:
    """The digest of a lock's file if its bytes are those that we write, so that one may search in them; else ""."""
    return lock.source if lock.source == source_digest(lock_text(lock).encode()) else ""


def read_lock_part(path: Path, *, shots: Collection[str], digest: str) -> Lockfile | None:
    """What the lock says of these shots, if its file still has this `own_lock_digest`; None where it has not."""
    try:
        data = read_user_file(path, MAX_LOCK_BYTES)
    except OSError:
        return None
    if not digest or source_digest(data) != digest:
        return None
    head, found, _ = data.partition(_SHOTS)
    if len(shots) > _MOST_SHOTS or not found:
        return parse_lock(path, data)
    blocks = b"".join(_find_shot(data, len(head), shot) for shot in sorted(shots))
    return parse_lock(path, head + _SHOTS + blocks if blocks else head + b"\nshots: {}\n")


def _find_shot(data: bytes, begin: int, shot: str) -> bytes:
    """The lines of one shot. No text of a lock has a line break, so what looks like the begin of a shot is one."""
    at = data.find(f"\n  {quote_yaml(shot)}:\n    version: ".encode(), begin) + 1
    if not at:
        return b""
    end = _NEXT_SHOT.search(data, at + 1)
    return data[at : end.start() if end else None]

"""How a file looks from outside, and whether what was remembered about its inside still holds beyond doubt.

The time is the later of what was written and what was done to the file: tools that copy a file may set the first back.
"""

from dataclasses import dataclass
from pathlib import Path

# A file written in the same tick as it was remembered could change again without its time changing.
SETTLED_NS = 2_000_000_000

Stamp = tuple[int, int, int]  # size, time of change in ns, inode


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What a file's digest was, when the file looked like this."""

    stamp: Stamp
    digest: str
    at: int  # ns since the epoch


def stamp_of(path: Path) -> Stamp | None:
    """How a file looks from outside, or None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, max(found.st_mtime_ns, found.st_ctime_ns), found.st_ino


def unchanged(memory: Remembered, stamp: Stamp | None) -> bool:
    """Whether a remembered digest still holds beyond doubt."""
    return stamp == memory.stamp and memory.stamp[1] < memory.at - SETTLED_NS

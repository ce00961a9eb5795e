"""How a file looks from outside, and whether what was remembered about its inside still holds beyond doubt.

The time is the later of what was written and what was done to the file: tools that copy a file may set the first back.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hailuo_batch.core.providers.image_traits import ImageTrait, parse_traits
from hailuo_batch.values import dataclass

# A file written in the same tick as it was remembered could change again without its time changing.
MTIME_SLACK_NS = 2_000_000_000

Stamp = tuple[int, int, int]  # size, time of change in ns, inode


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedImage:
    """What a picture's digest was, and what the picture is, when its file looked like this."""

    stamp: Stamp
    digest: str
    cached_at: int  # ns since the epoch
    kind: str = ""  # by its bytes
    size: tuple[int, int] = (0, 0)  # width and height as it is seen upright
    traits: tuple[ImageTrait, ...] = ()

    @property
    def row(self) -> tuple[int | str, ...]:
        """The same as plain values, in one line."""
        return *self.stamp, self.digest, self.cached_at, self.kind, *self.size, " ".join(self.traits)


def parse_cached_image(row: Sequence[Any]) -> CachedImage:
    """What `row` was made from; `ValueError` when it has another form."""
    length, changed, inode, digest, at, kind, width, height, traits = row
    return CachedImage(
        stamp=(length, changed, inode), digest=digest, cached_at=at, kind=kind, size=(width, height),
        traits=parse_traits(traits),
    )  # fmt: skip


def read_stamp(path: Path) -> Stamp | None:
    """How a file looks from outside, or None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, max(found.st_mtime_ns, found.st_ctime_ns), found.st_ino


def is_unchanged(cached: CachedImage, stamp: Stamp | None) -> bool:
    """Whether a remembered digest still holds beyond doubt."""
    return stamp == cached.stamp and cached.stamp[1] < cached.cached_at - MTIME_SLACK_NS

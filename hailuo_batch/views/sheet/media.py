"""Where the page finds clips and stills: beside it, in it, or at a server. The page's maker says which are there."""

import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from hailuo_batch.core.plan.render_names import StillAt, poster_name
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.values import dataclass


class SheetMedia(Protocol):
    """Addresses for a page; "" where it has no such file."""

    def clip(self, row: TakeRow) -> str:
        """The address of the take's clip."""

    def still(self, digest: str, at: StillAt) -> str:
        """The address of a still of a clip, or of a drawing of an image, by the digest of its bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedMedia:
    """Implements `SheetMedia` with files below `base`, the relative address of renders/.

    `files` are the names of clips by digest, `stills` the names of the stills that are there.
    """

    base: str
    files: Mapping[str, str]
    stills: AbstractSet[str]

    def clip(self, row: TakeRow) -> str:
        """The clip's file under its readable name."""
        file = row.file or (self.files.get(row.clip.digest, "") if row.clip is not None else "")
        return self.base + quote_path(file) if file else ""

    def still(self, digest: str, at: StillAt) -> str:
        """The still's file."""
        name = poster_name(digest, at)
        return self.base + quote_path(name) if name in self.stills else ""


class PageData(str):
    """A file as an address (`data:…`): megabytes that nobody reads, and in which there is nothing to make safe."""

    __slots__ = ()


def relative_base(folder: Path, page: Path) -> str:
    """The relative address from the page to a folder, ending in a slash; "" when they share it."""
    way = os.path.relpath(folder.resolve(), page.resolve().parent)
    return "" if way == "." else f"{quote_path(Path(way).as_posix())}/"


def quote_path(path: str) -> str:
    """A path as part of an address; names need not be UTF-8, and their bytes stay what they are."""
    return quote(os.fsencode(path))

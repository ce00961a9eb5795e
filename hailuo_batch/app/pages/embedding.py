"""A page in one file: the stills and as many clips as fit, as data in the page itself.

Posters come first, then the other stills, then clips in the order of the page. A page whose posters alone are too large
is refused; what else does not fit is left out, and the page's maker says how much.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.render_names import StillAt, poster_name
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.errors import RefusedError
from hailuo_batch.files.regular import read_regular
from hailuo_batch.ports import Store
from hailuo_batch.values import dataclass
from hailuo_batch.views.format import format_size
from hailuo_batch.views.sheet.media import PageData

MAX_PAGE = 100_000_000  # bytes of the whole page: larger ones pass no mail, and open slowly
_MAX_STILL = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedMedia:
    """Implements `SheetMedia` with what is in the page; `left_out` are clips that did not fit."""

    clips: Mapping[str, str] = field(default_factory=dict)  # by digest
    stills: Mapping[str, str] = field(default_factory=dict)  # by name
    left_out: int = 0

    def clip(self, row: TakeRow) -> str:
        """The clip itself."""
        return self.clips.get(row.clip.digest, "") if row.clip is not None else ""

    def still(self, digest: str, at: StillAt) -> str:
        """The still itself."""
        return self.stills.get(poster_name(digest, at), "")


async def embed_media(
    report: Report, store: Store, folder: Path, names: frozenset[str], *, remedy: str, limit: int = MAX_PAGE
) -> EmbeddedMedia:
    """What goes into a page of at most so many bytes; `names` are the stills below `folder` that are there.

    A `RefusedError` with this remedy when not even the posters fit.
    """
    clips = list(_clips(report))
    room = limit - 40_000 - 4_000 * len(report.rows)  # the page's own words
    posters = sorted(name for name in names if not name.endswith((f"{StillAt.MIDDLE}.jpg", f"{StillAt.LAST}.jpg")))
    stills = {name: _data("image/jpeg", read_regular(folder / name, _MAX_STILL)) for name in posters}
    size = sum(map(len, stills.values()))
    if size > room:
        raise RefusedError(
            f"the posters alone have {format_size(size)}",
            why=f"A page in one file has {format_size(limit)} at most.",
            remedy=remedy,
        )
    room -= size
    for name in sorted(names - stills.keys()):
        still = _data("image/jpeg", read_regular(folder / name, _MAX_STILL))
        if len(still) <= room:
            stills[name] = still
            room -= len(still)
    chosen = {clip.digest for clip in _fitting(clips, room)}
    whole = {digest: _data("video/mp4", (await store.local_copy(digest)).read_bytes()) for digest in chosen}
    return EmbeddedMedia(clips=whole, stills=stills, left_out=len(clips) - len(whole))


def _clips(report: Report) -> Iterator[Clip]:
    rows = (row for row in report.rows if row.action is Action.REUSE and row.clip is not None)
    return iter({row.clip.digest: row.clip for row in rows if row.clip is not None}.values())


def _fitting(clips: Sequence[Clip], room: int) -> Iterator[Clip]:
    """The clips that fit, in the order of the page; one that is too large leaves room for those behind it."""
    for clip in clips:
        size = 4 * (clip.size // 3 + 1) + 30
        if size <= room:
            room -= size
            yield clip


def _data(kind: str, content: bytes) -> PageData:
    return PageData(f"data:{kind};base64,{base64.b64encode(content).decode()}")

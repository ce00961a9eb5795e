"""Clips that `renders/` still has: what their names and their provenance say, for when ledger or store are gone."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, NamedClip
from hailuo_batch.files.regular import read_regular

MAX_PROVENANCE_BYTES = 1024**2
_NAME_PATTERN = re.compile(r"(?P<shot>.+)_v(?P<version>\d{3,})_(?:t(?P<take>\d\d)|sketch)\.mp4\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRenderName:
    """A clip's readable name, taken apart again."""

    file: str
    shot: str
    version: int
    take: int


def parse_render_names(names: Iterable[str], *, campaign: str, sketch: bool) -> Iterator[ParsedRenderName]:
    """Those names that are of a campaign, and of its sketches or of its real takes."""
    prefix = f"{campaign}_"
    for name in sorted(names):
        match = _NAME_PATTERN.match(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if match is not None and (match["take"] is None) is sketch:
            version, take = int(match["version"]), int(match["take"] or 1)
            yield ParsedRenderName(file=name, shot=match["shot"], version=version, take=take)


def read_named_clips(names: Iterable[ParsedRenderName], shots: AbstractSet[str], folder: Path) -> dict[str, NamedClip]:
    """By fingerprint, every clip of these shots whose provenance lies beside it.

    That a clip's bytes are those which the provenance names is seen when it is taken back.
    """
    found = (_read_provenance(folder / name.file) for name in names if name.shot in shots)
    return dict(clip for clip in found if clip is not None)


def read_last_renders(names: Iterable[ParsedRenderName], folder: Path) -> dict[str, LastRender]:
    """The latest version of each shot by the names that are there: those are taken, since none is overwritten."""
    latest: dict[str, ParsedRenderName] = {}
    for name in names:
        if name.shot not in latest or latest[name.shot].version < name.version:
            latest[name.shot] = name
    marks = {shot: _read_provenance(folder / name.file) for shot, name in latest.items()}
    return {
        shot: LastRender(version=name.version, take=name.take, fingerprint=mark[0] if (mark := marks[shot]) else "")
        for shot, name in latest.items()
    }


def read_render_digest(file: Path) -> str:
    """Which clip a name shows, by the provenance beside it; nothing when that says nothing of use."""
    found = read_render_clip(file)
    return "" if found is None else found.digest


def read_render_clip(file: Path) -> NamedClip | None:
    """The clip that a name shows, by the provenance beside it; None when that says nothing of use."""
    found = _read_provenance(file)
    return None if found is None else found[1]


def _read_provenance(file: Path) -> tuple[str, NamedClip] | None:
    """What the provenance beside a clip says: the fingerprint, and the clip; None when it says nothing of use."""
    try:
        about = json.loads(read_regular(file.with_suffix(".json"), MAX_PROVENANCE_BYTES))
        clip = NamedClip(
            file=file.name,
            digest=about["artifact"]["digest"],
            provider=about["provider"],
            cost=_parse_cost(about.get("cost")),
        )
        return str(about["fingerprint"]), clip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidOperation, RecursionError):
        return None


def _parse_cost(cost: Mapping[str, Any] | None) -> Money | None:
    return None if cost is None else Money(amount=Decimal(cost["amount"]), currency=str(cost["currency"]))

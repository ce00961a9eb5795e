"""Clips that `renders/` still has: what their names and their provenance say, for when ledger or store are gone."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hailuo_batch.core import rules
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, NamedClip
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.world import World
from hailuo_batch.files.regular import read_regular
from hailuo_batch.values import dataclass

MAX_PROVENANCE_BYTES = 1024**2
_MAX_LISTED = 3  # names in a warning; one says as much as all of them
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


def is_of_world(clip: NamedClip, world: World, rehearsed: AbstractSet[str] = frozenset()) -> bool:
    """Whether a named clip may stand for a take of this world; `rehearsed` are digests of rehearsed clips.

    Money: what was rehearsed was never paid for, wherever its file was copied.
    """
    return world is World.REHEARSAL or not (clip.rehearsal or clip.digest in rehearsed)


def rehearsed_clips_warning(names: Iterable[str]) -> Problem:
    """That rehearsed clips lie among the real ones."""
    return Problem(
        rule=rules.REHEARSED_CLIPS,
        why=f"Nobody paid for {', '.join(sorted(names)[:_MAX_LISTED])}. No plan, lock or sum counts rehearsed clips.",
        remedy="Move them and their .json out of renders/.",
    )


def read_last_renders(
    names: Iterable[ParsedRenderName], folder: Path, world: World, rehearsed: AbstractSet[str] = frozenset()
) -> dict[str, LastRender]:
    """The latest version of each shot by the names that are there: those are taken, since none is overwritten.

    What is not of this world has taken its name, and is no version of the shot.
    """
    latest: dict[str, ParsedRenderName] = {}
    for name in names:
        if name.shot not in latest or latest[name.shot].version < name.version:
            latest[name.shot] = name
    found = {shot: _read_provenance(folder / name.file) for shot, name in latest.items()}
    marks = {shot: mark for shot, mark in found.items() if mark and is_of_world(mark[1], world, rehearsed)}
    return {
        shot: LastRender(version=name.version, take=name.take, fingerprint=marks[shot][0] if shot in marks else "")
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
            rehearsal=about.get("rehearsal") is True,
        )
        return str(about["fingerprint"]), clip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidOperation, RecursionError):
        return None


def _parse_cost(cost: Mapping[str, Any] | None) -> Money | None:
    return None if cost is None else Money(amount=Decimal(cost["amount"]), currency=str(cost["currency"]))

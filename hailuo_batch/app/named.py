"""Clips that `renders/` still has: what their names and their provenance say, for when ledger or store are gone."""

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from hailuo_batch.core.naming import render_name
from hailuo_batch.core.plan import NamedClip, Past, Step
from hailuo_batch.core.price import Money

_NAME = re.compile(r"(?P<shot>.+)_v(?P<version>\d{3,})_(?:t(?P<take>\d\d)|sketch)\.mp4\Z")


def named_clips(
    steps: Iterable[Step], names: frozenset[str], folder: Path, *, campaign: str, sketch: bool
) -> dict[str, NamedClip]:
    """By fingerprint, the clips below one of whose names lies the provenance of just this request.

    That a clip's bytes are those which the provenance names is seen when it is taken back.
    """
    found: dict[str, NamedClip] = {}
    for step in steps:
        for use in step.uses if step.fingerprint else ():
            file = render_name(campaign, use, sketch=sketch)
            clip = _clip(folder / file) if file in names else None
            if clip is not None and clip[0] == step.fingerprint:
                found[step.fingerprint] = clip[1]
    return found


def left_behind(names: Iterable[str], folder: Path, *, campaign: str, sketch: bool) -> dict[str, Past]:
    """The latest version of each shot by the names that are there: those are taken, since none is overwritten."""
    found: dict[str, Past] = {}
    prefix = f"{campaign}_"
    for name in sorted(names):
        match = _NAME.match(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if match is None or (match["take"] is None) is not sketch:
            continue
        shot, version = match["shot"], int(match["version"])
        if shot not in found or found[shot].version < version:
            clip = _clip(folder / name)
            mark = clip[0] if clip is not None else ""
            found[shot] = Past(version=version, take=int(match["take"] or 1), fingerprint=mark)
    return found


def _clip(file: Path) -> tuple[str, NamedClip] | None:
    """What the provenance beside a clip says: the fingerprint, and the clip; None when it says nothing of use."""
    try:
        about = json.loads(file.with_suffix(".json").read_bytes())
        clip = NamedClip(
            file=file.name,
            digest=about["artifact"]["digest"],
            provider=about["provider"],
            cost=_cost(about.get("cost")),
        )
        return str(about["fingerprint"]), clip
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InvalidOperation, RecursionError):
        return None


def _cost(cost: Mapping[str, Any] | None) -> Money | None:
    return None if cost is None else Money(amount=Decimal(cost["amount"]), currency=str(cost["currency"]))

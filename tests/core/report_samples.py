"""Reports with a word of its own in each text, and amounts wherever money is."""

from dataclasses import fields
from typing import Any

from core_samples import usd

from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.plan.judgement import ReviewNote, ShotState
from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.report import Report, TakeRow

CLIP = Clip(digest="sha256:ab", size=1, width=16, height=9, seconds=6.0, frames=150, codec="avc1")


def row(shot: str = "open", **members: Any) -> TakeRow:
    """A take with a word of its own in each text, and amounts wherever money is."""
    texts = {field.name: f"word-{field.name}" for field in fields(TakeRow) if field.type in {"str", str}}
    plain: dict[str, Any] = {
        "take": 1, "version": 1, "action": Action.REUSE, "stage": Stage.STORED, "tags": ("word-tag",), "duration": 6,
        "clip": CLIP, "estimate": usd("0.27"), "quote": usd("0.28"), "cost": usd("0.29"),
        "remarks": ("word-remark",), "shared_with": ("word-shared",), "meta": (("word-column", "word-value"),),
        "review_notes": (ReviewNote(by="word-by", at="2026-11-26T10:00:00Z", text="word-note"),),
    }  # fmt: skip
    return TakeRow(**{**texts, **plain, "shot": shot, **members})


def report(*rows: TakeRow, **members: Any) -> Report:
    states = {each.shot: ShotState.WFA for each in rows}
    plain: dict[str, Any] = {
        "campaign": "word-campaign", "manifest": "word-manifest", "model": "word-model", "sketch": False, "rows": rows,
        "states": states, "spent": (usd("0.29"),), "to_spend": (usd("0.30"),), "meta": (("word-x", "word-y"),),
        "shot_notes": {"open": (ReviewNote(by="word-by", at="", text="word-note"),)},
    }  # fmt: skip
    return Report(**{**plain, **members})

"""Reports and plans as JSON by `schemas/report.schema.json`: stable names, `version` first, amounts as text."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal

from hailuo_batch.core.attempt.attempt import Clip
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.manifest.document import Cut, Duration, Sequence
from hailuo_batch.core.manifest.image_rights import ImageRights
from hailuo_batch.core.manifest.lengths import has_part_second, part_seconds
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.money import Money, PriceRow
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.judgement import ReviewNote
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Action, ClipSource, Step
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.providers.own_prices import UsedPrice
from hailuo_batch.core.signatures import hide_signatures
from hailuo_batch.views.failure_advice import failure_advice
from hailuo_batch.views.format import INVISIBLE

VERSION = 2  # 1 had all names in shared_with
_UNPRINTABLE = re.compile(f"[{INVISIBLE}]")  # json escapes those below a blank


def json_text(data: object, *, indent: int | None = None, ascii_only: bool = False) -> str:
    """Plain data as JSON that a terminal can show: what would move its cursor is written as an escape.

    Passwords and signatures of addresses are hidden, as in every view.

    >>> json_text({"prompt": "a\\x9b31m b"})
    '{"prompt": "a\\\\u009b31m b"}'
    """
    text = json.dumps(_hide_all(data), ensure_ascii=ascii_only, indent=indent)
    return _UNPRINTABLE.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _hide_all(data: object) -> object:
    """The data with `hide_signatures` in each text."""
    if isinstance(data, str):
        return hide_signatures(data)
    if isinstance(data, Mapping):
        return {name: _hide_all(value) for name, value in data.items()}
    return [_hide_all(value) for value in data] if isinstance(data, list | tuple) else data


def report_dict(report: Report) -> dict[str, object]:
    """A report as plain data."""
    return {
        "version": VERSION,
        "campaign": report.campaign,
        "manifest": report.manifest,
        "model": report.model,
        "sketch": report.sketch,
        "rehearsal": report.rehearsal,
        "summary": {
            "takes": report.takes,
            "clips": report.clips,
            "seconds": round(report.seconds, 3),
            "bought_seconds": round(report.lengths.bought, 3),
            "seconds_to_buy": round(report.lengths.to_buy, 3),
            "cut_seconds": None if report.lengths.edit is None else round(report.lengths.edit, 3),
            "bytes": report.bytes,
            "shots_not_looked_at": report.shots_outside,
            "omitted": list(report.omitted),
            "actions": {str(action): report.counts.get(action, 0) for action in Action},
            "kept": {str(source): report.kept.get(source, 0) for source in ClipSource},
            "spent": [money_dict(money) for money in report.spent],
            "estimated": [money_dict(money) for money in report.estimated],
            "takes_at_unknown_cost": report.unknown_cost,
            "to_spend": [money_dict(money) for money in report.to_spend],
            "most_to_spend": [money_dict(money) for money in report.most_to_spend],
            "clips_to_buy": report.clips_to_buy,
            "takes_at_unknown_price": report.unpriced,
            "takes_at_unknown_fallback_price": report.unpriced_fallbacks,
            "caps": [{"cap": each.description, "left": money_dict(each.left)} for each in report.caps_left],
            "dropped": [{"shot": each.shot, "renamed_to": each.renamed_to or None} for each in report.dropped],
            "over_cap": [{"take": take, "why": each.why, "remedy": each.remedy} for take, each in report.over_cap],
        },
        "gateways": [
            {
                "provider": each.route.gateway,
                "address": each.route.address,
                "key": each.route.variable,
                "trusted": each.is_trusted,
            }
            for each in report.destinations
        ],
        "prices": [_used_price_dict(each, report.now) for each in report.prices],
        "meta": dict(report.meta),
        "sequences": [_sequence_dict(each) for each in report.sequences],
        "states": {shot: str(state) for shot, state in report.states.items()},
        "shot_notes": {shot: list(map(_note_dict, notes)) for shot, notes in report.shot_notes.items()},
        "takes": [take_dict(row) for row in report.rows],
    }


def outcome_dict(outcome: Outcome, report: Report) -> dict[str, object]:
    """How a run went, as plain data: the member `run` of what `run --format json` prints."""
    return {
        "stored": outcome.stored,
        "rendered": outcome.rendered,
        "kept": {str(source): outcome.kept.get(source, 0) for source in ClipSource},
        "named": outcome.named,
        "stopped": outcome.stop_reason or None,
        "left_running": outcome.left_running,
        "elsewhere": [{"provider": who, "clips": clips, "why": why} for who, clips, why in outcome.other_providers],
        "seconds": round(outcome.seconds, 3),
        "remarks": [{"takes": [n._asdict() for n in step.take_names], "text": text} for step, text in outcome.remarks],
        "failed": [_failure_dict(step, failure, report) for step, failure in outcome.clip_failures],
        "stored_and_not_named": [_failure_dict(step, failure, report) for step, failure in outcome.naming_failures],
    }


def take_dict(row: TakeRow) -> dict[str, object]:
    """One take as plain data."""
    return {
        "shot": row.shot,
        "take": row.take,
        "shot_version": row.version,
        "action": str(row.action),
        "reason": row.why,
        "changed": list(row.changed),
        "changes": [change_dict(member) for member in row.changes],
        "chain": list(row.chain),
        "followers": list(row.followers),
        "follower_count": row.follower_count,
        "stage": str(row.stage) if row.stage else None,
        "prompt": row.prompt,
        "duration": duration_value(row.duration),
        "cut": _cut_dict(row.cut),
        "resolution": row.resolution,
        "sequence": row.sequence or None,
        "tags": list(row.tags),
        "notes": row.notes,
        "meta": dict(row.meta),
        "rights": [_rights_dict(each) for each in row.rights],
        "fingerprint": row.fingerprint or None,
        "file": row.file or None,
        "provider": row.provider or None,
        "source": str(row.source) if row.source else None,
        "task": row.task or None,
        "artifact": _clip_dict(row.clip),
        "estimate": money_dict(row.estimate),
        "quote": money_dict(row.quote),
        "cost": money_dict(row.cost),
        "shared_with": list(row.shared_with),
        "shared_count": row.shared_count,
        "same_clip_as": row.same_clip_as or None,
        "bought": row.is_bought,
        "left_out": row.is_left_out,
        "remarks": list(row.remarks),
        "measured": row.is_measured,
        "marks": [mark_dict(mark) for mark in row.marks],
        "selected": row.is_selected,
        "verdict": str(row.verdict) if row.verdict else None,
        "review_notes": list(map(_note_dict, row.review_notes)),
    }


def mark_dict(mark: Mark) -> dict[str, object]:
    """A mark as plain data."""
    return {
        "kind": str(mark.kind),
        "measure": round(mark.measure, 3),
        "limit": round(mark.limit, 3),
        "unit": mark.unit,
        "why": mark.why,
    }


def _note_dict(note: ReviewNote) -> dict[str, str]:
    return {"by": note.by, "at": note.at, "text": note.text}


def price_dict(row: PriceRow, now: float) -> dict[str, object]:
    """A price as plain data: what, whose word it is, since when, and whether it is old."""
    return {
        "resolution": row.resolution,
        "seconds": row.seconds,
        "amount": str(row.price.amount),
        "currency": row.price.currency,
        "read": row.read,
        "source": row.source,
        "origin": str(row.origin),
        "old": row.is_old(now),
    }


def _used_price_dict(used: UsedPrice, now: float) -> dict[str, object]:
    other = used.instead_of
    return {
        "provider": used.provider,
        **price_dict(used.row, now),
        "instead_of": None if other is None else price_dict(other, now),
    }


def _change_value(member: Member, value: object) -> object:
    """A value of a request as plain data."""
    return duration_value(value) if member.name == "duration" and isinstance(value, int | str) else value


def duration_value(duration: Duration) -> float | str:
    """A duration as plain data: a number of seconds, or the portable word."""
    return float(part_seconds(str(duration))) if has_part_second(duration) else duration


def _cut_dict(cut: Cut | None) -> dict[str, float] | None:
    return None if cut is None else {"in": _number(cut.start), "out": _number(cut.end), "seconds": _number(cut.seconds)}


def _number(seconds: Decimal) -> float:
    return int(seconds) if seconds == int(seconds) else float(seconds)


def _sequence_dict(sequence: Sequence) -> dict[str, object]:
    return {"id": sequence.id, "title": sequence.title, "notes": sequence.notes, "meta": dict(sequence.meta)}


def _rights_dict(rights: ImageRights) -> dict[str, str | None]:
    written = rights.rights
    return {
        "frame": rights.frame,
        "image": rights.image,
        "owner": written.owner or None,
        "licence": written.licence or None,
        "expires": written.expires or None,
    }


def change_dict(member: Member) -> dict[str, object]:
    """One member of a request as it was and as it is; a frame also by the name that it had and has."""
    return {
        "name": member.name,
        "before": _change_value(member, member.before),
        "now": _change_value(member, member.now),
        "label_before": member.label_before or None,
        "label": member.label or None,
    }


def money_dict(money: Money | None) -> dict[str, str] | None:
    """An amount as plain data; None stays None, for "not known" is not zero."""
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}


def _failure_dict(step: Step, failure: Failure, report: Report) -> dict[str, object]:
    return {
        "takes": [name._asdict() for name in step.take_names],
        "fingerprint": step.fingerprint,
        "kind": str(failure.kind),
        "why": failure.why,
        "remedy": failure_advice(failure, manifest=report.manifest, world=report.world),
    }


def _clip_dict(clip: Clip | None) -> dict[str, object] | None:
    if clip is None:
        return None
    return {
        "digest": clip.digest,
        "bytes": clip.size,
        "width": clip.width,
        "height": clip.height,
        "seconds": round(clip.seconds, 6),
        "frames": clip.frames,
        "codec": clip.codec,
    }

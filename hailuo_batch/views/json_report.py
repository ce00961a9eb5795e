"""Reports and plans as JSON by `schemas/report.schema.json`: stable names, `version` first, amounts as text."""

from hailuo_batch.core.attempt import Artifact
from hailuo_batch.core.plan import Action
from hailuo_batch.core.price import Money
from hailuo_batch.core.report import Report, TakeRow

VERSION = 1


def report_members(report: Report) -> dict[str, object]:
    """A report as plain data."""
    return {
        "version": VERSION,
        "campaign": report.campaign,
        "manifest": report.manifest,
        "model": report.model,
        "sketch": report.sketch,
        "summary": {
            "takes": report.takes,
            "clips": report.clips,
            "seconds": round(report.seconds, 3),
            "bytes": report.bytes,
            "shots_not_looked_at": report.outside,
            "actions": {str(action): report.counts.get(action, 0) for action in Action},
            "spent": [_money(money) for money in report.spent],
            "to_spend": [_money(money) for money in report.to_spend],
            "takes_at_unknown_price": report.unpriced,
        },
        "takes": [take_members(row) for row in report.rows],
    }


def take_members(row: TakeRow) -> dict[str, object]:
    """One take as plain data."""
    return {
        "shot": row.shot,
        "take": row.take,
        "shot_version": row.version,
        "action": str(row.action),
        "reason": row.why,
        "changed": list(row.changed),
        "stage": str(row.stage) if row.stage else None,
        "prompt": row.prompt,
        "duration": row.duration,
        "resolution": row.resolution,
        "tags": list(row.tags),
        "notes": row.notes,
        "fingerprint": row.fingerprint or None,
        "file": row.file or None,
        "provider": row.provider or None,
        "artifact": _artifact(row.artifact),
        "estimate": _money(row.estimate),
        "cost": _money(row.cost),
        "shared_with": list(row.shared_with),
        "remarks": list(row.remarks),
    }


def _artifact(artifact: Artifact | None) -> dict[str, object] | None:
    if artifact is None:
        return None
    return {
        "digest": artifact.digest,
        "bytes": artifact.size,
        "width": artifact.width,
        "height": artifact.height,
        "seconds": round(artifact.seconds, 6),
        "frames": artifact.frames,
        "codec": artifact.codec,
    }


def _money(money: Money | None) -> dict[str, str] | None:
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}

"""The evidence of a campaign as JSON by `schemas/evidence.schema.json`, and what a person reads about it."""

import json
from collections.abc import Mapping

from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.days import utc_time
from hailuo_batch.core.origin import OriginMarks, origin_members
from hailuo_batch.core.plan.evidence import Evidence, is_made_by_ai, oversight
from hailuo_batch.core.plan.judgement import Judgement
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.views.format import count, join_names, safe_text
from hailuo_batch.views.json_report import json_text, money_dict
from hailuo_batch.views.style import PLAIN, TextStyle

KIND = "hailuo-batch evidence"
_MAX_NAMED = 5


def evidence_text(evidence: Evidence) -> str:
    """The file's text."""
    return f"{json_text(evidence_dict(evidence), indent=2)}\n"


def draw_evidence(evidence: Evidence, *, file: str, style: TextStyle = PLAIN) -> str:
    """How many clips the file is about, and what they lack."""
    clips = len(evidence.clips)
    judged = sum(bool(oversight(row, evidence.shot_review(row.shot))) for row in evidence.clips)
    lines = [
        f"{style.good(count(clips, 'clip'))} of {safe_text(evidence.report.campaign)}, {judged} judged by a person."
    ]
    if unmarked := evidence.unmarked:
        names = join_names([f"{row.shot}#{row.take}" for row in unmarked[:_MAX_NAMED]], len(unmarked))
        lines.append(
            style.warning(f"No mark that AI made it is in the file of {count(len(unmarked), 'clip')}: {names}.")
        )
        lines.append("A copy that `export` makes has one; the clip itself keeps its bytes.")
    return "\n".join((*lines, f"Evidence: {safe_text(file)}"))


def evidence_dict(evidence: Evidence) -> dict[str, object]:
    """The evidence as plain data."""
    report = evidence.report
    return {
        "version": 1,
        "kind": KIND,
        "campaign": report.campaign,
        "manifest": {"file": report.manifest, "digest": evidence.manifest_digest},
        "world": str(report.world),
        "tool": evidence.tool,
        "written_at": evidence.written_at,
        "model": report.model,
        "spent": [money_dict(money) for money in report.spent],
        "estimated": [money_dict(money) for money in report.estimated],
        "clips": [_clip_dict(row, evidence) for row in evidence.clips],
        "omitted": [
            {"shot": shot, "by": each.omission.by, "at": each.omission.at, "why": each.omission.why}
            for shot, each in sorted((evidence.review.shots if evidence.review is not None else {}).items())
            if each.omission is not None
        ],
        "approved_plans": [
            {
                "file": each.file,
                "hash": each.approval.plan,
                "by": str(each.approval.by),
                "at": each.approval.at,
                "clips": each.approval.clips,
                "cost": [money_dict(money) for money in each.approval.cost],
                "signed": bool(each.approval.signature),
            }
            for each in evidence.plans
        ],
    }


def _clip_dict(row: TakeRow, evidence: Evidence) -> dict[str, object]:
    clip = row.clip
    assert clip is not None  # noqa: S101 - it is one of `clips`
    attempt = evidence.attempts.get(clip.digest)
    review = evidence.shot_review(row.shot)
    return {
        "shot": row.shot,
        "take": row.take,
        "shot_version": row.version,
        "file": row.file or None,
        "digest": clip.digest,
        "bytes": clip.size,
        "width": clip.width,
        "height": clip.height,
        "seconds": clip.seconds,
        "frames": clip.frames,
        "made_by_ai": is_made_by_ai(evidence.report.model, evidence.report.world),
        "provider": row.provider,
        "request": json.loads(attempt.preimage) if attempt is not None else None,
        "fingerprint": attempt.fingerprint if attempt is not None else row.fingerprint,
        "prompt": row.prompt,
        "sources": dict(evidence.sources.get(row.shot, {})),
        "rights": [
            {
                "frame": each.frame,
                "owner": each.rights.owner or None,
                "licence": each.rights.licence or None,
                "expires": each.rights.expires or None,
            }
            for each in row.rights
        ],
        "origin_marks": origin_members(evidence.marks.get(clip.digest, OriginMarks())),
        "selected": row.is_selected,
        "oversight": oversight(row, review) or None,
        "judgements": [_judgement_dict(each) for each in review.judgements if each.clip == clip.digest],
        "notes": [{"by": each.by, "at": each.at, "text": each.text} for each in row.review_notes],
        "remarks": list(row.remarks),
        **_attempt_members(row, attempt, evidence.events),
    }


def _judgement_dict(judged: Judgement) -> dict[str, object]:
    return {"verdict": str(judged.verdict), "by": judged.by, "at": judged.at, "why": judged.why}


def _attempt_members(
    row: TakeRow, attempt: AttemptRecord | None, events: Mapping[int, tuple[EventRecord, ...]]
) -> dict[str, object]:
    """What the ledger knows of how the clip came; where the ledger that bought it is gone, what the take knows."""
    known = row if attempt is None else attempt
    mine = events.get(attempt.id, ()) if attempt is not None else ()
    return {
        "task": known.task or None,
        "request_id": next((each.data["request_id"] for each in mine if "request_id" in each.data), None),
        "submitted_at": None if attempt is None else utc_time(attempt.intended_at),
        "stored_at": None if attempt is None else utc_time(attempt.changed_at),
        "estimate": money_dict(known.estimate),
        "quote": money_dict(known.quote),
        "cost": money_dict(known.cost),
        "events": [{"at": utc_time(each.at), "move": each.move, "stage": str(each.stage)} for each in mine],
    }

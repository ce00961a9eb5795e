"""One take's explanation as text and as JSON."""

import json

from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.explain import Explanation
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.views.costs import REHEARSAL_NOTE
from hailuo_batch.views.format import join_names, safe_text, shorten_digest, single_line
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.plan import MISSING_CLIP_HINT
from hailuo_batch.views.style import PLAIN, TextStyle


def draw_explanation(explanation: Explanation, style: TextStyle = PLAIN, *, rehearsal: bool = False) -> str:
    """What would happen and why, then the request member by member, with what each was before."""
    name = style.bold(safe_text(f"{explanation.shot}#{explanation.take}"))
    lines = [style.warning(REHEARSAL_NOTE)] if rehearsal else []
    lines += [f"{name} v{explanation.version:03d}: {explanation.action}, {single_line(explanation.reason)}.", ""]
    wide = max((len(member.name) for member in explanation.members), default=0)
    for member in explanation.members:
        lines += _member_lines(member, wide, style)
    if explanation.members:
        lines.append("")
    if explanation.fingerprint:
        lines.append(f"  fingerprint  {explanation.fingerprint}")
    if explanation.previous_fingerprint:
        lines.append(f"  it was       {explanation.previous_fingerprint}")
    if explanation.digest:
        lines.append(f"  clip         {explanation.digest}")
    if explanation.shared_with:
        lines.append(f"  one clip with {safe_text(join_names(explanation.shared_with, 0))}: same request")
    lines.append(f"  provider     {explanation.provider}, {_price(explanation)}")
    if explanation.reason.startswith(StepReason.LOCKED_ELSEWHERE):
        lines += ["", MISSING_CLIP_HINT]
    return "\n".join(lines)


def explanation_dict(explanation: Explanation, *, rehearsal: bool = False) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "rehearsal": rehearsal,
        "shot": explanation.shot,
        "take": explanation.take,
        "shot_version": explanation.version,
        "action": str(explanation.action),
        "reason": explanation.reason,
        "members": [
            {
                "name": member.name,
                "now": member.now,
                "before": member.before,
                "changed": member.changed,
                "label": member.label or None,
                "label_before": member.label_before or None,
            }
            for member in explanation.members
        ],
        "fingerprint": explanation.fingerprint or None,
        "before": explanation.previous_fingerprint or None,
        "preimage": explanation.preimage or None,
        "artifact": explanation.digest or None,
        "provider": explanation.provider,
        "estimate": money_dict(explanation.estimate),
        "shared_with": list(explanation.shared_with),
    }


def _member_lines(member: Member, wide: int, style: TextStyle) -> list[str]:
    name = f"{member.name:<{wide}}"
    if not member.changed:
        return [f"    {name}  {_labelled_text(member.label, member.now)}"]
    return [
        f"  {style.bad('-')} {name}  {_labelled_text(member.label_before, member.before)}",
        f"  {style.good('+')} {name}  {_labelled_text(member.label, member.now)}",
    ]


def _labelled_text(label: str, value: object) -> str:
    """A frame by the name that the manifest gives it, with the start of its digest."""
    digest = value.get("artifact") if isinstance(value, dict) else value
    if not label:
        return _value_text(value)
    return f"{safe_text(label)} ({shorten_digest(str(digest))})" if digest else safe_text(label)


def _price(explanation: Explanation) -> str:
    if explanation.estimate is not None:
        return str(explanation.estimate)
    return "free" if explanation.free else "price not known"


def _value_text(value: object) -> str:
    if value is None:
        return "(not there)"
    plain = isinstance(value, str) and len(value.splitlines()) < 2  # line breaks are shown as JSON shows them: \n
    return safe_text(str(value) if plain else json.dumps(value, ensure_ascii=False))

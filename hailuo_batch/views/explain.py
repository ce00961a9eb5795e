"""One take's explanation as text and as JSON."""

import json

from hailuo_batch.core.plan.explain import Explanation, Member
from hailuo_batch.core.plan.plan import Why
from hailuo_batch.views.format import on_one_line, safe
from hailuo_batch.views.json_report import money_members
from hailuo_batch.views.plan import BRING
from hailuo_batch.views.style import PLAIN, Ink


def draw_explanation(found: Explanation, ink: Ink = PLAIN) -> str:
    """What would happen and why, then the request member by member, with what each was before."""
    name = ink.bold(safe(f"{found.shot}#{found.take}"))
    lines = [f"{name} v{found.version:03d}: {found.action}, {on_one_line(found.reason)}.", ""]
    wide = max((len(member.name) for member in found.members), default=0)
    for member in found.members:
        lines += _member(member, wide, ink)
    if found.members:
        lines.append("")
    if found.fingerprint:
        lines.append(f"  fingerprint  {found.fingerprint}")
    if found.before:
        lines.append(f"  it was       {found.before}")
    if found.digest:
        lines.append(f"  clip         {found.digest}")
    if found.shared_with:
        lines.append(f"  one clip with {safe(', '.join(found.shared_with))}: they ask the same")
    lines.append(f"  provider     {found.provider}, {_price(found)}")
    if found.reason.startswith(Why.ELSEWHERE):
        lines += ["", BRING]
    return "\n".join(lines)


def explanation_members(found: Explanation) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "shot": found.shot,
        "take": found.take,
        "shot_version": found.version,
        "action": str(found.action),
        "reason": found.reason,
        "members": [{"name": m.name, "now": m.now, "before": m.before, "changed": m.changed} for m in found.members],
        "fingerprint": found.fingerprint or None,
        "before": found.before or None,
        "preimage": found.preimage or None,
        "artifact": found.digest or None,
        "provider": found.provider,
        "estimate": money_members(found.estimate),
        "shared_with": list(found.shared_with),
    }


def _member(member: Member, wide: int, ink: Ink) -> list[str]:
    name = f"{member.name:<{wide}}"
    if not member.changed:
        return [f"    {name}  {_shown(member.now)}"]
    return [
        f"  {ink.bad('-')} {name}  {_shown(member.before)}",
        f"  {ink.good('+')} {name}  {_shown(member.now)}",
    ]


def _price(found: Explanation) -> str:
    if found.estimate is not None:
        return str(found.estimate)
    return "free" if found.free else "price not known"


def _shown(value: object) -> str:
    if value is None:
        return "(not there)"
    plain = isinstance(value, str) and len(value.splitlines()) < 2  # line breaks are shown as JSON shows them: \n
    return safe(str(value) if plain else json.dumps(value, ensure_ascii=False))

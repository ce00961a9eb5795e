"""One take's explanation as text and as JSON."""

import json
from collections.abc import Iterator

from hailuo_batch.core.plan.chains import LinkPlace
from hailuo_batch.core.plan.compare_requests import Member
from hailuo_batch.core.plan.explain import ChainLink, Explanation
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.views.changes import FRAME_NAMES, member_name
from hailuo_batch.views.costs import REHEARSAL_NOTE
from hailuo_batch.views.format import join_names, safe_text, shorten_digest, shot_length, single_line
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.plan import MISSING_CLIP_HINT
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

_MEMBER_COLUMNS = (Column(gap=1), Column(), Column(fit=Fit.WRAP, least=16), Column(fit=Fit.WRAP, least=16))
_CHAIN_COLUMNS = (Column(gap=1), Column(fit=Fit.MIDDLE), Column(fit=Fit.WRAP, least=16), Column(fit=Fit.WRAP, least=16))
_PLAIN_WIDTH = 100  # where there is no terminal: old and new value of a long prompt stay beside each other
_MAX_LINKS = 10  # shots of a chain before and behind the explained one


def draw_explanation(explanation: Explanation, style: TextStyle = PLAIN, *, rehearsal: bool = False) -> str:
    """What would happen and why, the request beside what it was, the chain, and what can be rendered again."""
    name = style.bold(safe_text(f"{explanation.shot}#{explanation.take}"))
    lines = [style.warning(REHEARSAL_NOTE)] if rehearsal else []
    lines += [f"{name} v{explanation.version:03d}: {explanation.action}, {single_line(explanation.reason)}.", ""]
    if explanation.members:
        lines += [*_draw_members(explanation, style), ""]
    if not explanation.is_past_known:
        lines += ["What it was is not known here: the ledger does not have the earlier request.", ""]
    if explanation.fingerprint:
        lines.append(f"  fingerprint  {explanation.fingerprint}")
    if explanation.previous_fingerprint:
        lines.append(f"  it was       {explanation.previous_fingerprint}")
    if explanation.digest:
        lines.append(f"  clip         {explanation.digest}")
    if explanation.shared_with:
        lines.append(f"  one clip with {safe_text(join_names(explanation.shared_with, 0))}: same request")
    lines.append(f"  provider     {explanation.provider}, {_price(explanation)}")
    if explanation.chain:
        lines += ["", style.bold("Chain, each shot by its first take:"), *_draw_chain(explanation, style)]
    lines += [
        "",
        style.bold("Rendered again:"),
        *(f"  {note}" for note in repeat_notes(explanation, rehearsal=rehearsal)),
    ]
    if explanation.reason.startswith(StepReason.LOCKED_ELSEWHERE):
        lines += ["", MISSING_CLIP_HINT]
    return "\n".join(lines)


def repeat_notes(explanation: Explanation, *, rehearsal: bool) -> Iterator[str]:
    """What of a take is the same when it is rendered again, and by what its parts count."""
    if explanation.is_repeatable:
        yield "A sketch is drawn again bit for bit, by the same versions of this program, PyAV and Pillow."
    elif rehearsal:
        yield "A rehearsed take is another clip each time, as at the gateways."
    else:
        yield "A paid take is another clip each time, and is paid for again. No gateway of our tables takes a seed."
    if explanation.digest:
        yield "Its clip is kept by its digest. Any file with the same bytes stands for it."
    if explanation.has_shot_frames:
        yield (
            "A frame of another shot counts by the digest of that shot's clip, not by its pixels. Another clip there "
            "changes this request, even if both look the same."
        )
    if explanation.has_images:
        yield "An image counts by the digest of its bytes, not by its name."


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
        "chain": [
            {
                "shot": link.shot,
                "place": str(link.place),
                "action": str(link.action),
                "reason": link.reason,
                "starts_from": list(link.frames),
            }
            for link in explanation.chain
        ],
        "repeatable": explanation.is_repeatable,
        "notes": [*repeat_notes(explanation, rehearsal=rehearsal)],
    }


def _draw_members(explanation: Explanation, style: TextStyle) -> Iterator[str]:
    """What changed as it was and as it is, in columns; what did not change once."""
    rows: list[tuple[Cell, ...]] = []
    if any(member.changed for member in explanation.members):
        rows.append((Cell(""), Cell(""), Cell("as rendered", style.dim), Cell("now", style.dim)))
    for member in explanation.members:
        now = _member_text(member, member.label, member.now)
        if member.changed:
            before = _member_text(member, member.label_before, member.before)
            rows.append((Cell("~", style.warning), Cell(member_name(member.name)), Cell(before), Cell(now)))
        else:
            rows.append((Cell(""), Cell(member_name(member.name)), Cell(now)))
    return draw_table(rows, _MEMBER_COLUMNS, width=style.width or _PLAIN_WIDTH)


def _draw_chain(explanation: Explanation, style: TextStyle) -> Iterator[str]:
    """The shots of a chain from the first to the last; of a long one, those around the shot."""
    own = next(place for place, link in enumerate(explanation.chain) if link.place is LinkPlace.SELF)
    start, end = max(own - _MAX_LINKS, 0), own + _MAX_LINKS + 1
    rows = [_link_cells(link, style) for link in explanation.chain[start:end]]
    yield from draw_table(rows, _CHAIN_COLUMNS, width=style.width or _PLAIN_WIDTH)
    if more := len(explanation.chain) - len(rows):
        yield style.dim(f"  … and {more:,} more; --format json has them all")


def _link_cells(link: ChainLink, style: TextStyle) -> tuple[Cell, ...]:
    is_own = link.place is LinkPlace.SELF
    starts = f"starts from the {' and the '.join(link.frames)}" if link.frames else ""
    return (
        Cell("→" if is_own else ""),
        Cell(safe_text(link.shot), style.bold if is_own else str),
        Cell(single_line(f"{link.action}, {link.reason}")),
        Cell(safe_text(starts), style.dim),
    )


def _member_text(member: Member, label: str, value: object) -> str:
    """A value in one line; a frame by the name that the manifest gives it, with the start of its digest."""
    if member.name not in FRAME_NAMES:
        return shot_length(value) if member.name == "duration" and isinstance(value, int | str) else _value_text(value)
    digest = shorten_digest(str(value.get("artifact") if isinstance(value, dict) else value)) if value else ""
    if label:
        return f"{safe_text(label)} ({digest})" if digest else safe_text(label)
    if not digest:
        return _value_text(None)
    return f"{value.get('frame')} frame of clip {digest}" if isinstance(value, dict) else digest


def _price(explanation: Explanation) -> str:
    if explanation.estimate is not None:
        return str(explanation.estimate)
    return "free" if explanation.free else "price not known"


def _value_text(value: object) -> str:
    if value is None:
        return "(not there)"
    plain = isinstance(value, str) and len(value.splitlines()) < 2  # line breaks are shown as JSON shows them: \n
    return safe_text(str(value) if plain else json.dumps(value, ensure_ascii=False))

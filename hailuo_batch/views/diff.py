"""What changed between two revisions, as text for a terminal and as JSON."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.shot_changes import Change, ClipSum, ListChanges, ShotChange
from hailuo_batch.core.plan.shot_stills import StillPair
from hailuo_batch.values import dataclass
from hailuo_batch.views.diff_phrases import (
    chain_words,
    change_words,
    field_texts,
    headline,
    row_cost,
    still_label,
    sum_lines,
)
from hailuo_batch.views.fit import measure_text
from hailuo_batch.views.format import safe_text, single_line
from hailuo_batch.views.json_report import money_dict
from hailuo_batch.views.style import PLAIN, TextStyle
from hailuo_batch.views.table import Cell, Column, Fit, draw_table

MAX_SHOTS = 200  # of one manifest, as text
_USUAL_WIDTH = 120
_LEAST_ROOM = 24  # cells for what changed
_COLUMNS = (Column(fit=Fit.MIDDLE), Column(least=7), Column(fit=Fit.WRAP, least=24), Column(right=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffSection:
    """One manifest of a comparison; `was` is its name before, where it was renamed. `stills` are by shot."""

    name: str
    was: str = ""
    changes: ListChanges
    notes: tuple[str, ...] = ()
    stills: Mapping[str, tuple[StillPair, ...]] = field(default_factory=dict)


def draw_diff(
    sections: Sequence[DiffSection], *, before: str, after: str, commands: Sequence[str] = (), style: TextStyle = PLAIN
) -> str:
    """The headline, a table for each manifest with its sums, and what to run next."""
    changed = [each.changes for each in sections]
    lines = [f"{style.bold(single_line(headline(changed)))}.", f"{safe_text(before)} → {safe_text(after)}"]
    for section in sections:
        lines += ["", *_draw_section(section, style)]
    if commands and any(each.new.clips for each in changed):
        lines += ["", "To see what a run would buy, by your ledger:", *(f"    {command}" for command in commands)]
    return "\n".join(lines)


def diff_dict(sections: Sequence[DiffSection], *, before: str, after: str) -> dict[str, object]:
    """The same as plain data, with every value whole."""
    return {
        "version": 1,
        "before": before,
        "after": after,
        "headline": headline(each.changes for each in sections),
        "manifests": [
            {
                "manifest": section.name,
                "was": section.was or None,
                "counts": {str(kind): section.changes.count(kind) for kind in Change},
                "before": _sum_dict(section.changes.before),
                "after": _sum_dict(section.changes.after),
                "new": _sum_dict(section.changes.new),
                "shots": [_change_dict(each, section.stills.get(each.shot, ())) for each in section.changes.changes],
                "notes": list(section.notes),
            }
            for section in sections
        ],
    }


def _draw_section(section: DiffSection, style: TextStyle) -> Iterator[str]:
    was = f" (was {safe_text(section.was)})" if section.was else ""
    yield f"{style.bold(safe_text(section.name))}{was}"
    shown = section.changes.changes[:MAX_SHOTS]
    room = _find_room(shown, style.width or _USUAL_WIDTH)
    rows = [row for each in shown for row in _change_rows(each, style, room)]
    yield from draw_table(rows, _COLUMNS, width=style.width)
    if hidden := len(section.changes.changes) - len(shown):
        yield f"  … and {hidden:,} more, which --format json has."
    if rows:
        yield ""
    yield from _draw_stills({each.shot: section.stills[each.shot] for each in shown if each.shot in section.stills})
    yield from (f"  {single_line(line)}" for line in sum_lines(section.changes))
    yield from (f"  {style.warning('note')} {safe_text(note)}" for note in section.notes)


def _draw_stills(stills: Mapping[str, Sequence[StillPair]]) -> Iterator[str]:
    """Each address whole and on a line of its own, so that it can be opened."""
    for shot, pairs in stills.items():
        for pair in pairs:
            yield f"  {safe_text(shot)}, {still_label(pair)}:"
            yield from (f"    {safe_text(address)}" for address in (pair.before, pair.after) if address)
    if stills:
        yield ""


def _find_room(changes: Sequence[ShotChange], width: int) -> int:
    """How many cells are left for what changed, beside the other columns and the gaps between them."""
    costs, words, shots = (
        max((measure_text(text) for text in texts), default=0)
        for texts in (
            [row_cost(each.new) for each in changes],
            [change_words(each.change, each.was) for each in changes],
            [each.shot for each in changes],
        )
    )
    return max(width - 8 - costs - words - shots, _LEAST_ROOM)


def _change_rows(change: ShotChange, style: TextStyle, room: int) -> Iterator[tuple[Cell, ...]]:
    paint = {Change.ADDED: style.good, Change.REMOVED: style.bad}.get(change.change, str)
    words = list(_reasons(change, room))
    cost = single_line(row_cost(change.new))
    head = Cell(safe_text(change.shot), paint), Cell(change_words(change.change, safe_text(change.was)), paint)
    yield (*head, Cell(words[0] if words else ""), Cell(cost))
    yield from ((Cell(""), Cell(""), Cell(each), Cell("")) for each in words[1:])


def _reasons(change: ShotChange, room: int) -> Iterator[str]:
    """Each of them on a line of its own: the shots that it follows, and its fields with old and new value."""
    if change.chain:
        yield safe_text(chain_words(change.chain))
    for changed in change.fields:
        name = safe_text(changed.name)
        old, new = field_texts(changed, max(room - measure_text(name) - 2, _LEAST_ROOM // 2))
        if measure_text(f"{name}: {old} → {new}") <= room:
            yield f"{name}: {old} → {new}"
        else:  # one below the other, so that what differs can be compared
            yield from (f"{name}: {old}", f"{'→':>{measure_text(name) + 1}} {new}")


def _change_dict(change: ShotChange, stills: Sequence[StillPair]) -> dict[str, object]:
    return {
        "shot": change.shot,
        "was": change.was or None,
        "change": str(change.change),
        "fields": [
            {"name": each.name, "before": safe_text(each.before), "after": safe_text(each.after)}
            for each in change.fields
        ],
        "follows": list(change.chain),
        "new": _sum_dict(change.new),
        "stills": [{"part": each.part, "before": each.before or None, "after": each.after or None} for each in stills],
    }


def _sum_dict(total: ClipSum) -> dict[str, object]:
    return {"clips": total.clips, "cost": [*map(_money, total.cost)], "unpriced": total.unpriced}


def _money(money: Money) -> object:
    return money_dict(money)

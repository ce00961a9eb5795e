"""What changed between two revisions, as the comment of a pull request.

What users wrote is code in it, with every mark written as a number: it makes no markup, mentions nobody and links to
nothing. A hidden first line lets a CI step find its one comment and update it.
"""

import re
from collections.abc import Iterator, Sequence

from hailuo_batch.core.plan.shot_changes import ShotChange
from hailuo_batch.core.plan.shot_stills import StillPair
from hailuo_batch.views.diff import DiffSection
from hailuo_batch.views.diff_phrases import (
    chain_words,
    change_words,
    field_texts,
    headline,
    row_cost,
    still_label,
    still_name,
    sum_lines,
)
from hailuo_batch.views.fit import cut_end
from hailuo_batch.views.format import single_line

MARKER = "<!-- hailuo-batch diff -->"
MAX_LENGTH = 60_000  # GitHub's limit is 65,536, and a CI step may add some words
OPEN_ROWS = 20  # of a manifest; the others are folded
_ROOM = 160  # cells for a value
_SPACE_FOR_END = 400
_BEFORE_UNIT = re.compile(r"(?<=[0-9]) ")  # an amount is not broken
_LONG = 60  # cells of both values, from which on the new one begins a line
_STILL_WIDTH = 160  # pixels; two fit beside each other in a comment
_NO_MARKUP = str.maketrans({mark: f"&#{ord(mark)};" for mark in "\\`*_{}[]<>|#~&:@.$!\"'"})
_HEAD = ("| shot | change | what |", "|---|---|---|")  # three fit on a phone


def draw_diff_comment(sections: Sequence[DiffSection], *, before: str, after: str) -> str:
    """The whole comment; rows for which there is no room are counted."""
    lines = [
        MARKER,
        f"### {_escape(headline(each.changes for each in sections))}",
        "",
        f"{_code(before)} → {_code(after)}",
    ]
    left = MAX_LENGTH - sum(map(len, lines)) - _SPACE_FOR_END
    for place, section in enumerate(sections):
        drawn = _draw_section(section, left)
        left -= sum(len(line) + 1 for line in drawn)
        if left < 0:
            lines += ["", f"… and {len(sections) - place:,} more manifests, for which there is no room here."]
            break
        lines += drawn
    return "\n".join((*lines, ""))


def _draw_section(section: DiffSection, room: int) -> list[str]:
    was = f" (was {_code(section.was)})" if section.was else ""
    tail = [
        "",
        *(f"- {_escape(line)}" for line in sum_lines(section.changes)),
        *(f"\n> {_escape(note)}" for note in section.notes),
    ]
    lines = ["", f"#### {_code(section.name)}{was}", ""]
    rows, left = [], room - sum(len(line) + 1 for line in (*lines, *tail)) - 2 * sum(map(len, _HEAD)) - 200
    for change in section.changes.changes:
        row = _table_row(change, section.stills.get(change.shot, ()))
        left -= len(row) + 1
        if left < 0:
            break
        rows.append(row)
    hidden = len(section.changes.changes) - len(rows)
    return [
        *lines,
        *_fold_rows(rows),
        *([f"\n… and {hidden:,} more shots, for which there is no room here."] if hidden else []),
        *tail,
    ]


def _fold_rows(rows: Sequence[str]) -> Iterator[str]:
    """The first rows as a table, and the others in one that is opened by a click."""
    if rows:
        yield from (*_HEAD, *rows[:OPEN_ROWS])
    if more := rows[OPEN_ROWS:]:
        yield from ("", f"<details><summary>{len(more):,} more shots</summary>", "", *_HEAD, *more, "", "</details>")


def _table_row(change: ShotChange, stills: Sequence[StillPair]) -> str:
    word = change_words(change.change, "") if not change.was else f"was {_code(change.was)}"
    reasons = "<br>".join((*_list_reasons(change), *map(_still_pair, stills)))
    cost = _BEFORE_UNIT.sub("&nbsp;", _escape(row_cost(change.new)))
    return f"| {_code(change.shot)} | {'<br>'.join(filter(None, (word, cost)))} | {reasons} |"


def _list_reasons(change: ShotChange) -> Iterator[str]:
    if change.chain:
        yield _code(chain_words(change.chain))
    for changed in change.fields:
        old, new = field_texts(changed, _ROOM)
        is_long = len(old) + len(new) > _LONG
        yield f"{_code(changed.name)}: {_code(old)}{'<br>' if is_long else ' '}→ {_code(new)}"


def _still_pair(pair: StillPair) -> str:
    images = [
        f'<img src="{_escape(address)}" width="{_STILL_WIDTH}" alt="{still_name(pair)} {when}">'
        for when, address in (("before", pair.before), ("after", pair.after))
        if address
    ]
    return f"{still_label(pair)}:<br>{' → '.join(images)}"


def _code(words: str) -> str:
    return f"<code>{_escape(cut_end(single_line(words), 2 * _ROOM))}</code>"


def _escape(words: str) -> str:
    """Words that Markdown and HTML leave as they are; each mark is replaced once, also the & of what replaces one."""
    return single_line(words).translate(_NO_MARKUP)

"""A shot's cut, its rights and the user's own columns in words."""

from collections.abc import Iterator

from hailuo_batch.core.manifest.document import Cut, Rights
from hailuo_batch.core.manifest.lengths import seconds_text
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.format import shot_length
from hailuo_batch.views.json_report import json_text
from hailuo_batch.views.nothing_to_do import edit_length, edit_phrase


def requested_length(row: TakeRow) -> str:
    """What is bought, and the cut where there is one; a sketch is as long as its cut."""
    length = shot_length(row.duration)
    cut = f"{seconds_text(row.cut.seconds)} s" if row.cut is not None else length
    return length if cut == length else f"{length} (cut {cut})"


def column_lines(row: TakeRow) -> Iterator[tuple[str, str]]:
    """Names and values: where the cut starts and ends, the rights, and the user's own columns in their order."""
    if row.cut is not None:
        yield "cut", cut_text(row.cut)
    for each in row.rights:
        yield f"rights of the {each.frame} frame", rights_text(each.rights)
    for name, value in row.meta:
        yield name, value_text(value)


def cut_text(cut: Cut) -> str:
    """Where the edit starts and ends in the clip, and how long it is."""
    start, end, length = map(seconds_text, (cut.start, cut.end, cut.seconds))
    return f"{start} s to {end} s, {length} s in the edit"


def rights_text(rights: Rights) -> str:
    """Who owns an image, under which licence, until when."""
    until = f"until {rights.expires}" if rights.expires else ""
    return ", ".join(part for part in (rights.owner, rights.licence, until) if part)


def value_text(value: object) -> str:
    """A value as it is written, in one line.

    >>> value_text("It floats."), value_text(["a", 2]), value_text(True), value_text(None), value_text({"a": [1]})
    ('It floats.', 'a, 2', 'true', '', '{"a": [1]}')
    """
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        return ", ".join(map(value_text, value))
    if value is None or isinstance(value, str):
        return value or ""
    return json_text(value)


def lengths_sentence(report: Report) -> str:
    """What a plan buys and what the edit uses, in seconds; "" where no shot has a cut."""
    lengths = report.lengths
    if lengths.edit is None:
        return ""
    to_buy = f"{edit_length(lengths.to_buy)} to {'draw' if report.sketch else 'buy'}"
    whole = f"{edit_length(lengths.bought)} in all"
    parts = [to_buy] * bool(lengths.to_buy) + [whole] * (lengths.to_buy != lengths.bought)
    return f" Length: {', '.join((*parts, edit_phrase(lengths.edit)))}."

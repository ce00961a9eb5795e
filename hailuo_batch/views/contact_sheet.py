"""A report as an HTML page: a poster for each take, its clip to play, its prompt to read. No script, no network.

Everything users write is escaped; the page's own policy lets it load pictures and clips from beside it only.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from hailuo_batch.core.plan.plan import Action
from hailuo_batch.core.plan.render_names import poster_name
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.views.cost_phrases import spending_text
from hailuo_batch.views.format import (
    count,
    format_duration,
    format_seconds,
    format_size,
    join_names,
    safe_lines,
)
from hailuo_batch.views.nothing_to_do import edit_phrase
from hailuo_batch.views.own_columns import column_lines, requested_length, value_text
from hailuo_batch.views.plan import state_totals
from hailuo_batch.views.plan_lines import reason_text
from hailuo_batch.views.style import PLAIN
from hailuo_batch.views.unfetched import next_steps, task_location

TEMPLATES = Path(__file__).parent / "templates"


def draw_contact_sheet(report: Report, *, folder: Path, page: Path) -> str:
    """The page's text; clips in `folder` are linked as seen from the place of `page`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_safe_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    base = _relative_url(folder, page)
    cards = [_card(row, folder, base) for row in report.rows]
    return environment.get_template("contact_sheet.html").render(
        report=report,
        cards=cards,
        sums=state_totals(report, PLAIN),
        length=format_duration(report.seconds),
        edit=edit_phrase(report.lengths.edit),
        columns=[(name, value_text(value)) for name, value in report.meta],
        size=format_size(report.bytes),
        clips=count(report.clips, "clip"),
        takes=count(report.takes, "take"),
        spent=spending_text(report),
        todo=next_steps(report),
    )


def _safe_value(value: object) -> object:
    """Text without what would turn a page's text around; jinja escapes it after this."""
    return safe_lines(value) if type(value) is str else value


def _relative_url(folder: Path, page: Path) -> str:
    """The relative address from the page to the clips' folder, ending in a slash; "" when they share it."""
    way = os.path.relpath(folder.resolve(), page.resolve().parent)
    return "" if way == "." else f"{_quote_path(Path(way).as_posix())}/"


def _quote_path(path: str) -> str:
    """A path as part of an address; names need not be UTF-8, and their bytes stay what they are."""
    return quote(os.fsencode(path))


def _card(row: TakeRow, folder: Path, base: str) -> Mapping[str, object]:
    clip = row.clip
    there = row.action is Action.REUSE and clip is not None
    poster = poster_name(clip.digest) if clip is not None else ""
    return {
        "row": row,
        "shared": join_names(row.shared_with, row.shared_count),
        "name": f"{row.shot}#{row.take}",
        "asked": f"{requested_length(row)}, {row.resolution}",
        "columns": list(column_lines(row)),
        "why": reason_text(row),
        "whom": task_location(row),
        "clip": base + _quote_path(row.file) if there else "",
        "poster": base + _quote_path(poster) if there and (folder / poster).exists() else "",
        "facts": f"{clip.width} × {clip.height}, {format_seconds(clip.seconds)}, {format_size(clip.size)}"
        if clip is not None
        else "",
        "width": clip.width if clip is not None else 16,
        "height": clip.height if clip is not None else 9,
    }

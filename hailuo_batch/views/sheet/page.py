"""A sheet as one HTML page: style, icons and script are in it, and its own policy closes the network.

Everything users write is escaped. The policy names the style and the script by their hashes, so that no other runs.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from hailuo_batch.views.format import safe_lines
from hailuo_batch.views.sheet.camera_icons import CAMERA_ICONS, icon_id
from hailuo_batch.views.sheet.values import Shape, Sheet, SheetShot, SheetTake

_HEROES = 3  # posters that fit beside each other on the cover
TEMPLATES = Path(__file__).parent.parent / "templates"


def draw_sheet(sheet: Sheet, *, is_embedded: bool = False) -> str:
    """The page's text. An embedded page has its stills and clips in itself, and needs no file beside it."""
    shots = [shot for section in sheet.sections for shot in section.shots]
    values = {
        "sheet": sheet,
        "heroes": _heroes(shots),
        "single": all(shot.cells <= 1 for shot in shots),
        "care": sum(shot.needs_care for shot in shots),
        "sequences": [(section.id, section.title) for section in sheet.sections if section.id],
    }
    return draw_page("sheet.html", values, style="sheet.css", script="sheet.js", is_embedded=is_embedded)


def _heroes(shots: Sequence[SheetShot]) -> list[SheetTake]:
    """The posters of the printed cover: of selected takes where there are some, from all parts of the campaign."""
    takes = [take for shot in shots for take in shot.takes if take.poster and take.shape is Shape.WIDE]
    chosen = [take for take in takes if take.is_selected] or takes
    step = max(1, -(-len(chosen) // _HEROES))
    return chosen[::step]


def draw_page(template: str, values: Mapping[str, object], *, style: str, script: str, is_embedded: bool) -> str:
    """A page of the sheet's family: its template, with its style and its script in it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        finalize=_safe_value,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    styles, scripts = read_template(style), read_template(script)
    return environment.get_template(template).render(
        **values,
        style=styles,
        script=scripts,
        drawings=CAMERA_ICONS,
        icon_id=icon_id,
        policy=page_policy(styles, scripts, is_embedded=is_embedded),
    )


def read_template(name: str) -> str:
    """A file of the page, as it stands between its tags."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def page_policy(style: str, script: str, *, is_embedded: bool) -> str:
    """What the page may load: files beside it or in it, one style and one script."""
    files = "data:" if is_embedded else "'self' file:"
    return (
        f"default-src 'none'; img-src {files}; media-src {files}; style-src {_source(style)}; "
        f"script-src {_source(script)}; base-uri 'none'; form-action 'none'"
    )


def _source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _safe_value(value: object) -> object:
    """Text without what would turn a page's text around; jinja escapes it after this."""
    return safe_lines(value) if type(value) is str else value

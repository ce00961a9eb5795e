"""The campaign's report, and its page: posters drawn once, clips linked, everything in one folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.pages.sheet_page import SheetOptions, write_sheet_page
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.row_order import sort_by_marks
from hailuo_batch.core.world import World


async def report(
    file: Path | str, *, world: World = World.REAL, page: Path | None = None, only: Sequence[str] = ()
) -> tuple[Report, Path]:
    """Writes the report as an HTML page and says where; by default beside the clips, `renders/<campaign>.html`.

    `only` picks takes as in `plan`. The page is the contact sheet, and needs no network. Its stills are in
    `renders/posters`, drawn once for each clip.
    """
    planned, target = await write_report(file, world=world, page=page, only=only)
    return planned.report, target


async def write_report(
    file: Path | str, *, world: World, page: Path | None, only: Sequence[str] = (), sort_marks: bool = False
) -> tuple[PlannedRun, Path]:
    """The same, with the whole plan; with `sort_marks`, the report has the takes with most marks first.

    The page has the order of the manifest, and its reader may sort it.
    """
    written = await write_sheet_page(file, world=world, page=page, options=SheetOptions(only=tuple(only)))
    planned = written.planned
    return replace(planned, report=sort_by_marks(planned.report)) if sort_marks else planned, written.page

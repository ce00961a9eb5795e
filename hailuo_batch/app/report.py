"""The campaign's report as a page: posters drawn once, clips linked, everything in one folder."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

from hailuo_batch.app.inspect import read_report
from hailuo_batch.app.measuring import measure_missing
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.row_order import sort_by_marks
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError, RefusedError, StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import UnsafeFileError, open_regular
from hailuo_batch.load.settings import make_folder
from hailuo_batch.views.contact_sheet import draw_contact_sheet


async def report(
    file: Path | str, *, world: World = World.REAL, page: Path | None = None, only: Sequence[str] = ()
) -> tuple[Report, Path]:
    """Writes the report as an HTML page and says where; by default beside the clips, `renders/<campaign>.html`.

    `only` picks takes as in `plan`. The page needs no network and no script. Posters stand in `renders/posters`, drawn
    once for each clip.
    """
    planned, target = await write_report(file, world=world, page=page, only=only)
    return planned.report, target


async def write_report(
    file: Path | str, *, world: World, page: Path | None, only: Sequence[str] = (), sort_marks: bool = False
) -> tuple[PlannedRun, Path]:
    """The same, with the whole plan; with `sort_marks`, the takes with most marks come first."""
    planned = await read_report(file, world=world, only=only)
    workspace = planned.validation.workspace
    folder = workspace.renders_folder
    kind = "_sketch" if planned.validation.sketch else ""
    target = page or folder / f"{planned.plan.campaign}{kind}.html"
    workspace.require_own_files(writing=True)
    _require_own_page(target)
    _make_page_folder(workspace, target, planned)
    planned = await measure_missing(planned)
    if sort_marks:
        planned = replace(planned, report=sort_by_marks(planned.report))
    try:
        write_beside(target, draw_contact_sheet(planned.report, folder=folder, page=target).encode())
    except OSError as error:
        raise _unwritable_error(target, planned, f"The system says: {error.strerror}.") from None
    return planned, target


def _require_own_page(target: Path) -> None:
    """Raises unless a page of ours may be put there."""
    if target.suffix.lower() not in {".html", ".htm"}:
        raise InputError(f"{target} is not a page", why="A report ends in .html.")
    try:
        with open_regular(target) as file:
            mine = b'name="generator" content="hailuo-batch"' in file.read(2000)
    except (FileNotFoundError, NotADirectoryError):
        return
    except IsADirectoryError:
        raise InputError(f"{target} is a folder", remedy="Name a file that ends in .html.") from None
    except UnsafeFileError as error:
        raise InputError(f"{target} {error.reason}", remedy="Name another file that ends in .html.") from None
    except OSError as error:
        raise InputError(f"cannot read {target}", why=f"The system says: {error.strerror}.") from None
    if not mine:
        raise RefusedError(f"{target} is not a report of ours", why="It was not changed.", remedy="Name another file.")


def _make_page_folder(workspace: Workspace, target: Path, planned: PlannedRun) -> None:
    if target.parent != workspace.renders_folder or os.path.lexists(target.parent):
        make_folder(target.parent)
        return
    try:
        if workspace.world is World.REHEARSAL:
            workspace.create()  # its renders are below the project's own folder, which is private from the first moment
        workspace.open_renders().make()
    except StoreError as error:
        raise _unwritable_error(target, planned, error.why) from None


def _unwritable_error(target: Path, planned: PlannedRun, why: str) -> InputError:
    """Who may only read the campaign can have the page elsewhere, or no page."""
    manifest, world = planned.validation.name, planned.validation.world
    elsewhere = command_line("report", "--out", str(Path(gettempdir()) / target.name), manifest=manifest, world=world)
    without = command_line("report", "--format", "json", manifest=manifest, world=world)
    return InputError(
        f"cannot write {target}",
        why=why,
        remedy=f"To write the page elsewhere, or to write none:\n    {elsewhere}\n    {without}",
    )

"""Where a page may be put: never over a file that is not ours, and never through a link."""

import os
from pathlib import Path
from tempfile import gettempdir

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError, RefusedError, StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.files.regular import UnsafeFileError, open_regular
from hailuo_batch.load.settings import make_folder

_MARK = b'name="generator" content="hailuo-batch"'


def require_own_page(target: Path) -> None:
    """Raises unless a page of ours may be put there."""
    if target.suffix.lower() not in {".html", ".htm"}:
        raise InputError(f"{target} is not a page", why="A page ends in .html.")
    try:
        with open_regular(target) as file:
            mine = _MARK in file.read(2000)
    except (FileNotFoundError, NotADirectoryError):
        return
    except IsADirectoryError:
        raise InputError(f"{target} is a folder", remedy="Name a file that ends in .html.") from None
    except UnsafeFileError as error:
        raise InputError(f"{target} {error.reason}", remedy="Name another file that ends in .html.") from None
    except OSError as error:
        raise InputError(f"cannot read {target}", why=f"The system says: {error.strerror}.") from None
    if not mine:
        raise RefusedError(f"{target} is not a page of ours", why="It was not changed.", remedy="Name another file.")


def make_page_folder(target: Path, planned: PlannedRun) -> None:
    """Makes the folder that the page is put in."""
    workspace = planned.validation.workspace
    if target.parent != workspace.renders_folder or os.path.lexists(target.parent):
        make_folder(target.parent)
        return
    try:
        if workspace.world is World.REHEARSAL:
            workspace.create()  # its renders are below the project's own folder, which is private from the first moment
        workspace.open_renders().make()
    except StoreError as error:
        raise _unwritable_error(target, planned, error.why) from None


def write_page(target: Path, text: str, planned: PlannedRun) -> None:
    """The page in its place, whole or not at all."""
    try:
        write_beside(target, text.encode())
    except OSError as error:
        raise _unwritable_error(target, planned, f"The system says: {error.strerror}.") from None


def _unwritable_error(target: Path, planned: PlannedRun, why: str) -> InputError:
    """Who may only read the campaign can have the page elsewhere, or no page."""
    manifest, world = planned.validation.name, planned.validation.world
    elsewhere = command_line("sheet", "--out", str(Path(gettempdir()) / target.name), manifest=manifest, world=world)
    without = command_line("report", "--format", "json", manifest=manifest, world=world)
    return InputError(
        f"cannot write {target}",
        why=why,
        remedy=f"To write the page elsewhere, or to write none:\n    {elsewhere}\n    {without}",
    )

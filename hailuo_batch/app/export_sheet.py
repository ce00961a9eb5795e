"""The shots of a manifest as a spreadsheet, which an import takes back without a change."""

import os
from pathlib import Path

from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.planning.validate import read_draft
from hailuo_batch.core.sheet.export import make_output_table
from hailuo_batch.core.sheet.shot_rows import make_shot_rows
from hailuo_batch.core.world import World
from hailuo_batch.errors import RefusedError, StoreError
from hailuo_batch.files.folder import write_beside
from hailuo_batch.load.settings import make_folder
from hailuo_batch.load.sheets.sheet_files import SheetKind, format_table


async def export_sheet(file: Path | str, kind: SheetKind) -> bytes:
    """One row for each shot, in the order of the edit. Raises `ManifestError` when the manifest has errors."""
    draft = read_draft(Path(file), world=World.SKETCH)
    if draft.has_errors or draft.manifest is None:
        raise ManifestError(draft.sources.locate_problems(draft.problems))
    table = make_output_table(make_shot_rows(draft.manifest, draft.shots))
    return format_table(table, kind, title=draft.manifest.campaign)


async def write_sheet(file: Path | str, kind: SheetKind, out: Path, *, force: bool) -> None:
    """The same, as a file."""
    data = await export_sheet(file, kind)
    if os.path.lexists(out) and not force:
        why, remedy = "Nothing was written.", "Name another file, or add --force."
        raise RefusedError(f"{out} is there already", why=why, remedy=remedy)
    make_folder(out.parent)
    try:
        write_beside(out, data)
    except OSError as error:
        raise StoreError(f"cannot write {out}", why=f"The system says: {error.strerror}.") from None

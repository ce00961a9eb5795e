"""hailuo-batch export"""

from pathlib import Path

import click

from hailuo_batch.app.export_sheet import export_sheet, write_sheet
from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_raw, print_text, shorten_path
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.world import command_line
from hailuo_batch.load.sheets.sheet_files import SheetKind, sheet_kind
from hailuo_batch.views.format import safe_text


@click.command("export")
@options.manifest
@click.option(
    "--format",
    "kind_name",
    type=click.Choice([str(kind) for kind in SheetKind]),
    help="Which kind of table (default: by the name of the file, else csv).",
)
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="The file (default: stdout).")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def command(manifest: Path, *, kind_name: str | None, out: Path | None, force: bool) -> None:
    """Write the shots of MANIFEST as a table, one row each, with the cells of a matrix as rows of their own.

    Cells hold what the manifest holds, with ${names} as they are. Imported again, the table changes nothing.
    A text that a spreadsheet would compute has an apostrophe before it, which the import takes away.
    """
    kind = SheetKind(kind_name) if kind_name else sheet_kind(out) if out else SheetKind.CSV
    if out is None:
        if kind is SheetKind.XLSX:
            raise click.UsageError("an Excel file needs a name, such as -o film.xlsx.")
        print_raw(run_sync(export_sheet(manifest, kind)).decode("utf-8-sig"))
        return
    run_sync(write_sheet(manifest, kind, out, force=force))
    words = safe_text(command_line("import", str(out), "--into", str(manifest)))
    print_text(f"Written: {safe_text(shorten_path(out))}\nTo take changes back:\n    {words}")

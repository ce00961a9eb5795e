"""hailuo-batch import"""

import sys
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from hailuo_batch.app.import_sheet import ImportOptions, import_sheet
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.errors import Exit


def _parse_map(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> Mapping[str, str]:
    mapped = {}
    for each in given:
        name, mark, key = each.rpartition("=")
        if not mark or not name.strip():
            raise click.BadParameter(f'"{each}" is not NAME=KEY, such as "Szene=sequence".')
        mapped[name.strip()] = key.strip()
    return mapped


def _parse_fps(_: click.Context, __: click.Parameter, given: str) -> Decimal:
    try:
        fps = Decimal(given)
    except InvalidOperation:
        fps = Decimal(0)
    if not fps.is_finite() or not 0 < fps <= 1000:
        raise click.BadParameter(f'"{given}" is not a number of frames per second.')
    return fps


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--into", metavar="MANIFEST", type=click.Path(path_type=Path), help="Update this manifest.")
@click.option("-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write a new manifest here.")
@click.option("--campaign", metavar="NAME", default="", help="The new campaign's name (default: the file's).")
@click.option(
    "--map",
    "mapped",
    metavar="NAME=KEY",
    multiple=True,
    callback=_parse_map,
    help='What a column is, such as "Szene=sequence"; KEY may be meta or none. May be repeated.',
)
@click.option("--encoding", metavar="NAME", help="Of a CSV or TSV file that is not UTF-8, such as cp1252.")
@click.option("--sheet", metavar="NAME", help="Which sheet of an Excel file.")
@click.option(
    "--fps",
    metavar="N",
    default="24",
    show_default=True,
    callback=_parse_fps,
    help="Frames per second, for lengths in frames.",
)
@click.option("--remove-missing", is_flag=True, help="Take shots out that are missing in the table.")
@click.option("-n", "--dry-run", is_flag=True, help="Show the changes; write nothing.")
@click.option("--force", is_flag=True, help="With --out, overwrite a file that is there.")
@options.output_format
def command(
    file: Path,
    *,
    into: Path | None,
    out: Path | None,
    campaign: str,
    mapped: Mapping[str, str],
    encoding: str | None,
    sheet: str | None,
    fps: Decimal,
    remove_missing: bool,
    dry_run: bool,
    force: bool,
    form: str,
) -> int:
    """Make a manifest from FILE (csv, tsv or xlsx), or update one, keyed on the ids of the shots.

    Only values that differ are changed; comments, order and anchors of the manifest stay. Rows that do not fit are
    written to FILE.rejected.csv with the reason, and the command exits with 3.
    """
    from hailuo_batch.views.sheet_import import draw_import, import_dict

    if into is not None and (out is not None or campaign):
        raise click.UsageError("--into updates a manifest; --out and --campaign are for a new one.")
    if remove_missing and into is None:
        raise click.UsageError("--remove-missing needs --into.")
    chosen = ImportOptions(
        into=into,
        out=out,
        campaign=campaign,
        mapped=mapped,
        encoding=encoding,
        sheet=sheet,
        fps=fps,
        remove_missing=remove_missing,
        dry_run=dry_run,
        force=force,
    )
    done = run_sync(import_sheet(file, chosen))
    if form == "json":
        print_json(import_dict(done))
    else:
        print_text(draw_import(done, make_style(sys.stdout)))
    return Exit.INVALID if done.changes.rejected else Exit.DONE

"""hailuo-batch export"""

from pathlib import Path
from typing import Any

import click

from hailuo_batch.app.export_sheet import export_sheet, write_sheet
from hailuo_batch.app.hand_over import ENDINGS, HandOverFormat, HandOverOptions, hand_over
from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_extra_problems, print_raw, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async, run_sync
from hailuo_batch.core.world import World, command_line
from hailuo_batch.load.sheets.sheet_files import SheetKind, sheet_kind
from hailuo_batch.views.format import count, safe_text
from hailuo_batch.views.hand_over import describe_timeline


@click.command("export")
@options.manifest
@click.option(
    "--format",
    "kind_name",
    type=click.Choice([*map(str, SheetKind), *map(str, HandOverFormat)]),
    help="What to write (default: by the name of the file, else csv).",
)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="The file, or its folder (default: stdout).")
@click.option(
    "--media",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Also copy the clips there, under the names that the settings give (`names`).",
)
@options.world
@options.only
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Sign copies and rough cuts (C2PA) with this certificate chain in PEM.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="The certificate's private key, in PEM.",
)
@click.option("--require-disclosure", is_flag=True, help="Refuse clips whose file does not say how it was made.")
def command(manifest: Path, *, kind_name: str | None, out: Path | None, force: bool, **how: Any) -> None:
    """Write MANIFEST as a shot list, or its clips as an edit.

    Shot lists (csv, tsv, xlsx) have one row for each shot, with the cells of a matrix as rows of their own. Cells hold
    what the manifest holds, with ${names} as they are. Imported again, the table changes nothing. A text that a
    spreadsheet would compute has an apostrophe before it, which the import takes away.

    Hand-over formats (otio, edl, fcpxml, fcp7xml, ale) have the selected clips in the order of the edit, each at its
    cut, with gaps where a clip is missing, for an editing program. A rough-cut is one MP4 of the same, with slates for
    what is missing. Copies and rough cuts say in their files how they were made.
    """
    form = _find_hand_over(kind_name, out)
    if form is not None:
        _hand_over(manifest, HandOverOptions(form=form, out=out, force=force, **how))
        return
    if out is not None and kind_name is None and out.is_dir():
        raise click.UsageError(f"{out} is a folder: say what to write into it, such as --format otio.")
    if any(value and value is not World.REAL for value in how.values()):
        raise click.UsageError("a shot list takes --format, --out and --force; the rest is for hand-over formats.")
    _export_sheet(
        manifest, SheetKind(kind_name) if kind_name else sheet_kind(out) if out else SheetKind.CSV, out, force
    )


def _find_hand_over(name: str | None, out: Path | None) -> HandOverFormat | None:
    if name is not None:
        return HandOverFormat(name) if name in set(HandOverFormat) else None
    by_ending = {ending: form for form, ending in ENDINGS.items()}
    return by_ending.get(out.suffix.lower()) if out is not None else None


def _export_sheet(manifest: Path, kind: SheetKind, out: Path | None, force: bool) -> None:  # noqa: FBT001 - as given
    if out is None:
        if kind is SheetKind.XLSX:
            raise click.UsageError("an Excel file needs a name, such as -o film.xlsx.")
        print_raw(run_sync(export_sheet(manifest, kind)).decode("utf-8-sig"))
        return
    if out.is_dir():
        raise click.UsageError(f"{out} is a folder; name a file in it, such as -o {out / 'film.csv'}.")
    run_sync(write_sheet(manifest, kind, out, force=force))
    words = safe_text(command_line("import", str(out), "--into", str(manifest)))
    print_text(f"Written: {safe_text(shorten_path(out))}\nTo take changes back:\n    {words}")


def _hand_over(manifest: Path, chosen: HandOverOptions) -> None:
    if chosen.form is HandOverFormat.ROUGH_CUT and (chosen.out is None or chosen.media is not None):
        raise click.UsageError("a rough cut is one file: name it with -o film.mp4, without --media.")
    made = run_async(hand_over(manifest, chosen))
    print_extra_problems(made.extra_problems)
    said = describe_timeline(made.timeline)
    if made.film is not None:
        said += f"\n{count(made.film.copied, 'part')} copied, {made.film.encoded:,} encoded."
    if chosen.media is not None:
        said += f"\nClips: {safe_text(shorten_path(chosen.media))} ({made.new_copies:,} new)"
    if made.out is None:
        print_raw(made.text)
        click.echo(said, err=True)
    else:
        print_text(f"Written: {safe_text(shorten_path(made.out))}\n{said}")

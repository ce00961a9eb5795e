"""hailuo-batch sheet"""

from pathlib import Path

import click

from hailuo_batch.app.sheet import SheetOptions, WrittenSheet, sheet
from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_extra_problems, print_notes, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.sheet.written import draw_written_sheet


@click.command("sheet")
@options.manifest
@options.world
@options.only
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the page (default: beside the clips).",
)
@click.option("--embed", is_flag=True, help="Put stills and clips into the page itself, up to 100 MB.")
@click.option("--inputs", is_flag=True, help="Show the images that shots start from, before anything is bought.")
@click.option(
    "--selected",
    is_flag=True,
    help="For a client: the selected take of each shot, in one file, without money, providers and your notes.",
)
@click.option(
    "--client", "clients", multiple=True, metavar="NAME", help="Only shots tagged client:NAME; may be repeated."
)
def command(
    manifest: Path,
    *,
    world: World,
    only: tuple[str, ...],
    out: Path | None,
    embed: bool,
    inputs: bool,
    selected: bool,
    clients: tuple[str, ...],
) -> None:
    """Write the contact sheet of MANIFEST: a page with every shot, its takes side by side.

    The page needs no network, and prints as a PDF with a cover. It is written beside the clips
    (renders/CAMPAIGN.html) and links to them; with --embed it is one file that you can send.
    """
    wanted = SheetOptions(only=only, clients=clients, embed=embed, inputs=inputs, selected=selected)
    written: WrittenSheet = run_async(sheet(manifest, world=world, page=out, options=wanted))
    print_extra_problems(written.planned.extra_problems)
    print_notes(written.planned.notes)
    print_text(
        draw_written_sheet(
            written.shown,
            page=shorten_path(written.page),
            size=written.size if wanted.is_one_file else None,
            clips_left_out=written.clips_left_out,
            unselected=written.unselected,
            shots_left_out=written.shots_left_out,
        )
    )

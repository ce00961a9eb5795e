"""hailuo-batch report"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import read_report
from hailuo_batch.app.report import write_report
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_extra_problems, print_json, print_notes, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.format import safe_text
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.report import draw_report


@click.command("report")
@options.manifest
@options.world
@options.only
@options.sort
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file of the page (default: beside the clips).",
)
@options.output_format
def command(manifest: Path, *, world: World, only: tuple[str, ...], sort: str, out: Path | None, form: str) -> None:
    """Write the report of MANIFEST as a page with posters and clips, and print it.

    The page is written beside the clips (renders/CAMPAIGN.html) and needs no network. As JSON, the report is only
    printed, unless --out names a page.
    """
    if form == "json" and out is None:
        planned = run_async(read_report(manifest, world=world, only=only, sort_marks=sort == "marks"))
        print_extra_problems(planned.extra_problems)
        print_notes(planned.notes)
        print_json(report_dict(planned.report))
        return
    planned, page = run_async(write_report(manifest, world=world, page=out, only=only, sort_marks=sort == "marks"))
    print_extra_problems(planned.extra_problems)
    print_notes(planned.notes)
    drawn = planned.report
    if form == "json":
        print_json(report_dict(drawn))
    else:
        print_text(f"{draw_report(drawn, make_style(sys.stdout))}\n\nPage: {safe_text(shorten_path(page))}")

"""hailuo-batch status"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import read_report
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_extra_problems, print_json, print_notes, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.json_report import report_dict
from hailuo_batch.views.report import draw_report


@click.command("status")
@options.manifest
@options.world
@options.only
@options.sort
@options.output_format
def command(manifest: Path, *, world: World, only: tuple[str, ...], sort: str, form: str) -> None:
    """Show the state of every take of MANIFEST."""
    planned = run_async(read_report(manifest, world=world, only=only, sort_marks=sort == "marks"))
    print_extra_problems(planned.extra_problems)
    print_notes(planned.notes)
    report = planned.report
    if form == "json":
        print_json(report_dict(report))
    else:
        print_text(draw_report(report, make_style(sys.stdout)))

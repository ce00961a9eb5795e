"""hailuo-batch status"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text, tell_beside
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.views.json_report import report_members
from hailuo_batch.views.report import draw_report


@click.command("status")
@options.manifest
@options.sketch
@options.only
@options.output_format
def command(manifest: Path, *, sketch: bool, only: tuple[str, ...], form: str) -> None:
    """Show every take of MANIFEST as it stands."""
    planned = wait_for(plan(manifest, sketch=sketch, only=only, whole=True, offline=True))
    tell_beside(planned.beside)
    report = planned.report
    if form == "json":
        print_json(report_members(report))
    else:
        print_text(draw_report(report, ink_for(sys.stdout)))

"""hailuo-batch show"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import show
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.views.history import draw_history, history_members


@click.command("show")
@click.argument("shot")
@options.manifest
@options.sketch
@click.option("--ask", is_flag=True, help="Ask the gateway too, where it keeps events (mindvideo); costs nothing.")
@options.output_format
def command(shot: str, manifest: Path, *, sketch: bool, ask: bool, form: str) -> None:
    """Show the takes of SHOT in MANIFEST, with every attempt and event that the ledger has."""
    shown = wait_for(show(manifest, shot, sketch=sketch, ask=ask))
    if form == "json":
        print_json(history_members(shown.rows, shown.attempts, shown.events, told=shown.told))
    else:
        print_text(draw_history(shown.rows, shown.attempts, shown.events, ink_for(sys.stdout), told=shown.told))

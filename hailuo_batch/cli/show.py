"""hailuo-batch show"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import show
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.history import draw_history, history_dict


@click.command("show")
@click.argument("shot", metavar="SHOT[#TAKE]")
@options.manifest
@options.world
@click.option("--ask", is_flag=True, help="Also query the gateway, if it keeps events (mindvideo); free.")
@options.output_format
def command(shot: str, manifest: Path, *, world: World, ask: bool, form: str) -> None:
    """Show the takes of SHOT (or the one after #) in MANIFEST, with every attempt and event in the ledger."""
    shown = run_async(show(manifest, shot, world=world, ask=ask))
    is_rehearsal = world is World.REHEARSAL
    if form == "json":
        print_json(
            history_dict(
                shown.rows, shown.attempts, shown.events, task_events=shown.task_events, rehearsal=is_rehearsal
            )
        )
    else:
        print_text(
            draw_history(
                shown.rows,
                shown.attempts,
                shown.events,
                make_style(sys.stdout),
                task_events=shown.task_events,
                rehearsal=is_rehearsal,
            )
        )

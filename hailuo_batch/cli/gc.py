"""hailuo-batch gc"""

import sys

import click

from hailuo_batch.app.gc import DEFAULT_DAYS, collect_garbage
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.garbage import draw_garbage, garbage_dict


@click.command("gc")
@click.option("--yes", is_flag=True, help="Remove it for good.")
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.IntRange(min=0),
    default=DEFAULT_DAYS,
    show_default=True,
    help="Only what was written before that.",
)
@options.world
@options.output_format
def command(*, yes: bool, older_than: int, world: World, form: str) -> None:
    """Show what can be removed from this project's store: clips that nobody names any more.

    Kept is every clip that a lock or review names, that stands in renders/, or that a manifest which was run here wants
    now. Without --yes nothing is changed. A clip that was removed and is asked for again is bought again.
    """
    found = run_async(collect_garbage(days=older_than, remove=yes, world=world))
    if form == "json":
        print_json(garbage_dict(found))
    else:
        days = f" --older-than {older_than}" if older_than != DEFAULT_DAYS else ""
        line = command_line("gc", world=world) + f" --yes{days}"
        print_text(draw_garbage(found, remove_command=line, style=make_style(sys.stdout)))

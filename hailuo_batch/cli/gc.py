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
@click.option("--yes", is_flag=True, help="Delete them for good.")
@click.option(
    "--older-than",
    metavar="DAYS",
    type=click.IntRange(min=0),
    default=DEFAULT_DAYS,
    show_default=True,
    help="Only files older than this.",
)
@options.world
@options.output_format
def command(*, yes: bool, older_than: int, world: World, form: str) -> None:
    """List the clips of this project's store that nothing refers to; with --yes, delete them.

    Kept is every clip that a lock or a review names, that has a name in renders/, or that a manifest which was run here
    needs. Without --yes nothing changes. If a deleted clip is needed again, the next run buys it again.

    Where machines share a store, bought clips are deleted from this machine only, and only those that the shared store
    has. Nothing is deleted there: another machine may need it.
    """
    found = run_async(collect_garbage(days=older_than, remove=yes, world=world))
    if form == "json":
        print_json(garbage_dict(found))
    else:
        days = f" --older-than {older_than}" if older_than != DEFAULT_DAYS else ""
        line = command_line("gc", world=world) + f" --yes{days}"
        print_text(draw_garbage(found, remove_command=line, style=make_style(sys.stdout)))

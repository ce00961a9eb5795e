"""hailuo-batch audit"""

import sys

import click

from hailuo_batch.app.costs import audit
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.views.audit import audit_dict, draw_audit


@click.command("audit")
@click.option("--deep", is_flag=True, help="Also read every clip, byte by byte.")
@options.world
@options.output_format
def command(*, deep: bool, world: World, form: str) -> int:
    """Prove that each request of this project was bought once, from attempts, events, task ids, clips and money.

    Changes nothing. Exits with 4 when it finds a fault, and prints what to do; with 9 when the ledger is gone.
    """
    found = run_async(audit(deep=deep, world=world))
    if form == "json":
        print_json(audit_dict(found, rehearsal=world is World.REHEARSAL))
    else:
        print_text(draw_audit(found, rehearsal=world is World.REHEARSAL, style=make_style(sys.stdout)))
    return Exit.TAKES_FAILED if found.findings else Exit.DONE

"""hailuo-batch approve"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.saved_plans import approve
from hailuo_batch.cli.output import fit_text, print_text, shorten_path
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.world import command_line
from hailuo_batch.views.saved_plan import draw_approval


@click.command("approve")
@click.argument("plan", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--as",
    "name",
    metavar="NAME",
    default="",
    help='Who approves, such as "Ana <ana@acme.example>" (default: git\'s user).',
)
@click.option("--sign", is_flag=True, help="Sign with the ssh key that git signs with.")
@click.option("--key", metavar="FILE", default="", help="Sign with this ssh key.")
def command(plan: Path, *, name: str, sign: bool, key: str) -> None:
    """Approve PLAN, a file of `plan -o`: write PLAN.approval, bound to its content.

    Commit it with the plan. The approval ends when the plan is edited or saved anew. Nothing is bought.
    """
    approved = run_sync(approve(plan, name=name, sign=sign, key=key))
    for note in approved.notes:
        click.echo(fit_text(note, sys.stderr), err=True)
    run = command_line("run", "--plan", str(plan))
    print_text(draw_approval(approved.plan, approved.approval, file=shorten_path(approved.file), command=run))

"""hailuo-batch approve"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.saved_plans import approve, read_plan
from hailuo_batch.cli.output import make_style, print_text, shorten_path
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.world import command_line
from hailuo_batch.views.saved_plan import draw_approval, draw_plan_file


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
@click.option("-n", "--dry-run", is_flag=True, help="Show what PLAN buys; approve nothing.")
def command(plan: Path, *, name: str, sign: bool, key: str, dry_run: bool) -> None:
    """Approve PLAN, a file of `plan -o`: show what it buys, and write PLAN.approval, bound to its content.

    Commit it with the plan. The approval ends when the plan is edited or saved anew. Nothing is bought.
    """
    ink = make_style(sys.stdout)
    if dry_run:
        print_text(draw_plan_file(read_plan(plan), ink))
        return
    approved = run_sync(approve(plan, name=name, sign=sign, key=key))
    run = command_line("run", "--plan", str(plan))
    said = draw_approval(approved.approval, file=shorten_path(approved.file), command=run, faults=approved.faults)
    print_text(f"{draw_plan_file(approved.plan, ink)}\n{said}")

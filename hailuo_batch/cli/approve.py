"""hailuo-batch approve"""

import sys
from pathlib import Path

import click

from hailuo_batch.cli import choices, options
from hailuo_batch.cli.output import make_style, print_text, shorten_path
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.world import World, command_line


@click.command("approve")
@options.takes_or_plan
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@options.world
@click.option("--why", metavar="TEXT", default="", help="Of takes: why; recorded in the review file.")
@choices.undo
@click.option(
    "--as",
    "name",
    metavar="NAME",
    default="",
    help='Who approves, such as "Ana <ana@acme.example>" (default: git\'s user).',
)
@click.option("--sign", is_flag=True, help="Of a plan: sign with the ssh key that git signs with.")
@click.option("--key", metavar="FILE", default="", help="Of a plan: sign with this ssh key.")
@click.option("-n", "--dry-run", is_flag=True, help="Of a plan: show what it buys; approve nothing.")
@options.output_format
def command(
    shots: tuple[str, ...],
    manifest: Path | None,
    *,
    world: World,
    why: str,
    is_undo: bool,
    name: str,
    sign: bool,
    key: str,
    dry_run: bool,
    form: str,
) -> None:
    """Approve takes of MANIFEST, or a saved plan.

    SHOTS are SHOT#TAKE, or shots with one clip. An approval is recorded in the review file. It selects the take as well
    if no take of the shot is selected.

    What ends in .json, or is another file that is there, is a plan that `plan -o` saved. What it buys is shown, and
    PLAN.approval is written, bound to its content: commit it with the plan. The approval ends when the plan is edited
    or saved anew.

    Nothing is bought.
    """
    if options.is_plan(shots[0]):
        if len(shots) > 1 or manifest is not None:
            raise click.UsageError("One plan is approved at a time, without a manifest.")
        if why or is_undo or world is not World.REAL or form != "text":
            raise click.UsageError("--why, --undo, --format and worlds are for takes. An approval of a plan is a file.")
        _approve_plan(Path(shots[0]), name=name, sign=sign, key=key, dry_run=dry_run)
        return
    if sign or key or dry_run:
        raise click.UsageError("--sign, --key and --dry-run are for a saved plan; a take's approval has no signature.")
    wanted = [Choice(kind=ChoiceKind.APPROVE, shot=shot, why=why, is_undo=is_undo) for shot in shots]
    choices.decide(options.find_manifest(manifest), wanted, world=world, by=name, form=form)


def _approve_plan(plan: Path, *, name: str, sign: bool, key: str, dry_run: bool) -> None:
    from hailuo_batch.app.saved_plans import approve, read_plan
    from hailuo_batch.views.saved_plan import draw_approval, draw_plan_file

    ink = make_style(sys.stdout)
    if dry_run:
        print_text(draw_plan_file(read_plan(plan), ink))
        return
    approved = run_sync(approve(plan, name=name, sign=sign, key=key))
    run = command_line("run", "--plan", str(plan))
    said = draw_approval(approved.approval, file=shorten_path(approved.file), command=run, faults=approved.faults)
    print_text(f"{draw_plan_file(approved.plan, ink)}\n{said}")

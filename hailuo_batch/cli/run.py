"""hailuo-batch run"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit


@click.command("run")
@options.manifest
@options.world
@options.only
@click.option("--failed", is_flag=True, help="Only what failed or was refused, which is asked for again.")
@click.option(
    "-j",
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help="Takes in the making at once (default: 50 a gateway, one a core for sketches).",
)
@options.max_cost
@click.option(
    "--fail-fast/--keep-going",
    "-x/-k",
    default=False,
    help="Send nothing more after the first failure, or go on with the others (the default).",
)
@click.option("--frozen", is_flag=True, help="Spend nothing: exit with 10 when the lock does not cover the manifest.")
@click.option(
    "--new-ledger", is_flag=True, help="Buy although the ledger is gone under which clips that are here were bought."
)
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and stop, like `plan`.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@click.option(
    "--rehearsal-script",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Rehearse, with the faults that this file says (docs/mock.md).",
)
@click.option(
    "--callback-url", metavar="URL", help="The public https address by which gateways may say that a clip is made."
)
@click.option("--callback-listen", metavar="HOST:PORT", help="Where this machine listens for that.")
@options.progress
@options.output_format
def command(
    manifest: Path,
    *,
    world: World,
    only: tuple[str, ...],
    failed: bool,
    jobs: int | None,
    max_cost: str | None,
    fail_fast: bool,
    frozen: bool,
    new_ledger: bool,
    dry_run: bool,
    yes: bool,
    rehearsal_script: Path | None,
    callback_url: str | None,
    callback_listen: str | None,
    progress: str,
    form: str,
) -> int:
    """Render what MANIFEST asks for and is not there yet.

    A take that is in the store is never rendered again. A run that was stopped or killed goes on where it was when it
    is called again; the first Ctrl-C sends nothing more and leaves running tasks to the next run, the second ends at
    once.
    """
    if rehearsal_script is not None:
        if world is World.SKETCH:
            raise click.UsageError("--sketch asks nobody, and --rehearsal-script is for the mock; choose one.")
        world = World.REHEARSAL
    if world is World.SKETCH and max_cost is not None:
        raise click.UsageError("--max-cost caps what is bought, and sketches cost nothing; leave one of the two out.")
    if frozen and world is not World.REAL:
        raise click.UsageError("--frozen holds a manifest against its lock, which sketches and rehearsals have not.")
    if frozen and failed:
        raise click.UsageError("--frozen asks nobody, and --failed asks again; choose one.")
    if bool(callback_url) != bool(callback_listen):
        raise click.UsageError("--callback-url and --callback-listen belong together.")
    if form == "text" and not only and not failed and (summary := read_cached_summary(manifest, world=world)):
        from hailuo_batch.views.plan import draw_nothing_to_do

        print_text(draw_nothing_to_do(dict(summary), make_style(sys.stdout)))
        return Exit.DONE
    from hailuo_batch.app.running.options import Rehearsal, RunOptions, Scope, WebhookOptions
    from hailuo_batch.cli.interactive import run_interactive
    from hailuo_batch.cli.run_output import print_plan, print_run

    webhook = None
    if callback_url and callback_listen:
        webhook = WebhookOptions(public_url=callback_url, listen_address=callback_listen)
    chosen = RunOptions(
        world=world,
        only=only,
        scope=Scope.LOCKED if frozen else Scope.FAILED if failed else Scope.ALL,
        jobs=jobs,
        max_cost=max_cost,
        fail_fast=fail_fast,
        new_ledger=new_ledger,
        rehearsal=Rehearsal(script=rehearsal_script),
        webhook=webhook,
    )
    if dry_run:
        from hailuo_batch.app.run import plan_run

        print_plan(run_async(plan_run(manifest, chosen, full_report=form == "json")), form)
        return Exit.DONE
    running = run_interactive(manifest, chosen, yes=yes, progress=progress)
    return print_run(run_async(running, buying=world is World.REAL), form)

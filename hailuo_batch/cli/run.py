"""hailuo-batch run"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.cli import options
from hailuo_batch.cli.endings import report_early_end
from hailuo_batch.cli.notify import VARIABLE, RunNote, notify_end
from hailuo_batch.cli.output import make_style, print_text, write_idle_ci_summary
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.pages import page
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import Exit

if TYPE_CHECKING:
    from hailuo_batch.app.running.options import RunOptions


_ONE_AT_A_TIME = "--detach submits one manifest; run it for each of them."


@click.command("run", epilog=f"\b\nHow a rehearsal script is written:\n  {page('mock')}")
@options.manifests
@options.world
@options.only
@options.shard
@click.option(
    "--plan",
    "saved",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Carry out exactly this plan, a file of `plan -o`. Asks nothing.",
)
@click.option("--failed", is_flag=True, help="Retry only failed and refused takes.")
@click.option(
    "-j",
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help="Maximum concurrent takes (default: 50 per gateway; for sketches, one per CPU core).",
)
@options.max_cost
@click.option(
    "--fail-fast/--keep-going",
    "-x/-k",
    default=False,
    help="Stop submitting after the first failure, or go on with the others (the default).",
)
@click.option(
    "--detach", is_flag=True, help="Submit, and leave: do not wait for the clips. The next run follows the tasks."
)
@click.option("--frozen", is_flag=True, help="Spend nothing: exit with 10 when the lock does not cover the manifest.")
@click.option(
    "--new-ledger", is_flag=True, help="Start a new ledger even though clips from a missing ledger are present."
)
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and stop, like `plan`.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation before spending.")
@click.option(
    "--rehearsal-script",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Rehearse with the faults of this file.",
)
@click.option("--callback-url", metavar="URL", help="The public https address that gateways call when a clip is ready.")
@click.option("--callback-listen", metavar="HOST:PORT", help="Where this machine listens for these calls.")
@click.option(
    "--notify",
    metavar="URL",
    envvar=VARIABLE,
    help=f"Post one message when the run has ended: JSON, or for Slack its text. Also read from {VARIABLE}.",
)
@options.progress
@options.run_format
def command(
    manifests: tuple[Path, ...],
    *,
    world: World,
    only: tuple[str, ...],
    shard: str | None,
    saved: Path | None,
    failed: bool,
    jobs: int | None,
    max_cost: str | None,
    fail_fast: bool,
    detach: bool,
    frozen: bool,
    new_ledger: bool,
    dry_run: bool,
    yes: bool,
    rehearsal_script: Path | None,
    callback_url: str | None,
    callback_listen: str | None,
    notify: str | None,
    progress: str,
    form: str,
) -> int:
    """Render what is missing of MANIFESTS: files, folders or patterns of one project.

    A take that is in the store is never rendered again. After a crash or Ctrl-C, run it again: it resumes. The first
    Ctrl-C stops submitting and leaves running tasks to the next run; the second ends the run at once. --detach waits
    for no clip: the next run, or `fetch`, downloads them. Of several manifests there is one plan, one price and one
    question; they are rendered one after another.
    """
    with notify_end(notify, manifests, world, is_off=dry_run) as early:
        early.has_ended = False
        files = options.find_several(manifests) if saved is None else manifests
    if rehearsal_script is not None:
        if world is World.SKETCH:
            raise click.UsageError(
                "--sketch draws on this machine, and --rehearsal-script is for the mock; choose one."
            )
        world = World.REHEARSAL
    _refuse_contradictions(world, frozen=frozen, failed=failed, has_cap=max_cost is not None)
    if bool(callback_url) != bool(callback_listen):
        raise click.UsageError("--callback-url and --callback-listen belong together.")
    if detach:
        _refuse_detached(world, several=len(files) > 1, frozen=frozen, dry_run=dry_run, listens=bool(callback_url))
    if saved is not None:
        others = {"only": bool(only), "shard": bool(shard), "failed": failed, "frozen": frozen}
        _refuse_other_choices(saved, dry_run=dry_run, **others, new_ledger=new_ledger)

    def choose() -> "RunOptions":  # after the shortcut, which need not load it
        from hailuo_batch.app.running.options import Rehearsal, RunOptions, Scope, WebhookOptions

        webhook = None
        if callback_url and callback_listen:
            webhook = WebhookOptions(public_url=callback_url, listen_address=callback_listen)
        return RunOptions(
            world=world,
            only=only,
            shard=shard,
            scope=Scope.LOCKED if frozen else Scope.FAILED if failed else Scope.ALL,
            jobs=jobs,
            max_cost=max_cost,
            fail_fast=fail_fast,
            detach=detach,
            new_ledger=new_ledger,
            rehearsal=Rehearsal(script=rehearsal_script),
            webhook=webhook,
        )

    is_whole = form == "text" and not only and not shard and not failed and saved is None
    named = files if saved is None else files or (saved,)
    with notify_end(notify, named, world, is_off=dry_run) as note:
        if is_whole and len(files) == 1 and (summary := read_cached_summary(files[0], world=world)):
            return _print_idle(summary, files[0], world)
        if saved is not None:
            note.code = _run_saved(saved, files, choose(), form, progress=progress, note=note)
        else:
            run_files = _run_one if len(files) == 1 else _run_several
            note.code = run_files(files, choose(), form, dry_run=dry_run, yes=yes, progress=progress, note=note)
    return note.code


def _print_idle(summary: "Mapping[str, int | float | str]", file: Path, world: World) -> int:
    from hailuo_batch.views.nothing_to_do import draw_nothing_to_do

    write_idle_ci_summary(summary, world)
    style = make_style(sys.stdout)
    print_text(draw_nothing_to_do(dict(summary), style, manifest=str(file), world=world, after_run=True))
    return Exit.DONE


def _run_saved(
    saved: Path, files: Sequence[Path], chosen: "RunOptions", form: str, *, progress: str, note: RunNote
) -> int:
    from hailuo_batch.app.saved_plans import read_plan_for_runs

    with report_early_end("run", str(saved), world=chosen.world, form=form):
        manifests, chosen = read_plan_for_runs(saved, chosen, files)
    if chosen.detach and len(manifests) > 1:
        raise click.UsageError(_ONE_AT_A_TIME)
    run_files = _run_one if len(manifests) == 1 else _run_several
    return run_files(manifests, chosen, form, dry_run=False, yes=True, progress=progress, note=note)


def _run_one(
    files: Sequence[Path],
    chosen: "RunOptions",
    form: str,
    *,
    dry_run: bool,
    yes: bool,
    progress: str,
    note: RunNote,
) -> int:
    from hailuo_batch.app.running.options import Scope
    from hailuo_batch.cli.interactive import run_interactive
    from hailuo_batch.cli.run_output import print_plan, print_run

    (manifest,) = files
    if dry_run:
        from hailuo_batch.app.run import plan_run

        with report_early_end("run", str(manifest), world=chosen.world, form=form):
            planned = run_async(plan_run(manifest, chosen, full_report=form == "json"))
        print_plan(planned, form, only_failed=chosen.scope is Scope.FAILED)
        return Exit.DONE
    with report_early_end("run", str(manifest), world=chosen.world, form=form):
        running = run_interactive(manifest, chosen, yes=yes, progress=progress)
        result = run_async(running, bought_for=str(manifest) if chosen.world is World.REAL else None)
    note.results.append(result)
    return print_run(result, form)


def _run_several(
    files: Sequence[Path],
    chosen: "RunOptions",
    form: str,
    *,
    dry_run: bool,
    yes: bool,
    progress: str,
    note: RunNote,
) -> int:
    from hailuo_batch.app.running.options import Scope
    from hailuo_batch.cli.several import print_idle, print_plans

    if dry_run:
        return print_plans(files, chosen, form)
    is_whole = form == "text" and not chosen.only and not chosen.shard and chosen.saved is None
    is_whole = is_whole and chosen.scope is not Scope.FAILED
    if is_whole and print_idle(files, chosen.world, after_run=True):
        return Exit.DONE
    from hailuo_batch.cli.interactive import run_several_interactive
    from hailuo_batch.cli.run_output import print_runs

    with report_early_end("run", " ".join(map(str, files)), world=chosen.world, form=form):
        running = run_several_interactive(files, chosen, yes=yes, progress=progress)
        # The whole project is meant by a hint without a manifest.
        result = run_async(running, bought_for="" if chosen.world is World.REAL else None)
    note.results += result.results
    return print_runs(result, form)


def _refuse_contradictions(world: World, *, frozen: bool, failed: bool, has_cap: bool) -> None:
    if world is World.SKETCH and has_cap:
        raise click.UsageError("--max-cost caps what is bought, and sketches are free; leave one of the two out.")
    if frozen and world is not World.REAL:
        raise click.UsageError("--frozen checks a manifest against its lock, and sketches and rehearsals have no lock.")
    if frozen and failed:
        raise click.UsageError("--frozen submits nothing, and --failed submits again; choose one.")


def _refuse_detached(world: World, *, several: bool, **others: bool) -> None:
    """A run that leaves its tasks: at somebody who renders, and with nobody waiting here."""
    if world is World.SKETCH:
        raise click.UsageError("--detach leaves tasks at a gateway, and sketches are drawn here; leave it out.")
    if several:  # money: the first clips of a gateway come before more is bought, and nobody would wait for them
        raise click.UsageError(_ONE_AT_A_TIME)
    others["callback_url"] = others.pop("listens")
    if name := next((name for name, is_chosen in others.items() if is_chosen), ""):
        option = f"--{name.replace('_', '-')}"
        raise click.UsageError(f"--detach submits and leaves, and {option} does not go with that; leave one out.")


def _refuse_other_choices(saved: Path, *, dry_run: bool, **chosen: bool) -> None:
    """A saved plan is carried out as it is: nothing else may choose what is bought."""
    if dry_run:
        show = command_line("approve", "--dry-run", str(saved))
        raise click.UsageError(f"--plan carries out a saved plan; leave --dry-run out. To see it: {show}")
    if name := next((name for name, is_chosen in chosen.items() if is_chosen), ""):
        option = f"--{name.replace('_', '-')}"
        raise click.UsageError(f"--plan carries out a saved plan as it is; leave {option} out.")

"""hailuo-batch run"""

import gc
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hailuo_batch.app.planning.fast_path import nothing_to_do
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text, shown_path, tell_beside, tell_ci
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.cli.streams import can_redraw
from hailuo_batch.errors import Exit, InputError, RefusedError

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import Planned
    from hailuo_batch.app.run import Ran
    from hailuo_batch.app.running.context import Terms
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.core.plan.event import Event, Listener
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.style import Ink


_YOUNG = 20_000  # objects between two looks for garbage; a run makes little of it, and looking is a tenth of its work


@click.command("run")
@options.manifest
@options.sketch
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
@click.option("--mock", is_flag=True, help="Rehearse: ask the mock instead of the gateways; nothing is sent or bought.")
@click.option(
    "--mock-script", type=click.Path(path_type=Path, dir_okay=False), help="Which faults the mock plays (docs/mock.md)."
)
@click.option(
    "--callback-url", metavar="URL", help="The public https address by which gateways may say that a clip is made."
)
@click.option("--callback-listen", metavar="HOST:PORT", help="Where this machine listens for that.")
@options.progress
@options.output_format
def command(manifest: Path, *, sketch: bool, only: tuple[str, ...], dry_run: bool, form: str, **wishes: Any) -> int:
    """Render what MANIFEST asks for and is not there yet.

    A take that is in the store is never rendered again. A run that was stopped or killed goes on where it was when it
    is called again; the first Ctrl-C sends nothing more and leaves running tasks to the next run, the second ends at
    once.
    """
    from hailuo_batch.views.plan import draw_nothing

    rehearsing = wishes["mock"] or wishes["mock_script"] is not None
    _check(sketch=sketch, rehearsing=rehearsing, **wishes)
    short_way = form == "text" and not only and not rehearsing and not wishes["failed"]
    if short_way and (summary := nothing_to_do(manifest, sketch=sketch)) is not None:
        print_text(draw_nothing(dict(summary), ink_for(sys.stdout)))
        return Exit.DONE
    if dry_run:
        from hailuo_batch.app.planning.plan import plan
        from hailuo_batch.app.running.scope import narrowed

        planning = plan(
            manifest,
            sketch=sketch,
            only=only,
            whole=form == "json",
            rehearsal=rehearsing,
            insist=wishes["failed"],
            max_cost=wishes["max_cost"],
        )
        _show(narrowed(wait_for(planning), _scope(**wishes)), form)
        return Exit.DONE
    made = rendered(manifest, sketch=sketch, only=only, scope=_scope(**wishes), **wishes)
    ran = wait_for(made, buying=not sketch and not rehearsing)
    return tell(ran, form)


def _check(*, sketch: bool, rehearsing: bool, **wishes: Any) -> None:
    """Raises `UsageError` for options that make no sense together."""
    if rehearsing and sketch:
        raise click.UsageError("--sketch and --mock are two ways to try a manifest; choose one.")
    if sketch and wishes["max_cost"] is not None:
        raise click.UsageError("--max-cost caps what is bought, and sketches cost nothing; leave one of the two out.")
    if wishes["frozen"] and (sketch or rehearsing):
        raise click.UsageError("--frozen holds a manifest against its lock, which sketches and rehearsals have not.")
    if wishes["frozen"] and wishes["failed"]:
        raise click.UsageError("--frozen asks nobody, and --failed asks again; choose one.")
    if bool(wishes["callback_url"]) != bool(wishes["callback_listen"]):
        raise click.UsageError("--callback-url and --callback-listen belong together.")


def _scope(*, failed: bool, frozen: bool, **_: Any) -> "Scope":
    from hailuo_batch.app.running.scope import Scope

    return Scope.LOCKED if frozen else Scope.FAILED if failed else Scope.ALL


async def rendered(
    manifest: Path,
    *,
    scope: "Scope",
    sketch: bool = False,
    only: tuple[str, ...] = (),
    yes: bool = False,
    progress: str = "auto",
    **wishes: Any,
) -> "Ran":
    """A run that is watched on stderr, can be stopped with Ctrl-C, and asks before it spends."""
    from hailuo_batch.app.run import run

    with watched(progress) as (listener, stop):
        return await run(
            manifest,
            sketch=sketch,
            only=only,
            scope=scope,
            terms=_terms(**wishes),
            approve=lambda planned: _agree(planned, yes=yes),
            listener=listener,
            stop=stop,
        )


@contextmanager
def watched(progress: str) -> Iterator[tuple["Listener", "Stop"]]:
    """Who is told of a run's progress, and what Ctrl-C stops; only inside an event loop."""
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.progress import watching

    stop = Stop()
    with watching(_how(progress), sys.stderr, ink_for(sys.stderr)) as watcher:
        listener = _collecting(watcher)
        _mind_signals(stop, listener)
        yield listener, stop


def _terms(
    *,
    jobs: int | None = None,
    max_cost: str | None = None,
    fail_fast: bool = False,
    mock: bool = False,
    mock_script: Path | None = None,
    callback_url: str | None = None,
    callback_listen: str | None = None,
    new_ledger: bool = False,
    **_: Any,
) -> "Terms":
    from hailuo_batch.app.running.context import Terms
    from hailuo_batch.app.running.drivers import CallMe, Rehearsal

    return Terms(
        jobs=jobs,
        max_cost=max_cost,
        fail_fast=fail_fast,
        rehearsal=Rehearsal(script=mock_script) if mock or mock_script is not None else None,
        call_me=CallMe(public=callback_url, listen=callback_listen) if callback_url and callback_listen else None,
        new_ledger=new_ledger,
    )


def _collecting(listener: "Listener") -> "Listener":
    """The listener, which also turns the collector on when a run begins: planning makes no garbage, and a run does."""
    from hailuo_batch.core.plan.event import RunStarted

    def listen(event: "Event") -> None:
        if isinstance(event, RunStarted):
            gc.freeze()  # the plan stays for the whole run: there is no garbage to look for in it
            gc.set_threshold(_YOUNG)
            gc.enable()
        listener(event)

    return listen


def _how(progress: str) -> str:
    if progress != "auto":
        return progress
    return "live" if can_redraw(sys.stderr) and not os.environ.get("CI") else "lines"


def _mind_signals(stop: "Stop", listener: "Listener") -> None:
    """The first Ctrl-C or SIGTERM asks to stop, the second ends the run at once."""
    import asyncio

    from hailuo_batch.core.plan.event import Stopping
    from hailuo_batch.core.plan.outcome import INTERRUPTED

    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupted() -> None:
        if stop.asked and task is not None:
            task.cancel()
            return
        stop.ask(INTERRUPTED)
        listener(Stopping())

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupted)
        except NotImplementedError:  # Windows has no signal handlers in its loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupted))


def _agree(planned: "Planned", *, yes: bool) -> None:
    """Asks before money is spent; without a terminal to ask on, `--yes` must have said so."""
    report = planned.report
    for note in planned.notes:
        click.echo(note, err=True)
    if yes or not (report.to_spend or report.unpriced):
        return
    from hailuo_batch.views.plan import draw_plan

    click.echo(draw_plan(report, ink_for(sys.stderr)), err=True)
    if not sys.stdin.isatty():
        raise RefusedError(
            "not approved", why="This run would spend money and nobody can be asked.", remedy="Add --yes."
        )
    if not click.confirm("Spend it?", err=True):
        raise RefusedError("not approved", why="Nothing was sent.")


def _show(planned: "Planned", form: str) -> None:
    tell_beside(planned.beside)
    if form == "json":
        from hailuo_batch.views.json_report import report_members

        print_json(report_members(planned.report))
    else:
        from hailuo_batch.views.plan import draw_plan

        print_text(draw_plan(planned.report, ink_for(sys.stdout)))


def tell(ran: "Ran", form: str) -> int:
    """Draws what a run came to; its exit code."""
    tell_ci(ran.after.report)
    tell_beside(ran.before.beside)
    if ran.trouble is not None:
        from hailuo_batch.views.problems import draw_error

        click.echo(draw_error(ran.trouble, ink_for(sys.stderr)), err=True)
    try:
        print_json(members(ran)) if form == "json" else print_text(_drawn(ran, ink_for(sys.stdout)))
    except InputError:  # Money: what a run came to may hold a task's id that stands nowhere else
        click.echo(_drawn(ran, ink_for(sys.stderr)), err=True)
        raise
    return ran.exit


def _drawn(ran: "Ran", ink: "Ink") -> str:
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.app.workspace.paths import renders_folder
    from hailuo_batch.views.run_summary import draw_outcome

    project = ran.after.validation.project
    return draw_outcome(
        ran.outcome,
        ran.after.report,
        lock=ran.lock,
        folder=shown_path(renders_folder(project.base)) + "/",
        frozen=ran.scope is Scope.LOCKED,
        rehearsal=project.rehearsal,
        ink=ink,
    )


def members(ran: "Ran") -> dict[str, object]:
    """What a run came to, as plain data."""
    from hailuo_batch.views.json_report import outcome_members, report_members

    return {**report_members(ran.after.report), "run": outcome_members(ran.outcome)}

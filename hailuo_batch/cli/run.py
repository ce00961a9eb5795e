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

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.cli import options
from hailuo_batch.cli.output import (
    make_style,
    print_extra_problems,
    print_json,
    print_text,
    shorten_path,
    write_ci_summary,
)
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.cli.streams import can_redraw
from hailuo_batch.cli.trace_options import is_verbose
from hailuo_batch.errors import Exit, InputError, RefusedError

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun
    from hailuo_batch.app.run import RunResult
    from hailuo_batch.app.running.context import RunOptions
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.core.plan.event import Event, Listener
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.style import TextStyle


_GC_THRESHOLD = (
    20_000  # objects between two looks for garbage; a run makes little of it, and looking is a tenth of its work
)


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
    from hailuo_batch.views.plan import draw_nothing_to_do

    rehearsing = wishes["mock"] or wishes["mock_script"] is not None
    _check_options(sketch=sketch, rehearsing=rehearsing, **wishes)
    short_way = form == "text" and not only and not rehearsing and not wishes["failed"]
    if short_way and (summary := read_cached_summary(manifest, sketch=sketch)) is not None:
        print_text(draw_nothing_to_do(dict(summary), make_style(sys.stdout)))
        return Exit.DONE
    if dry_run:
        from hailuo_batch.app.planning.plan import plan
        from hailuo_batch.app.running.scope import narrow_plan

        planning = plan(
            manifest,
            sketch=sketch,
            only=only,
            full_report=form == "json",
            rehearsal=rehearsing,
            force_refused=wishes["failed"],
            max_cost=wishes["max_cost"],
        )
        _print_plan(narrow_plan(run_async(planning), _choose_scope(**wishes)), form)
        return Exit.DONE
    made = run_interactive(manifest, sketch=sketch, only=only, scope=_choose_scope(**wishes), **wishes)
    ran = run_async(made, buying=not sketch and not rehearsing)
    return print_run(ran, form)


def _check_options(*, sketch: bool, rehearsing: bool, **wishes: Any) -> None:
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


def _choose_scope(*, failed: bool, frozen: bool, **_: Any) -> "Scope":
    from hailuo_batch.app.running.scope import Scope

    return Scope.LOCKED if frozen else Scope.FAILED if failed else Scope.ALL


async def run_interactive(
    manifest: Path,
    *,
    scope: "Scope",
    sketch: bool = False,
    only: tuple[str, ...] = (),
    yes: bool = False,
    progress: str = "auto",
    **wishes: Any,
) -> "RunResult":
    """A run that is watched on stderr, can be stopped with Ctrl-C, and asks before it spends."""
    from hailuo_batch.app.run import run

    with watch_progress(progress) as (listener, stop):
        return await run(
            manifest,
            sketch=sketch,
            only=only,
            scope=scope,
            options=_make_run_options(**wishes),
            approve=lambda planned: _confirm(planned, yes=yes),
            listener=listener,
            stop=stop,
        )


@contextmanager
def watch_progress(progress: str) -> Iterator[tuple["Listener", "Stop"]]:
    """Who is told of a run's progress, and what Ctrl-C stops; only inside an event loop."""
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.progress import progress_listener

    stop = Stop()
    with progress_listener(_progress_mode(progress), sys.stderr, make_style(sys.stderr)) as watcher:
        listener = _collector_listener(watcher)
        _handle_signals(stop, listener)
        yield listener, stop


def _make_run_options(
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
) -> "RunOptions":
    from hailuo_batch.app.running.context import RunOptions
    from hailuo_batch.app.running.drivers import Rehearsal, WebhookOptions

    return RunOptions(
        jobs=jobs,
        max_cost=max_cost,
        fail_fast=fail_fast,
        rehearsal=Rehearsal(script=mock_script) if mock or mock_script is not None else None,
        webhook=WebhookOptions(public_url=callback_url, listen_address=callback_listen)
        if callback_url and callback_listen
        else None,
        new_ledger=new_ledger,
    )


def _collector_listener(listener: "Listener") -> "Listener":
    """The listener, which also turns the collector on when a run begins: planning makes no garbage, and a run does."""
    from hailuo_batch.core.plan.event import RunStarted

    def listen(event: "Event") -> None:
        if isinstance(event, RunStarted):
            gc.freeze()  # the plan stays for the whole run: there is no garbage to look for in it
            gc.set_threshold(_GC_THRESHOLD)
            gc.enable()
        listener(event)

    return listen


def _progress_mode(progress: str) -> str:
    if progress != "auto":
        return progress
    # Lines of -v would break a live table.
    is_live = can_redraw(sys.stderr) and not os.environ.get("CI") and not is_verbose()
    return "live" if is_live else "lines"


def _handle_signals(stop: "Stop", listener: "Listener") -> None:
    """The first Ctrl-C or SIGTERM asks to stop, the second ends the run at once."""
    import asyncio

    from hailuo_batch.core.plan.event import Stopping
    from hailuo_batch.core.plan.outcome import INTERRUPTED

    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupted() -> None:
        if stop.is_requested and task is not None:
            task.cancel()
            return
        stop.request(INTERRUPTED)
        listener(Stopping())

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupted)
        except NotImplementedError:  # Windows has no signal handlers in its loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupted))


def _confirm(planned: "PlannedRun", *, yes: bool) -> None:
    """Asks before money is spent; without a terminal to ask on, `--yes` must have said so."""
    report = planned.report
    for note in planned.notes:
        click.echo(note, err=True)
    if yes or not (report.to_spend or report.unpriced):
        return
    from hailuo_batch.views.plan import draw_plan

    click.echo(draw_plan(report, make_style(sys.stderr)), err=True)
    if not sys.stdin.isatty():
        raise RefusedError(
            "not approved", why="This run would spend money and nobody can be asked.", remedy="Add --yes."
        )
    if not click.confirm("Spend it?", err=True):
        raise RefusedError("not approved", why="Nothing was sent.")


def _print_plan(planned: "PlannedRun", form: str) -> None:
    print_extra_problems(planned.extra_problems)
    if form == "json":
        from hailuo_batch.views.json_report import report_dict

        print_json(report_dict(planned.report))
    else:
        from hailuo_batch.views.plan import draw_plan

        print_text(draw_plan(planned.report, make_style(sys.stdout)))


def print_run(result: "RunResult", form: str) -> int:
    """Draws what a run came to; its exit code."""
    write_ci_summary(result.after.report)
    print_extra_problems(result.before.extra_problems)
    if result.error is not None:
        from hailuo_batch.views.problems import draw_error

        click.echo(draw_error(result.error, make_style(sys.stderr)), err=True)
    try:
        print_json(run_dict(result)) if form == "json" else print_text(_draw_run(result, make_style(sys.stdout)))
    except InputError:  # Money: what a run came to may hold a task's id that stands nowhere else
        click.echo(_draw_run(result, make_style(sys.stderr)), err=True)
        raise
    return result.exit


def _draw_run(result: "RunResult", style: "TextStyle") -> str:
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.app.workspace.paths import renders_folder
    from hailuo_batch.views.run_summary import draw_run_summary

    project = result.after.validation.project
    return draw_run_summary(
        result.outcome,
        result.after.report,
        lock=result.lock,
        folder=shorten_path(renders_folder(project.data_root)) + "/",
        frozen=result.scope is Scope.LOCKED,
        rehearsal=project.rehearsal,
        style=style,
    )


def run_dict(result: "RunResult") -> dict[str, object]:
    """What a run came to, as plain data."""
    from hailuo_batch.views.json_report import outcome_dict, report_dict

    return {**report_dict(result.after.report), "run": outcome_dict(result.outcome)}

"""hailuo-batch run"""

import gc
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.finished import nothing_to_do
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text, shown_path, tell_ci
from hailuo_batch.cli.streams import can_redraw
from hailuo_batch.cli.waiting import wait_for
from hailuo_batch.errors import Exit, RefusedError

if TYPE_CHECKING:
    from hailuo_batch.app.driving import Rehearsal
    from hailuo_batch.app.planning import Planned
    from hailuo_batch.app.rendering import Ran
    from hailuo_batch.core.event import Listener
    from hailuo_batch.runner.stop import Stop


@click.command("run")
@options.manifest
@options.sketch
@options.only
@click.option(
    "-j",
    "--jobs",
    metavar="N",
    type=click.IntRange(1, 10_000),
    help="Steps at once (default: one a core for sketches).",
)
@click.option("-n", "--dry-run", is_flag=True, help="Show the plan and stop, like `plan`.")
@click.option("--yes", is_flag=True, help="Do not ask before spending.")
@click.option("--mock", is_flag=True, help="Rehearse: ask the mock instead of the gateways; nothing is sent or bought.")
@click.option(
    "--mock-script", type=click.Path(path_type=Path, dir_okay=False), help="Which faults the mock plays (docs/mock.md)."
)
@click.option(
    "--progress",
    type=click.Choice(["auto", "live", "lines", "json", "none"]),
    default="auto",
    show_default=True,
    help="How to show the run on stderr; auto is live on a terminal, lines elsewhere and where CI is set.",
)
@options.output_format
def command(
    manifest: Path,
    *,
    sketch: bool,
    only: tuple[str, ...],
    jobs: int | None,
    dry_run: bool,
    yes: bool,
    mock: bool,
    mock_script: Path | None,
    progress: str,
    form: str,
) -> int:
    """Render what MANIFEST asks for and is not there yet.

    A take that is in the store is never rendered again. A run that was stopped or killed goes on where it was when it
    is called again; the first Ctrl-C finishes what is in hand, the second stops at once.
    """
    from hailuo_batch.views.plan import draw_nothing

    rehearsing = mock or mock_script is not None
    if rehearsing and sketch:
        raise click.UsageError("--sketch and --mock are two ways to try a manifest; choose one.")
    short_way = form == "text" and not only and not rehearsing
    if short_way and (summary := nothing_to_do(manifest, sketch=sketch)) is not None:
        print_text(draw_nothing(dict(summary), ink_for(sys.stdout)))
        return Exit.DONE
    if dry_run:
        from hailuo_batch.app.planning import plan

        _show(wait_for(plan(manifest, sketch=sketch, only=only, whole=form == "json", rehearsal=rehearsing)), form)
        return Exit.DONE
    rehearsal = _rehearsal(mock_script) if rehearsing else None
    ran = wait_for(_run(manifest, sketch=sketch, only=only, jobs=jobs, yes=yes, progress=progress, rehearsal=rehearsal))
    return _tell(ran, form)


def _rehearsal(script: Path | None) -> "Rehearsal":
    from hailuo_batch.app.driving import Rehearsal

    return Rehearsal(script=script)


async def _run(
    manifest: Path,
    *,
    sketch: bool,
    only: tuple[str, ...],
    jobs: int | None,
    yes: bool,
    progress: str,
    rehearsal: "Rehearsal | None",
) -> "Ran":
    from hailuo_batch.app.rendering import run
    from hailuo_batch.runner.stop import Stop
    from hailuo_batch.views.progress import watching

    stop = Stop()
    with watching(_how(progress), sys.stderr, ink_for(sys.stderr)) as listener:
        _mind_signals(stop, listener)
        return await run(
            manifest,
            sketch=sketch,
            only=only,
            rehearsal=rehearsal,
            workers=jobs,
            approve=lambda planned: _agree(planned, yes=yes),
            listener=listener,
            stop=stop,
        )


def _how(progress: str) -> str:
    if progress != "auto":
        return progress
    return "live" if can_redraw(sys.stderr) and not os.environ.get("CI") else "lines"


def _mind_signals(stop: "Stop", listener: "Listener") -> None:
    """The first Ctrl-C or SIGTERM asks to stop, the second ends the run at once."""
    import asyncio

    from hailuo_batch.core.event import Stopping
    from hailuo_batch.core.outcome import INTERRUPTED

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
    gc.freeze()  # the plan stays for the whole run: there is no garbage to look for in it
    gc.enable()
    report = planned.report
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
    if form == "json":
        from hailuo_batch.views.json_report import report_members

        print_json(report_members(planned.report))
    else:
        from hailuo_batch.views.plan import draw_plan

        print_text(draw_plan(planned.report, ink_for(sys.stdout)))


def _tell(ran: "Ran", form: str) -> int:
    tell_ci(ran.after.report)
    if form == "json":
        from hailuo_batch.views.json_report import outcome_members, report_members

        print_json({**report_members(ran.after.report), "run": outcome_members(ran.outcome)})
    else:
        from hailuo_batch.app.places import renders_folder
        from hailuo_batch.views.outcome import draw_outcome

        folder = shown_path(renders_folder(ran.after.validation.project.base)) + "/"
        print_text(draw_outcome(ran.outcome, ran.after.report, lock=ran.lock, folder=folder, ink=ink_for(sys.stdout)))
    if ran.trouble is not None:
        from hailuo_batch.views.problems import draw_error

        click.echo(draw_error(ran.trouble, ink_for(sys.stderr)), err=True)
    return ran.exit

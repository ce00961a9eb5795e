"""A run that people watch: progress on stderr, Ctrl-C, and the question before money is spent."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli.output import fit_text, make_style
from hailuo_batch.cli.streams import can_redraw, is_ci
from hailuo_batch.cli.trace_options import is_verbose
from hailuo_batch.errors import RefusedError

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun
    from hailuo_batch.app.run import RunResult
    from hailuo_batch.app.run_several import SeveralResult
    from hailuo_batch.app.running.options import RunOptions
    from hailuo_batch.core.plan.event import Event, Listener
    from hailuo_batch.core.plan.report import Report
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.style import TextStyle

# Objects between two collections: a run makes little garbage, and searching for it is a tenth of its work.
_GC_THRESHOLD = 20_000


async def run_interactive(
    manifest: Path, options: "RunOptions", *, yes: bool = False, progress: str = "auto"
) -> "RunResult":
    """A run that is drawn on stderr, can be stopped with Ctrl-C, and asks before it spends."""
    from hailuo_batch.app.run import run

    with watch_progress(progress) as (listener, stop):
        return await run(
            manifest,
            options,
            approve=lambda planned: _confirm_spending(planned, yes=yes),
            listener=listener,
            stop=stop,
        )


async def run_several_interactive(
    manifests: Sequence[Path], options: "RunOptions", *, yes: bool = False, progress: str = "auto"
) -> "SeveralResult":
    """The same for several manifests: one question, and the progress of one manifest after another."""
    from hailuo_batch.app.run_several import run_several
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.progress.listeners import progress_listener

    stop, shown = Stop(), list["Listener"]()

    def listen(event: "Event") -> None:
        for listener in shown:
            listener(event)

    @contextmanager
    def watch(planned: "PlannedRun") -> Iterator["Listener"]:
        if _progress_mode(progress) in {"live", "lines"}:
            click.echo(fit_text(f"{planned.validation.name}:", sys.stderr), err=True)
        with progress_listener(_progress_mode(progress), sys.stderr, make_style(sys.stderr)) as watcher:
            shown.append(watcher)
            try:
                yield _collector_listener(watcher)
            finally:
                shown.remove(watcher)

    _handle_signals(stop, listen)
    return await run_several(
        manifests, options, approve=lambda plans: _confirm_several(plans, yes=yes), watch=watch, stop=stop
    )


@contextmanager
def watch_progress(progress: str) -> Iterator[tuple["Listener", "Stop"]]:
    """The listener that draws a run's progress, and what Ctrl-C stops; only inside an event loop."""
    from hailuo_batch.runner.shutdown import Stop
    from hailuo_batch.views.progress.listeners import progress_listener

    stop = Stop()
    with progress_listener(_progress_mode(progress), sys.stderr, make_style(sys.stderr)) as watcher:
        listener = _collector_listener(watcher)
        _handle_signals(stop, listener)
        yield listener, stop


def _collector_listener(listener: "Listener") -> "Listener":
    """The listener, which also turns the collector on when a run begins: planning makes no garbage, and a run does."""
    from hailuo_batch.core.plan.event import RunStarted

    def listen(event: "Event") -> None:
        if isinstance(event, RunStarted):
            gc.freeze()  # the plan stays for the whole run: there is no garbage in it
            gc.set_threshold(_GC_THRESHOLD)
            gc.enable()
        listener(event)

    return listen


def _progress_mode(progress: str) -> str:
    if progress != "auto":
        return progress
    # Lines of -v would break a live table.
    is_live = can_redraw(sys.stderr) and not is_ci() and not is_verbose()
    return "live" if is_live else "lines"


def _handle_signals(stop: "Stop", listener: "Listener") -> None:
    """The first Ctrl-C or SIGTERM asks to stop, the second ends the run at once."""
    import asyncio

    from hailuo_batch.core.plan.event import Stopping
    from hailuo_batch.core.plan.outcome import INTERRUPTED

    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def interrupt() -> None:
        if stop.is_requested and task is not None:
            task.cancel()
            return
        stop.request(INTERRUPTED)
        listener(Stopping())

    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, interrupt)
        except NotImplementedError:  # Windows has no signal handlers in its loop
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(interrupt))


def _confirm_spending(planned: "PlannedRun", *, yes: bool) -> None:
    """Asks before money is spent; without a terminal to ask on, `--yes` must have said so."""
    from hailuo_batch.views.plan import draw_plan

    _confirm(planned.report, planned.notes, lambda style: draw_plan(planned.report, style), yes=yes)


def _confirm_several(plans: "Sequence[PlannedRun]", *, yes: bool) -> None:
    """Asks once, for the money of all."""
    from hailuo_batch.core.plan.report_total import total_report
    from hailuo_batch.views.several import draw_plans

    reports = [planned.report for planned in plans]
    notes = tuple(dict.fromkeys(note for planned in plans for note in planned.notes))
    _confirm(total_report(reports), notes, lambda style: draw_plans(reports, style), yes=yes)


def _confirm(report: "Report", notes: "Sequence[str]", draw: "Callable[[TextStyle], str]", *, yes: bool) -> None:
    for note in notes:
        click.echo(fit_text(note, sys.stderr), err=True)
    if yes or not (report.to_spend or report.unpriced):
        return
    from hailuo_batch.views.plan import spending_question

    click.echo(fit_text(draw(make_style(sys.stderr)), sys.stderr), err=True)
    if is_ci() or not sys.stdin.isatty():  # some CI servers give a terminal, where nobody would answer
        there = "this is CI (the variable CI is set)" if is_ci() else "there is no terminal to ask for confirmation"
        why = f"This run would spend money, and {there}."
        raise RefusedError("not approved", why=why, remedy="Add --yes.")
    if not click.confirm(fit_text(spending_question(report), sys.stderr), err=True):
        raise RefusedError("not approved", why="Nothing was submitted.")

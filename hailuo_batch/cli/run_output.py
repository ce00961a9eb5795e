"""What a run came to, for people and for programs; `run` and `fetch` print the same."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli.output import (
    fit_text,
    make_style,
    print_extra_problems,
    print_json,
    print_raw,
    print_text,
    shorten_path,
    write_ci_summary,
    write_total_ci_summary,
)
from hailuo_batch.errors import Exit, InputError
from hailuo_batch.views.format import safe_text

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun
    from hailuo_batch.app.run import RunResult
    from hailuo_batch.app.run_several import SeveralResult
    from hailuo_batch.views.style import TextStyle


def print_plan(planned: "PlannedRun", form: str, *, only_failed: bool = False) -> None:
    """Prints what a run would do, or what a run of failed takes alone would."""
    write_ci_summary(planned.report)
    print_extra_problems(planned.extra_problems)
    if form == "json":
        from hailuo_batch.views.json_report import report_dict

        print_json(report_dict(planned.report))
    elif form == "junit":
        from hailuo_batch.core.plan.outcome import Outcome
        from hailuo_batch.views.junit import draw_junit, run_suite

        print_raw(draw_junit([run_suite(planned.report, planned.selected, Outcome(), code=Exit.DONE)]))
    elif only_failed and not planned.report.rows:
        from hailuo_batch.views.run_summary import draw_nothing_failed

        print_text(draw_nothing_failed(planned.report))
    else:
        from hailuo_batch.views.plan import draw_plan

        print_text(draw_plan(planned.report, make_style(sys.stdout)))


def print_run(result: "RunResult", form: str) -> int:
    """Prints what a run came to; its exit code."""
    _print_run_problems(result)
    with _result_on_stderr(lambda style: _draw_run(result, style)):
        if form == "json":
            print_json(run_dict(result))
        elif form == "junit":
            _print_junit([result])
        else:
            print_text(_draw_run(result, make_style(sys.stdout)))
    return result.exit


def print_runs(ran: "SeveralResult", form: str) -> int:
    """Prints what the runs of several manifests came to; the exit code of all."""
    from hailuo_batch.views.several import draw_runs, runs_dict

    reports, outcomes = [each.after.report for each in ran.results], [each.outcome for each in ran.results]
    for result in ran.results:
        _print_run_problems(result)
    write_total_ci_summary(reports, outcomes)

    def draw(style: "TextStyle") -> str:
        return draw_runs([_draw_run(each, style, is_last=False) for each in ran.results], reports, outcomes, style)

    with _result_on_stderr(draw):
        if form == "json":
            print_json(runs_dict([run_dict(each) for each in ran.results], reports, exit_code=ran.exit))
        elif form == "junit":
            _print_junit(ran.results)
        else:
            print_text(draw(make_style(sys.stdout)))
    return ran.exit


def _print_junit(results: "Sequence[RunResult]") -> None:
    from hailuo_batch.views.junit import draw_junit, run_suite

    print_raw(
        draw_junit(
            run_suite(each.after.report, each.after.selected, each.outcome, code=each.exit, error=each.error)
            for each in results
        )
    )


def _print_run_problems(result: "RunResult") -> None:
    write_ci_summary(result.after.report, result.outcome, error=result.error, is_ledger_moved=result.is_ledger_moved)
    print_extra_problems(result.before.extra_problems)
    for note in result.after.notes:
        click.echo(fit_text(safe_text(note), sys.stderr), err=True)
    if result.error is not None:
        from hailuo_batch.views.problems import draw_error

        click.echo(fit_text(draw_error(result.error, make_style(sys.stderr)), sys.stderr), err=True)


@contextmanager
def _result_on_stderr(draw: "Callable[[TextStyle], str]") -> Iterator[None]:
    """Where stdout cannot be written, the result goes to stderr.

    Money: what a run came to may hold a task's id that is recorded nowhere else.
    """
    try:
        yield
    except InputError:
        click.echo(fit_text(draw(make_style(sys.stderr)), sys.stderr), err=True)
        raise


def _draw_run(result: "RunResult", style: "TextStyle", *, is_last: bool = True) -> str:
    from hailuo_batch.app.running.options import Scope
    from hailuo_batch.views.run_summary import draw_cut_run, draw_run_summary

    if not result.is_begun:
        return f"{style.warning('Not begun')}: {safe_text(result.outcome.stop_reason)}. The next run begins it."
    if result.is_ledger_moved:
        return draw_cut_run(result.outcome, result.before.report, style=style)
    workspace = result.after.validation.workspace
    return draw_run_summary(
        result.outcome,
        result.after.report,
        lock=result.lock,
        folder=shorten_path(workspace.renders_folder) + "/",
        frozen=result.scope is Scope.LOCKED,
        only_failed=result.scope is Scope.FAILED,
        is_last=is_last,
        style=style,
    )


def run_dict(result: "RunResult") -> dict[str, object]:
    """What a run came to, as plain data."""
    from hailuo_batch.views.json_report import outcome_dict, report_dict

    report = result.after.report
    return {**report_dict(report), "run": outcome_dict(result.outcome, report)}

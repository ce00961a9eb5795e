"""Where output goes and whether it has colour: results to stdout, progress and logs to stderr."""

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from hailuo_batch.cli.streams import can_redraw, discard_stdout, has_reader_ended, terminal_width
from hailuo_batch.errors import HailuoError, InputError
from hailuo_batch.views.style import TextStyle

if TYPE_CHECKING:
    from hailuo_batch.core.plan.outcome import Outcome
    from hailuo_batch.core.plan.report import Report
    from hailuo_batch.core.problem import Problem
    from hailuo_batch.core.world import World


def make_style(stream: TextIO) -> TextStyle:
    """Colour on a terminal, unless `NO_COLOR` is set (https://no-color.org) or the terminal is dumb."""
    return TextStyle(colour=can_redraw(stream) and not os.environ.get("NO_COLOR"), width=terminal_width(stream))


def fit_text(text: str, stream: TextIO) -> str:
    """A text for people as the stream's terminal shows it without breaking words."""
    width = terminal_width(stream)
    if not width:
        return text
    from hailuo_batch.views.fit import fit_lines

    return fit_lines(text, width)


def print_text(text: str) -> None:
    """A result for people."""
    _write_stdout(f"{fit_text(text, sys.stdout)}\n")


def print_raw(text: str) -> None:
    """A result whose line ends are its own: as it is, in UTF-8, on every system."""
    _write_stdout(text.encode())


def _write_stdout(result: str | bytes) -> None:
    try:
        click.echo(result, nl=False)
    except OSError as error:
        discard_stdout()
        if has_reader_ended(error):
            return
        raise InputError("the output cannot be written", why=f"The system says: {error.strerror}.") from None


def shorten_path(path: Path) -> str:
    """A path as one would type it here: relative when it is below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def write_ci_summary(
    report: "Report",
    outcome: "Outcome | None" = None,
    *,
    error: HailuoError | None = None,
    is_ledger_moved: bool = False,
) -> None:
    """Adds a plan, or what a run did, to the page that GitHub's runners show of a job, where there is one."""
    if page := _ci_page():
        from hailuo_batch.views.github_summary import draw_cut_step_summary, draw_step_summary

        if is_ledger_moved and outcome is not None and error is not None:
            _append_to_page(page, draw_cut_step_summary(report, outcome, error))
        else:
            _append_to_page(page, draw_step_summary(report, outcome, error))


def write_total_ci_summary(reports: "Sequence[Report]", outcomes: "Sequence[Outcome]" = ()) -> None:
    """The sums over several manifests, each of which is on the page already."""
    if page := _ci_page():
        from hailuo_batch.views.github_summary import draw_total_step_summary

        _append_to_page(page, draw_total_step_summary(reports, outcomes))


def write_idle_ci_summary(summary: Mapping[str, int | float | str], world: "World") -> None:
    """The same of a manifest that had nothing to do, from what was remembered of it."""
    if page := _ci_page():
        from hailuo_batch.views.github_summary import draw_idle_step_summary

        _append_to_page(page, draw_idle_step_summary(summary, world))


def write_validation_ci_summary(totals: Sequence[str], problems: Sequence["Problem"]) -> None:
    """The same of what `validate` found."""
    if page := _ci_page():
        from hailuo_batch.views.github_summary import draw_validation_step_summary

        _append_to_page(page, draw_validation_step_summary(totals, problems))


def write_error_ci_summary(name: str, command: str, error: HailuoError | None, world: "World") -> None:
    """The same of a command that ended before it had a result; without an error, it was interrupted."""
    if page := _ci_page():
        from hailuo_batch.views.github_summary import draw_error_step_summary

        _append_to_page(page, draw_error_step_summary(name, command, error, world))


def has_ci_page() -> bool:
    """Whether there is a page of the job to write to, which shows more of a plan than its text does."""
    return bool(_ci_page())


def _ci_page() -> str:
    return os.environ.get("GITHUB_STEP_SUMMARY", "")


_MAX_PAGE = 1024 * 1024  # bytes: GitHub shows nothing of a step that wrote more
_PART_IS_MISSING = b"\nA part did not fit on this page; the log of the job has it.\n\n"


def _append_to_page(page: str, text: str) -> None:
    with suppress(OSError), Path(page).open("ab") as file:  # a page that cannot be written stops nothing
        room = _MAX_PAGE - file.tell()
        part = text.encode(errors="replace")
        if len(part) > room - len(_PART_IS_MISSING):
            part = _PART_IS_MISSING
        if len(part) <= room:
            file.write(part)


def print_extra_problems(problems: Sequence["Problem"]) -> None:
    """Problems that only this command found out, beside its result: on stderr."""
    if problems:
        from hailuo_batch.views.problems import draw_problems

        click.echo(fit_text(draw_problems(problems, make_style(sys.stderr)), sys.stderr), err=True)


def print_notes(notes: Sequence[str]) -> None:
    """What else was done, beside the result: on stderr."""
    for note in notes:
        click.echo(fit_text(note, sys.stderr), err=True)


def format_error(error: HailuoError) -> str:
    """What ends a command, as it is said on stderr: for a manifest every problem, else what, why and what to do."""
    from hailuo_batch.views.problems import draw_error, draw_problems

    problems = getattr(error, "problems", ())
    ink = make_style(sys.stderr)
    return fit_text(draw_problems(problems, ink) if problems else draw_error(error, ink), sys.stderr)


def print_json(members: object) -> None:
    """A result for programs."""
    from hailuo_batch.views.json_report import json_text

    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    _write_stdout(f"{json_text(members, indent=2, ascii_only=not encoding.startswith('utf'))}\n")

"""Where output goes and whether it has colour: results to stdout, progress and logs to stderr."""

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from hailuo_batch.cli.streams import can_redraw, give_up_stdout
from hailuo_batch.errors import InputError
from hailuo_batch.views.ink import Ink

if TYPE_CHECKING:
    from hailuo_batch.core.report import Report


def ink_for(stream: TextIO) -> Ink:
    """Colour on a terminal, unless `NO_COLOR` is set (https://no-color.org) or the terminal is dumb."""
    return Ink(colour=can_redraw(stream) and not os.environ.get("NO_COLOR"))


def print_text(text: str) -> None:
    """A result for people."""
    try:
        click.echo(text)
    except BrokenPipeError:
        give_up_stdout()
    except OSError as error:
        give_up_stdout()
        raise InputError("the output cannot be written", why=f"The system says: {error.strerror}.") from None


def shown_path(path: Path) -> str:
    """A path as one would type it here: relative when it is below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def tell_ci(report: "Report") -> None:
    """Adds a report to the page that GitHub's runners show of a job, where there is one (`GITHUB_STEP_SUMMARY`)."""
    page = os.environ.get("GITHUB_STEP_SUMMARY")
    if not page:
        return
    from hailuo_batch.views.step_summary import draw_step_summary

    with (
        suppress(OSError),
        Path(page).open("a", encoding="utf-8") as file,
    ):  # a page that cannot be written stops nothing
        file.write(draw_step_summary(report))


def print_json(members: object) -> None:
    """A result for programs."""
    from hailuo_batch.views.json_report import json_text

    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    print_text(json_text(members, indent=2, ascii_only=not encoding.startswith("utf")))

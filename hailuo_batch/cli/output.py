"""Where output goes and whether it has colour: results to stdout, progress and logs to stderr."""

import os
import sys
from typing import TextIO

import click

from hailuo_batch.cli.streams import can_redraw, give_up_stdout
from hailuo_batch.errors import InputError
from hailuo_batch.views.ink import Ink


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


def print_json(members: object) -> None:
    """A result for programs."""
    from hailuo_batch.views.json_report import json_text

    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    print_text(json_text(members, indent=2, ascii_only=not encoding.startswith("utf")))

"""Where output goes and whether it has colour: results to stdout, progress and logs to stderr."""

import json
import os
from typing import TextIO

import click

from hailuo_batch.views.ink import Ink


def ink_for(stream: TextIO) -> Ink:
    """Colour on a terminal, unless `NO_COLOR` is set (https://no-color.org) or the terminal is dumb."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not stream.isatty()
    return Ink(colour=not plain)


def print_text(text: str) -> None:
    """A result for people."""
    click.echo(text)


def print_json(members: object) -> None:
    """A result for programs."""
    click.echo(json.dumps(members, ensure_ascii=False, indent=2))

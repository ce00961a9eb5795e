"""What the commands that choose have in common: they decide, then print what was written and the plan after it."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from hailuo_batch.app.choosing import choose
from hailuo_batch.cli.output import make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.plan.choice import Choice
from hailuo_batch.core.world import World
from hailuo_batch.views.choices import choices_dict, draw_choices


def by(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--as`: who decides."""
    return click.option(
        "--as", "by", metavar="NAME", default="", help="Who decides (default: git's user.name, else the login name)."
    )(command)


def undo(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--undo`: the newest such decision is taken back."""
    return click.option("--undo", "is_undo", is_flag=True, help="Take back the newest such decision.")(command)


def decide(manifest: Path, choices: Sequence[Choice], *, world: World, by: str, form: str) -> None:
    """Writes the decisions down and prints them, with the plan after them."""
    made = run_async(choose(manifest, choices, world=world, by=by))
    report = made.planned.report
    if form == "json":
        print_json(choices_dict(made.made, made.notes, report))
    else:
        review, ink = shorten_path(made.file), make_style(sys.stdout)
        print_text(draw_choices(made.made, made.notes, report, review=review, style=ink))

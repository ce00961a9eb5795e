"""How `push` and `pull` show how far they are, and what they came to."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import click

from hailuo_batch.app.sharing import ClipTransfer, Progress
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.core.world import command_line
from hailuo_batch.views.transfer import draw_transfer, transfer_dict

_PAUSE = 0.2  # seconds between two lines on a terminal


@contextmanager
def watch_transfer(verb: str) -> Iterator[Progress]:
    """Shows how many clips are done, on a terminal."""
    shown, is_shown = 0.0, sys.stderr.isatty()

    def show(done: int, total: int) -> None:
        nonlocal shown
        if is_shown and (done == total or monotonic() - shown > _PAUSE):
            shown = monotonic()
            click.echo(f"\r{verb}: {done:,} of {total:,} clips", nl=done == total, err=True)

    yield show


def print_transfer(verb: str, found: ClipTransfer, form: str, *, run_command: str = "") -> None:
    """What a push or a pull came to."""
    if form == "json":
        print_json(
            transfer_dict(
                address=found.address,
                copied=found.copied,
                size=found.bytes,
                already=found.already,
                failed=found.failed,
                missing=found.missing,
                note=found.note,
            )
        )
        return
    print_text(
        draw_transfer(
            verb,
            address=found.address,
            copied=found.copied,
            size=found.bytes,
            already=found.already,
            failed=found.failed,
            missing=found.missing,
            note=found.note,
            push_command=command_line("push"),
            run_command=run_command,
            style=make_style(sys.stdout),
        )
    )

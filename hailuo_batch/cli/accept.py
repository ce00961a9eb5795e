"""hailuo-batch accept"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.review import accept, unaccept
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.review import acceptances_dict, draw_acceptances


@click.command("accept")
@options.shots
@options.manifest
@options.world
@click.option(
    "--why", metavar="TEXT", default="", help="Why the earlier clip is good enough; recorded in the review file."
)
@click.option(
    "--take", metavar="N", type=click.IntRange(1, 99), help="Only this take (default: every take that changed)."
)
@click.option("--undo", is_flag=True, help="Withdraw an earlier `accept`.")
@options.output_format
def command(
    shots: tuple[str, ...], manifest: Path, *, world: World, why: str, take: int | None, undo: bool, form: str
) -> None:
    """Keep the earlier clips of SHOTS of MANIFEST (ids, globs, tag:X) although their requests changed.

    Nothing is rendered, and the version stays. The decision is recorded in the review file beside the manifest. It
    holds for this request only: if the request changes again, accept the clip again.
    """
    if world is not World.REAL:
        raise click.UsageError(f"accept keeps clips that were bought; {world.option} has none.")
    if not undo and not why.strip():
        raise click.UsageError("--why is needed: it is recorded beside the manifest.")
    if undo:
        decided = run_async(unaccept(manifest, shots, take=take))
    else:
        decided = run_async(accept(manifest, shots, why=why, take=take))
    found = (decided.acceptances, decided.withdrawals, decided.notes, decided.planned.report)
    if form == "json":
        print_json(acceptances_dict(*found))
    else:
        print_text(draw_acceptances(*found, review=shorten_path(decided.file), style=make_style(sys.stdout)))

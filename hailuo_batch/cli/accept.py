"""hailuo-batch accept"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.review import accept, unaccept
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text, shown_path
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.views.review import acceptance_members, draw_acceptances


@click.command("accept")
@options.shots
@options.manifest
@click.option("--why", metavar="TEXT", default="", help="Why the earlier clip will do; kept in the review file.")
@click.option("--take", metavar="N", type=click.IntRange(1, 99), help="Only this take (default: all that changed).")
@click.option("--undo", is_flag=True, help="Keep the earlier clip no more.")
@options.output_format
def command(shots: tuple[str, ...], manifest: Path, *, why: str, take: int | None, undo: bool, form: str) -> None:
    """Keep the earlier clips of SHOTS of MANIFEST (ids, globs, tag:X) for what they ask now.

    For shots whose request changed and whose clip is good all the same: nothing is rendered, and the version stays. It
    is written down beside the manifest and holds for this request; should that change again, it must be said again.
    """
    if not undo and not why.strip():
        raise click.UsageError("--why is needed: it is kept beside the manifest, for who asks later.")
    if undo:
        decided = wait_for(unaccept(manifest, shots, take=take))
    else:
        decided = wait_for(accept(manifest, shots, why=why, take=take))
    found = (decided.accepted, decided.withdrawn, decided.notes, decided.planned.report)
    if form == "json":
        print_json(acceptance_members(*found))
    else:
        print_text(draw_acceptances(*found, review=shown_path(decided.file), ink=ink_for(sys.stdout)))

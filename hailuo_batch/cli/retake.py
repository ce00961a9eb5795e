"""hailuo-batch retake"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.choosing import retake
from hailuo_batch.cli import choices, options
from hailuo_batch.cli.output import make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.world import World
from hailuo_batch.views.review import draw_retakes, retakes_dict


@click.command("retake")
@options.shots
@options.manifest
@options.world
@click.option("--why", metavar="TEXT", default="", help="Why; recorded in the review file.")
@click.option("--note", metavar="TEXT", default="", help="A note about the shot, or about the take that is named.")
@choices.undo
@choices.by
@options.output_format
def command(
    shots: tuple[str, ...],
    manifest: Path,
    *,
    world: World,
    why: str,
    note: str,
    is_undo: bool,
    by: str,
    form: str,
) -> None:
    """Request one more take of SHOTS (ids, globs, tag:X) of MANIFEST, unchanged.

    Spends nothing: the request is recorded in the review file beside the manifest, and the next run buys it. Shows what
    that would cost. A requested take that was bought is not taken back.
    """
    if world is World.SKETCH:
        raise click.UsageError("A sketch has one take; retake is for real takes and rehearsals.")
    if is_undo:
        wanted = [Choice(kind=ChoiceKind.RETAKE, shot=shot, is_undo=True) for shot in shots]
        choices.decide(manifest, wanted, world=world, by=by, form=form)
        return
    decided = run_async(retake(manifest, shots, why=why, note=note, world=world, by=by))
    report = decided.planned.report
    if form == "json":
        print_json(retakes_dict(decided.retakes, decided.notes, report))
    else:
        review, ink = shorten_path(decided.file), make_style(sys.stdout)
        print_text(draw_retakes(decided.retakes, decided.notes, report, review=review, style=ink))

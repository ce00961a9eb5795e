"""hailuo-batch reject"""

from pathlib import Path

import click

from hailuo_batch.cli import choices, options
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.world import World


@click.command("reject")
@options.shots
@options.manifest
@options.world
@click.option("--why", metavar="TEXT", default="", help="Why; recorded in the review file.")
@choices.undo
@choices.by
@options.output_format
def command(
    shots: tuple[str, ...], manifest: Path, *, world: World, why: str, is_undo: bool, by: str, form: str
) -> None:
    """Say that clips of MANIFEST are not good: SHOTS are SHOT#TAKE, or shots with one clip.

    The clips stay where they are. `retake` requests another one.
    """
    if not is_undo and not why.strip():
        raise click.UsageError("--why is needed: it is recorded beside the manifest.")
    wanted = [Choice(kind=ChoiceKind.REJECT, shot=shot, why=why, is_undo=is_undo) for shot in shots]
    choices.decide(manifest, wanted, world=world, by=by, form=form)

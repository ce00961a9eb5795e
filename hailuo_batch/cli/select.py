"""hailuo-batch select"""

from pathlib import Path

import click

from hailuo_batch.cli import choices, options
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.world import World


@click.command("select")
@options.shots
@options.manifest
@options.world
@choices.undo
@choices.by
@options.output_format
def command(shots: tuple[str, ...], manifest: Path, *, world: World, is_undo: bool, by: str, form: str) -> None:
    """Use these takes of MANIFEST: SHOTS are SHOT#TAKE, or shots with one clip.

    The selected take is the one that other shots start from. It is named in renders/selected and in the lock. Spends
    nothing: shows the shots that would be rendered again because of it, and their price.
    """
    wanted = [Choice(kind=ChoiceKind.SELECT, shot=shot, is_undo=is_undo) for shot in shots]
    choices.decide(manifest, wanted, world=world, by=by, form=form)

"""hailuo-batch note"""

from pathlib import Path

import click

from hailuo_batch.cli import choices, options
from hailuo_batch.core.plan.choice import Choice, ChoiceKind
from hailuo_batch.core.world import World


@click.command("note")
@click.argument("shot")
@click.argument("text", required=False)
@click.argument("manifest", required=False, type=click.Path(path_type=Path))
@options.world
@choices.undo
@choices.by
@options.output_format
def command(
    shot: str, text: str | None, manifest: Path | None, *, world: World, is_undo: bool, by: str, form: str
) -> None:
    """Write TEXT about SHOT, or about a take of it (SHOT#TAKE), into the review of MANIFEST.

    With --undo there is no TEXT: the newest note about it is taken back.
    """
    if is_undo and text is not None and manifest is None:
        manifest, text = Path(text), None
    if is_undo and text is not None:
        raise click.UsageError("--undo takes back the newest note; leave TEXT out.")
    if not is_undo and not (text or "").strip():
        raise click.UsageError("TEXT is needed: what is to be noted.")
    wanted = [Choice(kind=ChoiceKind.NOTE, shot=shot, text=text or "", is_undo=is_undo)]
    choices.decide(options.find_manifest(manifest), wanted, world=world, by=by, form=form)

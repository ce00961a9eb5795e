"""hailuo-batch explain"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.inspect import explain
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.explain import draw_explanation, explanation_dict


@click.command("explain")
@click.argument("take", metavar="SHOT[#TAKE]")
@options.manifest
@options.world
@options.output_format
def command(take: str, manifest: Path, *, world: World, form: str) -> None:
    """Explain why SHOT (its first take, or the one after #) of MANIFEST would be rendered or not, field by field."""
    explanation = run_async(explain(manifest, take, world=world))
    if form == "json":
        print_json(explanation_dict(explanation, rehearsal=world is World.REHEARSAL))
    else:
        print_text(draw_explanation(explanation, make_style(sys.stdout), rehearsal=world is World.REHEARSAL))

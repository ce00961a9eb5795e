"""hailuo-batch evidence"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.evidence import evidence, write_evidence
from hailuo_batch.cli import options
from hailuo_batch.cli.output import make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.views.evidence import draw_evidence, evidence_dict


@click.command("evidence")
@options.manifest
@options.world
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file (default: renders/CAMPAIGN.evidence.json).",
)
@options.output_format
def command(manifest: Path, *, world: World, out: Path | None, form: str) -> None:
    """Write what MANIFEST's campaign can show of each clip: request, provider, task, times, marks, rights, approvals.

    The file is JSON (`hailuo-batch schema evidence`), for anyone who asks where a clip comes from. With --format json
    it is printed instead, unless --out names a file.
    """
    if form == "json" and out is None:
        print_json(evidence_dict(run_async(evidence(manifest, world=world))))
        return
    found, file = run_async(write_evidence(manifest, world=world, target=out))
    if form == "json":
        print_json(evidence_dict(found))
    else:
        print_text(draw_evidence(found, file=shorten_path(file), style=make_style(sys.stdout)))

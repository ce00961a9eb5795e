"""hailuo-batch pull"""

from pathlib import Path

import click

from hailuo_batch.app.sharing import pull_clips
from hailuo_batch.cli import options
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.cli.transfer_output import print_transfer, watch_transfer
from hailuo_batch.core.plan.outcome import most_urgent
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import Exit


@click.command("pull")
@options.manifests
@click.option("--selected", is_flag=True, help="One take of each shot: the selected one, else the first.")
@options.output_format
def command(manifests: tuple[Path, ...], *, selected: bool, form: str) -> int:
    """Bring clips from the shared store: those that the locks of MANIFESTS name, or all locks of the project.

    A fresh clone needs nothing else: no ledger and no key of a gateway. Each clip is checked against its digest. Buys
    nothing. Exits with 8 when the shared store lacks a clip, and with 4 when one could not be brought.
    """
    with watch_transfer("pull") as on_progress:
        pulled = run_async(pull_clips(Path.cwd(), manifests, selected=selected, on_progress=on_progress))
    name = str(manifests[0]) if len(manifests) == 1 else ""
    print_transfer("Pulled", pulled, form, run_command=command_line("run", manifest=name))
    return most_urgent([*[Exit.NEEDS_PERSON] * bool(pulled.missing), *[Exit.TAKES_FAILED] * bool(pulled.failed)])

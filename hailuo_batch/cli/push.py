"""hailuo-batch push"""

from pathlib import Path

import click

from hailuo_batch.app.sharing import push_clips
from hailuo_batch.cli import options
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.cli.transfer_output import print_transfer, watch_transfer
from hailuo_batch.errors import Exit


@click.command("push")
@options.manifests
@options.output_format
def command(manifests: tuple[Path, ...], *, form: str) -> int:
    """Put clips of this machine into the shared store: those of MANIFESTS, or all that the project bought.

    A run does this by itself. What it could not put there is owed, and is put there now. Clips that the shared store
    has already are not sent. Buys nothing.
    """
    with watch_transfer("push") as on_progress:
        pushed = run_async(push_clips(Path.cwd(), manifests, on_progress=on_progress))
    print_transfer("Pushed", pushed, form)
    return Exit.TAKES_FAILED if pushed.failed else Exit.DONE

"""hailuo-batch init"""

from pathlib import Path
from shlex import quote

import click

from hailuo_batch.app.init import FIRST_MANIFEST, init
from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_sync
from hailuo_batch.core.world import World, command_line
from hailuo_batch.views.format import safe_text


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
def command(folder: Path) -> None:
    """Create a first project in FOLDER (default: this folder): settings and a manifest to start from."""
    written = run_sync(init(folder))
    step_in = "" if folder == Path() else f"    cd {safe_text(quote(str(folder)))}\n"
    lines = "".join(f"  {safe_text(str(path))}\n" for path in written)
    preview = command_line("run", manifest=FIRST_MANIFEST, world=World.SKETCH)
    print_text(f"Written:\n{lines}Next, render a free preview:\n{step_in}    {preview}")

"""hailuo-batch mock"""

from pathlib import Path

import click

from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_async


@click.command("mock")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; only this machine may ask.")
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="0 takes a free one.")
@click.option(
    "--script", type=click.Path(path_type=Path, dir_okay=False), help="Which faults to play, see docs/mock.md."
)
@click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False), help="Write every request and charge down here."
)
@click.option(
    "--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Times the world's pace."
)
def command(*, host: str, port: int, script: Path | None, log: Path | None, speed: float) -> None:
    """Play all gateways on this machine, until Ctrl-C.

    Tasks are queued, run and end in real MP4s; nothing is charged and no key is needed, any will do.
    """
    from hailuo_batch.mock.server import Mock, serve

    def ready(mock: Mock) -> None:
        lines = "".join(f"  {name:<12} {url}\n" for name, url in sorted(mock.urls.items()))
        print_text(f"The gateways play at:\n{lines}Ctrl-C ends it.")

    run_async(serve(host=host, port=port, script=script, log=log, speed=speed, ready=ready))

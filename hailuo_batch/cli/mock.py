"""hailuo-batch mock"""

from pathlib import Path

import click

from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.pages import page


@click.command("mock", epilog=f"\b\nHow a script is written:\n  {page('mock')}")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="The address to listen on; only this machine can connect."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8787, show_default=True, help="Use 0 to pick a free port."
)
@click.option("--script", type=click.Path(path_type=Path, dir_okay=False), help="A file with the faults to inject.")
@click.option(
    "--log", type=click.Path(path_type=Path, dir_okay=False), help="Append every request and charge to this file."
)
@click.option("--speed", type=click.FloatRange(0.1, 1000), default=1.0, show_default=True, help="Time multiplier.")
def command(*, host: str, port: int, script: Path | None, log: Path | None, speed: float) -> None:
    """Run a local server that mocks all gateways, until Ctrl-C.

    Tasks are queued, run and end in real MP4s. Nothing is charged, and any key is accepted.
    """
    from hailuo_batch.mock.server import Mock, serve

    def ready(mock: Mock) -> None:
        lines = "".join(f"  {name:<12} {url}\n" for name, url in sorted(mock.urls.items()))
        print_text(f"The mock gateways listen at:\n{lines}Press Ctrl-C to stop.")

    run_async(serve(host=host, port=port, script=script, log=log, speed=speed, ready=ready))

"""hailuo-batch watch"""

import signal
import sys
from contextlib import suppress
from pathlib import Path

import click

from hailuo_batch.app.watch import WatchRound, watch
from hailuo_batch.cli import options
from hailuo_batch.cli.output import format_error, make_style, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.views.format import count, safe_text
from hailuo_batch.views.plan import draw_plan


@click.command("watch")
@options.manifest
@click.option("--sketch", is_flag=True, help="Also draw the sketches of what changed: on this machine, free.")
@click.option("--open", "open_page", is_flag=True, help="Open the report's page, and write it after each change.")
def command(manifest: Path, *, sketch: bool, open_page: bool) -> None:
    """Check and plan MANIFEST again whenever it, an included file, its settings or an image is saved.

    Never buys anything. A file with problems is shown with them, and watching goes on. Ctrl-C ends it.
    """
    shown: list[Path] = []

    def show(found: WatchRound) -> None:
        _show_round(found)
        if found.page is not None and not shown:
            import webbrowser

            shown.append(found.page)
            webbrowser.open(found.page.absolute().as_uri())

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
    with suppress(KeyboardInterrupt):
        run_async(watch(manifest, sketch=sketch, with_page=open_page, show=show))


def _show_round(found: WatchRound) -> None:
    if found.changed:
        names = ", ".join(safe_text(shorten_path(path)) for path in found.changed)
        print_text(f"\nSaved: {names}")
    if found.error is not None:
        print_text(format_error(found.error))
    elif found.planned is not None:
        print_text(draw_plan(found.planned.report, make_style(sys.stdout)))
        if found.sketched:
            print_text(f"{count(found.sketched, 'sketch', 'sketches')} drawn.")
    if found.page is not None:
        print_text(f"Page: {safe_text(shorten_path(found.page))}")
    print_text("Watching; Ctrl-C ends.")
    sys.stdout.flush()

"""hailuo-batch review"""

import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import click

from hailuo_batch.cli import options
from hailuo_batch.cli.output import print_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError
from hailuo_batch.files.regular import UnsafeFileError, read_regular

_PASSWORD = "HAILUO_REVIEW_PASSWORD"  # noqa: S105 - the name of a variable
_LONGEST = 10_000  # bytes of a file with a password


@click.command("review")
@options.manifest
@options.world
@click.option("--as", "by", metavar="NAME", default="", help="Who decides (default: git's user name).")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--read-only", is_flag=True, help="For a client: no decisions, no prices, no providers, and a password to enter."
)
@click.option(
    "--listen", metavar="HOST:PORT", default="127.0.0.1:0", help="Where to listen (default: this machine, a free port)."
)
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The first line is the password (default: {_PASSWORD}, else a question).",
)
def command(
    manifest: Path, *, world: World, by: str, open_page: bool, read_only: bool, listen: str, password_file: Path | None
) -> None:
    """Open a page on which the takes of MANIFEST are compared and chosen.

    Takes play side by side. Each decision is written into the review file at once, and the page follows a run, commands
    and editors while it is open. Never buys anything: a retake is bought by the next run. Ctrl-C ends it.
    """
    from hailuo_batch.app.reviewing.review import ReviewOptions, review

    if password_file is not None and not read_only:
        raise click.UsageError("--password-file is for --read-only.")
    chosen = ReviewOptions(
        world=world, listen=listen, password=_read_password(password_file) if read_only else None, by=by
    )

    def show(url: str) -> None:
        print_text(f"{'Read-only page' if read_only else 'Review page'}: {url}\nCtrl-C ends it.")
        if open_page:
            import webbrowser

            webbrowser.open(url)

    gc.enable()  # this command stays
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell lets what it starts in the background ignore it
    with suppress(KeyboardInterrupt):
        run_async(review(manifest, chosen, show=show))


def _read_password(file: Path | None) -> str:
    """Never from the command line, which every user of the machine can list."""
    if file is None:
        return os.environ.get(_PASSWORD) or _prompt_password()
    try:
        text = read_regular(file, _LONGEST).decode()
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8") from None
    except UnsafeFileError as error:
        raise InputError(f"{file} {error.reason}") from None
    except OSError as error:
        raise InputError(f"cannot read {file}", why=f"The system says: {error.strerror}.") from None
    return text.split("\n", 1)[0].strip()


def _prompt_password() -> str:
    if not sys.stdin.isatty():
        remedy = f"Set {_PASSWORD}, or name a file with --password-file."
        raise InputError("the page has no password", why="There is no terminal to type it on.", remedy=remedy)
    return str(click.prompt("Password for the page", hide_input=True, confirmation_prompt=True, err=True))

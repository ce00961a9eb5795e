"""hailuo-batch work"""

import gc

import click

from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.pages import page

_ALL = "draw,check,proxy"


@click.command("work", epilog=f"\b\nHow a farm is set up:\n  {page('farm')}")
@click.option(
    "--for",
    "kinds",
    metavar="WORK",
    default=_ALL,
    show_default=True,
    help="Which work: draw sketches, check clips (verify --deep), proxy: the stills and measures of sheets.",
)
@click.option(
    "-j", "--jobs", metavar="N", type=click.IntRange(1, 1_000), help="How much at once (default: one per CPU core)."
)
@click.option("--ledger", metavar="URL", default="", help="The database (default: `ledger` of hailuo.yaml).")
@click.option("--store", metavar="URL", default="", help="The shared store (default: `store` of hailuo.yaml).")
@click.option("--dask", metavar="URL", default="", help="Join a dask scheduler instead: tls://HOST:PORT.")
def command(*, kinds: str, jobs: int | None, ledger: str, store: str, dask: str) -> None:
    """Do the heavy, free work of other machines, until Ctrl-C.

    Takes sketches, checks and measures from the database of the shared ledger, and puts results into the shared store.
    Needs no gateway key, no manifest and no open port, and can buy nothing.
    """
    from hailuo_batch.app.work import WorkOptions, work
    from hailuo_batch.farm.jobs import JobKind

    if dask and (ledger or store or kinds != _ALL):
        raise click.UsageError("--dask goes with --jobs alone: the scheduler says what is to be done.")
    names = [name.strip() for name in kinds.split(",") if name.strip()]
    known = [str(kind) for kind in JobKind]
    if not names or set(names) - set(known):
        raise click.BadParameter(f"{kinds!r} is no list of {', '.join(known)}.", param_hint="--for")
    gc.enable()  # this command stays
    options = WorkOptions(kinds=[JobKind(name) for name in dict.fromkeys(names)], jobs=jobs, ledger=ledger, store=store)
    run_async(work(options, report=lambda words: click.echo(words, err=True)))

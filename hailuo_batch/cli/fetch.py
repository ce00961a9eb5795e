"""hailuo-batch fetch"""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli import options
from hailuo_batch.cli.output import format_error, make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.views.format import safe_text

if TYPE_CHECKING:
    from hailuo_batch.app.fetch import PendingTasks
    from hailuo_batch.app.fetch_orphans import OrphanReport
    from hailuo_batch.app.run import RunResult

_Errors = dict[str, HailuoError]


@click.command("fetch")
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))
@click.option("--mock", is_flag=True, help="The tasks of rehearsals.")
@options.progress
@options.output_format
def command(manifests: tuple[Path, ...], *, mock: bool, progress: str, form: str) -> int:
    """Bring home what was paid for and is not in the store: of MANIFESTS, or of every manifest that was run here.

    Running tasks are waited for, made clips are downloaded. Nothing is submitted, so nothing is spent. What is wrong
    with one manifest keeps no other from coming home; clips of which no manifest is left come home without a name.
    """
    from hailuo_batch.app.fetch import list_pending_tasks

    found = None if manifests else run_async(list_pending_tasks(Path.cwd(), rehearsal=mock))
    runs, troubles = _fetch_manifests(manifests if found is None else found.manifests, mock=mock, progress=progress)
    brought = None
    if found is not None and not any(ran.exit is Exit.INTERRUPTED for ran in runs):
        brought = _fetch_orphans(found, troubles, mock=mock, progress=progress)
    _print_result(runs, found, brought, troubles, form)
    _print_errors(troubles, brought, several=len(runs) + len(troubles) > 1)
    codes = [*(Exit(ran.exit) for ran in runs), *(error.exit for error in troubles.values())]
    return max([*codes, brought.exit] if brought is not None else codes, key=_EXIT_PRIORITY.index, default=Exit.DONE)


# Of several manifests, what a person has to see first is the command's exit code.
_EXIT_PRIORITY = (
    Exit.DONE,
    Exit.TAKES_FAILED,
    Exit.REFUSED,
    Exit.INVALID,
    Exit.LEDGER,
    Exit.KEY,
    Exit.BALANCE,
    Exit.NEEDS_PERSON,
    Exit.INTERRUPTED,
)


def _fetch_manifests(manifests: Iterable[Path], *, mock: bool, progress: str) -> "tuple[list[RunResult], _Errors]":
    """What each manifest came to, until somebody stops it; one that cannot be gone on with is told at the end."""
    from hailuo_batch.app.running.scope import Scope
    from hailuo_batch.cli.run import run_interactive

    runs, troubles = [], {}
    for manifest in manifests:
        try:
            ran = run_async(run_interactive(manifest, scope=Scope.FETCH, mock=mock, progress=progress))
        except HailuoError as error:
            troubles[shorten_path(manifest)] = error
            continue
        runs.append(ran)
        if ran.exit is Exit.INTERRUPTED:
            break
    return runs, troubles


def _fetch_orphans(found: "PendingTasks", errors: _Errors, *, mock: bool, progress: str) -> "OrphanReport | None":
    """What became of the tasks of which no manifest is left; None where there is none."""
    if not found.orphaned_tasks:
        return None
    try:
        return run_async(_run_orphan_fetch(found, mock=mock, progress=progress))
    except HailuoError as error:
        errors["tasks of which no manifest is left"] = error
        return None


async def _run_orphan_fetch(found: "PendingTasks", *, mock: bool, progress: str) -> "OrphanReport":
    from hailuo_batch.app.fetch_orphans import fetch_orphans
    from hailuo_batch.app.running.context import RunOptions
    from hailuo_batch.app.running.drivers import Rehearsal
    from hailuo_batch.cli.run import watch_progress

    with watch_progress(progress) as (listener, stop):
        terms = RunOptions(rehearsal=Rehearsal() if mock else None)
        return await fetch_orphans(found, options=terms, listener=listener, stop=stop)


def _print_result(
    runs: "list[RunResult]", found: "PendingTasks | None", orphans: "OrphanReport | None", errors: _Errors, form: str
) -> None:
    from hailuo_batch.cli.run import print_run, run_dict
    from hailuo_batch.views.orphans import draw_orphans, orphan_dicts

    home, away = (orphans.fetched, orphans.unfetched) if orphans is not None else ((), ())
    if form == "json":
        strays = orphan_dicts(home, away)
        left = [{"manifest": name, "summary": error.summary, "why": error.why} for name, error in errors.items()]
        told = [run_dict(ran) for ran in runs]
        print_json({"version": 1, "manifests": told, "strays": strays, "left_out": left})
        return
    for ran in runs:
        print_run(ran, form)
    if orphans is not None and found is not None:
        print_text(draw_orphans(home, away, found.missing_manifests, make_style(sys.stdout)))
    if not runs and orphans is None and not errors:
        print_text("Everything that was paid for is home.")


def _print_errors(errors: _Errors, orphans: "OrphanReport | None", *, several: bool) -> None:
    """Each trouble once, with the manifests that it kept from coming home; a ledger that is held keeps them all."""
    kept: dict[str, list[str]] = {}
    for name, error in errors.items():
        kept.setdefault(format_error(error), []).append(safe_text(name))
    for text, names in kept.items():
        click.echo(f"Not fetched: {', '.join(names)}\n{text}" if several else text, err=True)
    if orphans is not None and orphans.error is not None:
        click.echo(format_error(orphans.error), err=True)

"""hailuo-batch fetch"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli import options
from hailuo_batch.cli.output import format_error, make_style, print_json, print_text, shorten_path
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.views.format import safe_text

if TYPE_CHECKING:
    from hailuo_batch.app.fetch import OrphanReport, PendingTasks
    from hailuo_batch.app.run import RunResult
    from hailuo_batch.app.running.options import RunOptions

_Errors = dict[str, HailuoError]


@click.command("fetch")
@click.argument("manifests", nargs=-1, type=click.Path(path_type=Path))
@options.world
@options.only
@options.shard
@options.progress
@options.output_format
def command(
    manifests: tuple[Path, ...], *, world: World, only: tuple[str, ...], shard: str | None, progress: str, form: str
) -> int:
    """Download clips already paid for: those of MANIFESTS, or of every manifest that was run here.

    Waits for running tasks. Submits nothing, so it spends nothing. An error in one manifest does not stop the others.
    Clips whose manifest no longer exists are downloaded too, without a file name in renders/, unless --only or --shard
    is given. A pattern has to match in one of the manifests.
    """
    from hailuo_batch.app.fetch import list_pending_tasks
    from hailuo_batch.app.locked_clips import count_missing_clips
    from hailuo_batch.core.plan.outcome import most_urgent

    pending = None if manifests else run_async(list_pending_tasks(Path.cwd(), world=world))
    files = manifests if pending is None else pending.manifests
    chosen = _make_options(world, only, shard, is_alone=len(files) == 1)
    runs, errors = _fetch_manifests(files, chosen, progress=progress)
    orphans = None
    if pending is not None and not (only or shard) and not any(ran.exit is Exit.INTERRUPTED for ran in runs):
        orphans = _fetch_orphans(pending, errors, world=world, progress=progress)
    # Afterwards: what was downloaded now is not missing.
    missing = count_missing_clips(Path.cwd(), manifests) if world is World.REAL else {}
    _print_result(runs, pending, orphans, errors, form, world, missing)
    _print_errors(errors, orphans, several=len(runs) + len(errors) > 1)
    codes = [
        *[Exit.NEEDS_PERSON] * bool(missing),
        *(Exit(ran.exit) for ran in runs),
        *(error.exit for error in errors.values()),
    ]
    return most_urgent(codes if orphans is None else [*codes, orphans.exit])


def _make_options(world: World, only: tuple[str, ...], shard: str | None, *, is_alone: bool) -> "RunOptions":
    from hailuo_batch.app.planning.plan import make_plan_options
    from hailuo_batch.app.running.options import RunOptions, Scope

    make_plan_options(only=only, shard=shard)  # a mistake in them is reported once, not for each manifest
    return RunOptions(world=world, scope=Scope.FETCH, only=only, shard=shard, strict=is_alone)


def _fetch_manifests(
    manifests: Iterable[Path], chosen: "RunOptions", *, progress: str
) -> "tuple[list[RunResult], _Errors]":
    """What each manifest came to, until somebody stops it; errors of a manifest are printed at the end."""
    from hailuo_batch.cli.interactive import run_interactive

    runs: list[RunResult] = []
    errors = {}
    for manifest in manifests:
        try:
            ran = run_async(run_interactive(manifest, chosen, progress=progress))
        except HailuoError as error:
            errors[shorten_path(manifest)] = error
            continue
        runs.append(ran)
        if ran.exit is Exit.INTERRUPTED:
            break
    if chosen.only and not errors and not chosen.strict:
        from hailuo_batch.app.planning.planned import require_matches

        require_matches([ran.before for ran in runs])
    return runs, errors


def _fetch_orphans(pending: "PendingTasks", errors: _Errors, *, world: World, progress: str) -> "OrphanReport | None":
    """What became of the tasks without a manifest; None where there is none."""
    if not pending.orphaned_tasks:
        return None
    try:
        return run_async(_watch_orphans(pending, world=world, progress=progress))
    except HailuoError as error:
        errors["tasks without a manifest"] = error
        return None


async def _watch_orphans(pending: "PendingTasks", *, world: World, progress: str) -> "OrphanReport":
    from hailuo_batch.app.fetch import fetch_orphans
    from hailuo_batch.app.running.options import RunOptions
    from hailuo_batch.cli.interactive import watch_progress

    with watch_progress(progress) as (listener, stop):
        return await fetch_orphans(pending, RunOptions(world=world), listener=listener, stop=stop)


def _print_result(
    runs: "list[RunResult]",
    pending: "PendingTasks | None",
    orphans: "OrphanReport | None",
    errors: _Errors,
    form: str,
    world: World,
    missing: Mapping[str, int],
) -> None:
    from hailuo_batch.cli.run_output import print_run, run_dict
    from hailuo_batch.views.orphans import draw_missing_clips, draw_orphans, orphan_dicts

    fetched, unfetched = (orphans.fetched, orphans.unfetched) if orphans is not None else ((), ())
    if form == "json":
        left = [{"manifest": name, "summary": error.summary, "why": error.why} for name, error in errors.items()]
        done, lost = [run_dict(ran) for ran in runs], orphan_dicts(fetched, unfetched)
        print_json({"version": 1, "manifests": done, "strays": lost, "left_out": left, "missing_clips": dict(missing)})
        return
    for ran in runs:
        print_run(ran, form)
    if orphans is not None and pending is not None:
        text = draw_orphans(fetched, unfetched, pending.missing_manifests, make_style(sys.stdout), world=world)
        print_text(text)
    if missing:
        print_text(draw_missing_clips(missing))
    elif not runs and orphans is None and not errors:
        print_text("Nothing to download.")


def _print_errors(errors: _Errors, orphans: "OrphanReport | None", *, several: bool) -> None:
    """Each trouble once, with the manifests that it kept from coming home; a ledger that is held keeps them all."""
    kept: dict[str, list[str]] = {}
    for name, error in errors.items():
        kept.setdefault(format_error(error), []).append(safe_text(name))
    for text, names in kept.items():
        click.echo(f"Not downloaded: {', '.join(names)}\n{text}" if several else text, err=True)
    if orphans is not None and orphans.error is not None:
        click.echo(format_error(orphans.error), err=True)

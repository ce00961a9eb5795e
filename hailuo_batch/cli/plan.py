"""hailuo-batch plan"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.cli import options
from hailuo_batch.cli.endings import report_early_end
from hailuo_batch.cli.output import (
    make_style,
    print_extra_problems,
    print_json,
    print_text,
    write_ci_summary,
    write_idle_ci_summary,
)
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun


@click.command("plan")
@options.manifests
@options.world
@options.only
@options.shard
@options.max_cost
@options.output_format
@click.option("--full", is_flag=True, help="Show each take, however many there are.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan for review and `run --plan`."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 when there is work to do.")
def command(
    manifests: tuple[Path, ...],
    *,
    world: World,
    only: tuple[str, ...],
    shard: str | None,
    max_cost: str | None,
    form: str,
    full: bool,
    out: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show what a run of MANIFESTS would do, why and for how much. Spends nothing.

    MANIFESTS are files, folders or patterns of one project. Of several, there is one price, and a request that two of
    them have is bought once.
    """
    files = options.find_several(manifests)
    is_whole = form == "text" and not only and not shard and out is None
    if len(files) > 1:
        if out is not None:
            raise click.UsageError("--out saves the plan of one manifest; name one.")
        from hailuo_batch.app.running.options import RunOptions
        from hailuo_batch.cli.several import print_idle, print_plans

        if is_whole and print_idle(files, world):
            return Exit.DONE
        chosen = RunOptions(world=world, only=only, shard=shard, max_cost=max_cost)
        return print_plans(files, chosen, form, full=full, is_last=True, detailed_exitcode=detailed_exitcode)
    (manifest,) = files
    from hailuo_batch.views.nothing_to_do import draw_nothing_to_do

    ink = make_style(sys.stdout)
    if is_whole and (summary := read_cached_summary(manifest, world=world)) is not None:
        write_idle_ci_summary(summary, world)
        print_text(draw_nothing_to_do(dict(summary), ink, manifest=str(manifest), world=world))
        return Exit.DONE
    from hailuo_batch.app.planning.plan import plan
    from hailuo_batch.cli.saved_plan import draw_need, save_plans
    from hailuo_batch.views.plan import draw_plan

    with report_early_end("plan", str(manifest), world=world, form=form):
        planned = run_async(
            plan(manifest, world=world, only=only, shard=shard, full_report=form == "json", max_cost=max_cost)
        )
    write_ci_summary(planned.report)
    print_extra_problems(planned.extra_problems)
    if form == "json":
        from hailuo_batch.views.json_report import report_dict

        _refuse_name_collisions(planned)
        print_json(report_dict(planned.report))
    else:
        can_run = planned.lost_ledger is None and out is None
        need = draw_need([planned]) if can_run else ""
        print_text(draw_plan(planned.report, ink, full=full, is_last=can_run and not need))
        _refuse_name_collisions(planned)
        if need:
            print_text(need)
    if out is not None:
        save_plans([planned], out)
    return Exit.PENDING if detailed_exitcode and planned.pending_steps else Exit.DONE


def _refuse_name_collisions(planned: "PlannedRun") -> None:
    """Ends as the run would; where the ledger is gone, a run ends earlier, and for that."""
    from hailuo_batch.app.planning.name_collisions import refuse_name_collisions

    if planned.lost_ledger is None:
        refuse_name_collisions(planned)

"""hailuo-batch plan"""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.cli import options
from hailuo_batch.cli.endings import report_early_end
from hailuo_batch.cli.output import (
    has_ci_page,
    make_style,
    print_extra_problems,
    print_json,
    print_text,
    write_ci_summary,
    write_idle_ci_summary,
)
from hailuo_batch.cli.run_async import run_light
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
@click.option("--failed", is_flag=True, help="Only failed and refused takes, which are submitted again.")
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
    failed: bool,
    full: bool,
    out: Path | None,
    detailed_exitcode: bool,
) -> int:
    """Show what a run of MANIFESTS would do, why and for how much. Spends nothing.

    MANIFESTS are files, folders or patterns of one project. Of several, there is one price, and a request that two of
    them have is bought once.
    """
    from hailuo_batch.app.running.options import RunOptions, Scope

    files, scope = options.find_several(manifests), Scope.FAILED if failed else Scope.ALL
    chosen = RunOptions(world=world, only=only, shard=shard, max_cost=max_cost, scope=scope)
    is_whole = form == "text" and not only and not shard and not failed and out is None
    if len(files) > 1:
        from hailuo_batch.cli.several import print_idle, print_plans

        if is_whole and print_idle(files, world):
            return Exit.DONE
        return print_plans(files, chosen, form, full=full, is_last=True, detailed_exitcode=detailed_exitcode, out=out)
    (manifest,) = files
    from hailuo_batch.views.nothing_to_do import draw_nothing_to_do

    ink = make_style(sys.stdout)
    if is_whole and (summary := read_cached_summary(manifest, world=world)) is not None:
        write_idle_ci_summary(summary, world)
        print_text(draw_nothing_to_do(dict(summary), ink, manifest=str(manifest), world=world))
        return Exit.DONE
    from hailuo_batch.app.planning.changed_plan import plan_quickly
    from hailuo_batch.app.planning.plan import plan
    from hailuo_batch.cli.saved_plan import draw_need, save_plans
    from hailuo_batch.views.plan import draw_plan

    with report_early_end("plan", str(manifest), world=world, form=form):
        planned = run_light(
            partial(plan_quickly, manifest, world=world, max_cost=max_cost)
            if is_whole and not has_ci_page()
            else partial(plan, manifest, **chosen.plan_arguments, full_report=form == "json")
        )
    if failed:
        from hailuo_batch.app.running.scope import narrow_plan

        planned = narrow_plan(planned, scope)
    write_ci_summary(planned.report)
    print_extra_problems(planned.extra_problems)
    if form == "json":
        from hailuo_batch.views.json_report import report_dict

        _refuse_name_collisions(planned)
        print_json(report_dict(planned.report))
    elif failed and not planned.report.rows:
        from hailuo_batch.views.run_summary import draw_nothing_failed

        print_text(draw_nothing_failed(planned.report))
    else:
        can_run = planned.lost_ledger is None and out is None
        need = draw_need([planned], scope) if can_run else ""
        print_text(draw_plan(planned.report, ink, full=full, is_last=can_run and not need))
        _refuse_name_collisions(planned)
        if need:
            print_text(need)
    if out is not None:
        save_plans([planned], scope, out)
    has_work = planned.report.rows if failed else planned.pending_steps
    return Exit.PENDING if detailed_exitcode and has_work else Exit.DONE


def _refuse_name_collisions(planned: "PlannedRun") -> None:
    """Ends as the run would; where the ledger is gone, a run ends earlier, and for that."""
    from hailuo_batch.app.planning.name_collisions import refuse_name_collisions

    if planned.lost_ledger is None:
        refuse_name_collisions(planned)

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
@options.manifest
@options.world
@options.only
@options.max_cost
@options.output_format
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 when there is work to do.")
def command(
    manifest: Path, *, world: World, only: tuple[str, ...], max_cost: str | None, form: str, detailed_exitcode: bool
) -> int:
    """Show what a run of MANIFEST would do, why and for how much. Spends nothing."""
    from hailuo_batch.views.nothing_to_do import draw_nothing_to_do

    ink = make_style(sys.stdout)
    if form == "text" and not only and (summary := read_cached_summary(manifest, world=world)) is not None:
        write_idle_ci_summary(summary, world)
        print_text(draw_nothing_to_do(dict(summary), ink, manifest=str(manifest), world=world))
        return Exit.DONE
    from hailuo_batch.app.planning.plan import plan
    from hailuo_batch.views.plan import draw_plan

    with report_early_end("plan", str(manifest), world=world, form=form):
        planned = run_async(plan(manifest, world=world, only=only, full_report=form == "json", max_cost=max_cost))
    write_ci_summary(planned.report)
    print_extra_problems(planned.extra_problems)
    if form == "json":
        from hailuo_batch.views.json_report import report_dict

        _refuse_name_collisions(planned)
        print_json(report_dict(planned.report))
    else:
        print_text(draw_plan(planned.report, ink))
        _refuse_name_collisions(planned)
    return Exit.PENDING if detailed_exitcode and planned.pending_steps else Exit.DONE


def _refuse_name_collisions(planned: "PlannedRun") -> None:
    """Ends as the run would; where the ledger is gone, a run ends earlier, and for that."""
    from hailuo_batch.app.planning.name_collisions import refuse_name_collisions

    if planned.lost_ledger is None:
        refuse_name_collisions(planned)

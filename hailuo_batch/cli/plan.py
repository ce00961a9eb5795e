"""hailuo-batch plan"""

import sys
from pathlib import Path

import click

from hailuo_batch.app.planning.fast_path import nothing_to_do
from hailuo_batch.cli import options
from hailuo_batch.cli.output import ink_for, print_json, print_text, tell_beside, tell_ci
from hailuo_batch.cli.run_async import wait_for
from hailuo_batch.errors import Exit


@click.command("plan")
@options.manifest
@options.sketch
@options.only
@options.max_cost
@options.output_format
@click.option("--detailed-exitcode", is_flag=True, help="Exit with 10 when there is work to do.")
def command(
    manifest: Path, *, sketch: bool, only: tuple[str, ...], max_cost: str | None, form: str, detailed_exitcode: bool
) -> int:
    """Show what a run of MANIFEST would do, why and for how much. Spends nothing."""
    from hailuo_batch.views.plan import draw_nothing, draw_plan

    ink = ink_for(sys.stdout)
    if form == "text" and not only and (summary := nothing_to_do(manifest, sketch=sketch)) is not None:
        print_text(draw_nothing(dict(summary), ink))
        return Exit.DONE
    from hailuo_batch.app.planning.plan import plan

    planned = wait_for(plan(manifest, sketch=sketch, only=only, whole=form == "json", max_cost=max_cost))
    tell_ci(planned.report)
    tell_beside(planned.beside)
    if form == "json":
        from hailuo_batch.views.json_report import report_members

        print_json(report_members(planned.report))
    else:
        print_text(draw_plan(planned.report, ink))
    return Exit.PENDING if detailed_exitcode and planned.work else Exit.DONE

"""`plan` and `run` over several manifests, as far as they only show something."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.planning.fast_path import read_cached_summary
from hailuo_batch.cli.output import (
    make_style,
    print_extra_problems,
    print_json,
    print_raw,
    print_text,
    write_ci_summary,
    write_idle_ci_summary,
    write_total_ci_summary,
)
from hailuo_batch.cli.run_async import run_light
from hailuo_batch.cli.saved_plan import draw_need, save_plans
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit
from hailuo_batch.views.format import safe_text
from hailuo_batch.views.nothing_to_do import draw_nothing_to_do

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun
    from hailuo_batch.app.running.options import RunOptions


def print_idle(manifests: Sequence[Path], world: World, *, after_run: bool = False) -> bool:
    """Whether all manifests are known to have nothing to do; then that is printed for each of them."""
    summaries: list[tuple[Path, Mapping[str, Any]]] = []
    for file in manifests:
        if (summary := read_cached_summary(file, world=world)) is None:
            return False
        summaries.append((file, summary))
    for file, summary in summaries:
        write_idle_ci_summary(summary, world)
        style, is_last = make_style(sys.stdout), after_run and file is manifests[-1]
        drawn = draw_nothing_to_do(dict(summary), style, manifest=str(file), world=world, after_run=is_last)
        print_text(f"{safe_text(file.as_posix())}: {drawn}")
    return True


def print_plans(
    manifests: Sequence[Path],
    options: "RunOptions",
    form: str,
    *,
    full: bool = False,
    is_last: bool = False,
    detailed_exitcode: bool = False,
    out: Path | None = None,
) -> int:
    """Prints what a run of several manifests would do, and saves it as `out`."""
    from hailuo_batch.app.run_several import plan_several_runs
    from hailuo_batch.app.running.options import Scope
    from hailuo_batch.views.run_summary import draw_nothing_failed
    from hailuo_batch.views.several import draw_plans, plans_dict

    plans = run_light(lambda: plan_several_runs(manifests, options, full_report=form == "json"))
    reports = [planned.report for planned in plans]
    for planned in plans:
        write_ci_summary(planned.report)
        print_extra_problems(planned.extra_problems)
    write_total_ci_summary(reports)
    if form == "json":
        _refuse_collisions(plans)
        print_json(plans_dict(reports))
    elif form == "junit":
        from hailuo_batch.core.plan.outcome import Outcome
        from hailuo_batch.views.junit import draw_junit, run_suite

        print_raw(draw_junit(run_suite(each.report, each.selected, Outcome(), code=Exit.DONE) for each in plans))
    elif options.scope is Scope.FAILED and not any(report.rows for report in reports):
        print_text("\n".join(map(draw_nothing_failed, reports)))
    else:
        can_run = is_last and out is None and all(planned.lost_ledger is None for planned in plans)
        need = draw_need(plans, options.scope) if can_run else ""
        print_text(draw_plans(reports, make_style(sys.stdout), full=full, is_last=can_run and not need))
        _refuse_collisions(plans)
        if need:
            print_text(need)
    if out is not None:
        save_plans(plans, options.scope, out)
    is_failed = options.scope is Scope.FAILED
    has_work = any(planned.report.rows if is_failed else planned.pending_steps for planned in plans)
    return Exit.PENDING if detailed_exitcode and has_work else Exit.DONE


def _refuse_collisions(plans: "Sequence[PlannedRun]") -> None:
    from hailuo_batch.app.planning.name_collisions import refuse_name_collisions

    for planned in plans:
        if planned.lost_ledger is None:
            refuse_name_collisions(planned, together=plans)

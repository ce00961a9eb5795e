"""Saving a plan from the command line, and what `plan` says where a run of it would need an approval."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hailuo_batch.cli.output import fit_text
from hailuo_batch.cli.run_async import run_async
from hailuo_batch.core.world import command_line

if TYPE_CHECKING:
    from hailuo_batch.app.planning.planned import PlannedRun
    from hailuo_batch.app.running.options import Scope


def draw_need(plans: "Sequence[PlannedRun]", scope: "Scope") -> str:
    """How a plan is saved for the approval that a run of it needs; "" where it needs none."""
    if plans[0].validation.project.approval_rule is None:
        return ""
    from hailuo_batch.app.running.approvals import find_approval_need, save_command, suggest_plan_file
    from hailuo_batch.views.saved_plan import draw_approval_need

    need = find_approval_need(plans, scope, is_saved=False)
    if need is None:
        return ""
    return draw_approval_need(need.rule, command=save_command(plans, suggest_plan_file(plans)))


def save_plans(plans: "Sequence[PlannedRun]", scope: "Scope", out: Path) -> None:
    """Saves the plans of one command as one file, and says on stderr what comes next: its approval, or its run."""
    from hailuo_batch.app.running.approvals import approve_command, find_approval_need
    from hailuo_batch.app.saved_plans import save_plan
    from hailuo_batch.views.saved_plan import draw_saved_plan

    saved, need = run_async(save_plan(plans, out, scope=scope)), find_approval_need(plans, scope, is_saved=True)
    command = command_line("run", "--plan", str(out), world=plans[0].validation.world)
    rule = None if need is None else need.rule
    approve = "" if rule is None else approve_command(rule, str(out))
    said = draw_saved_plan(saved, file=str(out), command=command, rule=rule, approve=approve)
    click.echo(fit_text(said, sys.stderr), err=True)

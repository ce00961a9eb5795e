"""What people agreed to before a run: the saved plan that it carries out, and the approvals that a project requires.

Both are checked before anything is made, and again under the run lock, where nobody else can change what is compared.
Nothing of it is loaded for a run without either.
"""

from collections.abc import Sequence

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.options import RunOptions, SavedPlanFile
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import RefusedError

_MAX_SHOWN = 10  # differences that a message names


async def require_agreement(plans: Sequence[PlannedRun], options: RunOptions) -> None:
    """Raises `RefusedError` where a run would not be what was saved, or has no approval that counts.

    The plans are those of one command, in one project; what they cost is counted together.
    """
    if options.saved is not None:
        for planned in plans:
            await _require_saved_plan(planned, options.saved)
    rule = plans[0].validation.project.approval_rule if plans else None
    if rule is not None and options.world is World.REAL:
        from hailuo_batch.app.running.approvals import require_approval

        require_approval(plans, options)


async def _require_saved_plan(planned: PlannedRun, saved: SavedPlanFile) -> None:
    """Money: what was reviewed is what is bought, or nothing is."""
    from hailuo_batch.app.planning.saved_plan import find_plan_drift

    validation, tree = planned.validation, saved.plan.tree
    _require_own_plan(planned, saved)
    drift, ledger_id = await find_plan_drift(planned, saved.plan)
    if tree["ledger"] and tree["ledger"] != ledger_id:
        why = "This one does not know what that bought, so nothing was submitted."
        raise RefusedError(f"{saved.path} was saved with another ledger", why=why, remedy=_save_again(planned, saved))
    if drift:
        lines = [str(each) for each in drift[:_MAX_SHOWN]]
        lines += [f"and {len(drift) - _MAX_SHOWN:,} more"] if len(drift) > _MAX_SHOWN else []
        raise RefusedError(
            f"{saved.path} no longer fits {validation.name}, so nothing was submitted",
            why="\n".join(lines),
            remedy=_save_again(planned, saved),
        )


def _require_own_plan(planned: PlannedRun, saved: SavedPlanFile) -> None:
    from hailuo_batch.core.plan.saved_plan import one_line

    validation, tree = planned.validation, saved.plan.tree
    name = validation.project.display_path(validation.file.resolve())
    pairs = (
        ("world", tree["world"], str(validation.world)),
        ("manifest", tree["manifest"], name),
        ("campaign", tree["campaign"], validation.campaign),
    )
    for member, before, now in pairs:
        if before != now:
            why = f"{one_line(f'{member}: {before} → {now}')}\nNothing was submitted."
            raise RefusedError(
                f"{saved.path} is not a plan of this {member}", why=why, remedy=_save_again(planned, saved)
            )


def _save_again(planned: PlannedRun, saved: SavedPlanFile) -> str:
    validation = planned.validation
    command = command_line("plan", "-o", str(saved.path), manifest=validation.name, world=validation.world)
    return f"To save it anew, for another approval where one is required:\n    {command}"

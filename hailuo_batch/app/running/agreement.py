"""What people agreed to before a run: the saved plan that it carries out, and the approvals that a project requires.

Both are checked before anything is made, and again under the run lock, where nobody else can change what is compared.
Nothing of it is loaded for a run without either.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.options import RunOptions, SavedPlanFile
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import RefusedError

if TYPE_CHECKING:
    from hailuo_batch.core.plan.saved_plan import SavedPlan

_MAX_SHOWN = 10  # differences that a message names


async def require_agreement(plans: Sequence[PlannedRun], options: RunOptions) -> tuple[PlannedRun, ...]:
    """The plans, under caps of what was agreed to.

    They are those of one command, in one project; what they cost is counted together. Raises `RefusedError` where a run
    would not be what was saved, or has no approval that counts.
    """
    if options.saved is not None:
        await _require_saved_plan(plans, options.saved)
    rule = plans[0].validation.project.approval_rule if plans else None
    if rule is not None and options.world is World.REAL:
        from hailuo_batch.app.running.approvals import require_approval

        require_approval(plans, options)
    if not plans or (options.saved is None and rule is None):
        return tuple(plans)
    from hailuo_batch.app.running.ceilings import make_ceilings

    ceilings = await make_ceilings(plans, options)
    return tuple(replace(each, options=replace(each.options, ceilings=ceilings)) for each in plans)


async def _require_saved_plan(plans: Sequence[PlannedRun], saved: SavedPlanFile) -> None:
    """Money: what was reviewed is what is bought, or nothing is; of several manifests, nothing of any."""
    from hailuo_batch.app.planning.saved_plan import find_plan_drift

    names, lines = [planned.validation.name for planned in plans], list[str]()
    for planned, part in zip(plans, saved.plan.parts, strict=True):
        _require_own_plan(planned, part, saved, plans)
        drift, ledger_id = await find_plan_drift(planned, part)
        if part.tree["ledger"] and part.tree["ledger"] != ledger_id:
            why = "This one does not know what that bought, so nothing was submitted."
            raise RefusedError(f"{saved.path} was saved with another ledger", why=why, remedy=_save_again(plans, saved))
        lines += [f"{each}" if len(plans) == 1 else f"{planned.validation.name}: {each}" for each in drift]
    if lines:
        more = [f"and {len(lines) - _MAX_SHOWN:,} more"] if len(lines) > _MAX_SHOWN else []
        raise RefusedError(
            f"{saved.path} no longer fits {' and '.join(names)}, so nothing was submitted",
            why="\n".join([*lines[:_MAX_SHOWN], *more]),
            remedy=_save_again(plans, saved),
        )


def _require_own_plan(
    planned: PlannedRun, part: "SavedPlan", saved: SavedPlanFile, plans: Sequence[PlannedRun]
) -> None:
    from hailuo_batch.core.plan.saved_plan import one_line

    validation, tree = planned.validation, part.tree
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
                f"{saved.path} is not a plan of this {member}", why=why, remedy=_save_again(plans, saved)
            )


def _save_again(plans: Sequence[PlannedRun], saved: SavedPlanFile) -> str:
    names = [planned.validation.name for planned in plans]
    failed = ("--failed",) if saved.plan.has_only_failed else ()
    command = command_line("plan", "-o", str(saved.path), *failed, *names, world=plans[0].validation.world)
    return f"To save it anew, for another approval where one is required:\n    {command}"

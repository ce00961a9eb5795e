"""What people agreed to before a run: the saved plan that it carries out, and the approvals that a project requires.

Both are checked before anything is made, and again under the run lock, where nobody else can change what is compared.
Nothing of it is loaded for a run without either.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.options import RunOptions, SavedPlanFile
from hailuo_batch.app.running.scope import select_run_steps
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError, RefusedError

if TYPE_CHECKING:
    from hailuo_batch.core.plan.approval import Approval, ApprovalRule, Rejection
    from hailuo_batch.core.plan.saved_plan import PlanTotals

_MAX_SHOWN = 10  # differences and approvals that a message names


async def require_agreement(plans: Sequence[PlannedRun], options: RunOptions) -> None:
    """Raises `RefusedError` where a run would not be what was saved, or has no approval that counts.

    The plans are those of one command, in one project; what they cost is counted together.
    """
    if options.saved is not None:
        for planned in plans:
            await _require_saved_plan(planned, options.saved)
    rule = plans[0].validation.project.approval_rule if plans else None
    if rule is not None and options.world is World.REAL:
        _require_approval(plans, options, rule)


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


def _require_approval(plans: Sequence[PlannedRun], options: RunOptions, rule: "ApprovalRule") -> None:
    """Money: above the project's amount, somebody else has agreed to exactly this plan."""
    submits = [[step for step in select_run_steps(planned, options.scope) if step.submits] for planned in plans]
    if not any(submits):
        return
    from hailuo_batch.app.planning.saved_plan import list_purchase_trees
    from hailuo_batch.core.plan.saved_plan import sum_steps

    pairs = zip(plans, submits, strict=True)
    trees = [tree for planned, steps in pairs for tree in list_purchase_trees(planned, steps)]
    shared = {tree["fingerprint"]: tree for tree in trees if tree["fingerprint"]}  # bought once for several manifests
    totals = sum_steps([*shared.values(), *(tree for tree in trees if not tree["fingerprint"])])
    if not rule.needs_approval(totals):
        return
    if options.saved is None:
        raise _unapproved_error(plans, rule, totals, None, ())
    approval, rejections = _find_approval(plans[0], options.saved, rule)
    if approval is None:
        raise _unapproved_error(plans, rule, totals, options.saved, rejections)


def _find_approval(
    planned: PlannedRun, saved: SavedPlanFile, rule: "ApprovalRule"
) -> "tuple[Approval | None, tuple[Rejection, ...]]":
    from hailuo_batch.core.plan.approval import Person, judge_approvals
    from hailuo_batch.load.approvals_file import canonical_approval, read_approvals

    approvals, author = read_approvals(saved.path), saved.plan.author
    faults: dict[Approval, str] | None = None
    if rule.signers:
        from hailuo_batch.load.ssh_signatures import find_signature_fault

        signers = _read_signers(planned, rule.signers)
        faults = {
            each: find_signature_fault(
                canonical_approval(each), each.signature, identity=each.by.identity, signers=signers
            )
            for each in approvals
            if each.signature and each.plan == saved.plan.hash
        }
    return judge_approvals(
        approvals,
        plan=saved.plan.hash,
        author=Person(name=author["name"], email=author["email"]),
        rule=rule,
        signature_faults=faults,
    )


def _read_signers(planned: PlannedRun, name: str) -> bytes:
    from hailuo_batch.load.settings import read_file

    try:
        return read_file(planned.validation.project.root / name)
    except InputError as error:
        why = f"{error.summary}. {error.why}".strip()
        remedy = "hailuo.yaml names it under require_approval.allowed_signers."
        raise RefusedError("no signature can be checked, so nothing was submitted", why=why, remedy=remedy) from None


def _unapproved_error(
    plans: Sequence[PlannedRun],
    rule: "ApprovalRule",
    totals: "PlanTotals",
    saved: SavedPlanFile | None,
    rejections: "tuple[Rejection, ...]",
) -> RefusedError:
    unknown = totals.unpriced + totals.unpriced_fallbacks
    sums = [str(each) for each in totals.most] + ([f"an unknown price for {unknown:,} clips"] if unknown else [])
    above = (
        f"Without an approval, a run may cost up to {rule.above}." if rule.above else "Every run that buys needs one."
    )
    lines = [f"The run may cost {' and '.join(sums)}. {above}", *(f"{each}." for each in rejections[:_MAX_SHOWN])]
    if rule.by:
        lines.append(f"May approve: {', '.join(rule.by[:_MAX_SHOWN])}.")
    sign = ("--sign",) if rule.signers else ()
    commands = []
    for planned in plans:
        name = planned.validation.name
        file = f"plans/{planned.validation.file.stem}.plan.json" if saved is None else str(saved.path)
        commands += [command_line("plan", "-o", file, manifest=name)] if saved is None else []
        commands += [command_line("approve", *sign, file), command_line("run", "--plan", file)]
    begin = "Have it approved, then run it" if saved is not None else "Save the plan, have it approved, then run it"
    remedy = f"{begin}:\n" + "\n".join(f"    {command}" for command in commands[:_MAX_SHOWN])
    return RefusedError("not approved, so nothing was submitted", why="\n".join(lines), remedy=remedy)

"""Several manifests in one plan: a plan for each, made in their order, so that what two of them need is bought once."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.manifest_files import find_shared_shots, list_manifests
from hailuo_batch.app.planning.plan import make_plan_options, plan_validated
from hailuo_batch.app.planning.planned import ManifestError, PlannedRun, PlanOptions, require_matches
from hailuo_batch.app.planning.remote_frames import validate_online
from hailuo_batch.app.planning.validate import Validation, pause_python_gc
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.plan.plan import Step, TakeName
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.shards import PlannedCampaign, choose_takes
from hailuo_batch.core.plan.together import EarlierPurchases
from hailuo_batch.core.spending.budget import parse_amount
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError

Select = Callable[[PlannedRun], Sequence[Step]]  # what of a plan is carried out


def select_all(planned: PlannedRun) -> Sequence[Step]:
    """Everything that a plan has to do."""
    return planned.pending_steps


async def plan_several(
    files: Sequence[Path],
    *,
    world: World = World.REAL,
    only: Sequence[str] = (),
    shard: str | None = None,
    full_report: bool = False,
    force_refused: bool = False,
    max_cost: str | None = None,
    select: Select = select_all,
    takes: Sequence[frozenset[TakeName]] | None = None,
) -> tuple[PlannedRun, ...]:
    """The plans of these files, folders and patterns, which one run would carry out in this order.

    `takes` are all that a saved plan has of each of them.

    Raises `ManifestError` with the problems of all of them, and `InputError` when they are of several projects.
    """
    manifests = list_manifests(files)
    if takes is not None and len(takes) != len(manifests):
        raise InputError("the saved plan has a manifest twice", remedy="Save the plan again with `plan -o`.")
    options = make_plan_options(only=only, shard=shard, force_refused=force_refused, max_cost=max_cost)
    options = replace(options, begun_at=SystemClock().now())
    with pause_python_gc():
        validations = find_shared_shots([await validate_online(file, world=world) for file in manifests])
        _require_one_project(validations)
        if any(each.errors for each in validations):
            raise ManifestError(tuple(problem for each in validations for problem in each.problems))
        _require_one_currency(validations, max_cost)
        own = [None] * len(validations) if takes is None else takes
        every = [replace(options, shard=None, takes=each) for each in own]
        plans = await _plan_in_turn(validations, every, select, takes=takes, full_report=full_report)
        require_matches(plans)
        if options.shard is not None:
            plans = await plan_several_again(_take_part(plans, options), select, full_report=full_report)
    return plans


async def plan_several_again(
    plans: Sequence[PlannedRun], select: Select, *, full_report: bool = True
) -> tuple[PlannedRun, ...]:
    """The same manifests, as they were read then, planned from a fuller ledger."""
    takes = [planned.takes for planned in plans]
    validations, options = [planned.validation for planned in plans], [planned.options for planned in plans]
    return await _plan_in_turn(validations, options, select, takes=takes, full_report=full_report)


def add_purchases(earlier: EarlierPurchases, planned: PlannedRun, steps: Sequence[Step]) -> EarlierPurchases:
    """What is bought before, and what these steps of a plan buy."""
    left_out = {id(step) for step, _ in planned.over_cap}
    promised = earlier.find_promised(planned.plan, planned.validation.shots)
    bought = [step for step in list_purchases(steps) if id(step) not in left_out and step.take_names[0] not in promised]
    if not bought:
        return earlier
    return earlier.add(bought, planned.plan, planned.validation.shots, manifest=planned.validation.name)


async def _plan_in_turn(
    validations: Sequence[Validation],
    options: Sequence[PlanOptions],
    select: Select,
    *,
    full_report: bool,
    takes: Sequence[frozenset[TakeName] | None] | None = None,
) -> tuple[PlannedRun, ...]:
    earlier, plans = EarlierPurchases(), []
    for number, (validation, option) in enumerate(zip(validations, options, strict=True)):
        planned = await plan_validated(
            validation,
            replace(option, earlier=earlier),
            full_report=full_report,
            takes=None if takes is None else takes[number],
        )
        earlier = add_purchases(earlier, planned, select(planned))
        plans.append(planned)
    return tuple(plans)


def _take_part(plans: Sequence[PlannedRun], options: PlanOptions) -> list[PlannedRun]:
    """The plans with the takes of the part alone; what two manifests share is in one part."""
    shard = options.shard
    assert shard is not None  # noqa: S101 - the caller checks it
    parts = choose_takes([PlannedCampaign(shots=each.validation.shots, plan=each.plan) for each in plans], shard)
    return [
        replace(planned, options=options, takes=part if planned.takes is None else planned.takes & part)
        for planned, part in zip(plans, parts, strict=True)
    ]


def _require_one_project(validations: Iterable[Validation]) -> None:
    """Raises unless one ledger is that of all manifests: one agreement is about one account."""
    roots = {each.project.root: each.name for each in validations}
    if len(roots) > 1:
        (one, first), (other, second) = [*roots.items()][:2]
        raise InputError(
            "the manifests are of several projects",
            why=f"{first} is of {one}, and {second} is of {other}.",
            remedy="Run them one project at a time.",
        )


def _require_one_currency(validations: Iterable[Validation], max_cost: str | None) -> None:
    """Raises when an amount without a currency would mean two."""
    budgets = [each.manifest.budget for each in validations if each.manifest is not None]
    known = {"USD" if budget is None else budget.currency for budget in budgets}
    meant = {str(parse_amount(max_cost, currency=currency)) for currency in known} if max_cost else set[str]()
    if len(meant) > 1:
        why = f"The budgets of the manifests are in {' and '.join(sorted(known))}."
        remedy = f'Add the currency, as in --max-cost "{max_cost} {min(known)}".'
        raise InputError(f"--max-cost {max_cost} has no currency", why=why, remedy=remedy)

"""Plans → what their file says of them, and how the file differs from the plans of now."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from hailuo_batch import __version__
from hailuo_batch.app.planning.caps import count_earlier, find_steps_over_cap, run_caps
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money, money_tree
from hailuo_batch.core.plan.approval import Person
from hailuo_batch.core.plan.frame_givers import list_other_givers
from hailuo_batch.core.plan.plan import Step, TakeName
from hailuo_batch.core.plan.plan_cost import list_purchases
from hailuo_batch.core.plan.plan_drift import CurrentStep, Drift, find_drift
from hailuo_batch.core.plan.reasons import describe_reason
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.core.plan.saved_plan import (
    FILE_VERSIONS,
    SavedPlan,
    StepFacts,
    Tree,
    model_digest,
    plan_hash,
    step_tree,
    sum_steps,
    totals_tree,
)
from hailuo_batch.core.request.fingerprint import VERSION
from hailuo_batch.core.spending.budget import parse_amount
from hailuo_batch.core.spending.charge import Charge, ChargeState, make_charge
from hailuo_batch.load.provider_tables import provider_names
from hailuo_batch.load.table_digests import provider_digest


async def make_saved_plan(plans: Sequence[PlannedRun], *, author: Person, at: str) -> SavedPlan:
    """What the file of these plans of one project says: every selected step that is not done yet."""
    parts = [await _make_part(planned) for planned in plans]
    steps = [step for part in parts for step in part["steps"]]
    first = plans[0]
    ledger_id, _ = await _read_ledger(first, ())
    is_one = len(parts) == 1
    common = _make_common(first)
    tree = {  # in an order in which people read it
        "version": FILE_VERSIONS[0 if is_one else 1],
        **{name: common.pop(name) for name in ("tool", "world")},
        **(parts[0] if is_one else {}),
        "author": {"name": author.name, "email": author.email, "at": at},
        "totals": totals_tree(sum_steps(steps)),
        **common,
        "ledger": ledger_id if await _has_purchases(first) else "",  # one that bought nothing knows nothing to lose
        **({} if is_one else {"manifests": parts}),
    }
    if is_one:
        tree["steps"] = tree.pop("steps")  # last, since they are many
    return SavedPlan(tree={**tree, "hash": plan_hash(tree)})


async def _make_part(planned: PlannedRun) -> dict[str, Any]:
    _, attempts = await _read_ledger(planned, planned.pending_steps)
    facts = _make_facts(planned, attempts, planned.options.max_cost)
    rows = {TakeName(row.shot, row.take): row for row in planned.report.rows}
    steps = [_make_step(step, rows.get(step.take_names[0]), facts) for step in planned.pending_steps]
    return {**_make_header(planned, _list_providers(steps)), "steps": steps}


def _make_step(step: Step, row: TakeRow | None, facts: StepFacts) -> dict[str, Any]:
    """A step's part with the reason as people were shown it, and the old values."""
    if row is None:
        return step_tree(step, facts, why=describe_reason(step))
    return step_tree(step, facts, why=row.why, changes=row.own_changes)


async def find_plan_drift(planned: PlannedRun, saved: SavedPlan) -> tuple[tuple[Drift, ...], str]:
    """How the plan of one manifest now differs from its part of the file in a way that matters; and its ledger."""
    names = {name: step for step in planned.plan.steps for name in step.take_names}
    wanted = {name for step in saved.steps for name in ((each["shot"], each["take"]) for each in step["takes"])}
    mine = tuple({id(step): step for name, step in names.items() if name in wanted}.values())
    ledger_id, attempts = await _read_ledger(planned, mine)
    limit = saved.max_cost
    facts = _make_facts(planned, attempts, None if limit is None else str(limit))
    trees = {id(step): step_tree(step, facts, why=describe_reason(step)) for step in mine}
    selected = {name: step for step in planned.selected for name in step.take_names}
    now = {
        TakeName(*name): CurrentStep(
            tree=_with_purchase(trees[id(names[name])], selected.get(name), facts), why=names[name].why
        )
        for name in wanted
        if name in names
    }
    header = {**_make_common(planned), **_make_header(planned, _list_providers(saved.steps))}
    return find_drift(saved, now, header), ledger_id


def _with_purchase(tree: Tree, selected: Step | None, facts: StepFacts) -> Tree:
    """A step's part with what the selected steps say of its purchase: selecting takes may make another value of it."""
    if selected is None:
        return tree
    left_out = facts.left_out.get(id(selected))
    bought = {**tree, "buys": id(selected) in facts.bought}
    return bought if left_out is None else {**bought, "left_out": left_out}


def list_purchase_trees(planned: PlannedRun, steps: Iterable[Step], *, with_left_out: bool) -> tuple[Tree, ...]:
    """What a run of these steps may buy, as approvals count it; with or without those that a cap leaves out."""
    facts = _make_facts(planned, (), planned.options.max_cost)
    if with_left_out:
        facts = replace(facts, bought=facts.bought | facts.left_out.keys(), left_out={})
    return tuple(step_tree(step, facts, why="") for step in steps if id(step) in facts.bought)


async def _read_ledger(planned: PlannedRun, steps: Iterable[Step]) -> tuple[str, list[AttemptRecord]]:
    marks = [step.fingerprint for step in steps if step.fingerprint]
    async with planned.validation.workspace.read_ledger() as ledger:
        return await ledger.ledger_id(), await ledger.attempts(marks)


async def _has_purchases(planned: PlannedRun) -> bool:
    async with planned.validation.workspace.read_ledger() as ledger:
        return bool(await ledger.counted_attempts())


def _make_facts(planned: PlannedRun, attempts: Iterable[AttemptRecord], max_cost: str | None) -> StepFacts:
    validation, options, now = planned.validation, planned.options, SystemClock().now()
    caps, earlier = run_caps(validation, max_cost, now, begun_at=options.begun_at), options.earlier
    attempts = [*attempts]
    promised = {} if earlier is None else earlier.find_promised(planned.plan, validation.shots)
    counted = planned.details.counted_attempts
    paid = counted if earlier is None else (*counted, *count_earlier(earlier, now))
    over = find_steps_over_cap(planned.pending_steps, caps, paid, plan=planned.plan, now=now, promised=promised.keys())
    left_out = {id(step): f"{failure.why}" for step, failure in over}
    purchases = list_purchases(planned.pending_steps)
    bought_for = {id(step): promised[name] for step in purchases if (name := step.take_names[0]) in promised}
    return StepFacts(
        model=validation.model,
        images=validation.inputs.images,
        charged=_count_charges(attempts),
        bought=frozenset(map(id, purchases)).difference(left_out, bought_for),
        left_out=left_out,
        bought_for=bought_for,
        attempts=Counter(each.fingerprint for each in attempts) if options.force_refused else None,
        givers=list_other_givers(planned.plan.steps),
    )


def _count_charges(attempts: Iterable[AttemptRecord]) -> dict[str, int]:
    """How many attempts of each request may have been charged."""
    return {mark: len(charges) for mark, charges in _list_charges(attempts).items()}


def _list_charges(attempts: Iterable[AttemptRecord]) -> dict[str, list[Charge]]:
    """What may have been charged for each request, by fingerprint, the oldest first."""
    found: dict[str, list[Charge]] = {}
    for each in sorted(attempts, key=lambda each: each.id):
        kind = None if each.failure is None else each.failure.kind
        charge = make_charge(
            each.stage, kind=kind, task=each.task, estimate=each.estimate, cost=each.cost, quote=each.quote
        )
        if charge.state is not ChargeState.NOTHING:
            found.setdefault(each.fingerprint, []).append(charge)
    return found


async def list_plan_charges(plans: Sequence[PlannedRun], saved: SavedPlan) -> tuple[Money, ...]:
    """What the requests of a saved plan were charged since it was saved, as far as amounts are known.

    No clock decides that: the file says how many charges each request had.
    """
    before = {step["fingerprint"]: int(step["charged"]) for step in saved.steps}
    for planned, part in zip(plans, saved.parts, strict=True):
        takes = part.takes
        mine = (step for step in planned.plan.steps if not takes.isdisjoint(step.take_names))
        before |= {step.fingerprint: 0 for step in mine if step.fingerprint not in before}  # it waited for a frame
    async with plans[0].validation.workspace.read_ledger() as ledger:
        charges = _list_charges(await ledger.attempts(before.keys() - {""}))
    since = (each for mark, some in charges.items() for each in some[before[mark] :])
    return tuple(each.money for each in since if each.money is not None)


def _list_providers(steps: Iterable[Tree]) -> tuple[str, ...]:
    return tuple(sorted({way["provider"] for step in steps for way in step["routes"]}))


def _make_common(planned: PlannedRun) -> dict[str, Any]:
    """What a file says once, of all its manifests."""
    validation, options = planned.validation, planned.options
    limit = None
    if options.max_cost is not None:
        budget = validation.manifest.budget if validation.manifest else None
        limit = parse_amount(options.max_cost, currency=budget.currency if budget else "USD")
    return {
        "tool": __version__,
        "world": str(validation.world),
        "fingerprint_version": VERSION,
        "only": [pattern.text for pattern in options.only],
        "max_cost": None if limit is None else money_tree(limit),
        **({"failed": True} if options.force_refused else {}),
    }


def _make_header(planned: PlannedRun, providers: Iterable[str]) -> dict[str, Any]:
    """What a file says of one manifest besides its steps."""
    validation, project = planned.validation, planned.validation.project
    known = provider_names(project.tables)
    return {
        "manifest": project.display_path(Path(validation.file).resolve()),
        "campaign": validation.campaign,
        "model": validation.model.name,
        "caps": [cap.description for cap in run_caps(validation, None, SystemClock().now())],
        "strip_metadata": project.strip_metadata,
        "tables": {
            "model": model_digest(validation.model),
            "providers": {
                name: provider_digest(project, name, validation.model.name)
                for name in providers
                if name in known or is_local(name)
            },
        },
    }

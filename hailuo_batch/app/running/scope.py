"""Which part of a plan a run carries out, and what must be there before anything is submitted."""

from collections.abc import Mapping
from dataclasses import replace

from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.options import Scope
from hailuo_batch.core.plan.plan import Action, Step, StepReason
from hailuo_batch.core.plan.render_names import take_label
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import KeyMissingError, PendingError
from hailuo_batch.load.api_keys import read_api_key
from hailuo_batch.load.provider_tables import provider_names, read_provider_table

MAX_LISTED_TAKES = 10
_FAILED_REASONS = frozenset({StepReason.FAILED, StepReason.FORCED})
_FETCH_ACTIONS = frozenset({Action.RESUME, Action.FETCH})
_LOCAL_REASONS = frozenset({StepReason.IN_RENDERS, StepReason.LOCKED})


def select_run_steps(planned: PlannedRun, scope: Scope) -> tuple[Step, ...]:
    """The steps of a plan that a run of this scope carries out."""
    match scope:
        case Scope.ALL:
            return (*planned.pending_steps, *planned.unnamed_steps, *planned.orphan_steps)
        case Scope.FAILED:
            return tuple(step for step in planned.pending_steps if step.why in _FAILED_REASONS)
        case Scope.FETCH:
            fetches = (step for step in planned.pending_steps if step.action in _FETCH_ACTIONS)
            return (*fetches, *planned.unnamed_steps, *planned.orphan_steps)
    return (*(step for step in planned.pending_steps if step.why in _LOCAL_REASONS), *planned.unnamed_steps)


def narrow_plan(planned: PlannedRun, scope: Scope) -> PlannedRun:
    """The plan as a person is shown it before this part of it is carried out."""
    if scope is Scope.ALL:
        return planned
    steps = tuple(step for step in select_run_steps(planned, scope) if step.orphan is None)
    report = make_report(
        replace(planned.plan, steps=steps),
        manifest=planned.validation.name,
        sketch=planned.validation.sketch,
        rehearsal=planned.validation.world is World.REHEARSAL,
        clip_sizes=planned.snapshot.clip_sizes,
        clips=planned.details.clips,
        requests=planned.details.requests,
    )
    return replace(planned, report=report)


def require_lock_coverage(planned: PlannedRun) -> None:
    """Raises `PendingError` when the lock does not name a clip for every selected take."""
    locked = planned.lock.clips
    open_takes = [
        take_label(use) for step in planned.selected if step.clip_fingerprint not in locked for use in step.uses
    ]
    if open_takes:
        render = command_line("run", manifest=planned.validation.name)
        more = f" and {len(open_takes) - MAX_LISTED_TAKES:,} more" if len(open_takes) > MAX_LISTED_TAKES else ""
        raise PendingError(
            "the lock does not cover the manifest",
            why=f"No clip is locked for {', '.join(open_takes[:MAX_LISTED_TAKES])}{more}.",
            remedy=f"Render it on a machine that may spend money, and commit the lock:\n    {render}",
        )


def require_any_key(planned: PlannedRun, scope: Scope) -> None:
    """Raises `KeyMissingError` when steps need a gateway, and none of their providers has a key.

    If a provider has one, its steps continue, and the others report the missing key.
    """
    if planned.validation.world is World.REHEARSAL:
        return
    keys: dict[str, str] = {}
    for step in select_run_steps(planned, scope):
        keys |= _key_variables(step, planned)
    if not keys or any(map(read_api_key, keys.values())):
        return
    some, variable = next(iter(keys.items()))
    others = f" Not set either: {', '.join(list(keys)[1:])}." if len(keys) > 1 else ""
    raise KeyMissingError(
        f"{variable} is not set",
        why=f"It is the API key of {some}, and it is neither in the environment nor in the system's keyring.{others}",
        remedy="Set it, or rehearse without a key:\n    "
        + command_line("run", manifest=planned.validation.name, world=World.REHEARSAL),
    )


def missing_key_notes(planned: PlannedRun, scope: Scope) -> tuple[str, ...]:
    """What to say of providers that come first for a step and have no key, so that the next one gets the request."""
    is_rehearsal, said = planned.validation.world is World.REHEARSAL, dict[str, str]()
    for step in select_run_steps(planned, scope):
        if is_rehearsal or not step.submits or not step.route.fallbacks:
            continue
        keys = _key_variables(step, planned)
        first = step.route.provider
        if first in keys and first not in said and not read_api_key(keys[first]):
            then = next((way for way in step.route.fallbacks if read_api_key(keys.get(way.provider, ""))), None)
            if then is not None:
                price = f"{then.estimate} for the first of them" if then.estimate else "an unknown price"
                said[first] = f"{keys[first]} is not set, so {then.provider} renders instead of {first}, at {price}."
    return tuple(said.values())


def _key_variables(step: Step, planned: PlannedRun) -> Mapping[str, str]:
    """The key variables of a step's possible providers, by provider."""
    if step.action in {Action.REUSE, Action.HOLD, Action.WAIT} or step.why in _LOCAL_REASONS:
        return {}
    if step.known_task is not None:
        names = [step.known_task.provider]
    elif step.standing is not None and step.action in _FETCH_ACTIONS:
        names = [step.standing.provider]
    else:
        names = [route.provider for route in (step.route, *step.route.fallbacks)]
    tables = planned.validation.project.tables
    known = provider_names(tables)  # a file may name anything
    return {name: str(read_provider_table(name, tables)["key"]) for name in names if name in known}

"""Which part of a plan a run carries out, and what must be there before anything is submitted."""

from collections.abc import Sequence
from dataclasses import replace

from hailuo_batch.app.planning.destinations import find_destinations, list_gateways
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.running.options import Scope
from hailuo_batch.core.plan.plan import Action, Step, StepReason
from hailuo_batch.core.plan.render_names import take_label
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.plan.step_gateways import FETCH_ACTIONS, step_gateways
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import KeyMissingError, PendingError
from hailuo_batch.load.gateway_keys import (
    find_key_route,
    read_gateway_key,
    require_trusted_gateway,
    untrusted_error,
)
from hailuo_batch.load.settings import Project

MAX_LISTED_TAKES = 10
_FAILED_REASONS = frozenset({StepReason.FAILED, StepReason.FORCED, StepReason.REFUSED_ELSEWHERE})


def select_run_steps(planned: PlannedRun, scope: Scope) -> tuple[Step, ...]:
    """The steps of a plan that a run of this scope carries out."""
    match scope:
        case Scope.ALL:
            return (*planned.pending_steps, *planned.unnamed_steps, *planned.orphan_steps)
        case Scope.FAILED:
            return tuple(step for step in planned.pending_steps if step.why in _FAILED_REASONS)
        case Scope.FETCH:
            fetches = (step for step in planned.pending_steps if step.action in FETCH_ACTIONS)
            return (*fetches, *planned.unnamed_steps, *planned.orphan_steps)
    return (*(step for step in planned.pending_steps if step.source is not None), *planned.unnamed_steps)


def keep_failed(planned: PlannedRun, scope: Scope) -> PlannedRun:
    """The plan with only the failed and refused takes, where a run is for them alone: no other takes room of a cap."""
    return replace(planned, selected=select_run_steps(planned, scope)) if scope is Scope.FAILED else planned


def narrow_plan(planned: PlannedRun, scope: Scope) -> PlannedRun:
    """The plan as a person is shown it before this part of it is carried out."""
    if scope is Scope.ALL:
        return planned
    steps = tuple(step for step in select_run_steps(planned, scope) if step.orphan is None)
    earlier = planned.options.earlier
    report = make_report(
        replace(planned.plan, steps=steps),
        manifest=planned.validation.name,
        sketch=planned.validation.sketch,
        rehearsal=planned.validation.world is World.REHEARSAL,
        clip_sizes=planned.snapshot.clip_sizes,
        clips=planned.details.clips,
        requests=planned.details.requests,
        promised={} if earlier is None else earlier.find_promised(planned.plan, planned.validation.shots),
    )
    report = replace(report, choice=planned.options.words)
    if planned.validation.world is World.REAL:
        report = replace(report, destinations=find_destinations(steps, planned.validation.project))
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
    project = planned.validation.project
    names = list_gateways(
        (step for step in select_run_steps(planned, scope) if step.action is not Action.WAIT), project
    )
    if not names or any(read_gateway_key(project, name) for name in names):
        return
    keys = {name: find_key_route(project, name).variable for name in names}
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
    project, said = planned.validation.project, dict[str, str]()
    if planned.validation.world is World.REHEARSAL:
        return ()
    steps = [step for step in select_run_steps(planned, scope) if step.submits and step.route.fallbacks]
    names = list_gateways(steps, project)
    ready = {name for name in names if read_gateway_key(project, name)}
    for step in steps:
        first = step.route.provider
        if first in names and first not in ready and first not in said:
            then = next((way for way in step.route.fallbacks if way.provider in ready), None)
            if then is not None:
                price = f"{then.estimate} for the first of them" if then.estimate else "an unknown price"
                variable = find_key_route(project, first).variable
                said[first] = f"{variable} is not set, so {then.provider} renders instead of {first}, at {price}."
    return tuple(said.values())


def require_trust(project: Project, steps: Sequence[Step]) -> None:
    """Raises `UntrustedError` when a step needs a gateway that is not trusted, or would buy what cannot come here.

    Money: a link into a private network would be refused after the clip was bought.
    """
    for name in list_gateways(steps, project):
        require_trusted_gateway(project, name)
    buys = any(step.action not in FETCH_ACTIONS and step_gateways(step) for step in steps)
    if buys and project.stakes.private_downloads and not project.is_trusted:
        raise untrusted_error(project, "hailuo.yaml lets links lead to private addresses (allow_private_downloads).")
    if buys and project.stakes.fake_ip_downloads and not project.is_trusted:
        raise untrusted_error(project, "hailuo.yaml lets links lead to made-up addresses (allow_fake_ip_downloads).")

"""Which part of a plan a run carries out, and what it needs for that before anything is sent."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from hailuo_batch.app.planning.planned import Planned
from hailuo_batch.core.plan.plan import Action, Step, Why
from hailuo_batch.core.plan.render_names import label
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import KeyMissingError, PendingError
from hailuo_batch.load.api_keys import key_of
from hailuo_batch.load.provider_tables import provider_table


class Scope(StrEnum):
    """Which of the selected steps are carried out."""

    ALL = "all"
    FAILED = "failed"  # only what failed or was refused, which is asked for again
    HOME = "home"  # only what was paid for already is brought home; nothing is submitted
    LOCKED = "locked"  # only what the lock names and this machine has; no provider is asked


SHOWN = 10
_FAILED = frozenset({Why.FAILED, Why.INSISTED})
_HOME = frozenset({Action.RESUME, Action.FETCH})
_HERE = frozenset({Why.NAMED, Why.LOCKED})


def steps_of(planned: Planned, scope: Scope) -> tuple[Step, ...]:
    """The steps of a plan that a run of this scope carries out."""
    match scope:
        case Scope.ALL:
            return (*planned.work, *planned.unnamed, *planned.strays)
        case Scope.FAILED:
            return tuple(step for step in planned.work if step.why in _FAILED)
        case Scope.HOME:
            home = (step for step in planned.work if step.action in _HOME)
            return (*home, *planned.unnamed, *planned.strays)
    return (*(step for step in planned.work if step.why in _HERE), *planned.unnamed)


def narrowed(planned: Planned, scope: Scope) -> Planned:
    """The plan as a person is shown it before this part of it is carried out."""
    if scope is Scope.ALL:
        return planned
    steps = tuple(step for step in steps_of(planned, scope) if not step.stray)
    report = make_report(
        replace(planned.plan, steps=steps),
        manifest=planned.validation.name,
        sketch=planned.validation.sketch,
        footage=planned.known.footage,
        artifacts=planned.details.artifacts,
        requests=planned.details.requests,
    )
    return replace(planned, report=report)


def refuse_uncovered(planned: Planned) -> None:
    """Raises `PendingError` when the lock does not name a clip for every selected take."""
    locked = planned.lock.artifacts
    open_takes = [label(use) for step in planned.selected if step.answered not in locked for use in step.uses]
    if open_takes:
        render = f"hailuo-batch run {planned.validation.name}"
        more = f" and {len(open_takes) - SHOWN:,} more" if len(open_takes) > SHOWN else ""
        raise PendingError(
            "the lock does not cover the manifest",
            why=f"No clip is locked for {', '.join(open_takes[:SHOWN])}{more}.",
            remedy=f"Render it where money may be spent, and commit the lock:\n    {render}",
        )


def refuse_keyless(planned: Planned, scope: Scope) -> None:
    """Raises `KeyMissingError` when steps have to ask over the net, and nobody who could be asked has a key.

    Where somebody has one, those steps go on, and the others say what they lack.
    """
    if planned.validation.project.rehearsal:
        return
    keys: dict[str, str] = {}
    for step in steps_of(planned, scope):
        keys |= _keys_for(step, planned)
    if not keys or any(map(key_of, keys.values())):
        return
    some, variable = next(iter(keys.items()))
    others = f" The others have none either: {', '.join(list(keys)[1:])}." if len(keys) > 1 else ""
    raise KeyMissingError(
        f"the key of {some} is not set",
        why=f"{variable} is neither in the environment nor in the system's keyring.{others}",
        remedy=f"Set it, or try the manifest without one:\n    hailuo-batch run --mock {planned.validation.name}",
    )


def keyless(planned: Planned, scope: Scope) -> tuple[str, ...]:
    """What to say of providers that come first for a step and have no key, so that another is asked."""
    project, said = planned.validation.project, dict[str, str]()
    for step in steps_of(planned, scope):
        if project.rehearsal or not step.submits or not step.route.others:
            continue
        keys = _keys_for(step, planned)
        first = step.route.provider
        if first in keys and first not in said and not key_of(keys[first]):
            then = next((way for way in step.route.others if key_of(keys.get(way.provider, ""))), None)
            if then is not None:
                price = f"{then.estimate} for the first of them" if then.estimate else "a price that is not known"
                said[first] = f"{first} is not asked, since {keys[first]} is not set: {then.provider} is, at {price}."
    return tuple(said.values())


def _keys_for(step: Step, planned: Planned) -> Mapping[str, str]:
    """The variables of the keys of those who may be asked for a step, by provider."""
    if step.action in {Action.REUSE, Action.HOLD, Action.WAIT} or step.why in _HERE:
        return {}
    if step.standing is not None and step.action in _HOME:
        names = [step.standing.provider]
    else:
        names = [route.provider for route in (step.route, *step.route.others)]
    tables = planned.validation.project.tables
    return {name: str(provider_table(name, tables)["key"]) for name in names if name not in {ANIMATIC, ""}}

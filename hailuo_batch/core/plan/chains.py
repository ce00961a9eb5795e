"""Chains of a plan: which change makes a shot wait, and which shots follow one."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from hailuo_batch.core.plan.plan import Action, Step, StepReason

_MAX_CAUSES = 4  # of one shot: a chain may have many heads


@dataclass(frozen=True, slots=True, kw_only=True)
class Chains:
    """What waits for what in a plan.

    `causes` are, by waiting shot, the changed shots at the head of its chain; a shot that also waits for anything else
    has none. `followers` are, by shot, those that wait for a frame of it.
    """

    causes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    followers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_chains(steps: Collection[Step]) -> Chains:
    """The chains of these steps; most plans have none."""
    waiting = {use.shot.id: step.waits_for for step in steps if step.action is Action.WAIT for use in step.uses}
    if not waiting:
        return Chains()
    return Chains(causes=_find_causes(steps, waiting), followers=_find_followers(waiting))


def _find_causes(steps: Iterable[Step], waiting: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    changed = {use.shot.id for step in steps if step.why is StepReason.CHANGED for use in step.uses if use.take == 1}
    causes: dict[str, tuple[str, ...]] = {}
    for shot in TopologicalSorter(waiting).static_order():
        if shot in waiting:
            found = [causes.get(giver, ()) for giver in waiting[shot]]
            heads = dict.fromkeys(head for each in found for head in each)
            causes[shot] = tuple(heads)[:_MAX_CAUSES] if all(found) else ()
        elif shot in changed:
            causes[shot] = (shot,)
    return {shot: causes[shot] for shot in waiting if causes[shot]}


def _find_followers(waiting: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    followers: dict[str, list[str]] = {}
    for shot, givers in waiting.items():
        for giver in givers:
            followers.setdefault(giver, []).append(shot)
    return {giver: tuple(names) for giver, names in followers.items()}

"""Chains of a plan: which change makes a shot wait, which shots follow one, and the whole chain that a shot is in."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field
from enum import StrEnum
from graphlib import TopologicalSorter

from hailuo_batch.core.manifest.document import ShotFrame
from hailuo_batch.core.manifest.frame_links import frame_sources
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Action, Step
from hailuo_batch.values import dataclass

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
    changed = {use.shot.id for step in steps if step.previous_fingerprint for use in step.uses if use.gives_frames}
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


class LinkPlace(StrEnum):
    """Where a shot is in a chain, seen from one of its shots."""

    BEFORE = "before"  # the shot starts from it, directly or not
    SELF = "self"
    AFTER = "after"  # it starts from the shot, directly or not


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One shot of a chain, with the step of the take that gives its frames; it starts from its `frames`."""

    shot: str
    place: LinkPlace
    step: Step
    frames: tuple[str, ...]


def find_links(steps: Iterable[Step], name: str) -> tuple[Link, ...]:
    """The chain that a shot is in, from its first shots to its last; () for a shot that is in none."""
    giving = {use.shot.id: (step, use.shot) for step in steps for use in step.uses if use.gives_frames}
    givers = {shot: tuple(frame_sources(each).values()) for shot, (_, each) in giving.items()}
    takers: dict[str, list[str]] = {}
    for shot, sources in givers.items():
        for giver in sources:
            takers.setdefault(giver, []).append(shot)
    before = dict.fromkeys(reversed([*_reach(name, givers)]), LinkPlace.BEFORE)
    after = dict.fromkeys(_reach(name, takers), LinkPlace.AFTER)
    if not before and not after:
        return ()
    places = {**before, name: LinkPlace.SELF, **after}
    return tuple(
        Link(shot=shot, place=place, step=giving[shot][0], frames=tuple(_frame_names(giving[shot][1])))
        for shot, place in places.items()
        if shot in giving
    )


def _reach(start: str, links: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """All that is reached from a shot, the nearest first."""
    found, seen = [start], {start}
    for shot in found:
        for other in links.get(shot, ()):
            if other not in seen:
                seen.add(other)
                found.append(other)
                yield other


def _frame_names(shot: Shot) -> Iterator[str]:
    for frame in (shot.frames.first, shot.frames.last):
        if isinstance(frame, ShotFrame):
            yield f"{frame.frame} frame of {frame.shot}"

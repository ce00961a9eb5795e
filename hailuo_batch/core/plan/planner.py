"""Shots + what the ledger, the lock and the store hold → plan.

Planning is the only place that decides. A run carries a plan out, and resuming is planning again from a fuller ledger.
Shots that ask the same share one step: one clip, several names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

from hailuo_batch.core.attempt.attempt import LIVE, Stage, Standing
from hailuo_batch.core.attempt.failure import ALLOWS, Kind
from hailuo_batch.core.manifest.document import NO_FRAMES, Frame, ShotFrame
from hailuo_batch.core.manifest.frame_links import waits_for
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.plan import Action, Grounds, Plan, Step, Use, Why
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import Input, Request, request_for

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import Accepted


KEY_SECONDS = 24 * 3600.0  # no gateway says how long it knows a key; a day is what others promise for theirs


def make_plan(shots: Sequence[Shot], grounds: Grounds, *, campaign: str) -> Plan:
    """What a run would do for these shots, and why."""
    steps: dict[str, Step] = {}
    chosen: dict[str, str] = {}
    for shot in _givers_first(shots):
        _add(steps, _steps_of(shot, grounds, chosen))
    order = {shot.id: place for place, shot in enumerate(shots)}
    ordered = list(steps.values())
    if any(shot.frames is not NO_FRAMES for shot in shots):  # frames may have turned the order round
        ordered = [_in_order(step, order) for step in ordered]
        ordered.sort(key=lambda step: (order[step.uses[0].shot.id], step.uses[0].take))
    return Plan(campaign=campaign, steps=tuple(ordered), grounds=grounds)


def _in_order(step: Step, order: Mapping[str, int]) -> Step:
    if len(step.uses) == 1:
        return step
    return replace(step, uses=tuple(sorted(step.uses, key=lambda use: order[use.shot.id])))


def settle(plan: Plan, grounds: Grounds) -> Plan:
    """The plan with the versions of the shots that need them, which `grounds` now has."""
    steps = tuple(step if _is_settled(step) else _settled(step, grounds) for step in plan.steps)
    return replace(plan, steps=steps, grounds=grounds)


def unsettled(plan: Plan) -> tuple[Step, ...]:
    """The steps for which earlier versions or readable names have to be looked up."""
    return tuple(step for step in plan.steps if not _is_settled(step))


def unlocked(waiting: Iterable[Step], grounds: Grounds, chosen: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of waiting shots whose frames are all there now.

    `chosen` are the digests of selected takes by shot id, all of them in the store.
    """
    steps: dict[str, Step] = {}
    there = frozenset(chosen.values())
    for step in waiting:
        if step.uses[0].take == 1 and all(giver in chosen for giver in step.waits_for):
            for use in step.uses:
                _add(steps, _steps_of(use.shot, grounds, dict(chosen), there))
    return tuple(steps.values())


def _givers_first(shots: Sequence[Shot]) -> Sequence[Shot]:
    """The shots in an order in which frames are known before they are needed."""
    if all(shot.frames is NO_FRAMES for shot in shots):
        return shots
    known = {shot.id: shot for shot in shots}
    sorter = TopologicalSorter({shot.id: waits_for(shot).values() for shot in shots})
    return [known[shot_id] for shot_id in sorter.static_order() if shot_id in known]


def _steps_of(
    shot: Shot, grounds: Grounds, chosen: dict[str, str], there: AbstractSet[str] = frozenset()
) -> Iterator[Step]:
    """One step for each take; tells `chosen` which clip stands for the shot. `there` came to the store since."""
    route = grounds.routes[shot.wish]
    givers = () if shot.frames is NO_FRAMES else tuple(dict.fromkeys(waits_for(shot).values()))
    unknown = tuple(giver for giver in givers if giver not in chosen)
    if unknown or _unseen(shot, grounds):
        yield from _open_steps(shot, grounds, route, unknown)
        return
    first = _picture(shot.frames.first, grounds, chosen)
    last = _picture(shot.frames.last, grounds, chosen)
    absent = tuple(giver for giver in givers if chosen[giver] not in there and chosen[giver] not in grounds.present)
    for take in range(1, shot.takes + 1):
        request = request_for(shot, take, model=grounds.model, first=first, last=last)
        step = _step(shot, request, route, grounds)
        if take == 1 and (digest := _known_clip(step, grounds)):
            chosen[shot.id] = digest
        if absent and (step.action is Action.SUBMIT or step.why is Why.GONE):
            step = replace(step, why=Why.CHAINED, waits_for=absent)
        yield step


def _step(shot: Shot, request: Request, route: Route, grounds: Grounds) -> Step:
    mark = fingerprint(request)
    version, changed = _version(shot, request, mark, grounds)
    standing = grounds.standings.get(mark)
    accepted = _accepted(mark, standing, grounds)
    if accepted is not None:
        standing = accepted.standing
    why = _why(mark, standing, route, grounds, changed=changed) if accepted is None else _why_kept(accepted, grounds)
    if why is Why.INTERRUPTED and standing is not None:
        route = _resending(standing, route, grounds) or route
    named = grounds.named.get(mark if accepted is None else accepted.made_for)
    return Step(
        why=why,
        uses=(Use(shot=shot, take=request.take, version=version),),
        route=route,
        request=request,
        fingerprint=mark,
        standing=standing,
        before=grounds.past[shot.id].fingerprint if changed else "",
        named=grounds.locked[mark] if why is Why.LOCKED else named,
        accepted=accepted,
    )


def _accepted(mark: str, standing: Standing | None, grounds: Grounds) -> "Accepted | None":
    """The earlier clip that stands for a request. Money: one that was bought all the same comes first."""
    return None if standing is not None and standing.stage in LIVE else grounds.accepted.get(mark)


def _why_kept(accepted: "Accepted", grounds: Grounds) -> Why:
    digest, named = accepted.standing.digest, grounds.named.get(accepted.made_for)
    if digest in grounds.present:
        return Why.ACCEPTED
    known = accepted.standing.attempt and named is not None and named.file and named.digest == digest
    return Why.NAMED if known else Why.ABSENT


def _open_steps(shot: Shot, grounds: Grounds, route: Route, unknown: tuple[str, ...]) -> Iterator[Step]:
    """The steps of a shot whose request is not whole yet; its version is the next one if it ever had one."""
    past, seen = grounds.past.get(shot.id), grounds.versions.get(shot.id)
    version = max(past.version if past else 0, seen.highest if seen else 0) + 1
    for take in range(1, shot.takes + 1):
        use = Use(shot=shot, take=take, version=version)
        yield Step(why=Why.CHAINED if unknown else Why.UNSEEN, uses=(use,), route=route, waits_for=unknown)


def _known_clip(step: Step, grounds: Grounds) -> str:
    """The digest of the step's clip, also when the store does not have it: what is chained from it is known then."""
    if step.standing is not None and step.standing.stage is Stage.STORED and step.standing.digest:
        return step.standing.digest
    if step.named is not None:
        return step.named.digest
    return grounds.locked[step.fingerprint].digest if step.why in {Why.ELSEWHERE, Why.LOCKED} else ""


def _version(shot: Shot, request: Request, mark: str, grounds: Grounds) -> tuple[int, bool]:
    """The shot's version, and whether its request is another than the last one.

    The lock comes first (it is in git), then what this ledger last named. A request that had a version gets it back; a
    new one gets the next that no clip has. Where earlier clips stand for all takes nothing is rendered, and the version
    stays.
    """
    past = grounds.past.get(shot.id)
    if past is None:
        return 1, False
    again = mark if request.take == past.take else fingerprint(replace(request, take=past.take))
    if again == past.fingerprint or _all_accepted(shot, request, mark, grounds):
        return past.version, False
    seen = grounds.versions.get(shot.id)
    if seen is None:
        return past.version + 1, True
    marks = (fingerprint(replace(request, take=take)) for take in range(1, shot.takes + 1))
    had = next((seen.known[each] for each in marks if each in seen.known), 0)
    return had or max(seen.highest, past.version) + 1, True


def _all_accepted(shot: Shot, request: Request, mark: str, grounds: Grounds) -> bool:
    if mark not in grounds.accepted:
        return False
    marks = (fingerprint(replace(request, take=take)) for take in range(1, shot.takes + 1))
    return all(each in grounds.accepted for each in marks)


def _is_settled(step: Step) -> bool:
    return step.action is Action.REUSE and not step.before


def _settled(step: Step, grounds: Grounds) -> Step:
    if step.request is None:
        highest = (grounds.versions.get(use.shot.id) for use in step.uses)
        uses = (
            use if seen is None else replace(use, version=max(use.version, seen.highest + 1))
            for use, seen in zip(step.uses, highest, strict=True)
        )
        return replace(step, uses=tuple(uses))
    versions = [
        _version(use.shot, replace(step.request, take=use.take), step.fingerprint, grounds)[0] for use in step.uses
    ]
    uses = (replace(use, version=version) for use, version in zip(step.uses, versions, strict=True))
    return replace(step, uses=tuple(uses))


_BY_STAGE = {
    Stage.SUBMITTED: Why.RUNNING,
    Stage.PRODUCED: Why.MADE,
    Stage.IN_DOUBT: Why.DOUBT,
    Stage.FAILED: Why.FAILED,
}

# What a person decided about the last attempt, by the kind that was written down with it.
_BY_DECISION = {
    Kind.NEVER_SENT: Why.CANCELLED,
    Kind.WRITTEN_OFF: Why.WRITTEN_OFF,
    Kind.DISCARDED: Why.DISCARDED,
}


def _why(mark: str, standing: Standing | None, route: Route, grounds: Grounds, *, changed: bool) -> Why:
    named = grounds.named.get(mark)
    if standing is None or standing.stage in {Stage.FAILED, Stage.CANCELLED}:
        return _why_anew(mark, standing, route, grounds, changed=changed)
    if standing.stage is Stage.STORED:
        if standing.digest in grounds.present:
            return Why.STORED
        return Why.NAMED if named is not None and named.digest == standing.digest else Why.GONE
    if standing.stage is Stage.INTENDED:
        return Why.INTERRUPTED if _resending(standing, route, grounds) else Why.DOUBT
    return _BY_STAGE[standing.stage]


def _resending(standing: Standing, route: Route, grounds: Grounds) -> Route | None:
    """By which way an attempt that a crash cut off may be sent again.

    Money: such a crash proves nothing, so asking again must be free: drawn here, or sent to the same provider with the
    key of the same attempt, before that key may be forgotten.
    """
    ways = (way for way in (route, *route.others) if way.provider == standing.provider)
    known = standing.since is None or key_is_known(standing.since, grounds.now)
    return next((way for way in ways if way.free or (way.idempotent and known)), None)


def key_is_known(since: float, now: float) -> bool:
    """Whether a gateway still knows the key of what was intended then; not, if the clock was turned back meanwhile."""
    return 0 <= now - since <= KEY_SECONDS


def _why_anew(mark: str, standing: Standing | None, route: Route, grounds: Grounds, *, changed: bool) -> Why:
    """Why nothing live stands for a request: and whether it may be asked for."""
    if mark in grounds.named:
        return Why.NAMED  # the ledger is gone, and the clip is not
    decided = None if standing is None or standing.kind is None else _BY_DECISION.get(standing.kind)
    if mark in grounds.locked and decided is None:
        # Money: it was paid for, on another machine or before the ledger was lost.
        if grounds.locked[mark].digest in grounds.present:
            return Why.LOCKED
        return Why.REDRAWN if route.free else Why.ELSEWHERE
    if standing is None:
        return Why.CHANGED if changed else Why.NEW
    if standing.kind is not None and ALLOWS[standing.kind].final and not route.free:
        return Why.INSISTED if grounds.insist else Why.REFUSED
    return decided or (Why.FAILED if standing.stage is Stage.FAILED else Why.CANCELLED)


def _add(steps: dict[str, Step], found: Iterator[Step]) -> None:
    """Adds steps; one whose fingerprint is there already only adds its names."""
    for step in found:
        key = step.fingerprint or f"{step.uses[0].shot.id}#{step.uses[0].take}"
        there = steps.get(key)
        steps[key] = step if there is None else replace(there, uses=there.uses + step.uses)


def _unseen(shot: Shot, grounds: Grounds) -> bool:
    ends = (shot.frames.first, shot.frames.last)
    return any(end is not None and not isinstance(end, ShotFrame) and end not in grounds.pictures for end in ends)


def _picture(frame: Frame | None, grounds: Grounds, chosen: Mapping[str, str]) -> Input | None:
    if frame is None:
        return None
    if isinstance(frame, ShotFrame):
        return Input(digest=chosen[frame.shot], frame=frame.frame)
    return grounds.pictures[frame]

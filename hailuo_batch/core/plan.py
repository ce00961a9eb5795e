"""Shots + what the ledger, the lock and the store hold → plan: one step for each request, with action, reason and cost.

Planning is the only place that decides. A run carries a plan out, and resuming is planning again from a fuller
ledger. Shots that ask the same share one step: one clip, several names.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from graphlib import TopologicalSorter

from hailuo_batch.core.attempt import Stage, Standing
from hailuo_batch.core.capability import Route
from hailuo_batch.core.chains import waits_for
from hailuo_batch.core.fingerprint import fingerprint
from hailuo_batch.core.manifest import NO_FRAMES, Duration, Frame, ShotFrame
from hailuo_batch.core.price import Money, totals
from hailuo_batch.core.request import Input, Request, request_for
from hailuo_batch.core.shot import Mode, Shot


class Action(StrEnum):
    """What a run would do for one request."""

    REUSE = "reuse"  # the clip is in the store
    SUBMIT = "submit"  # ask for it
    RESUME = "resume"  # it was asked for, and its task is running
    FETCH = "fetch"  # it is made, and not kept here
    WAIT = "wait"  # it starts from a frame of a shot that is not rendered yet
    HOLD = "hold"  # a person must decide first


class Why(StrEnum):
    """Why a step is there."""

    STORED = "its clip is in the store"
    NEW = "never rendered"
    CHANGED = "the request changed"
    FAILED = "the last attempt failed"
    CANCELLED = "the last attempt was cancelled"
    INTERRUPTED = "a run stopped before it was asked for"
    RUNNING = "asked for, and not yet made"
    MADE = "made, and not yet kept"
    GONE = "its clip is gone from the store"
    ELSEWHERE = "the lock names its clip, which is not in this store"
    DOUBT = "nobody can say whether it was accepted"
    CHAINED = "it starts from a shot that is not rendered yet"
    UNSEEN = "its frame is a web address whose bytes are not known"


ACTIONS: dict[Why, Action] = {
    Why.STORED: Action.REUSE,
    Why.NEW: Action.SUBMIT,
    Why.CHANGED: Action.SUBMIT,
    Why.FAILED: Action.SUBMIT,
    Why.CANCELLED: Action.SUBMIT,
    Why.INTERRUPTED: Action.SUBMIT,
    Why.RUNNING: Action.RESUME,
    Why.MADE: Action.FETCH,
    Why.GONE: Action.FETCH,
    Why.ELSEWHERE: Action.HOLD,
    Why.DOUBT: Action.HOLD,
    Why.CHAINED: Action.WAIT,
    Why.UNSEEN: Action.HOLD,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One name of a clip: this take of this shot, at the shot's version."""

    shot: Shot
    take: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What a shot was when it was last rendered: its version, and the fingerprint of one of its takes."""

    version: int
    take: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request's part of a plan. Without a fingerprint it waits: the request is not whole yet."""

    why: Why
    uses: tuple[Use, ...]
    route: Route
    request: Request | None = None
    fingerprint: str = ""
    standing: Standing | None = None
    waits_for: tuple[str, ...] = ()
    before: str = ""  # what the shot's fingerprint was, when the request changed

    @property
    def action(self) -> Action:
        """What a run would do."""
        return ACTIONS[self.why]

    @property
    def estimate(self) -> Money | None:
        """What the step would cost; None is "unknown", and a step that submits nothing costs nothing."""
        return self.route.estimate


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Grounds:
    """All that a plan is made from, beside the shots."""

    model: str
    pictures: Mapping[Frame, Input]  # frames from files and pinned addresses, by content
    routes: Mapping[tuple[Mode, str, Duration], Route]
    standings: Mapping[str, Standing]
    past: Mapping[str, Past]  # by shot id
    locked: AbstractSet[str]  # fingerprints whose clip the lock names
    present: AbstractSet[str]  # digests in the store


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan:
    """The steps in the order of the manifest."""

    campaign: str
    steps: tuple[Step, ...]
    grounds: Grounds

    def having(self, action: Action) -> tuple[Step, ...]:
        """The steps with this action."""
        return tuple(step for step in self.steps if step.action is action)

    @property
    def work(self) -> tuple[Step, ...]:
        """Everything that is not there yet."""
        return tuple(step for step in self.steps if step.action is not Action.REUSE)

    @property
    def cost(self) -> tuple[Money, ...]:
        """What a run would spend where that is known, by currency; takes that wait for a frame are submitted too."""
        return totals(step.estimate for step in self._to_submit() if step.estimate is not None)

    @property
    def unpriced(self) -> int:
        """How many submits have no known price."""
        return sum(step.estimate is None and not step.route.free for step in self._to_submit())

    def _to_submit(self) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.action in {Action.SUBMIT, Action.WAIT})


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


def unlocked(waiting: Sequence[Step], grounds: Grounds, chosen: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of waiting shots whose frames are all there now; `chosen` are digests of selected takes by shot id."""
    steps: dict[str, Step] = {}
    for step in waiting:
        if step.uses[0].take == 1 and all(giver in chosen for giver in step.waits_for):
            _add(steps, _steps_of(step.uses[0].shot, grounds, dict(chosen)))
    return tuple(steps.values())


def _givers_first(shots: Sequence[Shot]) -> Sequence[Shot]:
    """The shots in an order in which frames are known before they are needed."""
    if all(shot.frames is NO_FRAMES for shot in shots):
        return shots
    known = {shot.id: shot for shot in shots}
    sorter = TopologicalSorter({shot.id: waits_for(shot).values() for shot in shots})
    return [known[shot_id] for shot_id in sorter.static_order() if shot_id in known]


def _steps_of(shot: Shot, grounds: Grounds, chosen: dict[str, str]) -> Iterator[Step]:
    """One step for each take; tells `chosen` which clip stands for the shot when it is there."""
    route = grounds.routes[_wish(shot)]
    givers = () if shot.frames is NO_FRAMES else tuple(dict.fromkeys(waits_for(shot).values()))
    missing = tuple(giver for giver in givers if giver not in chosen)
    unseen = not missing and _unseen(shot, grounds)
    if missing or unseen:
        version = grounds.past[shot.id].version + 1 if shot.id in grounds.past else 1
        for take in range(1, shot.takes + 1):
            use = Use(shot=shot, take=take, version=version)
            why = Why.UNSEEN if unseen else Why.CHAINED
            yield Step(why=why, uses=(use,), route=route, waits_for=missing)
        return
    first = _picture(shot.frames.first, grounds, chosen)
    last = _picture(shot.frames.last, grounds, chosen)
    requests = [
        request_for(shot, take, model=grounds.model, first=first, last=last) for take in range(1, shot.takes + 1)
    ]
    marks = [fingerprint(request) for request in requests]
    past = grounds.past.get(shot.id)
    version, changed = 1, False
    if past is not None:
        changed = past.fingerprint != _mark_of(past.take, requests, marks)
        version = past.version + changed
    for take, (request, mark) in enumerate(zip(requests, marks, strict=True), start=1):
        standing = grounds.standings.get(mark)
        why = _why(mark, standing, route, grounds, changed=changed)
        if take == 1 and why is Why.STORED and standing is not None and standing.digest:
            chosen[shot.id] = standing.digest
        yield Step(
            why=why,
            uses=(Use(shot=shot, take=take, version=version),),
            route=route,
            request=request,
            fingerprint=mark,
            standing=standing,
            before=past.fingerprint if past is not None and changed else "",
        )


def _mark_of(take: int, requests: Sequence[Request], marks: Sequence[str]) -> str:
    """The fingerprint of a take, also of one that the shot no longer has."""
    return marks[take - 1] if take <= len(marks) else fingerprint(replace(requests[0], take=take))


_BY_STAGE = {
    Stage.SUBMITTED: Why.RUNNING,
    Stage.PRODUCED: Why.MADE,
    Stage.IN_DOUBT: Why.DOUBT,
    Stage.FAILED: Why.FAILED,
    Stage.CANCELLED: Why.CANCELLED,
}


def _why(mark: str, standing: Standing | None, route: Route, grounds: Grounds, *, changed: bool) -> Why:
    ended = standing is None or standing.stage in {Stage.FAILED, Stage.CANCELLED}
    if ended and mark in grounds.locked and not route.free:
        return Why.ELSEWHERE  # Money: it was paid for, on another machine or before the ledger was lost
    if standing is None:
        return Why.CHANGED if changed else Why.NEW
    if standing.stage is Stage.STORED:
        return Why.STORED if standing.digest in grounds.present else Why.GONE
    if standing.stage is Stage.INTENDED:
        # Money: a crash between the intent and the answer proves nothing, unless asking again is free.
        resendable = route.free and route.provider == standing.provider
        return Why.INTERRUPTED if resendable else Why.DOUBT
    return _BY_STAGE[standing.stage]


def _add(steps: dict[str, Step], found: Iterator[Step]) -> None:
    """Adds steps; one whose fingerprint is there already only adds its names."""
    for step in found:
        key = step.fingerprint or f"{step.uses[0].shot.id}#{step.uses[0].take}"
        there = steps.get(key)
        steps[key] = step if there is None else replace(there, uses=there.uses + step.uses)


def _wish(shot: Shot) -> tuple[Mode, str, Duration]:
    return shot.mode, shot.resolution, shot.duration


def _unseen(shot: Shot, grounds: Grounds) -> bool:
    ends = (shot.frames.first, shot.frames.last)
    return any(end is not None and not isinstance(end, ShotFrame) and end not in grounds.pictures for end in ends)


def _picture(frame: Frame | None, grounds: Grounds, chosen: Mapping[str, str]) -> Input | None:
    if frame is None:
        return None
    if isinstance(frame, ShotFrame):
        return Input(digest=chosen[frame.shot], frame=frame.frame)
    return grounds.pictures[frame]

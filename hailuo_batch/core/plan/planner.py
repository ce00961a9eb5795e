"""Shots + what the ledger, the lock and the store hold → plan.

Planning is the only place that decides. A run carries a plan out, and resuming is planning again from a fuller ledger.
Shots with the same request share one step: one clip, several names.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TYPE_CHECKING

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Stage, Standing
from hailuo_batch.core.attempt.failure import FAILURE_POLICIES, FailureKind
from hailuo_batch.core.manifest.document import NO_FRAMES, Frame, ShotFrame
from hailuo_batch.core.manifest.frame_links import frame_sources, sort_by_dependency
from hailuo_batch.core.manifest.shot import Shot
from hailuo_batch.core.plan.frame_givers import choose_giver, giver_digest
from hailuo_batch.core.plan.known_task import known_task_route, pick_known_task
from hailuo_batch.core.plan.plan import Action, NamedClip, Plan, PlanInputs, ShotVersions, Step, StepReason, Use
from hailuo_batch.core.providers.offers import Route, skip_refusals
from hailuo_batch.core.request.fingerprint import fingerprint
from hailuo_batch.core.request.request import ImageRef, Request, make_request

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import AcceptedClip

KEY_LIFETIME_SECONDS = 24 * 3600.0  # no gateway says how long it knows a key; a day is what others promise for theirs


def make_plan(shots: Sequence[Shot], inputs: PlanInputs, *, campaign: str) -> Plan:
    """What a run would do for these shots, and why."""
    steps: dict[str, Step] = {}
    chosen: dict[str, str] = {}
    for shot in sort_by_dependency(shots):
        _add_steps(steps, _make_steps(shot, inputs, chosen))
    order = {shot.id: place for place, shot in enumerate(shots)}
    ordered = list(steps.values())
    if any(shot.frames is not NO_FRAMES for shot in shots):  # frames may have turned the order round
        ordered = [_sort_uses(step, order) for step in ordered]
        ordered.sort(key=lambda step: (order[step.uses[0].shot.id], step.uses[0].take))
    return Plan(campaign=campaign, steps=tuple(ordered), inputs=inputs)


def _sort_uses(step: Step, order: Mapping[str, int]) -> Step:
    if len(step.uses) == 1:
        return step
    return replace(step, uses=tuple(sorted(step.uses, key=lambda use: order[use.shot.id])))


def resolve_versions(plan: Plan, inputs: PlanInputs) -> Plan:
    """The plan with the versions of the shots that need them, which `inputs` now has."""
    if not inputs.versions:  # of a first plan
        return replace(plan, inputs=inputs)
    steps = tuple(step if _has_final_version(step) else _resolve_version(step, inputs) for step in plan.steps)
    return replace(plan, steps=steps, inputs=inputs)


def find_unversioned_steps(plan: Plan) -> tuple[Step, ...]:
    """The steps for which earlier versions or readable names have to be read."""
    return tuple(step for step in plan.steps if not _has_final_version(step))


def find_unlocked_steps(waiting: Iterable[Step], inputs: PlanInputs, chosen: Mapping[str, str]) -> tuple[Step, ...]:
    """The steps of waiting shots whose frames are all there now.

    `chosen` are the digests of selected takes by shot id, all of them in the store.
    """
    steps: dict[str, Step] = {}
    there = frozenset(chosen.values())
    ready = [use for step in waiting if all(giver in chosen for giver in step.waits_for) for use in step.uses]
    takes = {(use.shot.id, use.take) for use in ready}
    for shot in {use.shot.id: use.shot for use in ready}.values():
        # Money: only these takes; the other takes of the shot may not be selected.
        made = _make_steps(shot, inputs, dict(chosen), there)
        _add_steps(steps, (step for step in made if (shot.id, step.uses[0].take) in takes))
    return tuple(steps.values())


def _make_steps(
    shot: Shot, inputs: PlanInputs, chosen: dict[str, str], new_digests: AbstractSet[str] = frozenset()
) -> Iterator[Step]:
    """One step for each take; fills `chosen` with the clip of the shot. `new_digests` were stored since."""
    route = inputs.routes[shot.needs]
    givers = () if shot.frames is NO_FRAMES else tuple(dict.fromkeys(frame_sources(shot).values()))
    unknown = tuple(giver for giver in givers if giver not in chosen)
    if unknown or _has_unknown_image(shot, inputs):
        yield from _make_waiting_steps(shot, inputs, route, unknown)
        return
    first = _image_ref(shot.frames.first, inputs, chosen)
    last = _image_ref(shot.frames.last, inputs, chosen)
    absent = tuple(
        giver for giver in givers if chosen[giver] not in new_digests and chosen[giver] not in inputs.stored_digests
    )
    made: Sequence[Step] = [
        _make_step(shot, make_request(shot, take, model=inputs.model, first=first, last=last), route, inputs)
        for take in range(1, shot.takes + 1)
    ]
    if shot.id in inputs.selections:
        made = choose_giver(made, inputs)
    if digest := giver_digest(made, inputs):
        chosen[shot.id] = digest
    for step in made:
        if absent and (step.action is Action.SUBMIT or step.why is StepReason.CLIP_GONE):
            yield replace(step, why=StepReason.NEEDS_FRAME, waits_for=absent)
        else:
            yield step


def _make_step(shot: Shot, request: Request, route: Route, inputs: PlanInputs) -> Step:
    mark = fingerprint(request)
    version, changed = _find_version(shot, request, mark, inputs)
    standing = inputs.standings.get(mark)
    accepted = _find_accepted_clip(mark, standing, inputs)
    if accepted is not None:
        standing = accepted.standing
    why = (
        _choose_reason(mark, standing, route, inputs, changed=changed)
        if accepted is None
        else _acceptance_reason(accepted, inputs)
    )
    if why is StepReason.INTERRUPTED and standing is not None:
        route = _resend_route(standing, route, inputs) or route
    known = inputs.known_tasks[mark] if why in {StepReason.TASK_KNOWN, StepReason.DOUBT_ELSEWHERE} else None
    if known is not None:  # an attempt of this ledger that has ended says nothing of that task
        route, standing = known_task_route(known, route), None
    if why in {StepReason.REFUSED_ELSEWHERE, StepReason.FAILED} and standing is not None:
        route = _route_after_refusals(standing, route) or route
    named = inputs.named_clips.get(mark if accepted is None else accepted.made_for)
    return Step(
        why=why,
        uses=(Use(shot=shot, take=request.take, version=version),),
        route=route,
        request=request,
        fingerprint=mark,
        standing=standing,
        previous_fingerprint=inputs.last_renders[shot.id].fingerprint if changed else "",
        named_clip=_find_copied_clip(mark, standing, inputs)
        if why is StepReason.IN_OTHER_STORE
        else inputs.locked_clips[mark]
        if why is StepReason.LOCKED
        else named,
        accepted=accepted,
        known_task=known,
    )


def _find_accepted_clip(own_fingerprint: str, standing: Standing | None, inputs: PlanInputs) -> "AcceptedClip | None":
    """The earlier clip that is used for a request. Money: a clip bought for the request itself comes first."""
    is_live = standing is not None and standing.stage in LIVE_STAGES
    is_bought = is_live or pick_known_task(inputs.known_tasks.get(own_fingerprint), standing) is not None
    return None if is_bought else inputs.accepted_clips.get(own_fingerprint)


def _acceptance_reason(accepted: "AcceptedClip", inputs: PlanInputs) -> StepReason:
    digest, named = accepted.standing.digest, inputs.named_clips.get(accepted.made_for)
    if digest in inputs.stored_digests:
        return StepReason.ACCEPTED
    known = accepted.standing.attempt and named is not None and named.file and named.digest == digest
    return StepReason.IN_RENDERS if known else StepReason.ACCEPTED_ELSEWHERE


def _make_waiting_steps(shot: Shot, inputs: PlanInputs, route: Route, missing: tuple[str, ...]) -> Iterator[Step]:
    """The steps of a shot whose request is not whole yet; its version is the next one if it ever had one."""
    past, seen = inputs.last_renders.get(shot.id), inputs.versions.get(shot.id)
    version = max(past.version if past else 0, seen.highest if seen else 0) + 1
    for take in range(1, shot.takes + 1):
        use = Use(shot=shot, take=take, version=version)
        yield Step(
            why=StepReason.NEEDS_FRAME if missing else StepReason.IMAGE_UNKNOWN,
            uses=(use,),
            route=route,
            waits_for=missing,
            is_frame_renewed=all(giver in inputs.last_renders for giver in missing),
            previous_fingerprint=past.fingerprint if past else "",
        )


def _find_version(shot: Shot, request: Request, own_fingerprint: str, inputs: PlanInputs) -> tuple[int, bool]:
    """The shot's version, and whether its request is another than the last one.

    The lock comes first (it is in git), then what this ledger last named. A request that had a version gets it back; a
    new one gets the next that no clip has. Where earlier clips are used for all takes, nothing is rendered, and the
    version stays.
    """
    past, seen = inputs.last_renders.get(shot.id), inputs.versions.get(shot.id)
    if past is None:  # a name may be there whose record a killed run had no time for: no file is overwritten
        return 1 if seen is None else _earlier_version(shot, request, seen) or seen.highest + 1, False
    again = own_fingerprint if request.take == past.take else fingerprint(replace(request, take=past.take))
    if again == past.fingerprint or _is_fully_accepted(shot, request, own_fingerprint, inputs):
        return past.version, False
    if seen is None:
        return past.version + 1, True
    return _earlier_version(shot, request, seen) or max(seen.highest, past.version) + 1, True


def _earlier_version(shot: Shot, request: Request, seen: ShotVersions) -> int:
    """The version that the request had before; 0 if it had none."""
    marks = (fingerprint(replace(request, take=take)) for take in range(1, shot.takes + 1))
    return next((seen.by_fingerprint[each] for each in marks if each in seen.by_fingerprint), 0)


def _is_fully_accepted(shot: Shot, request: Request, own_fingerprint: str, inputs: PlanInputs) -> bool:
    if own_fingerprint not in inputs.accepted_clips:
        return False
    marks = (fingerprint(replace(request, take=take)) for take in range(1, shot.takes + 1))
    return all(each in inputs.accepted_clips for each in marks)


def _has_final_version(step: Step) -> bool:
    return step.action is Action.REUSE and not step.previous_fingerprint


def _resolve_version(step: Step, inputs: PlanInputs) -> Step:
    if step.request is None:
        highest = (inputs.versions.get(use.shot.id) for use in step.uses)
        uses = (
            use if seen is None else replace(use, version=max(use.version, seen.highest + 1))
            for use, seen in zip(step.uses, highest, strict=True)
        )
        return replace(step, uses=tuple(uses))
    versions = [
        _find_version(use.shot, _take_request(step.request, use.take), step.fingerprint, inputs)[0] for use in step.uses
    ]
    if all(use.version == version for use, version in zip(step.uses, versions, strict=True)):
        return step  # the usual case: of a first plan every shot has version 1
    uses = (replace(use, version=version) for use, version in zip(step.uses, versions, strict=True))
    return replace(step, uses=tuple(uses))


def _take_request(request: Request, take: int) -> Request:
    return request if request.take == take else replace(request, take=take)


_REASON_BY_STAGE = {
    Stage.SUBMITTED: StepReason.RUNNING,
    Stage.PRODUCED: StepReason.PRODUCED,
    Stage.IN_DOUBT: StepReason.IN_DOUBT,
    Stage.FAILED: StepReason.FAILED,
}

# What a person decided about the last attempt, by the kind that was written down with it.
_REASON_BY_VERDICT = {
    FailureKind.NEVER_SENT: StepReason.CANCELLED,
    FailureKind.WRITTEN_OFF: StepReason.WRITTEN_OFF,
    FailureKind.DISCARDED: StepReason.DISCARDED,
}


def _choose_reason(
    own_fingerprint: str, standing: Standing | None, route: Route, inputs: PlanInputs, *, changed: bool
) -> StepReason:
    named = inputs.named_clips.get(own_fingerprint)
    if standing is None or standing.stage in {Stage.FAILED, Stage.CANCELLED}:
        return _new_attempt_reason(own_fingerprint, standing, route, inputs, changed=changed)
    if standing.stage is Stage.STORED:
        return _stored_reason(standing, named, inputs)
    if standing.holder is not None and standing.stage is not Stage.IN_DOUBT:
        return StepReason.HELD
    if standing.stage is Stage.INTENDED:
        return StepReason.INTERRUPTED if _resend_route(standing, route, inputs) else StepReason.IN_DOUBT
    return _REASON_BY_STAGE[standing.stage]


def _stored_reason(standing: Standing, named: NamedClip | None, inputs: PlanInputs) -> StepReason:
    if standing.digest in inputs.stored_digests:
        return StepReason.STORED
    if named is not None and named.digest == standing.digest:
        return StepReason.IN_RENDERS
    if standing.digest in inputs.copies:
        return StepReason.IN_OTHER_STORE
    # Money: what was never in this store is not gone: another machine has it.
    return StepReason.CLIP_GONE if standing.kept_by is None else StepReason.STORED_ELSEWHERE


def _resend_route(standing: Standing, route: Route, inputs: PlanInputs) -> Route | None:
    """By which way an attempt that a crash cut off may be sent again.

    Money: such a crash proves nothing, so a new submit must be free: drawn here, or sent to the same provider with the
    key of the same attempt, before that key may be forgotten.
    """
    ways = (way for way in (route, *route.fallbacks) if way.provider == standing.provider)
    known = standing.since is None or is_key_known(standing.since, inputs.now)
    return next((way for way in ways if way.free or (way.idempotent and known)), None)


def is_key_known(since: float, now: float) -> bool:
    """Whether a gateway still knows the key of what was intended then; not, if the clock was turned back meanwhile."""
    return 0 <= now - since <= KEY_LIFETIME_SECONDS


def _new_attempt_reason(
    own_fingerprint: str, standing: Standing | None, route: Route, inputs: PlanInputs, *, changed: bool
) -> StepReason:
    """Why a request has no live attempt, and whether it may be submitted."""
    decided = None if standing is None or standing.kind is None else _REASON_BY_VERDICT.get(standing.kind)
    if why := _clip_elsewhere_reason(own_fingerprint, route, inputs, is_decided=decided is not None):
        return why
    if known := pick_known_task(inputs.known_tasks.get(own_fingerprint), standing):
        # Money: it was paid for without this ledger, or may have been.
        return StepReason.TASK_KNOWN if known.task else StepReason.DOUBT_ELSEWHERE
    if standing is None:
        return StepReason.CHANGED if changed else StepReason.NEW
    is_refused = standing.kind is not None and FAILURE_POLICIES[standing.kind].final
    if (is_refused or standing.refused_by) and not (route.free or decided):
        # Money: what ended with a task may have been charged, so nobody else gets it unless a person says so.
        if (is_refused and standing.task) or _route_after_refusals(standing, route) is None:
            return StepReason.FORCED if inputs.force_refused else StepReason.REFUSED
        return StepReason.REFUSED_ELSEWHERE if is_refused else StepReason.FAILED
    return decided or (StepReason.FAILED if standing.stage is Stage.FAILED else StepReason.CANCELLED)


def _route_after_refusals(standing: Standing, route: Route) -> Route | None:
    """The providers that have not refused the request; None when nobody is left."""
    is_refused = standing.kind is not None and FAILURE_POLICIES[standing.kind].final
    return skip_refusals(route, (*standing.refused_by, standing.provider) if is_refused else standing.refused_by)


def _clip_elsewhere_reason(
    own_fingerprint: str, route: Route, inputs: PlanInputs, *, is_decided: bool
) -> StepReason | None:
    """Money: its clip was paid for: elsewhere, by another ledger of this machine, or before this ledger was lost."""
    if own_fingerprint in inputs.named_clips:
        return StepReason.IN_RENDERS
    if is_decided:
        return None
    if locked := inputs.locked_clips.get(own_fingerprint):
        if locked.digest in inputs.stored_digests:
            return StepReason.LOCKED
        if locked.digest not in inputs.copies:
            return StepReason.LOCKED_SKETCH if route.free else StepReason.LOCKED_ELSEWHERE
    return StepReason.IN_OTHER_STORE if locked or own_fingerprint in inputs.bought_clips else None


def _find_copied_clip(own_fingerprint: str, standing: Standing | None, inputs: PlanInputs) -> NamedClip:
    """The clip of a request that another store has, with its file there."""
    if standing is not None and standing.stage is Stage.STORED and standing.digest is not None:
        clip = NamedClip(file="", digest=standing.digest, provider=standing.provider, cost=standing.cost)
    else:
        clip = inputs.locked_clips.get(own_fingerprint) or inputs.bought_clips[own_fingerprint]
    return replace(clip, copy=inputs.copies.get(clip.digest, ""))


def _add_steps(steps: dict[str, Step], found: Iterator[Step]) -> None:
    """Adds steps; one whose fingerprint is there already only adds its names."""
    for step in found:
        key = step.fingerprint or f"{step.uses[0].shot.id}#{step.uses[0].take}"
        there = steps.get(key)
        steps[key] = step if there is None else replace(there, uses=there.uses + step.uses)


def _has_unknown_image(shot: Shot, inputs: PlanInputs) -> bool:
    ends = (shot.frames.first, shot.frames.last)
    return any(end is not None and not isinstance(end, ShotFrame) and end not in inputs.images for end in ends)


def _image_ref(frame: Frame | None, inputs: PlanInputs, chosen: Mapping[str, str]) -> ImageRef | None:
    if frame is None:
        return None
    if isinstance(frame, ShotFrame):
        return ImageRef(digest=chosen[frame.shot], frame=frame.frame)
    return inputs.images[frame]

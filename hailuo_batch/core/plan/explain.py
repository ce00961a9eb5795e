"""Why one take would be rendered or not, member by member of its request."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import Action, NamedClip, Plan, Step, Use, Why
from hailuo_batch.core.plan.provenance import request_members
from hailuo_batch.core.plan.report import reason, request_before
from hailuo_batch.core.request.fingerprint import preimage, read_preimage

_LOCKED = frozenset({Why.LOCKED, Why.ELSEWHERE})  # who made the clip, and for how much, stands in the lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a request: what it is, and what it was when the shot was last rendered (None: not known)."""

    name: str
    now: object
    before: object = None
    changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that led to one take's step."""

    shot: str
    take: int
    version: int
    action: Action
    reason: str
    members: tuple[Member, ...]
    fingerprint: str
    before: str
    preimage: str
    provider: str
    estimate: Money | None
    free: bool
    shared_with: tuple[str, ...]
    digest: str


def explain_take(plan: Plan, shot: str, take: int, requests: Mapping[str, str]) -> Explanation | None:
    """The explanation of one take; None when the plan has no such take. `requests` are pre-images by fingerprint."""
    for step, use in _uses(plan):
        if use.shot.id == shot and use.take == take:
            locked = plan.grounds.locked.get(step.fingerprint) if step.why in _LOCKED else None
            return _explain(step, use, requests, locked)
    return None


def _uses(plan: Plan) -> Iterator[tuple[Step, Use]]:
    return ((step, use) for step in plan.steps for use in step.uses)


def _explain(step: Step, use: Use, requests: Mapping[str, str], locked: NamedClip | None) -> Explanation:
    provider = step.standing.provider if step.standing is not None else step.route.provider
    digest = step.standing.digest or "" if step.standing is not None else ""
    return Explanation(
        shot=use.shot.id,
        take=use.take,
        version=use.version,
        action=step.action,
        reason=reason(step),
        members=tuple(_members(step, requests)),
        fingerprint=step.fingerprint,
        before=_before(step, use, requests),
        preimage=preimage(step.request).decode() if step.request is not None else "",
        provider=provider if locked is None else locked.provider,
        estimate=step.estimate if locked is None else locked.cost,
        free=step.route.free and step.estimate is None,
        shared_with=tuple(other.shot.id for other in step.uses if other is not use),
        digest=digest if locked is None else locked.digest,
    )


def _before(step: Step, use: Use, requests: Mapping[str, str]) -> str:
    """The take's own fingerprint of before: of another take's nobody could tell what it has to do with this one."""
    if step.accepted is not None:
        return step.accepted.made_for
    return step.before if _take_of(step.before, requests) == use.take else ""


def _take_of(fingerprint: str, requests: Mapping[str, str]) -> int:
    return read_preimage(requests[fingerprint]).take if fingerprint in requests else 0


def _members(step: Step, requests: Mapping[str, str]) -> Iterator[Member]:
    if step.request is None:
        return
    now = request_members(step.request)
    old = request_before(step, requests)
    before = request_members(old) if old is not None else {}
    for name in dict.fromkeys((*now, *before)):
        changed = bool(before) and name != "take" and now.get(name) != before.get(name)
        yield Member(name=name, now=now.get(name), before=before.get(name), changed=changed)

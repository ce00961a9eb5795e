"""A plan made after a run + facts about clips → Report, the one value that every view draws."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import fsum

from hailuo_batch.core.attempt import Artifact, Stage
from hailuo_batch.core.fingerprint import changes, read_preimage
from hailuo_batch.core.naming import render_name
from hailuo_batch.core.plan import Action, Plan, Step, Use
from hailuo_batch.core.price import Money, totals


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRow:
    """One take of one shot as it stands now."""

    shot: str
    take: int
    version: int
    action: Action  # what a run would do next; `reuse` means there is nothing to do
    why: str
    stage: Stage | None
    prompt: str
    tags: tuple[str, ...]
    notes: str
    duration: int | str
    resolution: str
    fingerprint: str
    file: str  # below renders/; "" while there is none
    provider: str
    artifact: Artifact | None = None
    estimate: Money | None = None
    cost: Money | None = None
    shared_with: tuple[str, ...] = ()  # other shots that ask the same and show the same clip
    changed: tuple[str, ...] = ()  # members of the request that differ from the last version
    remarks: tuple[str, ...] = ()  # what differs from what was asked


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """How a campaign stands."""

    campaign: str
    manifest: str
    model: str
    sketch: bool
    rows: tuple[TakeRow, ...]  # of every take; in a brief report only of those with work to do
    takes: int = 0
    outside: int = 0  # shots of the manifest that were not looked at (--only)
    counts: Mapping[Action, int] = field(default_factory=dict)
    clips: int = 0  # distinct clips in the store
    seconds: float = 0.0  # of footage, distinct clips
    bytes: int = 0
    spent: tuple[Money, ...] = ()
    to_spend: tuple[Money, ...] = ()
    unpriced: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """A clip's size in bytes and length in seconds."""

    size: int
    seconds: float


def make_report(
    plan: Plan,
    *,
    manifest: str,
    sketch: bool,
    footage: Mapping[str, Footage],
    artifacts: Mapping[str, Artifact] | None = None,
    requests: Mapping[str, str] | None = None,
    outside: int = 0,
) -> Report:
    """The report of a plan, in the order of the manifest.

    `footage` and `artifacts` are by digest, `requests` are pre-images by fingerprint. Without `artifacts` the report is
    brief: takes with nothing to do are counted and have no row.
    """
    brief = artifacts is None
    steps = plan.work if brief else plan.steps
    rows = [row for step in steps for row in _rows(step, plan, artifacts or {}, requests or {}, sketch=sketch)]
    kept = {digest for step in plan.having(Action.REUSE) if (digest := _digest(step)) in footage}
    spent = (step.standing.cost for step in plan.steps if step.standing is not None)
    counts: Counter[Action] = Counter()
    for step in plan.steps:
        counts[step.action] += len(step.uses)
    return Report(
        campaign=plan.campaign,
        manifest=manifest,
        model=plan.grounds.model,
        sketch=sketch,
        rows=tuple(rows),
        takes=counts.total(),
        outside=outside,
        counts=counts,
        clips=len(kept),
        seconds=fsum(footage[digest].seconds for digest in kept),
        bytes=sum(footage[digest].size for digest in kept),
        spent=totals(cost for cost in spent if cost is not None),
        to_spend=plan.cost,
        unpriced=plan.unpriced,
    )


def _digest(step: Step) -> str:
    return step.standing.digest or "" if step.standing is not None else ""


def _rows(
    step: Step, plan: Plan, artifacts: Mapping[str, Artifact], requests: Mapping[str, str], *, sketch: bool
) -> Iterable[TakeRow]:
    standing = step.standing
    artifact = artifacts.get(_digest(step)) if step.action is Action.REUSE else None
    for use in step.uses:
        yield TakeRow(
            shot=use.shot.id,
            take=use.take,
            version=use.version,
            action=step.action,
            why=reason(step),
            stage=standing.stage if standing is not None else None,
            prompt=use.shot.prompt,
            tags=use.shot.tags,
            notes=use.shot.notes,
            duration=use.shot.duration,
            resolution=use.shot.resolution,
            fingerprint=step.fingerprint,
            file=render_name(plan.campaign, use, sketch=sketch) if step.action is Action.REUSE else "",
            provider=standing.provider if standing is not None else step.route.provider,
            artifact=artifact,
            estimate=step.estimate,
            cost=standing.cost if standing is not None else None,
            shared_with=tuple(other.shot.id for other in step.uses if other is not use),
            changed=changed_members(step, requests),
            remarks=_remarks(use, artifact),
        )


def reason(step: Step) -> str:
    """Why a step is there, with the names that belong to it."""
    if step.waits_for:
        return f"it starts from {', '.join(step.waits_for)}, not rendered yet"
    if step.standing is not None and step.standing.why and step.standing.stage is Stage.FAILED:
        return f"{step.why}: {step.standing.why}"
    return str(step.why)


def changed_members(step: Step, requests: Mapping[str, str]) -> tuple[str, ...]:
    """Which members of the request differ from the version before, where that is still known."""
    before = requests.get(step.before)
    if not before or step.request is None:
        return ()
    return tuple(name for name, _, _ in changes(read_preimage(before), step.request))


def _remarks(use: Use, artifact: Artifact | None) -> tuple[str, ...]:
    """A clip of another length than asked is kept, since it was paid for, and said."""
    asked = use.shot.duration
    if artifact is None or isinstance(asked, str) or abs(artifact.seconds - asked) < 0.5:
        return ()
    return (f"asked {asked} s, got {artifact.seconds:.2f} s",)

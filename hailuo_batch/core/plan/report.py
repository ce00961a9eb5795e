"""A plan made after a run + facts about clips → Report, the one value that every view draws."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from itertools import islice
from math import fsum

from hailuo_batch.core.attempt.attempt import Clip, Stage
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.core.manifest.document import Cut, Duration, Meta
from hailuo_batch.core.manifest.document import Sequence as ManifestSequence
from hailuo_batch.core.manifest.image_rights import ImageRights, list_rights
from hailuo_batch.core.marks import Mark
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.chains import Chains, find_chains
from hailuo_batch.core.plan.clip_marks import list_step_marks
from hailuo_batch.core.plan.compare_requests import KnownFrames, Member, list_changes, previous_request
from hailuo_batch.core.plan.dropped_shots import DroppedShot
from hailuo_batch.core.plan.judgement import ReviewNote, ShotState, Verdict
from hailuo_batch.core.plan.plan import Action, ClipSource, Plan, Step, StepReason, TakeName, Use
from hailuo_batch.core.plan.plan_cost import PlanCost, list_purchases, sum_plan_cost, sum_purchases
from hailuo_batch.core.plan.plan_lengths import NO_LENGTHS, PlanLengths, find_kept_duration, sum_lengths
from hailuo_batch.core.plan.reasons import describe_reason, list_remarks
from hailuo_batch.core.plan.render_names import render_name, take_label
from hailuo_batch.core.providers.own_prices import UsedPrice, list_used_prices
from hailuo_batch.core.trusted import KeyDestination
from hailuo_batch.core.world import World
from hailuo_batch.values import dataclass

_MAX_SHARED = 20  # named shots a row: all of them in each row grow with the square of their number


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeRow:
    """One take of one shot in its present state."""

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
    task: str = ""  # its id at the provider, where one was given
    clip: Clip | None = None
    estimate: Money | None = None
    quote: Money | None = None  # the price that the provider named at the submit
    cost: Money | None = None
    shared_with: tuple[str, ...] = ()  # the first other shots with the same request, so with the same clip
    shared_count: int = 0  # how many they are in all
    source: ClipSource | None = None  # where its clip is on this machine, when it only has to be taken from there
    same_clip_as: str = ""  # the take whose line has the price of the clip that both share
    is_bought: bool = False  # a run submits it; a shot that waits for a frame, once that is there
    is_left_out: bool = False  # a cap leaves it out
    kept_duration: Duration | None = None  # written down, it would keep the last version's clip, which holds the cut
    cut: Cut | None = None
    meta: Meta = ()  # the user's own columns
    rights: tuple[ImageRights, ...] = ()
    reason: StepReason | None = None  # `why` without its names
    changes: tuple[Member, ...] = ()  # members of the request that differ from the last version, as far as it is known
    chain: tuple[str, ...] = ()  # the changed shots at the head of the chain that it waits in
    followers: tuple[str, ...] = ()  # the first shots that wait for a frame of it
    follower_count: int = 0  # how many they are in all
    remarks: tuple[str, ...] = ()  # what differs from the request
    sequence: str = ""
    is_selected: bool = False  # it is used in the edit
    verdict: Verdict | None = None  # what a person decided about its clip
    verdict_why: str = ""
    review_notes: tuple[ReviewNote, ...] = ()  # about this take; those about the shot are in `Report.shot_notes`
    marks: tuple[Mark, ...] = ()  # in words they are among the remarks
    is_measured: bool = False  # whether its marks say what is seen in the clip, and not only its length and size

    @property
    def changed(self) -> tuple[str, ...]:
        """The names of the members that differ."""
        return tuple(member.name for member in self.changes)

    @property
    def own_changes(self) -> tuple[Member, ...]:
        """What differs, without the frame that its chain speaks of: of a clip that is rendered again."""
        if not self.chain:
            return self.changes
        return tuple(each for each in self.changes if not each.is_frame_of_later_clip)

    @property
    def counted_estimate(self) -> Money | None:
        """What it counts as while its actual cost is not known."""
        return counted_estimate(self.estimate, self.quote)

    @property
    def is_in_doubt(self) -> bool:
        """Whether its outcome is unknown, so that a person has to settle it."""
        is_open = self.stage in {Stage.IN_DOUBT, Stage.INTENDED}
        return self.action is Action.HOLD and is_open and self.reason is not StepReason.HELD


@dataclass(frozen=True, slots=True, kw_only=True)
class CapLeft:
    """What a cap still allows; `description` names the cap."""

    description: str
    left: Money


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Report:
    """The state of a campaign."""

    campaign: str
    manifest: str
    model: str
    sketch: bool
    rows: tuple[TakeRow, ...]  # of every take; in a brief report only of those with work to do
    takes: int = 0
    shots_outside: int = 0  # shots of the manifest that are not shown (--only)
    omitted: tuple[str, ...] = ()  # shots that the review leaves out
    counts: Mapping[Action, int] = field(default_factory=dict)
    kept: Mapping[ClipSource, int] = field(default_factory=dict)  # of the fetches in `counts`, which need no gateway
    clips: int = 0  # distinct clips in the store
    seconds: float = 0.0  # of the distinct clips
    lengths: PlanLengths = NO_LENGTHS
    meta: Meta = ()  # the user's own columns, about the whole manifest
    sequences: tuple[ManifestSequence, ...] = ()
    bytes: int = 0
    spent: tuple[Money, ...] = ()  # the actual cost, where providers reported it
    estimated: tuple[Money, ...] = ()  # by the price list, for the other clips
    unknown_cost: int = 0  # clips of which neither is known
    silent_providers: tuple[str, ...] = ()  # providers that reported no cost of a clip
    to_spend: tuple[Money, ...] = ()
    most_to_spend: tuple[Money, ...] = ()  # if the dearest provider of each list renders; without unknown prices
    unpriced: int = 0
    takes_to_buy: int = 0
    clips_to_buy: int = 0  # fewer than takes where shots have the same request
    unpriced_fallbacks: int = 0  # clips whose price is unknown only at a later provider of the list
    left_out: Mapping[Action, int] = field(default_factory=dict)  # of `counts`, what a cap leaves out
    caps_left: tuple[CapLeft, ...] = ()  # what each cap still allows, before the run
    sequence_titles: Mapping[str, str] = field(default_factory=dict)  # by id, in the order of the edit
    dropped: tuple[DroppedShot, ...] = ()  # what the lock names and the manifest no longer has
    over_cap: tuple[tuple[str, Failure], ...] = ()  # takes that a cap would leave out, and why
    accepted: int = 0  # takes that use an earlier clip
    rehearsal: bool = False
    choice: tuple[str, ...] = ()  # options of the plan that a run has to repeat: which shots, under which cap
    destinations: tuple[KeyDestination, ...] = ()  # where keys go when it is carried out
    prices: tuple[UsedPrice, ...] = ()  # by which the clips to buy are estimated
    states: Mapping[str, ShotState] = field(default_factory=dict)  # by shot, in the order of the manifest
    shot_notes: Mapping[str, tuple[ReviewNote, ...]] = field(default_factory=dict)  # about shots, from the review
    now: float = field(default=0.0, compare=False)  # when the plan was made, since the epoch: prices grow old

    @property
    def world(self) -> World:
        """Where its takes come from, which every hint repeats."""
        return World.SKETCH if self.sketch else World.REHEARSAL if self.rehearsal else World.REAL


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSize:
    """A clip's size in bytes and length in seconds."""

    size: int
    seconds: float


def make_report(
    plan: Plan,
    *,
    manifest: str,
    sketch: bool,
    rehearsal: bool = False,
    clip_sizes: Mapping[str, ClipSize],
    clips: Mapping[str, Clip] | None = None,
    measures: Mapping[str, ClipMeasures] | None = None,
    requests: Mapping[str, str] | None = None,
    shots_outside: int = 0,
    over_cap: Iterable[tuple[Step, Failure]] = (),
    caps_left: Iterable[CapLeft] = (),
    rejected: Iterable[RejectedClip] = (),
    campaign_cost: PlanCost | None = None,
    promised: Mapping[TakeName, str] | None = None,
) -> Report:
    """The report of a plan, in the order of the manifest.

    `clip_sizes`, `clips` and `measures` are by digest, `requests` are pre-images by fingerprint, `rejected` are clips
    that are not whole and whose take has no other. `campaign_cost` is what the ledger sums, else the plan's own clips.
    `promised` are takes whose clip is bought for the named take of another manifest. Without `clips` the report
    is brief: takes with nothing to do are counted and have no row.
    """
    brief = clips is None
    refused = tuple(over_cap)
    left = {id(step) for step, _ in refused}
    submitted = tuple(step for step in list_purchases(plan.steps) if id(step) not in left)
    bought = tuple(step for step in submitted if step.take_names[0] not in promised) if promised else submitted
    buying = sum_purchases(bought)
    aside: dict[str, list[RejectedClip]] = {}
    for each in rejected:
        aside.setdefault(each.fingerprint, []).append(each)
    mine = {id(step) for step in submitted}
    chains, known = find_chains(plan.steps), KnownFrames(plan)
    rows = [
        row
        for step in (plan.pending_steps if brief else plan.steps)
        for row in _make_rows(
            step,
            plan,
            clips or {},
            measures or {},
            requests or {},
            aside,
            chains,
            known,
            sketch=sketch,
            is_bought=id(step) in mine,
            is_left_out=id(step) in left,
            buyer=promised.get(step.take_names[0], "") if promised and id(step) in mine else "",
        )
    ]
    kept = {digest for step in plan.select_steps(Action.REUSE) if (digest := step.digest) in clip_sizes}
    counts: Counter[Action] = Counter()
    kept_elsewhere: Counter[ClipSource] = Counter()
    paid = campaign_cost or sum_plan_cost(plan)
    for step in plan.steps:
        counts[step.action] += len(step.uses)
        if step.source is not None:
            kept_elsewhere[step.source] += len(step.uses)
    return Report(
        campaign=plan.campaign,
        manifest=manifest,
        model=plan.inputs.model.name,
        sketch=sketch,
        rehearsal=rehearsal,
        rows=tuple(rows),
        takes=counts.total(),
        shots_outside=shots_outside,
        counts=counts,
        kept=kept_elsewhere,
        clips=len(kept),
        seconds=fsum(clip_sizes[digest].seconds for digest in kept),
        lengths=sum_lengths(plan.steps, bought, clip_sizes),
        bytes=sum(clip_sizes[digest].size for digest in kept),
        spent=paid.actual,
        estimated=paid.estimated,
        unknown_cost=paid.unknown,
        silent_providers=paid.silent_providers,
        to_spend=buying.cost,
        unpriced=buying.unpriced,
        takes_to_buy=buying.takes,
        clips_to_buy=buying.clips,
        most_to_spend=buying.most,
        prices=list_used_prices(way.price for step in bought for way in (step.route, *step.route.fallbacks)),
        now=plan.inputs.now,
        unpriced_fallbacks=buying.unpriced_fallbacks,
        left_out=Counter(step.action for step, _ in refused for _use in step.uses),
        caps_left=tuple(caps_left),
        over_cap=tuple((take_label(use), failure) for step, failure in refused for use in step.uses),
        accepted=sum(len(step.uses) for step in plan.steps if step.why is StepReason.ACCEPTED),
    )


def _make_rows(
    step: Step,
    plan: Plan,
    clips: Mapping[str, Clip],
    measures: Mapping[str, ClipMeasures],
    requests: Mapping[str, str],
    aside: Mapping[str, Sequence[RejectedClip]],
    chains: Chains,
    known: KnownFrames,
    *,
    sketch: bool,
    is_bought: bool,
    is_left_out: bool,
    buyer: str,
) -> Iterable[TakeRow]:
    # Each once for all names: there may be 100,000 rows.
    standing, action, task, estimate, source = step.standing, step.action, step.task, step.estimate, step.source
    seen = measures.get(step.digest) if measures else None
    clip = clips.get(step.digest) if clips and action is Action.REUSE else None
    old = previous_request(step, requests) if requests or step.accepted is not None else None
    others, model = len(step.uses) - 1, plan.inputs.model
    for use in step.uses:
        shot = use.shot
        causes, followers = chains.causes.get(shot.id, ()), chains.followers.get(shot.id, ())
        if not use.gives_frames:
            followers = ()
        provider = standing.provider if standing is not None else step.route.provider
        marks = () if clip is None else list_step_marks(step, shot, clip, model, seen, provider=provider)
        yield TakeRow(
            shot=shot.id,
            take=use.take,
            version=use.version,
            action=action,
            why=describe_reason(step, causes),
            stage=standing.stage if standing is not None else None,
            prompt=shot.prompt,
            tags=shot.tags,
            sequence=shot.sequence,
            notes=shot.notes,
            duration=shot.duration,
            resolution=shot.resolution,
            fingerprint=step.fingerprint,
            file=render_name(plan.campaign, use, sketch=sketch) if action is Action.REUSE else "",
            provider=provider,
            task=task,
            clip=clip,
            estimate=estimate,
            source=source,
            quote=standing.quote if standing is not None else None,
            cost=standing.cost if standing is not None else None,
            same_clip_as=buyer or ("" if use is step.uses[0] else take_label(step.uses[0])),
            is_bought=is_bought,
            is_left_out=is_left_out,
            shared_with=_list_others(step, use) if others else (),
            shared_count=others,
            kept_duration=None if old is None else find_kept_duration(shot, old, step.request, model),
            cut=shot.cut,
            meta=shot.meta,
            rights=list_rights(shot),
            reason=step.why,
            changes=() if old is None else list_changes(step, use, plan.inputs, old, known),
            chain=causes,
            followers=followers[:_MAX_SHARED],
            follower_count=len(followers),
            remarks=tuple(list_remarks(step, marks, aside.get(step.fingerprint, ()))),
            marks=marks,
            is_measured=clip is not None and seen is not None,
        )


def _list_others(step: Step, use: Use) -> tuple[str, ...]:
    """The first other shots with the same clip."""
    return tuple(islice((other.shot.id for other in step.uses if other is not use), _MAX_SHARED))

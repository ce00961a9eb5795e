"""A plan as values: one step per request, with action, reason and cost. `planner.py` makes it."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from hailuo_batch.core.attempt.attempt import Standing
from hailuo_batch.core.manifest.document import Frame
from hailuo_batch.core.manifest.shot import Shot, ShotNeeds
from hailuo_batch.core.models import Model
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.providers.offers import Route
from hailuo_batch.core.request.request import ImageRef, Request
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.judgement import Selection  # few manifests have a review: the others need not load it
    from hailuo_batch.core.plan.review import AcceptedClip


class Action(StrEnum):
    """What a run would do for one request."""

    REUSE = "reuse"  # the clip is in the store
    SUBMIT = "submit"  # submit it
    RESUME = "resume"  # it was submitted, and its task is running
    FETCH = "fetch"  # it is made, and not kept here
    WAIT = "wait"  # it starts from a frame of a shot that is not rendered yet
    HOLD = "hold"  # a person must decide first


class StepReason(StrEnum):
    """Why a step is there, and with that what a run would do."""

    action: Action

    def __new__(cls, words: str, action: Action) -> "StepReason":
        """A reason in words, with its action."""
        why = str.__new__(cls, words)
        why._value_ = words
        why.action = action
        return why

    STORED = "its clip is in the store", Action.REUSE
    ACCEPTED = "an earlier clip was accepted for it", Action.REUSE
    NEW = "never rendered", Action.SUBMIT
    CHANGED = "the request changed", Action.SUBMIT
    LOCKED_SKETCH = "the lock names its clip, which is drawn again here", Action.SUBMIT
    FAILED = "the last attempt failed", Action.SUBMIT
    REFUSED = "it was refused: change it, or submit it again by `run --failed`", Action.HOLD
    REFUSED_ELSEWHERE = "another provider refused it, and this one has not had it yet", Action.SUBMIT
    CANCELLED = "the last attempt was never sent", Action.SUBMIT
    WRITTEN_OFF = "the last attempt was written off", Action.SUBMIT
    DISCARDED = "its clip was removed from the store by gc", Action.SUBMIT
    FORCED = "it was refused, and --failed submits it again", Action.SUBMIT
    INTERRUPTED = "a run stopped before it was submitted", Action.SUBMIT
    RUNNING = "submitted, still rendering", Action.RESUME
    TASK_KNOWN = "submitted elsewhere, and followed here", Action.RESUME
    PRODUCED = "rendered, not downloaded yet", Action.FETCH
    CLIP_GONE = "its clip is gone from the store", Action.FETCH
    IN_RENDERS = "its clip is gone from the store, but renders/ still has a copy", Action.FETCH
    IN_OTHER_STORE = "another store of this machine has its clip, which is copied from there", Action.FETCH
    LOCKED = "the lock names its clip, which is in the store", Action.FETCH
    LOCKED_ELSEWHERE = "the lock names its clip, which is not in this store", Action.HOLD
    ACCEPTED_ELSEWHERE = "an earlier clip was accepted for it, which is not in this store", Action.HOLD
    HELD = "being made on another machine", Action.HOLD
    STORED_ELSEWHERE = "another machine has its clip, which is not in this store", Action.HOLD
    IN_DOUBT = "outcome unknown: it may have been accepted", Action.HOLD
    DOUBT_ELSEWHERE = "outcome unknown elsewhere: it may have been accepted", Action.HOLD
    NEEDS_FRAME = "its source shot is not rendered yet", Action.WAIT
    IMAGE_UNKNOWN = "its frame's web address has given no image yet (`plan` tries again)", Action.HOLD


class ClipSource(StrEnum):
    """Where a clip is that no gateway is needed for: it was made before, and is free."""

    OTHER_STORE = "other_store"  # of another project or worktree on this machine
    RENDERS = "renders"  # below renders/, under its readable name
    STORE = "store"  # in this store, and the ledger does not know it yet


_CLIP_SOURCES = {
    StepReason.IN_OTHER_STORE: ClipSource.OTHER_STORE,
    StepReason.IN_RENDERS: ClipSource.RENDERS,
    StepReason.LOCKED: ClipSource.STORE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One name of a clip: this take of this shot, at the shot's version.

    `giver` is the take whose clip gives the shot's frames to others: the selected one, else the first.
    """

    shot: Shot
    take: int
    version: int
    giver: int = 1

    @property
    def gives_frames(self) -> bool:
        """Whether shots that start from this one start from this take."""
        return self.take == self.giver


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRender:
    """What a shot was when it was last rendered: its version, and the fingerprint of one of its takes."""

    version: int
    take: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotVersions:
    """Every version that a shot ever had: by the fingerprints of its takes, and the highest one."""

    by_fingerprint: Mapping[str, int]
    highest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedClip:
    """A clip that something besides the ledger names: its provenance below `renders/`, or the lock (`file` is "").

    `copy` is the path of its file in another store of this machine. `rehearsal`: a rehearsal bought it.
    """

    file: str
    digest: str
    provider: str
    cost: Money | None = None
    copy: str = ""
    rehearsal: bool = False


class TakeName(NamedTuple):
    """Whose clip it is: a shot's id and a take's number."""

    shot: str
    take: int

    @property
    def label(self) -> str:
        """How people write it: `open#2`."""
        return f"{self.shot}#{self.take}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request's part of a plan. Without a fingerprint it waits: the request is not whole yet."""

    why: StepReason
    uses: tuple[Use, ...]
    route: Route
    request: Request | None = None
    fingerprint: str = ""
    standing: Standing | None = None
    waits_for: tuple[str, ...] = ()
    is_frame_renewed: bool = False  # the shots that it waits for had a clip, and get another
    previous_fingerprint: str = ""  # what the shot's fingerprint was, when the request changed
    named_clip: NamedClip | None = None  # where its clip still is, when the store has lost it
    orphan: TakeName | None = None  # whose task it was; no manifest asks for it now, so its clip gets no file name
    accepted: "AcceptedClip | None" = None  # the earlier clip that is used instead
    known_task: KnownTask | None = None  # the task that something besides this ledger knows; `route` is its provider

    @property
    def action(self) -> Action:
        """What a run would do."""
        return self.why.action

    @property
    def estimate(self) -> Money | None:
        """What the step would cost; None is "unknown", and a step that submits nothing costs nothing."""
        return self.route.estimate

    @property
    def worst_estimates(self) -> tuple[Money, ...]:
        """The dearest price that a provider of its list has, in each currency."""
        if not self.route.fallbacks:
            return () if self.route.estimate is None else (self.route.estimate,)
        worst: dict[str, Money] = {}
        for way in (self.route, *self.route.fallbacks):
            price = way.estimate
            if price is not None and (price.currency not in worst or worst[price.currency].amount < price.amount):
                worst[price.currency] = price
        return tuple(worst.values())

    @property
    def clip_fingerprint(self) -> str:
        """The fingerprint that the step's clip answers: its own, unless an earlier clip was accepted for it."""
        return self.fingerprint if self.accepted is None else self.accepted.made_for

    @property
    def digest(self) -> str:
        """The digest of the clip that its attempt stored; "" without one."""
        return self.standing.digest or "" if self.standing is not None else ""

    @property
    def task(self) -> str:
        """The id of its task at the provider; "" without one."""
        if self.known_task is not None:
            return self.known_task.task
        return self.standing.task or "" if self.standing is not None else ""

    @property
    def is_resumed(self) -> bool:
        """Whether the step follows a task that was bought before this run; a clip that is here follows none."""
        return (
            (self.standing is not None or self.known_task is not None)
            and self.action in {Action.RESUME, Action.FETCH}
            and self.source is None
        )

    @property
    def source(self) -> ClipSource | None:
        """Where its clip is on this machine, if the step only has to take it from there."""
        return _CLIP_SOURCES.get(self.why)

    @property
    def take_names(self) -> tuple[TakeName, ...]:
        """Every take that the clip is for; an orphaned task has the one that it was submitted for."""
        if self.orphan is not None:
            return (self.orphan,)
        return tuple(TakeName(use.shot.id, use.take) for use in self.uses)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags of all shots that the clip is for, each once."""
        return tuple(dict.fromkeys(tag for use in self.uses for tag in use.shot.tags))

    @property
    def submits_later(self) -> bool:
        """Whether it waits for a frame in order to be submitted; one that was made before waits to be fetched."""
        return self.why is StepReason.NEEDS_FRAME and self.standing is None

    @property
    def submits(self) -> bool:
        """Whether a run submits it: at once, or when the frame that it waits for is ready."""
        return self.action is Action.SUBMIT or self.submits_later


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlanInputs:
    """All that a plan is made from, beside the shots."""

    model: Model
    images: Mapping[Frame, ImageRef]  # frames from files and web addresses, by content
    routes: Mapping[ShotNeeds, Route]
    standings: Mapping[str, Standing]
    last_renders: Mapping[str, LastRender]  # by shot id
    locked_clips: Mapping[str, NamedClip]  # by fingerprint, as the lock names them
    stored_digests: AbstractSet[str]  # digests in the store
    accepted_clips: Mapping[str, "AcceptedClip"] = field(
        default_factory=dict
    )  # by the fingerprint of the request as it is now
    selections: "Mapping[str, Selection]" = field(default_factory=dict)  # by shot id; of another clip, it does not hold
    known_tasks: Mapping[str, KnownTask] = field(default_factory=dict)  # by fingerprint; not in this ledger
    bought_clips: Mapping[str, NamedClip] = field(default_factory=dict)  # by fingerprint; stored by other ledgers
    copies: Mapping[str, str] = field(default_factory=dict)  # by digest: the file of a clip in another store
    now: float = 0.0  # seconds since the epoch
    force_refused: bool = False  # what was refused for good is submitted again
    # The rest is read only for shots that need it, once a first plan has named them.
    versions: Mapping[str, ShotVersions] = field(default_factory=dict)  # by shot id
    named_clips: Mapping[str, NamedClip] = field(default_factory=dict)  # by fingerprint


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Plan:
    """The steps in the order of the manifest."""

    campaign: str
    steps: tuple[Step, ...]
    inputs: PlanInputs

    def select_steps(self, action: Action) -> tuple[Step, ...]:
        """The steps with this action."""
        return tuple(step for step in self.steps if step.action is action)

    @property
    def pending_steps(self) -> tuple[Step, ...]:
        """Everything that is not there yet."""
        return tuple(step for step in self.steps if step.action is not Action.REUSE)

"""What the runner and the use cases depend on. `ledger`, `store`, `drivers` and `media` implement it.

`testing` has a suite for each port that says in tests what is said here in words.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from io import BufferedReader
from math import inf
from pathlib import Path
from typing import Protocol

from hailuo_batch.core.attempt.attempt import Clip, Move, Stage, Standing
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord, EndedAttempt, EventRecord, RunRecord
from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.core.measures import ClipMeasures, GivenImage
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, ShotVersions
from hailuo_batch.core.plan.render_names import StillAt
from hailuo_batch.core.plan.report import ClipSize
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.sketch import Sketch
from hailuo_batch.core.spending.budget import Cap, CountedAttempt
from hailuo_batch.core.spending.charge import Charge
from hailuo_batch.core.spending.purchase import JournalFinding, Purchase
from hailuo_batch.core.team import Team
from hailuo_batch.core.trace import WaitLine
from hailuo_batch.values import dataclass


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""

    def elapsed(self) -> float:
        """Seconds since some moment, never going back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is written down before the one call that may cost money."""

    fingerprint: str
    preimage: str
    provider: str
    campaign: str
    shot: str  # the first that needs it; costs are grouped by it, and it cannot be added later
    take: int
    tags: tuple[str, ...] = ()
    run: int | None = None
    estimate: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a move of an attempt adds to the record; only what is not None is written."""

    task: str | None = None
    clip: Clip | None = None
    cost: Money | None = None
    quote: Money | None = None  # the price that the gateway named at the submit
    request_id: str | None = None  # the gateway's id of the submit; kept in the event
    failure: Failure | None = None
    reason: str | None = None  # a person's, for what a person decided; kept in the event
    decided_by: str | None = None  # who that was


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderName:
    """A readable name that was given to a clip."""

    file: str
    campaign: str
    shot: str
    version: int
    take: int
    fingerprint: str
    sketch: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerMark:
    """A moment of a ledger: which one it is, its last event and when that was.

    `run` is the last run that gives no names any more.
    """

    ledger: str
    event: int
    at: float
    run: int


class LedgerReader(Protocol):
    """The durable record for readers, also while a run writes. An answer is as of one moment."""

    async def standings(self, fingerprints: Iterable[str] | None = None) -> Mapping[str, Standing]:
        """The attempt that counts for each fingerprint, or for these: the live one, else the last that ended."""

    async def attempts(self, fingerprints: Iterable[str] | None = None) -> list[AttemptRecord]:
        """Every attempt for these fingerprints, or every one there is; the oldest first."""

    async def open_attempts(self) -> list[AttemptRecord]:
        """Every attempt that is neither stored nor ended; the oldest first."""

    async def ended_attempts(self) -> list[EndedAttempt]:
        """Every attempt at a provider that is stored or has ended, the oldest first: only whose, and how."""

    async def counted_attempts(self) -> list[CountedAttempt]:
        """Every attempt at a provider that costs something, as caps see it."""

    async def events(self, attempts: Iterable[int]) -> list[EventRecord]:
        """What happened to these attempts, in order."""

    async def audit_records(self) -> tuple[list[AttemptRecord], list[EventRecord], Mapping[str, ClipSize]]:
        """Every attempt, every event and the size of every clip, all as of one moment."""

    async def tasks(self) -> Mapping[tuple[str, str], int]:
        """Whose each known task is: provider and id → attempt."""

    async def preimages(self, fingerprints: Iterable[str]) -> Mapping[str, str]:
        """The requests of those fingerprints that are known."""

    async def clips(self) -> Mapping[str, Clip]:
        """What is known of each clip that was ever kept, by digest."""

    async def clip_sizes(self, digests: Iterable[str] | None = None) -> Mapping[str, ClipSize]:
        """The size and length of each clip, or of these, by digest: what sums need, for less time than `clips`."""

    async def render_times(self) -> list[tuple[str, str, float]]:
        """How long the last clips took that providers made: provider, pre-image, seconds; the newest last."""

    async def submit_times(self, since: float) -> Mapping[str, Sequence[float]]:
        """When the last submits went out since then, by provider; the oldest first."""

    async def campaign_charges(self, campaign: str) -> list[tuple[str, Charge, int]]:
        """What the attempts of a campaign count as: provider, charge, and how many are alike."""

    async def deliveries(self, since: float) -> AbstractSet[str]:
        """The providers of which a clip was stored since then; one that was stored again is no delivery."""

    async def names(self, campaign: str, *, sketch: bool, shots: Iterable[str] | None = None) -> Mapping[str, str]:
        """Which clip each name of a campaign, or of these shots, was given to: file → fingerprint."""

    async def latest_versions(
        self, campaign: str, *, sketch: bool, shots: Iterable[str] | None = None
    ) -> Mapping[str, LastRender]:
        """The highest version of each shot, or of these, with the fingerprint of its lowest take."""

    async def versions(self, campaign: str, shots: Iterable[str], *, sketch: bool) -> Mapping[str, ShotVersions]:
        """Every version that each of these shots ever had a name for."""

    async def shot_fingerprints(self, campaign: str, shot: str, *, sketch: bool) -> AbstractSet[str]:
        """Every version of a shot: each request whose clip got a name."""

    async def runs(self) -> list[RunRecord]:
        """The runs so far, the oldest first."""

    async def purchases_elsewhere(self, fingerprints: Iterable[str]) -> Mapping[str, Purchase]:
        """Live purchases of these fingerprints by other ledgers of this machine; one that is stored comes first."""

    async def known_stores(self) -> tuple[str, ...]:
        """The folders of all stores that ledgers of this machine have used."""

    async def ledger_id(self) -> str:
        """Which ledger this is, wherever its file is; "" while it is not written yet."""

    async def team(self) -> Team | None:
        """Who works on this ledger, as of one moment; None when it is of one machine."""

    async def content_key(self) -> str:
        """What stays the same as long as nothing is written to a shared ledger; "" of one whose file says it."""

    async def mark(self) -> LedgerMark | None:
        """The moment of now, after which moves are certain to be seen; None for a ledger of which that is not so."""

    async def journal_finding(self) -> JournalFinding | None:
        """How this ledger differs from what the journal of this machine knows of it."""


class LedgerWriter(LedgerReader, Protocol):
    """The durable record for the one run that writes. A write returns when it would survive a power cut.

    Money: a write that was begun is done whole, also when its caller is cancelled meanwhile. It raises
    `LedgerMovedError` when ledger or run lock is no longer the one of its name; what was written can still be read.
    """

    @property
    def slot_source(self) -> "SlotSource | None":
        """The rates and places that runs on other machines share with this one; None when there can be no other."""

    async def record_intent(self, intent: Intent) -> int:
        """The number of the live attempt for this fingerprint: a new one, or the one that was intended before.

        Raises `BoughtElsewhereError` when another ledger of this machine has bought it, or may have. A shared ledger
        raises `HeldElsewhereError` when another machine has it, and `CapReachedError` when a cap has no room.
        """

    async def move(self, attempt: int, move: Move, facts: Facts = Facts()) -> Stage:  # noqa: B008 - it is frozen
        """Moves an attempt by the table of `core/attempt/attempt.py` and appends the event; the new stage."""

    async def keep_clip(self, attempt: int, clip: Clip) -> AttemptRecord:
        """Moves an attempt by `Move.KEEP`; what is known of it then, without a further read."""

    async def restore_clip(self, intent: Intent, clip: Clip, cost: Money | None) -> int:
        """Records a clip that was made before this ledger knew of it, in one write; the number of its attempt."""

    async def adopt_task(self, intent: Intent, task: str, reason: str) -> int:
        """Records a task that was bought without this ledger, in one write; the number of its attempt.

        `reason` says where it is known from; the event keeps it. A live attempt for this fingerprint is a bug.
        """

    async def register_caps(self, caps: Iterable[Cap]) -> None:
        """Says which caps this run has. A shared ledger then refuses by itself what one of them has no room for."""

    async def take_over_purchases(self, place: str) -> Mapping[int, str]:
        """Takes over what the journal knows and this ledger lacks: of itself, and of the ledgers that had this place.

        The attempts, each with the digest of its clip if one was stored; their numbers may be new.
        """

    async def record_names(self, names: Iterable[RenderName]) -> None:
        """Records which names were given to which clips; a name that is recorded already costs nothing."""

    async def begin_run(self, *, manifest: str, campaign: str, sketch: bool) -> int:
        """Records that a run has begun; its number."""

    async def end_run(self, run: int, *, stored: int, failed: int, exit: int) -> None:  # noqa: A002 - the word for it
        """Records how a run ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedAccount:
    """What machines share at a gateway: the limits of one account. `account` is a hash, never the key.

    `distance` is how many seconds are between two submits (0: no rate is known); `places` how many tasks may run.
    """

    account: str
    gateway: str
    distance: float
    places: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotLease:
    """Slots for submits, each by the seconds from `now` until it begins; without any, when to come again, and why.

    `now` is the moment of the lease by the ledger's own clock, in seconds.
    """

    now: float
    begins: tuple[float, ...]
    retry_after: float = 0.0
    is_full: bool = False  # no place is free


class SlotSource(Protocol):
    """Who leases the rate and the places of accounts that several machines use."""

    async def lease_slots(
        self, account: SharedAccount, *, used: int, wanted: int, pause: float | None = None
    ) -> SlotLease:
        """Leases at most so many slots that begin within a second; those that are not used lapse.

        `used` are the places that this run's own tasks have. With `pause` no machine gets a slot for so many seconds.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """What a store says of a clip without reading it; `modified_at` is in seconds since the epoch."""

    size: int
    modified_at: float


class Store(Protocol):
    """Clips by digest (`sha256:…`); one is there whole or not at all. A text that is no digest raises `InputError`.

    A run awaits the methods that move whole clips. The others may block: call them where nothing else waits.
    """

    def temporary_path(self) -> Path:
        """A new temporary file name on this machine, from which `keep` takes a clip."""

    async def keep(self, file: Path) -> str:
        """Moves a whole file in, durably, under its digest, which comes back."""

    async def restore(self, file: Path, digest: str) -> bool:
        """Keeps a copy of a clip that a readable name still has, if its bytes are those of the digest."""

    async def local_copy(self, digest: str) -> Path:
        """Where the clip can be read on this machine; a store elsewhere downloads it first.

        For a clip that is not in the store it is a path without a file. Callers must not change or delete the file.
        """

    def list_digests(self) -> frozenset[str]:
        """The digests of all clips."""

    def stat(self, digest: str) -> StoredFile | None:
        """The size and age of a clip, or None if it is not there."""

    def open(self, digest: str) -> BufferedReader:
        """The clip's bytes, to be read from the first on; an `OSError` says why they cannot be."""

    def location(self, digest: str) -> str:
        """Where a person finds the clip, for messages: a path or an address."""

    def remove(self, digest: str) -> None:
        """Removes a clip for good; only the run lock's holder may call it. One that is gone already is no fault.

        A store that other machines share removes it from this machine only.
        """

    def find_linked_clips(self, files: Iterable[Path]) -> frozenset[str]:
        """The clips of which one of these files is another name, by digest. A store elsewhere has none."""

    def list_leftovers(self) -> Mapping[str, StoredFile]:
        """What earlier runs left half written, by location; what a run writes at this moment is among it."""

    def remove_leftovers(self, *, before: float | None = None) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it.

        With `before`, only what was last written before that moment.
        """


class RejectedClips(Protocol):
    """Files that were paid for and are not whole videos, kept aside on this machine."""

    async def keep(self, file: Path, about: RejectedClip) -> RejectedClip:
        """Moves a file in, durably; the clip with its digest and its place."""

    def list_all(self) -> tuple[RejectedClip, ...]:
        """Every rejected clip."""

    def remove(self, clip: RejectedClip) -> None:
        """Removes a clip for good; only the run lock's holder may call it. One that is gone already is no fault."""


class Measures(Protocol):
    """What was measured of clips, by digest. It can be measured again, so a missing or damaged one is no fault."""

    def read(self, digests: Iterable[str]) -> Mapping[str, ClipMeasures]:
        """Of these clips, the measures that are there."""

    def keep(self, digest: str, measures: ClipMeasures) -> None:
        """Keeps the measures of a clip; where there is no room, they are not kept."""

    def remove(self, digest: str) -> None:
        """Removes the measures of a clip that was removed."""


class Renders(Protocol):
    """The readable names of clips: files on this machine, each with its provenance beside it."""

    def make(self) -> None:
        """Makes the folder unless it is there."""

    async def place(self, clip: Path, name: str, provenance: Mapping[str, object]) -> None:
        """Gives a clip a name, with its provenance beside it; raises `RefusedError` rather than overwrite anything."""

    def path(self, name: str) -> Path:
        """Where a name is, or would be."""

    def list_names(self) -> frozenset[str]:
        """The names of the clips that are there."""

    def remove(self, name: str) -> None:
        """Takes a name and its provenance away; the clip stays in the store. One that is gone already is no fault."""

    def remove_leftovers(self) -> int:
        """Removes what earlier runs left half written, and says how many; only the run lock's holder may call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunHolder:
    """Who holds the run lock: which command, in which process of which machine, since when (ISO 8601, UTC)."""

    command: str
    process: int
    host: str
    since: str


class RunLock(Protocol):
    """The run lock while it is held."""

    def check(self) -> None:
        """Raises `LedgerMovedError` when another run could hold a lock of this name. Any thread may call it."""


class Locks(Protocol):
    """Who may write: one run at a time. A lock is free again when its holder ends, however that ends."""

    def hold_run_lock(self, command: str) -> AbstractContextManager[RunLock]:
        """Holds the run lock while inside; a `LedgerError` names the holder if there is one."""

    def is_run_active(self) -> bool:
        """Whether the run lock is held now. The check creates nothing and keeps no run out."""

    def read_run_holder(self) -> RunHolder | None:
        """Who holds the run lock now; None when it is free or the holder has not signed yet."""


# Is entered when a wait begins, and left when it ends, however it ends.
WaitListener = Callable[[WaitLine], AbstractContextManager[None]]


def ignore_wait(_: WaitLine) -> AbstractContextManager[None]:
    """Listens to no wait."""
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverRequest:
    """One request with what a driver needs to carry it out on this machine."""

    request: Request
    fingerprint: str
    campaign: str
    shot: str  # whose name a slate shows; no part of the request
    images: Mapping[str, Path]  # digest → the image's file, or the clip that a frame is taken from
    image_urls: Mapping[str, str] = field(default_factory=dict)  # digest → web address of an image
    attempt: int = 0  # which attempt this is: what makes an idempotency key the same again after a crash
    send_before: float = inf  # seconds since the epoch: afterwards others may have settled that it was never sent
    on_wait: WaitListener = ignore_wait  # entered while the driver waits: until the next poll, for our own pace


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTask:
    """The job running at a provider, by its id; `is_new`: it was submitted just now.

    `age` is how many of the run's seconds ago it was submitted, None where that is not known. `quote` is the price that
    the provider named at the submit, `request_id` its id of that call.
    """

    id: str
    is_new: bool = False
    age: float | None = None
    quote: Money | None = None
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """The provider says the clip is made; `link` is where it can be fetched, for a while, and is a secret."""

    link: str
    cost: Money | None = None


NEVER_LEFT = "nothing of the submit has left"  # the argument of a `CancelledError` that proves it


class Driver(Protocol):
    """Talks to one provider. It never raises for a provider's answer, but returns it as a value."""

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """The one call that may cost money. Cancelled before anything can have left, it raises with `NEVER_LEFT`."""

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:
        """Follows a task until it ends."""

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:
        """Brings the clip to `target`; None is success."""


class DataPlane(Protocol):
    """Work on bytes that no money depends on: plain data in, plain data out, safe to repeat, here or elsewhere."""

    async def draw(self, sketch: Sketch, target: Path) -> Failure | None:
        """Draws a sketch into a file; None is success."""

    async def download(self, link: str, target: Path) -> Failure | None:
        """Downloads what a link leads to into a file; None is success. A link is a secret."""

    async def probe(self, file: Path, digest: str, *, decode: bool) -> Clip | Failure:
        """The facts of the video that a file should be, or why it is none; with `decode` its ends are decoded too."""

    async def measure(
        self, clip: Path, given: Sequence[GivenImage], stills: Mapping[StillAt, Path]
    ) -> ClipMeasures | Failure:
        """Measures a clip and writes its stills, each whole or not at all; a Failure when nothing could be tried.

        `given` are the images that its request gave. Why a clip could not be measured is in the measures.
        """

    async def check(self, clip: Path) -> str:
        """Why a clip does not decode from its first frame to its last; "" when it does."""

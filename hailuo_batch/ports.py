"""The faces the runner works with. Their wearers stand in `ledger`, `store`, `drivers`, `media` and `views`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from hailuo_batch.core.attempt.attempt import Clip, Move, Stage, Standing
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.money import Money
from hailuo_batch.core.request.request import Request
from hailuo_batch.core.sketch import Sketch


class Clock(Protocol):
    """Time, so that tests need not wait for it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...

    def elapsed(self) -> float:
        """Seconds since some moment, never going back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What is written down before the one call that may cost money."""

    fingerprint: str
    preimage: str
    provider: str
    campaign: str
    shot: str  # the first that asks; what costs are sorted by later cannot be filled in later
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


class Ledger(Protocol):
    """The durable record. A method that writes returns when the write would survive a power cut.

    Money: a write that was begun is done whole, also when whoever waits for it is cancelled meanwhile.
    """

    async def record_intent(self, intent: Intent) -> int:
        """The number of the live attempt for this fingerprint: a new one, or the one that was intended before."""
        ...

    async def move(self, attempt: int, move: Move, facts: Facts = Facts()) -> Stage:
        """Moves an attempt by the table of `core/attempt/attempt.py` and appends the event; the new stage."""
        ...

    async def restore_clip(self, intent: Intent, clip: Clip, cost: Money | None) -> int:
        """Records a clip that was made before this ledger knew of it, in one write; the number of its attempt."""
        ...

    async def record_names(self, names: Iterable[RenderName]) -> None:
        """Records which names were given to which clips."""
        ...

    async def standings(self) -> Mapping[str, Standing]:
        """The attempt that counts for each fingerprint."""
        ...


class Store(Protocol):
    """Artifacts by digest; one is there whole or not at all."""

    def temporary_path(self) -> Path:
        """A new temporary name on the store's own file system."""
        ...

    async def keep(self, file: Path) -> str:
        """Moves a whole file in, durably, under its digest (`sha256:…`), which comes back."""
        ...

    async def restore(self, file: Path, digest: str) -> bool:
        """Keeps a clip that a readable name still has, if its bytes are those of the digest; whether they are."""
        ...

    def path(self, digest: str) -> Path:
        """Where an artifact is, or would be."""
        ...


class Renders(Protocol):
    """The readable names, linked from the store."""

    async def place(self, clip: Path, name: str, provenance: Mapping[str, object]) -> None:
        """Gives an artifact a name, with its provenance beside it; refuses to overwrite another clip."""
        ...

    def path(self, name: str) -> Path:
        """Where a name is, or would be."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverRequest:
    """One request with what a driver needs to carry it out on this machine."""

    request: Request
    fingerprint: str
    campaign: str
    shot: str  # whose name a slate shows; no part of the request
    images: Mapping[str, Path]  # digest → the picture's file, or the artifact that a frame is taken from
    image_urls: Mapping[str, str] = field(default_factory=dict)  # digest → web address of a picture
    attempt: int = 0  # which attempt this is: what makes an idempotency key the same again after a crash


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTask:
    """The job running at a provider, by its id; `is_new`: it was submitted just now."""

    id: str
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Produced:
    """The provider says the clip is made; `link` is where it can be fetched, for a while, and is a secret."""

    link: str
    cost: Money | None = None


class Driver(Protocol):
    """What asks one provider for videos. Nothing here raises for what a provider answers: it comes back as a value."""

    async def submit(self, driver_request: DriverRequest) -> ProviderTask | Failure:
        """The one call that may cost money."""
        ...

    async def wait(self, driver_request: DriverRequest, task: ProviderTask) -> Produced | Failure:
        """Follows a task until it ends."""
        ...

    async def download(self, driver_request: DriverRequest, produced: Produced, target: Path) -> Failure | None:
        """Brings the clip to `target`; None is success."""
        ...


class DataPlane(Protocol):
    """Work on bytes that no money depends on: plain data in, plain data out, safe to repeat, here or elsewhere."""

    async def draw(self, sketch: Sketch, target: Path) -> Failure | None:
        """Draws a sketch into a file; None is success."""
        ...

    async def download(self, link: str, target: Path) -> Failure | None:
        """Downloads what a link leads to into a file; None is success. A link is a secret."""
        ...

    async def probe(self, file: Path, digest: str, *, decode: bool) -> Clip | Failure:
        """The facts of the video that a file should be, or why it is none; with `decode` its ends are decoded too."""
        ...

    async def thumbnail(self, clip: Path, target: Path) -> Failure | None:
        """Writes the poster of a clip, whole or not at all; None is success."""
        ...

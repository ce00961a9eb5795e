"""What the user of a run chose: one frozen value from the command line to the runner."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from hailuo_batch.core.world import REHEARSAL_SPEED, World
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.plan import TakeName
    from hailuo_batch.core.plan.saved_plan import SavedPlan  # few runs have one: the others need not load it


class Scope(StrEnum):
    """Which of the selected steps a run carries out."""

    ALL = "all"
    FAILED = "failed"  # only failed and refused takes, which are submitted again
    FETCH = "fetch"  # only takes that were paid for are downloaded; nothing is submitted
    LOCKED = "locked"  # only clips that the lock names and this machine has; nothing is submitted


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How the mock plays: which faults (`script`), where it logs requests and charges (`log`), how fast.

    Its clips are the sketches of the shots. Without `sketches` they are cards, one for each size and length, or `clip`
    for all: for tests, which need no picture.
    """

    script: Path | None = None
    log: Path | None = None
    speed: float = REHEARSAL_SPEED
    sketches: bool = True
    clip: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookOptions:
    """Where gateways may call back: the public address they are given, and HOST:PORT where this machine listens."""

    public_url: str
    listen_address: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SavedPlanFile:
    """A saved plan that a run carries out exactly, and the file that it was read from."""

    path: Path
    plan: "SavedPlan"


class PlanArguments(TypedDict):
    """How the plan of a run is chosen, by the names that `plan` and `plan_several` have for it."""

    world: World
    only: tuple[str, ...]
    shard: str | None
    force_refused: bool
    max_cost: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How a run goes about its manifest.

    `only` picks takes and `shard` a part of them, as in `plan`. `jobs` is the most takes in progress at once.
    `max_cost` is the most that this run may spend (`12.50`, or `12.50 EUR`; without a currency it is that of the
    manifest's budget, else US dollars). With `detach` it leaves when all that can be submitted was accepted, and the
    next run follows the tasks. With `new_ledger` it buys although clips are here that were bought under
    another ledger. With `saved` it carries out that plan and nothing else.
    """

    world: World = World.REAL
    only: tuple[str, ...] = ()
    shard: str | None = None
    strict: bool = True  # each of `only` means a take; a command over several manifests checks that itself
    scope: Scope = Scope.ALL
    jobs: int | None = None
    max_cost: str | None = None
    fail_fast: bool = False
    detach: bool = False
    new_ledger: bool = False
    rehearsal: Rehearsal = Rehearsal()
    webhook: WebhookOptions | None = None
    saved: SavedPlanFile | None = None

    @property
    def plan_arguments(self) -> PlanArguments:
        """What the plan of such a run is made with, of one manifest or several."""
        return PlanArguments(
            world=self.world,
            only=self.only,
            shard=self.shard,
            force_refused=self.force_refused,
            max_cost=self.max_cost,
        )

    @property
    def force_refused(self) -> bool:
        """Whether what was refused for good is submitted again."""
        return self.scope is Scope.FAILED or (self.saved is not None and self.saved.plan.has_only_failed)

    @property
    def takes(self) -> "frozenset[TakeName] | None":
        """The takes of the saved plan; None: all."""
        return None if self.saved is None else self.saved.plan.takes

"""Unreferenced clips of the store, what was paid for them, and which other files are left over.

A clip is needed while anything refers to it; `app/gc.py` finds out what does. Deletes nothing.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.attempt.rejected import RejectedClip
from hailuo_batch.core.models import is_local
from hailuo_batch.core.money import Money, sum_by_currency
from hailuo_batch.core.spending.charge import ChargeState, make_charge
from hailuo_batch.values import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskFile:
    """A file that takes room: its name below the project, its size in bytes, when it was last written (epoch)."""

    name: str
    size: int
    modified_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreferencedClip:
    """An unreferenced clip: its file, and every attempt that it was kept for."""

    digest: str
    file: DiskFile
    attempts: tuple[AttemptRecord, ...]

    @property
    def stored_attempts(self) -> tuple[AttemptRecord, ...]:
        """The attempts that the ledger says are in the store."""
        return tuple(attempt for attempt in self.attempts if attempt.stage is Stage.STORED)

    @property
    def purchase_costs(self) -> tuple[Money | None, ...]:
        """What was paid for it, an amount for each purchase; None is "not known"."""
        charges = (
            make_charge(
                each.stage,
                kind=None if each.failure is None else each.failure.kind,
                task=each.task,
                estimate=each.estimate,
                quote=each.quote,
                cost=each.cost,
            )
            for each in self.attempts
            if not is_local(each.provider)
        )
        return tuple(charge.money for charge in charges if charge.state is ChargeState.SPENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """What can go, or (`is_removed`) what went. `unknown` files of the store are in no ledger and always stay.

    `rejected` clips can go: their takes have another, or were given up. `last_copies` are rejected clips that stay.
    `shared` are the clips of this machine that the shared store, at the address `shared_store`, has too and keeps.
    """

    clips: tuple[UnreferencedClip, ...] = ()
    leftovers: tuple[DiskFile, ...] = ()
    rejected: tuple[RejectedClip, ...] = ()
    last_copies: int = 0
    unknown: int = 0
    days: int
    is_removed: bool = False
    shared: frozenset[str] = frozenset()
    shared_store: str = ""

    @property
    def shared_clips(self) -> int:
        """How many of the clips the shared store keeps."""
        return sum(clip.digest in self.shared for clip in self.clips)

    @property
    def bytes(self) -> int:
        """How much room it all takes."""
        other = sum(file.size for file in self.leftovers) + sum(clip.size for clip in self.rejected)
        return sum(clip.file.size for clip in self.clips) + other

    @property
    def cost(self) -> tuple[Money, ...]:
        """What was paid for the clips, by currency, as far as it is known."""
        return sum_by_currency(money for clip in self.clips for money in clip.purchase_costs if money is not None)

    @property
    def unpriced(self) -> int:
        """How many purchases have no known price."""
        return sum(money is None for clip in self.clips for money in clip.purchase_costs)


def find_unreferenced_clips(
    files: Mapping[str, DiskFile], needed: AbstractSet[str], attempts: Iterable[AttemptRecord], *, before: float
) -> tuple[UnreferencedClip, ...]:
    """The clips (by digest) that nothing refers to, and that were last written before a moment; the oldest first.

    A clip that no attempt was kept for may belong to a missing ledger, so it may still be needed.
    """
    made: dict[str, list[AttemptRecord]] = {}
    for attempt in attempts:
        if attempt.digest is not None and attempt.digest in files:
            made.setdefault(attempt.digest, []).append(attempt)
    found = [
        UnreferencedClip(digest=digest, file=files[digest], attempts=tuple(each))
        for digest, each in made.items()
        if digest not in needed and files[digest].modified_at < before
    ]
    return tuple(sorted(found, key=lambda clip: (clip.file.modified_at, clip.digest)))

"""What ledger and folders say at one moment, as values; `gather.py` reads them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING

from hailuo_batch.core import rules
from hailuo_batch.core.attempt.attempt import Clip, Standing
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.measures import ClipMeasures
from hailuo_batch.core.plan.plan import LastRender, NamedClip, ShotVersions
from hailuo_batch.core.plan.plan_cost import PlanCost
from hailuo_batch.core.plan.report import ClipSize
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.spending.budget import CountedAttempt
from hailuo_batch.core.spending.purchase import JournalFinding
from hailuo_batch.ports import LedgerMark
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.review import AcceptedClip


@dataclass(frozen=True, slots=True, kw_only=True)
class Listings:
    """The clips of the store by digest, and the names below `renders/`.

    `own_digests` are those that no other machine can have put there. `store_fault` says why the shared store could not
    be reached; then `digests` has what it was last known to have.
    """

    digests: frozenset[str]
    names: frozenset[str]
    own_digests: frozenset[str]
    store_fault: str = ""

    @property
    def away_warning(self) -> Problem:
        """That the shared store could not be reached, and why."""
        why = f"{self.store_fault[:1].upper()}{self.store_fault[1:]}."
        return Problem(rule=rules.STORE_AWAY, why=why, remedy=rules.STORE_AWAY.remedy)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LedgerPart:
    """Which part of a ledger the plan of a few shots needs, where the rest is known to be as it was."""

    shots: frozenset[str]
    fingerprints: frozenset[str]  # of their requests as they are now


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LedgerSnapshot:
    """What the ledger says, as far as every plan needs it."""

    standings: Mapping[str, Standing]  # by fingerprint
    last_renders: Mapping[str, LastRender] = field(default_factory=dict)  # by shot id
    clip_sizes: Mapping[str, ClipSize] = field(default_factory=dict)  # by digest
    mark: LedgerMark | None = None  # the moment before it was read
    is_part: bool = False  # of a few shots alone; the ledger has more, and has names of this campaign
    accepted_clips: "Mapping[str, AcceptedClip]" = field(
        default_factory=dict
    )  # by the fingerprint of the request as it is now
    recorded_tasks: AbstractSet[tuple[str, str]] = frozenset()  # provider and id, where a tasks file is there
    journal_finding: JournalFinding | None = None  # how the ledger differs from what the journal knows of it
    shared_content: str = ""  # the content of a shared ledger before it was read, as one key
    pending_attempts: tuple[AttemptRecord, ...] = ()  # the campaign's running tasks and clips not downloaded yet


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ShotHistories:
    """What was made before for the shots that a first plan cannot number by the snapshot alone."""

    versions: Mapping[str, ShotVersions] = field(default_factory=dict)  # by shot id
    named_clips: Mapping[str, NamedClip] = field(default_factory=dict)  # by fingerprint: a readable name has the clip
    rehearsed_names: frozenset[str] = frozenset()  # names in renders/ that have rehearsed clips, and stand for nothing


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class StepDetails:
    """What the ledger says about the steps of a plan; most of it is read only when there is work to do."""

    names: Mapping[str, str] = field(default_factory=dict)  # file → fingerprint
    clips: Mapping[str, Clip] | None = None  # by digest; only for a full report
    requests: Mapping[str, str] = field(default_factory=dict)  # requests of changed shots: fingerprint → pre-image
    sibling_manifests: tuple[Path, ...] = ()  # other manifests that were run under the same campaign
    measures: Mapping[str, ClipMeasures] = field(default_factory=dict)  # by digest; only for a full report
    campaign_cost: PlanCost | None = None  # what the ledger sums for the campaign; where there is work
    counted_attempts: tuple[CountedAttempt, ...] = ()  # as caps see them

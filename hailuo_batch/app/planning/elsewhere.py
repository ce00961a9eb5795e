"""What other ledgers of this machine bought, and clips that other stores have: none of it is bought again."""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.snapshot import Listings
from hailuo_batch.app.recovery.missing_ledger import has_bought
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.plan.known_task import KnownTask
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Action, NamedClip, PlanInputs, Step, StepReason
from hailuo_batch.core.spending.purchase import Purchase
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.task_entries import TaskEntry
    from hailuo_batch.ports import LedgerReader

_CLIP_MISSING = frozenset({StepReason.CLIP_GONE, StepReason.LOCKED_ELSEWHERE, StepReason.STORED_ELSEWHERE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """What the journal of this machine says of the steps of a first plan."""

    tasks: Mapping[str, KnownTask] = field(default_factory=dict)  # by fingerprint
    clips: Mapping[str, NamedClip] = field(default_factory=dict)  # by fingerprint
    copies: Mapping[str, str] = field(default_factory=dict)  # by digest, the path

    def add_to(self, inputs: PlanInputs) -> PlanInputs | None:
        """The inputs with what is known; None where nothing is."""
        if not (self.tasks or self.clips or self.copies):
            return None
        tasks = {**inputs.known_tasks, **self.tasks}
        return replace(inputs, known_tasks=tasks, bought_clips=self.clips, copies=self.copies)


async def read_elsewhere(
    ledger: "LedgerReader", workspace: Workspace, listings: Listings, inputs: PlanInputs, steps: Iterable[Step]
) -> Elsewhere:
    """Asks about requests that would be submitted, and about clips that this store has not."""
    if inputs.model.is_local:
        return Elsewhere()
    submits = [step.fingerprint for step in steps if _may_be_bought(step)]
    missing = {digest for step in steps if step.why in _CLIP_MISSING for digest in _digests(step, inputs)}
    if not submits and not missing:
        return Elsewhere()
    purchases = await ledger.purchases_elsewhere(submits) if submits else {}
    stored = {mark: each for mark, each in purchases.items() if each.stage is Stage.STORED and each.digest}
    wanted = missing | {str(each.digest) for each in stored.values()} - listings.digests
    copies = workspace.find_copies(wanted, await ledger.known_stores()) if wanted else {}
    there = listings.digests | copies.keys()
    clips = {
        mark: NamedClip(file="", digest=str(each.digest), provider=each.provider, cost=each.cost)
        for mark, each in stored.items()
        if each.digest in there
    }
    tasks = {mark: _make_known_task(each) for mark, each in purchases.items() if mark not in clips}
    return Elsewhere(tasks=tasks, clips=clips, copies=copies)


async def count_unknown_takes(
    ledger: "LedgerReader", lock: Lockfile, tasks: "Iterable[TaskEntry]", standings: Mapping[str, Standing]
) -> int:
    """How many takes lock and tasks file name that no ledger of this machine bought, where this one bought nothing."""
    marks = (lock.clips.keys() | {entry.fingerprint for entry in tasks}) - standings.keys()
    if not marks or any(map(has_bought, standings.values())):
        return 0
    return len(marks) - len(await ledger.purchases_elsewhere(marks))


def _may_be_bought(step: Step) -> bool:
    return step.action is Action.SUBMIT and step.why is not StepReason.INTERRUPTED and step.fingerprint != ""


def _digests(step: Step, inputs: PlanInputs) -> Iterable[str]:
    if step.standing is not None and step.standing.digest:
        yield step.standing.digest
    if step.fingerprint in inputs.locked_clips:
        yield inputs.locked_clips[step.fingerprint].digest


def _make_known_task(purchase: Purchase) -> KnownTask:
    return KnownTask(provider=purchase.provider, task=purchase.task or "", source=purchase.place)

"""A plan with everything that carrying it out needs, as a value; `plan.py` makes it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hailuo_batch.app.planning.selection import unmatched_pattern
from hailuo_batch.app.planning.snapshot import LedgerSnapshot, Listings, StepDetails
from hailuo_batch.app.planning.task_list import find_tasks_without_shot
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.recovery.missing_ledger import LostLedger, ledger_problem, lost_ledger_warning
from hailuo_batch.app.recovery.rendered_files import rehearsed_clips_warning
from hailuo_batch.app.workspace.paths import tasks_path
from hailuo_batch.core import rules
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.plan.lockfile import Lockfile
from hailuo_batch.core.plan.plan import Action, Plan, Step, TakeName, Use
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.plan.report import Report
from hailuo_batch.core.plan.selection import Pattern
from hailuo_batch.core.problem import Problem
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.core.world import command_line
from hailuo_batch.errors import InputError
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    from hailuo_batch.core.plan.shards import Shard
    from hailuo_batch.core.plan.task_entries import TaskEntry
    from hailuo_batch.core.plan.together import EarlierPurchases

_MAX_LISTED = 10  # takes that a message names


class ManifestError(InputError):
    """A manifest has errors; `problems` are all of them, with their places."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the manifest has problems")
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanOptions:
    """The options of a plan: which takes, whether refused ones are submitted again, under which cap.

    `takes` are those of a saved plan; None: there is none. `ceilings` are caps of the run alone: the most that was
    agreed to. The plan is made without them.
    """

    only: tuple[Pattern, ...] = ()
    shard: "Shard | None" = None
    takes: frozenset[TakeName] | None = None
    force_refused: bool = False
    max_cost: str | None = None
    ceilings: tuple[Cap, ...] = ()
    begun_at: float | None = None  # of a command over several manifests: `max_cost` counts what it bought since
    earlier: "EarlierPurchases | None" = None  # what the manifests before this one buy in the same command

    @property
    def words(self) -> tuple[str, ...]:
        """What a command line says to choose the same takes under the same cap."""
        shard = () if self.shard is None else ("--shard", str(self.shard))
        cap = () if self.max_cost is None else ("--max-cost", self.max_cost)
        failed = ("--failed",) if self.force_refused else ()
        return (*failed, *(word for pattern in self.only for word in ("--only", pattern.text)), *shard, *cap)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PlannedRun:
    """A plan with everything that carrying it out needs."""

    validation: Validation
    options: PlanOptions
    plan: Plan
    selected: tuple[Step, ...]  # the selected steps (--only), otherwise all
    takes: frozenset[TakeName] | None = None  # of these steps, for the plans that follow; None: every take
    unmatched: tuple[Pattern, ...] = ()  # of `options.only`, what means no take of this manifest
    lock: Lockfile
    snapshot: LedgerSnapshot
    details: StepDetails
    listings: Listings
    orphan_steps: tuple[Step, ...]  # tasks of the campaign that its manifest no longer asks for
    notes: tuple[str, ...] = ()  # what else to say before it is carried out
    over_cap: tuple[tuple[Step, Failure], ...] = ()  # what caps leave out, and why
    report: Report  # brief, unless `plan` was called for a full one
    tasks: "tuple[TaskEntry, ...]" = ()  # what the tasks file says
    rehearsed_names: frozenset[str] = frozenset()  # rehearsed clips that were copied among the real ones
    lost_ledger: LostLedger | None = None  # clips that are here were bought under another ledger than this one

    @property
    def pending_steps(self) -> tuple[Step, ...]:
        """The selected steps that are not done yet."""
        return tuple(step for step in self.selected if step.action is not Action.REUSE)

    @property
    def unnamed_steps(self) -> tuple[Step, ...]:
        """Selected steps whose clip is there, and one of whose names is not, or is not in the ledger."""
        return tuple(
            step
            for step in self.selected
            if step.action is Action.REUSE and not all(self._has_name(use) for use in step.uses)
        )

    @property
    def extra_problems(self) -> tuple[Problem, ...]:
        """What a plan reports besides its steps, such as unknown images, rehearsed clips and a missing ledger."""
        file = tasks_path(self.validation.file).name
        without_shot = find_tasks_without_shot(self.tasks, self.snapshot, self.plan, self.lock, name=file)
        rehearsed = (rehearsed_clips_warning(self.rehearsed_names),) if self.rehearsed_names else ()
        outside = () if self.options.takes is None else self._outside_problems(self.options.takes)
        away = (self.listings.away_warning,) if self.listings.store_fault else ()
        return (
            *self.validation.external_problems,
            *without_shot,
            *rehearsed,
            *outside,
            *away,
            *self._ledger_problems(),
        )

    def _outside_problems(self, takes: frozenset[TakeName]) -> Iterator[Problem]:
        """That a run of a saved plan leaves takes out."""
        names = (name for step in self.plan.pending_steps for name in step.take_names)
        if outside := [name.label for name in names if name not in takes]:
            more = f" and {len(outside) - _MAX_LISTED:,} more" if len(outside) > _MAX_LISTED else ""
            why = f"{', '.join(outside[:_MAX_LISTED])}{more} are not in the plan, and are not bought."
            yield Problem(rule=rules.OUTSIDE_PLAN, why=why, remedy=rules.OUTSIDE_PLAN.remedy)

    def _ledger_problems(self) -> Iterator[Problem]:
        validation, lost, finding = self.validation, self.lost_ledger, self.snapshot.journal_finding
        ledger, world = validation.workspace.ledger_file, validation.world
        has_submits = lost is not None and any(step.submits for step in self.pending_steps)
        if lost is not None and (has_submits or (lost.is_empty and lost.is_here)):
            command = command_line("run", "--new-ledger", manifest=validation.name, world=world)
            yield lost_ledger_warning(lost, ledger=ledger, command=command)
        elif finding is not None:
            yield ledger_problem(
                finding, ledger=validation.workspace.ledger_name, world=world, manifest=validation.name
            )

    def _has_name(self, use: Use) -> bool:
        """A name without its record is a user's own file, or from a killed run: versions would lose count."""
        if render_name(self.plan.campaign, use, sketch=self.validation.sketch) not in self.listings.names:
            return False
        past = self.snapshot.last_renders.get(use.shot.id)
        return past is not None and past.version >= use.version


def require_matches(plans: Sequence[PlannedRun]) -> None:
    """Raises `InputError` when a pattern means no take in any of these plans."""
    for pattern in plans[0].unmatched if plans else ():
        if all(pattern in planned.unmatched for planned in plans):
            raise unmatched_pattern(pattern, [planned.validation for planned in plans])

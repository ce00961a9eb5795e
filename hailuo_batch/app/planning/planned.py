"""A plan with everything that carrying it out needs, as a value. How it is made stands in `plan.py`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.recovery.missing_ledger import Lost, warning_of
from hailuo_batch.app.workspace.paths import ledger_file
from hailuo_batch.core.attempt.attempt import Artifact, Standing
from hailuo_batch.core.plan.lockfile import Lock
from hailuo_batch.core.plan.plan import Action, Past, Plan, Step, Use
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.plan.report import Footage, Report
from hailuo_batch.core.problem import Problem
from hailuo_batch.errors import InputError


class ManifestError(InputError):
    """A manifest has errors; `problems` are all of them, with their places."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("the manifest has problems")
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Known:
    """What the ledger says at one moment, as far as a plan and its report need it."""

    standings: Mapping[str, Standing]
    past: Mapping[str, Past]
    footage: Mapping[str, Footage]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Details:
    """What the ledger says about the steps of a plan; `names` are asked only when there is work to do."""

    names: Mapping[str, str]  # file → fingerprint
    artifacts: Mapping[str, Artifact]  # by digest; only for a whole report
    requests: Mapping[str, str]  # what a changed shot's request was: fingerprint → pre-image
    neighbours: tuple[Path, ...]  # manifests that were run under the same campaign; asked when there is work to do


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a plan was asked to look at: which shots, whether what was refused is asked for again, under which cap."""

    only: tuple[str, ...] = ()
    insist: bool = False
    max_cost: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Planned:
    """A plan with everything that carrying it out needs."""

    validation: Validation
    wishes: Wishes
    plan: Plan
    selected: tuple[Step, ...]  # the steps that were asked for (--only), all of them otherwise
    lock: Lock
    known: Known
    details: Details
    names: frozenset[str]  # files below renders/
    strays: tuple[Step, ...]  # tasks of the campaign that its manifest asks for no more
    notes: tuple[str, ...] = ()  # what else to say before it is carried out
    report: Report  # brief, unless `plan` was asked for a whole one
    lost: Lost | None = None  # what shows that the ledger which bought clips that are here is not the one that is here

    @property
    def work(self) -> tuple[Step, ...]:
        """The selected steps that are not done yet."""
        return tuple(step for step in self.selected if step.action is not Action.REUSE)

    @property
    def unnamed(self) -> tuple[Step, ...]:
        """Selected steps whose clip is there, and one of whose names is not, or is not in the ledger."""
        return tuple(
            step
            for step in self.selected
            if step.action is Action.REUSE and not all(self._is_named(use) for use in step.uses)
        )

    @property
    def beside(self) -> tuple[Problem, ...]:
        """What a plan tells besides its steps: what is not of the manifest, and that the ledger is gone."""
        told = self.validation.from_elsewhere
        if self.lost is None or not (self.lost.nothing or any(step.submits for step in self.work)):
            return told
        return (*told, warning_of(self.lost, ledger=ledger_file(self.validation.project.base)))

    def _is_named(self, use: Use) -> bool:
        """A name without its record is somebody's own file, or from a run that died: versions would lose count."""
        if render_name(self.plan.campaign, use, sketch=self.validation.sketch) not in self.names:
            return False
        past = self.known.past.get(use.shot.id)
        return past is not None and past.version >= use.version

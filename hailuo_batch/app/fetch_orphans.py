"""Tasks of which no manifest is left: their clips come to the store, and get their names when it is back.

Provider and id are known, and what was asked stands in the attempt: nothing else is needed to bring a clip home.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hailuo_batch.app.fetch import Owed
from hailuo_batch.app.planning.orphaned_tasks import step_of
from hailuo_batch.app.planning.planned import Details, Known, Planned, Wishes
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.app.run import recorded
from hailuo_batch.app.running.context import Terms
from hailuo_batch.app.workspace.paths import ledger_file, run_lock
from hailuo_batch.core.attempt.attempt import Stage, Standing
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.plan.event import Listener
from hailuo_batch.core.plan.lockfile import Lock
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Grounds, Plan, Step
from hailuo_batch.core.plan.report import make_report
from hailuo_batch.core.request.request import HAILUO_02
from hailuo_batch.errors import Exit, HailuoError
from hailuo_batch.ledger.run_lock import hold
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.load.input_values import NO_INPUTS
from hailuo_batch.load.settings import Project
from hailuo_batch.runner.runner import exit_of
from hailuo_batch.runner.shutdown import Stop


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Brought:
    """What became of tasks without a manifest: whose clips are in the store now, and whose are not, with the reason."""

    home: tuple[AttemptRecord, ...] = ()
    away: tuple[tuple[AttemptRecord, Failure | None], ...] = ()
    outcome: Outcome
    trouble: HailuoError | None = None

    @property
    def exit(self) -> Exit:
        """The exit code: a task that is not home is for a person to know."""
        code = exit_of(self.outcome)
        if code is not Exit.DONE:
            return code
        return Exit.NEEDS_PERSON if self.away else Exit.TAKES_FAILED if self.trouble else code


async def bring_home(owed: Owed, *, terms: Terms, listener: Listener, stop: Stop) -> Brought:
    """Brings the clips of tasks to the store of which no manifest is left. Submits nothing, and gives no names."""
    base = owed.project.base
    with hold(run_lock(base), "fetch"):
        before = await _standings(owed)
        steps = tuple(step_of(each, before[each.fingerprint]) for each in owed.strays if _is_open(each, before))
        outcome, trouble = await recorded(_planned(owed.project, steps, before), steps, terms, listener, stop)
        after = await _standings(owed)
    failed = {step.fingerprint: failure for step, failure in outcome.failed}
    home = tuple(each for each in owed.strays if after[each.fingerprint].stage is Stage.STORED)
    away = tuple((each, failed.get(each.fingerprint)) for each in owed.strays if each not in home)
    return Brought(home=home, away=away, outcome=outcome, trouble=trouble)


async def _standings(owed: Owed) -> Mapping[str, Standing]:
    async with read_ledger(ledger_file(owed.project.base)) as ledger:
        return await ledger.standings()


def _is_open(each: AttemptRecord, standings: Mapping[str, Standing]) -> bool:
    """Whether it still stands as it was read; a run may have ended it since."""
    now = standings[each.fingerprint]
    return (now.attempt, now.stage) == (each.id, each.stage)


def _planned(project: Project, steps: tuple[Step, ...], standings: Mapping[str, Standing]) -> Planned:
    """A plan without a manifest: nothing is asked for, and only what is known already is followed."""
    validation = Validation(
        file=project.root,
        name="",
        data=b"",
        project=project,
        manifest=None,
        shots=(),
        model=HAILUO_02,
        sketch=False,
        providers=(),
        inputs=NO_INPUTS,
        problems=(),
    )
    grounds = Grounds(
        model=HAILUO_02,
        pictures={},
        routes={},
        standings=standings,
        past={},
        locked={},
        present=frozenset(),
    )
    plan = Plan(campaign="", steps=(), grounds=grounds)
    return Planned(
        validation=validation,
        wishes=Wishes(),
        plan=plan,
        selected=(),
        lock=Lock(campaign="", shots={}),
        known=Known(standings=standings, past={}, footage={}),
        details=Details(names={}, artifacts={}, requests={}, neighbours=()),
        names=frozenset(),
        strays=steps,
        report=make_report(plan, manifest="", sketch=False, footage={}),
    )

"""Plan → clips: the one use case that may spend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hailuo_batch.app.planning.name_collisions import refuse_clashes
from hailuo_batch.app.planning.plan import lock_after, plan, plan_again
from hailuo_batch.app.planning.planned import Planned
from hailuo_batch.app.recovery.missing_ledger import refuse_lost
from hailuo_batch.app.running.context import Terms, equipped
from hailuo_batch.app.running.scope import Scope, keyless, narrowed, refuse_keyless, refuse_uncovered, steps_of
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.cpus import cores
from hailuo_batch.app.workspace.paths import hidden_folder, ledger_file, lock_path, run_lock
from hailuo_batch.core.plan.event import Event, Listener
from hailuo_batch.core.plan.outcome import Outcome
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import Exit, HailuoError, LedgerError, StoreError
from hailuo_batch.ledger.run_lock import hold
from hailuo_batch.ledger.sqlite import open_ledger
from hailuo_batch.load.lockfile import write_lock
from hailuo_batch.runner.executor import LocalExecutor
from hailuo_batch.runner.runner import exit_of, run_plan
from hailuo_batch.runner.shutdown import Stop
from hailuo_batch.store.state_dir import ensure_hidden

MOST_HANDS = 10_000  # steps taken up at once; each waits at its provider's door
_PLAIN = Terms()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ran:
    """What a run did, and how the manifest stands after it."""

    outcome: Outcome
    before: Planned
    after: Planned
    scope: Scope = Scope.ALL
    lock: Path | None = None  # the lock file, when it was written anew
    trouble: HailuoError | None = None  # why lock or ledger could not be written; the clips are kept all the same

    @property
    def exit(self) -> Exit:
        """The exit code of the run: 8 when what is left is neither failed nor stopped, but waits for a person."""
        code = exit_of(self.outcome)
        if code is not Exit.DONE:
            return code
        if self.trouble is not None:
            return Exit.TAKES_FAILED
        return Exit.NEEDS_PERSON if self.scope is Scope.ALL and self.after.work else code


def _agree(_: Planned) -> None:
    """Approves any plan: a caller in Python has decided by calling."""


def _silent(_: Event) -> None:
    """Listens to nothing."""


async def run(
    file: Path | str,
    *,
    sketch: bool = False,
    only: Sequence[str] = (),
    scope: Scope = Scope.ALL,
    terms: Terms = _PLAIN,
    approve: Callable[[Planned], None] = _agree,
    listener: Listener = _silent,
    stop: Stop | None = None,
) -> Ran:
    """Renders what is not there yet, and gives every clip its name.

    `scope` leaves out some of the work, `terms` say how fast and for how much; with a rehearsal in them the mock is
    asked instead of the gateways: nothing is sent or bought, and what is made stays apart below `.hailuo/rehearsal`.
    `approve` is shown the plan before anything is sent and raises `RefusedError` to stop. A run that is stopped or
    killed goes on where it was when it is called again. Raises `ManifestError`, `RefusedError`, `KeyMissingError` or
    `LedgerError` before anything is sent.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, duration: 1, resolution: 512p}]\\n")
    >>> ran = asyncio.run(run(file, sketch=True, terms=Terms(jobs=1)))
    >>> ran.outcome.stored, ran.after.report.rows[0].file
    (1, 'tiny_a_v001_sketch.mp4')
    >>> asyncio.run(run(file, sketch=True)).outcome.stored
    0
    """
    stop, rehearsal = stop or Stop(), terms.rehearsal is not None
    before = await plan(
        file, sketch=sketch, only=only, rehearsal=rehearsal, insist=scope is Scope.FAILED, max_cost=terms.max_cost
    )
    base = before.validation.project.base
    if scope is Scope.LOCKED:
        refuse_uncovered(before)
    if not steps_of(before, scope):
        return _with_lock(Ran(outcome=Outcome(), before=before, after=before, scope=scope))
    before = _with_its_ledger(before, scope, terms)
    refuse_keyless(before, scope)
    ensure_hidden(hidden_folder(base))
    with hold(run_lock(base), f"run {before.validation.name}"):
        # Money: what is approved is what another run cannot change any more, and it is what is carried out.
        before = _with_its_ledger(await plan_again(before), scope, terms)
        refuse_clashes(before)
        if not rehearsal and scope in {Scope.ALL, Scope.FAILED}:  # the others submit nothing
            approve(replace(narrowed(before, scope), notes=keyless(before, scope)))
        outcome, trouble = await recorded(before, steps_of(before, scope), terms, listener, stop)
        try:
            # The manifest as it was read in the beginning: somebody may be editing it.
            after = await plan_again(before)
        except LedgerError as error:
            after, trouble = before, trouble or error
        return _with_lock(Ran(outcome=outcome, before=before, after=after, scope=scope, trouble=trouble))


def _with_its_ledger(planned: Planned, scope: Scope, terms: Terms) -> Planned:
    """The plan, unless the ledger that bought what is here is gone; where that is known, it is not warned of again."""
    if terms.new_ledger:
        return replace(planned, lost=None)
    words = "run --mock --new-ledger" if terms.rehearsal else "run --new-ledger"
    command = f"hailuo-batch {words} {planned.validation.name}"
    ledger = ledger_file(planned.validation.project.base)
    refuse_lost(planned.lost, steps_of(planned, scope), ledger=ledger, command=command)
    return planned


async def recorded(
    planned: Planned, steps: Sequence[Step], terms: Terms, listener: Listener, stop: Stop
) -> tuple[Outcome, HailuoError | None]:
    """The run with its own line in the ledger; a line without an end is a run that was killed."""
    validation, clock = planned.validation, SystemClock()
    workers = _hands(planned, terms)
    trouble: HailuoError | None = None
    async with open_ledger(ledger_file(validation.project.base), clock=clock) as ledger:
        name = validation.project.shown(validation.file.resolve())
        number = await ledger.begin_run(manifest=name, campaign=validation.campaign, sketch=validation.sketch)
        async with equipped(planned, ledger, number, terms, workers, stop) as bench:
            outcome = await run_plan(
                planned.plan,
                steps,
                bench,
                executor=LocalExecutor(workers),
                listener=listener,
                clock=clock,
                stop=stop,
                fail_fast=terms.fail_fast,
            )
        try:
            failed, code = len(outcome.without_clip), exit_of(outcome)
            await ledger.end_run(number, stored=outcome.stored, failed=failed, exit=code)
        except LedgerError as error:  # what was done is told all the same: it may hold a task's id
            trouble = error
    return outcome, trouble


def _hands(planned: Planned, terms: Terms) -> int:
    """How many steps at once: one a core for what is drawn here; elsewhere the providers' doors hold them back."""
    if planned.validation.model == ANIMATIC:
        return terms.jobs or cores()
    return terms.jobs or MOST_HANDS


def _with_lock(ran: Ran) -> Ran:
    """Brings the lock file up to date; sketches and rehearsals have none."""
    validation = ran.after.validation
    if validation.sketch or validation.project.rehearsal:
        return ran
    path = lock_path(validation.file)
    try:
        return replace(ran, lock=path) if write_lock(path, lock_after(ran.after)) else ran
    except StoreError as trouble:
        return replace(ran, trouble=ran.trouble or trouble)

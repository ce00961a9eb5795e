"""Plan → clips: the one use case that may spend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hailuo_batch.app.clashes import refuse_clashes
from hailuo_batch.app.clock import SystemClock
from hailuo_batch.app.cores import cores
from hailuo_batch.app.driving import Rehearsal, drivers_for
from hailuo_batch.app.places import hidden_folder, ledger_file, lock_path, renders_folder, run_lock, store_folder
from hailuo_batch.app.planning import Planned, lock_after, plan, plan_again
from hailuo_batch.core.attempt import Artifact
from hailuo_batch.core.capability import Provider
from hailuo_batch.core.event import Event, Listener
from hailuo_batch.core.failure import Failure, Kind
from hailuo_batch.core.manifest import UrlFrame
from hailuo_batch.core.outcome import Outcome
from hailuo_batch.core.plan import Action, Step
from hailuo_batch.core.request import ANIMATIC
from hailuo_batch.errors import Exit, RefusedError, StoreError
from hailuo_batch.ledger.holder import hold
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger
from hailuo_batch.load.lock import write_lock
from hailuo_batch.load.tables import provider_names, read_providers
from hailuo_batch.media.probe import Broken, probe
from hailuo_batch.ports import Order
from hailuo_batch.runner.executor import LocalExecutor
from hailuo_batch.runner.runner import exit_of, run_plan
from hailuo_batch.runner.step import Bench
from hailuo_batch.runner.stop import Stop
from hailuo_batch.store.hidden import ensure_hidden
from hailuo_batch.store.local import LocalStore
from hailuo_batch.store.renders import Renders

AT_ONCE = 50  # steps that wait for a gateway


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Ran:
    """What a run did, and how the manifest stands after it."""

    outcome: Outcome
    before: Planned
    after: Planned
    lock: Path | None = None  # the lock file, when it was written anew
    trouble: StoreError | None = None  # why the lock could not be written; the clips are kept all the same

    @property
    def exit(self) -> Exit:
        """The exit code of the run: 8 when what is left is neither failed nor stopped, but waits for a person."""
        code = exit_of(self.outcome)
        if code is Exit.DONE and self.trouble is not None:
            return Exit.TAKES_FAILED
        return Exit.NEEDS_PERSON if code is Exit.DONE and self.after.work else code


def _agree(_: Planned) -> None:
    """Approves any plan: a caller in Python has decided by calling."""


def _silent(_: Event) -> None:
    """Listens to nothing."""


async def run(
    file: Path | str,
    *,
    sketch: bool = False,
    only: Sequence[str] = (),
    rehearsal: Rehearsal | None = None,
    workers: int | None = None,
    approve: Callable[[Planned], None] = _agree,
    listener: Listener = _silent,
    stop: Stop | None = None,
) -> Ran:
    """Renders what is not there yet, and gives every clip its name.

    `rehearsal` asks the mock instead of the gateways: nothing is sent or bought, and what is made stays apart
    below `.hailuo/rehearsal`. `workers` is how many steps are worked on at once. `approve` is shown
    the plan before anything is sent and raises `RefusedError` to stop. A run that is stopped or killed goes on where it
    was when it is called again. Raises `ManifestError`, `RefusedError` or `LedgerError` before anything is sent.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, duration: 1, resolution: 512p}]\\n")
    >>> ran = asyncio.run(run(file, sketch=True, workers=1))
    >>> ran.outcome.stored, ran.after.report.rows[0].file
    (1, 'tiny_a_v001_sketch.mp4')
    >>> asyncio.run(run(file, sketch=True)).outcome.stored
    0
    """
    stop = stop or Stop()
    before = await plan(file, sketch=sketch, only=only, rehearsal=rehearsal is not None)
    base = before.validation.project.base
    if not before.work and not before.unnamed:
        return _with_lock(Ran(outcome=Outcome(), before=before, after=before))
    _refuse_unmakeable(before)
    ensure_hidden(hidden_folder(base))
    with hold(run_lock(base), f"run {before.validation.name}"):
        # Money: what is approved is what another run cannot change any more, and it is what is carried out.
        before = await plan_again(before)
        _refuse_unmakeable(before)
        refuse_clashes(before)
        if rehearsal is None:
            approve(before)
        outcome = await _recorded(before, rehearsal, workers or _hands(before), listener, stop)
        # The manifest as it was read in the beginning: somebody may be editing it.
        after = await plan_again(before)
        return _with_lock(Ran(outcome=outcome, before=before, after=after))


def _hands(planned: Planned) -> int:
    """How many steps at once: one a core for what is drawn here, more where waiting is all there is to do."""
    return cores() if planned.validation.model == ANIMATIC else AT_ONCE


def _refuse_unmakeable(planned: Planned) -> None:
    """Only what is drawn here, or played by the mock, can be rendered by this version."""
    if planned.validation.project.rehearsal:
        return
    needed = {step.route.provider for step in planned.work if step.action is not Action.HOLD} - {ANIMATIC}
    if needed:
        raise RefusedError(
            f"{', '.join(sorted(needed))} cannot be asked by this version",
            why="Nothing was sent: this version draws and rehearses; the money rules come with a later one.",
            remedy=f"Draw it for nothing, or rehearse it:\n    hailuo-batch run --sketch {planned.validation.name}\n"
            f"    hailuo-batch run --mock {planned.validation.name}",
        )


async def _recorded(
    planned: Planned, rehearsal: Rehearsal | None, workers: int, listener: Listener, stop: Stop
) -> Outcome:
    """The run with its own line in the ledger; a line without an end is a run that was killed."""
    validation, clock = planned.validation, SystemClock()
    async with open_ledger(ledger_file(validation.project.base), clock=clock) as ledger:
        name = validation.project.shown(validation.file.resolve())
        number = await ledger.begin_run(manifest=name, campaign=validation.campaign, sketch=validation.sketch)
        outcome = await _carry_out(planned, ledger, number, rehearsal, workers, listener, stop)
        code = exit_of(outcome)
        await ledger.end_run(number, stored=outcome.stored, failed=len(outcome.failed), exit=code)
    return outcome


async def _carry_out(
    planned: Planned,
    ledger: SqliteLedger,
    number: int,
    rehearsal: Rehearsal | None,
    workers: int,
    listener: Listener,
    stop: Stop,
) -> Outcome:
    project, clock = planned.validation.project, SystemClock()
    store, renders = LocalStore(store_folder(project.base)), Renders(renders_folder(project.base))
    store.sweep()
    renders.sweep()
    async with drivers_for(_asked(planned), workers=workers, store=store, rehearsal=rehearsal) as drivers:
        bench = Bench(
            campaign=planned.plan.campaign,
            sketch=planned.validation.sketch,
            run=number,
            ledger=ledger,
            store=store,
            renders=renders,
            drivers=drivers,
            probe=_probed,
            order=lambda step: order_for(step, planned, store),
            artifact=planned.details.artifacts.get,
        )
        steps = (*planned.work, *planned.unnamed)
        executor = LocalExecutor(workers)
        return await run_plan(planned.plan, steps, bench, executor=executor, listener=listener, clock=clock, stop=stop)


def _asked(planned: Planned) -> tuple[Provider, ...]:
    """The manifest's providers, and those that have a task of ours, whatever the manifest names now."""
    validation, project = planned.validation, planned.validation.project
    if validation.model == ANIMATIC:
        return validation.providers
    named = {provider.name for provider in validation.providers}
    tasks = {standing.provider for standing in planned.known.standings.values()}.difference(named)
    others = tuple(sorted(tasks.intersection(provider_names(project.tables))))
    if not others:
        return validation.providers
    more, _ = read_providers(others, validation.model, tables=project.tables, regions=project.regions)
    return (*validation.providers, *more)


def order_for(step: Step, planned: Planned, store: LocalStore) -> Order:
    """What a driver needs for a step: the request, and where on this machine its pictures are."""
    assert step.request is not None  # noqa: S101 - a step without a request is never carried out
    files = planned.validation.inputs.files
    addresses = {
        picture.digest: frame.url
        for frame, picture in planned.validation.inputs.pictures.items()
        if isinstance(frame, UrlFrame)
    }
    pictures = {}
    for picture in (step.request.first, step.request.last):
        if picture is not None and picture.frame is not None:
            pictures[picture.digest] = store.path(picture.digest)
        elif picture is not None and picture.digest in files:
            pictures[picture.digest] = files[picture.digest]
    return Order(
        request=step.request,
        fingerprint=step.fingerprint,
        campaign=planned.plan.campaign,
        shot=_names(step),
        pictures=pictures,
        addresses=addresses,
    )


def _names(step: Step) -> str:
    """The shot that a slate names; a clip that several shots share says how many more."""
    more = len(step.uses) - 1
    return step.uses[0].shot.id + (f" +{more}" if more else "")


async def _probed(file: Path, digest: str) -> Artifact | Failure:
    return probed(file, digest)


def probed(file: Path, digest: str) -> Artifact | Failure:
    """The clip's facts by its own boxes, or why it is none; a twentieth of a millisecond."""
    found = probe(file)
    if isinstance(found, Broken):
        return Failure(kind=Kind.CORRUPT, why=f"what arrived is no whole video: {found.reason}")
    return Artifact(
        digest=digest,
        size=found.size,
        width=found.width,
        height=found.height,
        seconds=float(found.seconds),
        frames=found.frames,
        codec=found.codec,
    )


def _with_lock(ran: Ran) -> Ran:
    """Brings the lock file up to date; sketches and rehearsals have none."""
    validation = ran.after.validation
    if validation.sketch or validation.project.rehearsal:
        return ran
    path = lock_path(validation.file)
    try:
        return replace(ran, lock=path) if write_lock(path, lock_after(ran.after)) else ran
    except StoreError as trouble:
        return replace(ran, trouble=trouble)

"""Manifest + ledger + lock + store → plan. Spends nothing; writes nothing but what it remembers as a shortcut."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hailuo_batch.app.planning.acceptances import accepted_clips
from hailuo_batch.app.planning.caps import caps_for, left_out
from hailuo_batch.app.planning.fast_path import facts_of
from hailuo_batch.app.planning.name_collisions import neighbours
from hailuo_batch.app.planning.orphaned_tasks import strays_of
from hailuo_batch.app.planning.planned import Details, Known, ManifestError, Planned, Wishes
from hailuo_batch.app.planning.remote_frames import read_asking
from hailuo_batch.app.planning.selection import select
from hailuo_batch.app.planning.validate import Validation, collector_paused, read
from hailuo_batch.app.recovery.missing_ledger import Lost, lost_ledger
from hailuo_batch.app.recovery.rendered_files import left_behind, named_clips, names_of
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.paths import hidden_folder, ledger_file, lock_path, renders_folder, store_folder
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.manifest.shot import Wish
from hailuo_batch.core.plan.lockfile import Lock, locked_after
from hailuo_batch.core.plan.plan import Action, Grounds, NamedClip, Past, Plan, Step, Versions
from hailuo_batch.core.plan.planner import make_plan, settle, unsettled
from hailuo_batch.core.plan.render_names import render_name
from hailuo_batch.core.plan.report import Report, make_report
from hailuo_batch.core.providers.offers import Route, route
from hailuo_batch.core.request.request import ANIMATIC
from hailuo_batch.errors import DamagedLedgerError
from hailuo_batch.load.cache import Finished, key_of, remember_finished, remember_inputs
from hailuo_batch.load.lockfile import read_lock
from hailuo_batch.store.listing import digests_in, names_in

if TYPE_CHECKING:
    from hailuo_batch.ledger.reader import Reads


async def plan(
    file: Path | str,
    *,
    sketch: bool = False,
    only: Sequence[str] = (),
    whole: bool = False,
    rehearsal: bool = False,
    offline: bool = False,
    insist: bool = False,
    max_cost: str | None = None,
) -> Planned:
    """What a run would do, why, and for how much. Raises `ManifestError` with every problem of a manifest.

    `only` picks shots by id (a glob) or tag (`tag:hero`, `tag:client:*`); several widen the choice. The report has a
    row for each take with work to do, and with `whole` for every take. With `rehearsal` the run is one on the mock.
    Frames behind web addresses that are not pinned are looked at there, and `offline` taken as they were last seen.
    With `insist` what was refused for good is asked for again; `max_cost` is a cap beside those of the manifest and the
    project, and what caps leave out is told.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist}]\\n")
    >>> [(str(step.action), str(step.estimate)) for step in asyncio.run(plan(file)).work]
    [('submit', '0.28 USD')]
    """
    with collector_paused():
        validation = read(Path(file), sketch=sketch) if offline else await read_asking(Path(file), sketch=sketch)
        wishes = Wishes(only=tuple(only), insist=insist, max_cost=max_cost)
        return await _plan(validation, wishes, whole=whole, rehearsal=rehearsal)


async def plan_again(planned: Planned) -> Planned:
    """The same manifest, as it was read then, planned from a fuller ledger; its report has every take."""
    with collector_paused():
        return await _planned(planned.validation, planned.wishes, whole=True)


async def _plan(validation: Validation, wishes: Wishes, *, whole: bool, rehearsal: bool) -> Planned:
    if validation.errors:
        raise ManifestError(validation.problems)
    if rehearsal:
        validation = replace(validation, project=replace(validation.project, rehearsal=True))
    return await _planned(validation, wishes, whole=whole)


async def _planned(validation: Validation, wishes: Wishes, *, whole: bool) -> Planned:
    try:
        return await _looked_up(validation, wishes, whole=whole)
    except DamagedLedgerError as error:
        from hailuo_batch.app.recovery.damaged_ledger import with_what_is_left

        base = validation.project.base
        present, lock = digests_in(store_folder(base)), _lock(validation)
        raise with_what_is_left(
            error, ledger=ledger_file(base), manifest=validation.name, lock=lock, present=present
        ) from error


async def _looked_up(validation: Validation, wishes: Wishes, *, whole: bool) -> Planned:
    from hailuo_batch.ledger.sqlite import read_ledger

    base, campaign, sketch = validation.project.base, validation.campaign, validation.sketch
    lock = _lock(validation)
    present = digests_in(store_folder(base))
    names = names_in(renders_folder(base))
    async with read_ledger(ledger_file(base)) as ledger:
        known = Known(
            standings=await ledger.standings(),
            past=await ledger.past(campaign, sketch=sketch),
            footage=await ledger.footage(),
        )
        grounds = replace(
            _grounds(validation, lock, known, present, names),
            accepted=await accepted_clips(validation, lock, known.standings, ledger),
            now=SystemClock().now(),
            insist=wishes.insist,
        )
        made = await _settled(make_plan(validation.shots, grounds, campaign=campaign), validation, ledger, names)
        selected = select(made.steps, wishes.only, validation.shots)
        busy = whole or any(step.action is not Action.REUSE for step in selected)
        over_cap = await _over_cap(validation, selected, wishes.max_cost, ledger) if busy else ()
        strays = await strays_of(campaign, made.steps, known.standings, ledger)
        before = {step.before for step in selected if step.before}
        details = Details(
            names=await ledger.names(campaign, sketch=sketch) if busy else {},
            artifacts=await ledger.artifacts() if whole else {},
            requests=await ledger.preimages(before) if before else {},
            neighbours=neighbours(await ledger.runs(), validation) if busy else (),
        )
    report = make_report(
        made if not wishes.only else replace(made, steps=selected),
        manifest=validation.name,
        sketch=sketch,
        footage=known.footage,
        artifacts=details.artifacts if whole else None,
        requests=details.requests,
        outside=len(validation.shots) - len({use.shot.id for step in selected for use in step.uses})
        if wishes.only
        else 0,
        over_cap=over_cap,
    )
    planned = Planned(
        validation=validation,
        wishes=wishes,
        plan=made,
        selected=selected,
        lock=lock,
        known=known,
        details=details,
        names=names,
        strays=strays,
        report=report,
        lost=_lost(validation, known, lock, present, names),
    )
    _remember(planned)
    return planned


async def _over_cap(
    validation: Validation, steps: Sequence[Step], max_cost: str | None, ledger: "Reads"
) -> tuple[tuple[Step, Failure], ...]:
    now = SystemClock().now()
    caps = caps_for(validation, max_cost, now)
    if not caps:
        return ()
    return left_out(steps, caps, await ledger.paid(), campaign=validation.campaign, now=now)


async def _settled(made: Plan, validation: Validation, ledger: "Reads", names: frozenset[str]) -> Plan:
    """The plan with what only its unsettled steps need: earlier versions, and clips that readable names still have."""
    campaign, sketch = validation.campaign, validation.sketch
    if not (open_steps := unsettled(made)):
        return made
    shots = {use.shot.id for step in open_steps for use in step.uses}
    versions = await ledger.versions(campaign, shots, sketch=sketch)
    folder = renders_folder(validation.project.base)
    named: dict[str, NamedClip] = {}
    if any(step.action is not Action.REUSE for step in open_steps):
        mine = tuple(names_of(names, campaign=campaign, sketch=sketch))
        named = named_clips(mine, shots, folder)
        left = {} if versions else left_behind(mine, folder)
        versions |= {shot: Versions(known={p.fingerprint: p.version}, highest=p.version) for shot, p in left.items()}
    grounds = replace(made.grounds, versions=versions, named=named)
    if not named:
        return settle(made, grounds)
    # What is chained from a clip that only its name has is known by now, too: everything is planned again.
    return make_plan(validation.shots, grounds, campaign=campaign)


def _lost(
    validation: Validation, known: Known, lock: Lock, present: frozenset[str], names: frozenset[str]
) -> Lost | None:
    """Whether the ledger is not the one that bought what is here; for what is drawn, none is needed."""
    if validation.model == ANIMATIC:
        return None
    locked = frozenset(clip.digest for clip in lock.artifacts.values())
    folder = renders_folder(validation.project.base)
    return lost_ledger(known.standings, present=present, locked=locked, names=names, folder=folder)


def _lock(validation: Validation) -> Lock:
    """The manifest's lock; sketches and rehearsals have none: the lock says which clips are the campaign."""
    if validation.sketch or validation.project.rehearsal:
        return Lock(campaign=validation.campaign, shots={})
    return read_lock(lock_path(validation.file), campaign=validation.campaign)


def _grounds(
    validation: Validation, lock: Lock, known: Known, present: frozenset[str], names: frozenset[str]
) -> Grounds:
    return Grounds(
        model=validation.model,
        pictures=validation.inputs.pictures,
        routes=_routes(validation),
        standings=known.standings,
        past={**_named_past(validation, known, names), **known.past, **lock.past},
        locked=lock.artifacts,
        present=present,
    )


def _named_past(validation: Validation, known: Known, names: frozenset[str]) -> dict[str, Past]:
    """What the names say of shots, when the ledger that gave them is gone."""
    if known.past:
        return {}
    mine = names_of(names, campaign=validation.campaign, sketch=validation.sketch)
    return left_behind(mine, renders_folder(validation.project.base))


def _routes(validation: Validation) -> dict[Wish, Route]:
    routes: dict[Wish, Route] = {}
    for shot in validation.shots:
        wish = shot.wish
        if wish not in routes:
            routes[wish] = route(shot, validation.providers)
    return routes


def lock_after(planned: Planned) -> Lock:
    """What the lock should say now."""
    return locked_after(planned.lock, planned.plan, [shot.id for shot in planned.validation.shots])


def _remember(planned: Planned) -> None:
    """Remembers digests of pictures, and a manifest that has nothing to do, its lock included."""
    validation = planned.validation
    hidden = hidden_folder(validation.project.base)
    if not hidden.is_dir():
        return
    remember_inputs(hidden, validation.inputs.remembered)
    if planned.wishes.only or planned.work or planned.unnamed or planned.strays or not validation.inputs.lasting:
        return
    has_lock = not validation.sketch and not validation.project.rehearsal
    if has_lock and lock_after(planned) != planned.lock:
        return
    finished = Finished(
        digests=frozenset(
            step.standing.digest for step in planned.plan.steps if step.standing and step.standing.digest
        ),
        files=frozenset(
            render_name(planned.plan.campaign, use, sketch=validation.sketch)
            for step in planned.plan.steps
            for use in step.uses
        ),
        summary={**summary_of(planned.report), "warnings": len(validation.problems)},
    )
    facts = facts_of(validation.file, validation.project.root, validation.data, sketch=validation.sketch)
    key = key_of(validation.file.resolve(), sketch=validation.sketch)
    remember_finished(hidden, key, facts, validation.inputs.remembered, finished)


def summary_of(report: Report) -> dict[str, Any]:
    """What a view says of a manifest with nothing to do."""
    return {
        "campaign": report.campaign,
        "takes": report.takes,
        "clips": report.clips,
        "seconds": round(report.seconds, 3),
        "bytes": report.bytes,
        "accepted": report.accepted,
    }

"""Manifest + ledger + lock + store → plan. Spends nothing; writes nothing but what it remembers as a shortcut."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from hailuo_batch.app.finished import facts_of
from hailuo_batch.app.places import hidden_folder, ledger_file, lock_path, renders_folder, store_folder
from hailuo_batch.app.validating import Validation, collector_paused, read
from hailuo_batch.core.attempt import Artifact, Standing
from hailuo_batch.core.capability import Route, route
from hailuo_batch.core.lock import Lock
from hailuo_batch.core.manifest import Duration
from hailuo_batch.core.naming import render_name
from hailuo_batch.core.plan import Action, Grounds, Past, Plan, Step, Use, make_plan
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.core.record import RunRecord
from hailuo_batch.core.report import Footage, Report, make_report
from hailuo_batch.core.shot import Mode, Shot
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.load.lock import read_lock
from hailuo_batch.load.memory import Finished, key_of, remember_finished, remember_inputs
from hailuo_batch.store.listing import digests_in, names_in


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


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Planned:
    """A plan with everything that carrying it out needs."""

    validation: Validation
    plan: Plan
    selected: tuple[Step, ...]  # the steps that were asked for (--only), all of them otherwise
    lock: Lock
    known: Known
    details: Details
    names: frozenset[str]  # files below renders/
    report: Report  # brief, unless `plan` was asked for a whole one

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

    def _is_named(self, use: Use) -> bool:
        """A name without its record is somebody's own file, or from a run that died: versions would lose count."""
        if render_name(self.plan.campaign, use, sketch=self.validation.sketch) not in self.names:
            return False
        past = self.known.past.get(use.shot.id)
        return past is not None and past.version == use.version


async def plan(file: Path | str, *, sketch: bool = False, only: Sequence[str] = (), whole: bool = False) -> Planned:
    """What a run would do, why, and for how much. Raises `ManifestError` with every problem of a manifest.

    `only` picks shots by id (a glob) or tag (`tag:hero`, `tag:client:*`); several widen the choice. The report has a
    row for each take with work to do, and with `whole` for every take.

    >>> import asyncio, pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "tiny.yaml"
    >>> _ = file.write_text("version: 1\\ncampaign: tiny\\nshots: [{id: a, prompt: a bottle in mist}]\\n")
    >>> [(str(step.action), str(step.estimate)) for step in asyncio.run(plan(file)).work]
    [('submit', '0.28 USD')]
    """
    with collector_paused():
        return await _plan(Path(file), sketch=sketch, only=only, whole=whole)


async def _plan(file: Path, *, sketch: bool, only: Sequence[str], whole: bool) -> Planned:
    from hailuo_batch.ledger.sqlite import read_ledger

    validation = read(file, sketch=sketch)
    if validation.errors:
        raise ManifestError(validation.problems)
    project, campaign = validation.project, validation.campaign
    lock = _lock(validation)
    present = digests_in(store_folder(project.root))
    names = names_in(renders_folder(project.root))
    async with read_ledger(ledger_file(project.root)) as ledger:
        known = Known(
            standings=await ledger.standings(),
            past=await ledger.past(campaign, sketch=sketch),
            footage=await ledger.footage(),
        )
        made = make_plan(validation.shots, _grounds(validation, lock, known, present, names), campaign=campaign)
        selected = select(made.steps, only, validation.shots)
        busy = whole or any(step.action is not Action.REUSE for step in selected)
        before = {step.before for step in selected if step.before}
        details = Details(
            names=await ledger.names(campaign, sketch=sketch) if busy else {},
            artifacts=await ledger.artifacts() if whole else {},
            requests=await ledger.preimages(before) if before else {},
            neighbours=_neighbours(await ledger.runs(), validation) if busy else (),
        )
    report = make_report(
        made if not only else replace(made, steps=selected),
        manifest=validation.name,
        sketch=sketch,
        footage=known.footage,
        artifacts=details.artifacts if whole else None,
        requests=details.requests,
        outside=len(validation.shots) - len({use.shot.id for step in selected for use in step.uses}) if only else 0,
    )
    planned = Planned(
        validation=validation,
        plan=made,
        selected=selected,
        lock=lock,
        known=known,
        details=details,
        names=names,
        report=report,
    )
    _remember(planned, only)
    return planned


def select(steps: Iterable[Step], only: Sequence[str], shots: Sequence[Shot]) -> tuple[Step, ...]:
    """The steps of the shots that are asked for; a pattern that fits no shot is an error."""
    if not only:
        return tuple(steps)
    for pattern in only:
        if not any(_fits(shot, pattern) for shot in shots):
            tagged = pattern.startswith("tag:")
            known = {f"tag:{tag}" for shot in shots for tag in shot.tags} if tagged else [shot.id for shot in shots]
            remedy = did_you_mean(pattern, known) or "To see every shot:\n    hailuo-batch status"
            raise InputError(f'--only "{pattern}" fits no shot', remedy=remedy)
    chosen = []
    for step in steps:
        uses = tuple(use for use in step.uses if any(_fits(use.shot, pattern) for pattern in only))
        if uses:
            chosen.append(step if len(uses) == len(step.uses) else replace(step, uses=uses))
    return tuple(chosen)


def _fits(shot: Shot, pattern: str) -> bool:
    if pattern.startswith("tag:"):
        return any(fnmatchcase(tag, pattern.removeprefix("tag:")) for tag in shot.tags)
    return fnmatchcase(shot.id, pattern)


def _lock(validation: Validation) -> Lock:
    """The manifest's lock; sketches have none: the lock says which clips are the campaign."""
    if validation.sketch:
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
        past=_latest(lock.past, known.past, _left_behind(validation, known, names)),
        locked=lock.fingerprints,
        present=present,
    )


def _routes(validation: Validation) -> dict[tuple[Mode, str, Duration], Route]:
    routes: dict[tuple[Mode, str, Duration], Route] = {}
    for shot in validation.shots:
        wish = (shot.mode, shot.resolution, shot.duration)
        if wish not in routes:
            routes[wish] = route(shot, validation.providers)
    return routes


def _latest(*pasts: Mapping[str, Past]) -> dict[str, Past]:
    """Of what the lock, the ledger and the names say of a shot, the highest version; the first of equals."""
    said = [past for past in pasts if past]
    if len(said) == 1:
        return dict(said[0])
    latest: dict[str, Past] = {}
    for past in said:
        for shot, each in past.items():
            if shot not in latest or latest[shot].version < each.version:
                latest[shot] = each
    return latest


_SKETCH = re.compile(r"(?P<shot>.+)_v(?P<version>\d{3,})_sketch\.mp4\Z")


def _left_behind(validation: Validation, known: Known, names: frozenset[str]) -> dict[str, Past]:
    """Versions of sketches that a ledger which is gone had made: their names are taken, since none is overwritten."""
    if not validation.sketch or known.past:
        return {}
    found: dict[str, Past] = {}
    prefix = f"{validation.campaign}_"
    for name in names:
        match = _SKETCH.match(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if match and (match["shot"] not in found or found[match["shot"]].version < int(match["version"])):
            mark = _fingerprint_beside(renders_folder(validation.project.root) / name)
            found[match["shot"]] = Past(version=int(match["version"]), take=1, fingerprint=mark)
    return found


def _fingerprint_beside(clip: Path) -> str:
    """What the provenance beside a clip says was asked; "" when it says nothing."""
    import json

    try:
        return str(json.loads(clip.with_suffix(".json").read_bytes())["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _neighbours(runs: Iterable[RunRecord], validation: Validation) -> tuple[Path, ...]:
    """Other manifests that gave names of this campaign. One that was moved or deleted since has no say."""
    root, here = validation.project.root, validation.file.resolve()
    kind = (validation.campaign, validation.sketch)
    files = dict.fromkeys((root / each.manifest).resolve() for each in runs if (each.campaign, each.sketch) == kind)
    return tuple(file for file in files if file != here and file.is_file())


def refuse_clashes(planned: Planned) -> None:
    """Raises `RefusedError` when a clip would get the name of another one; nothing has been sent then."""
    _refuse_neighbours(planned)
    campaign, sketch = planned.plan.campaign, planned.validation.sketch
    for step in (*planned.work, *planned.unnamed):
        for use in step.uses if step.fingerprint else ():
            name = render_name(campaign, use, sketch=sketch)
            other = planned.details.names.get(name, step.fingerprint)
            if other != step.fingerprint:
                raise RefusedError(
                    f"the name {name} belongs to another clip",
                    why=f'Another manifest of this project with the campaign "{campaign}" has a shot "{use.shot.id}".',
                    remedy="Give one of the two manifests another campaign, or the shot another id.",
                )


def _refuse_neighbours(planned: Planned) -> None:
    wanted = {use.shot.id for step in (*planned.work, *planned.unnamed) for use in step.uses}
    for file in planned.details.neighbours:
        found = read(file, sketch=planned.validation.sketch)
        if found.campaign == planned.plan.campaign and (shared := sorted(wanted & {shot.id for shot in found.shots})):
            raise RefusedError(
                f'two manifests have a shot "{shared[0]}" in one campaign',
                why=f'{found.name} has the campaign "{found.campaign}" too; their clips would take turns in one name.',
                remedy="Give one of the two manifests another campaign, or the shot another id.",
            )


def _remember(planned: Planned, only: Sequence[str]) -> None:
    """Remembers digests of pictures, and a manifest that has nothing to do."""
    validation = planned.validation
    hidden = hidden_folder(validation.project.root)
    if not hidden.is_dir():
        return
    remember_inputs(hidden, validation.inputs.remembered)
    if only or planned.work or planned.unnamed:
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
    }

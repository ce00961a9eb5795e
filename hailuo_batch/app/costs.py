"""What was bought, and whether it was bought once: the whole ledger, for `costs` and `audit`. Changes nothing."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, time
from hashlib import file_digest
from pathlib import Path
from typing import NoReturn

from hailuo_batch.app.recovery.copied_clips import read_clips_elsewhere, read_copied_digests
from hailuo_batch.app.recovery.given_names import read_given_names
from hailuo_batch.app.recovery.missing_ledger import (
    LostLedger,
    UnknownClips,
    find_lost_ledger,
    find_unknown_clips,
    lost_ledger_warning,
    refuse_empty_proof,
    unknown_clips_warning,
)
from hailuo_batch.app.workspace.cpus import cpu_count
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord
from hailuo_batch.core.models import is_local
from hailuo_batch.core.plan.selection import Pattern, parse_ledger_patterns
from hailuo_batch.core.problem import Problem, did_you_mean
from hailuo_batch.core.spending.audit import Audit, AuditInputs, make_audit
from hailuo_batch.core.spending.charge import ChargeState
from hailuo_batch.core.spending.costs import ChargedAttempt, Costs, GroupBy, charge_attempts, sum_costs
from hailuo_batch.core.spending.purchase import JournalFault, explain_journal_fault
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError
from hailuo_batch.load.project_root import find_project_root
from hailuo_batch.ports import LedgerReader, Store
from hailuo_batch.values import dataclass


async def costs(
    folder: Path | str = ".",
    *,
    group_by: GroupBy = GroupBy.PROVIDER,
    campaign: str | None = None,
    since: date | None = None,
    only: Sequence[str] = (),
    world: World = World.REAL,
) -> Costs:
    """What the project around `folder` has cost: of one campaign, or since a day (UTC), or all of it.

    `only` picks attempts by shot, take and tag as in `plan`. Raises `InputError` for a campaign that nothing was ever
    submitted for, and `LedgerError` where the ledger is gone that bought what is here.
    """
    workspace = _open_workspace(folder, world)
    async with workspace.read_ledger() as ledger:
        attempts = [] if world is World.SKETCH else await ledger.attempts()  # sketches are free
        strangers = await _find_strangers(workspace, ledger, attempts)
        if campaign is not None and attempts:
            _require_known_campaign(campaign, {each.campaign for each in attempts})
        wanted = _filter_attempts(charge_attempts(attempts), campaign, since, parse_ledger_patterns(only))
        ended = [each.attempt.id for each in wanted if each.charge.state is ChargeState.LOST]
        events = await ledger.events(ended)
    reasons = {event.attempt: str(event.data["reason"]) for event in events if event.data.get("reason")}
    sums = sum_costs(wanted, group_by=group_by, reasons=reasons)
    return replace(sums, problems=strangers.make_warnings(workspace))


async def audit(folder: Path | str = ".", *, world: World = World.REAL, deep: bool = False) -> Audit:
    """Whether each request of the project around `folder` was bought once, from ledger and store.

    `deep` also reads every clip, byte by byte. Raises `LedgerError` where the ledger is gone that bought what is here.
    """
    workspace = _open_workspace(folder, world)
    # The ledger before the store: a clip is in the store before the ledger says so.
    async with workspace.read_ledger() as ledger:
        attempts, events, clips = await ledger.audit_records()
        strangers = await _find_strangers(workspace, ledger, attempts, has_events=bool(events))
        elsewhere = await read_clips_elsewhere(ledger, workspace)
    if world is World.SKETCH:
        attempts = [each for each in attempts if is_local(each.provider)]
        mine = {each.id for each in attempts}
        events = [each for each in events if each.attempt in mine]
    recorded = {digest: clip.size for digest, clip in clips.items()}
    store = workspace.open_store()
    there, changed = await asyncio.to_thread(_check_clips, store, attempts, recorded if deep else {})
    return make_audit(
        AuditInputs(
            attempts=attempts,
            events=events,
            recorded_sizes=recorded,
            file_sizes={**{digest: recorded[digest] for digest in elsewhere & recorded.keys()}, **there},
            corruptions=changed,
            lost_ledger=strangers.lost.explain(workspace.ledger_file) if strangers.lost is not None else "",
            unknown_clips=strangers.unknown.description,
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Strangers:
    """Clips that are here and that this ledger did not buy: all of another ledger's, or some."""

    lost: LostLedger | None = None
    unknown: UnknownClips = UnknownClips()

    def make_warnings(self, workspace: Workspace) -> tuple[Problem, ...]:
        gone = (
            [lost_ledger_warning(self.lost, ledger=workspace.ledger_file, command=_new_ledger_line(workspace))]
            if self.lost is not None
            else []
        )
        return (*gone, *([unknown_clips_warning(self.unknown)] if self.unknown else []))


def _new_ledger_line(workspace: Workspace) -> str:
    """These commands are about a project, and know no manifest."""
    return command_line("run", "--new-ledger", "MANIFEST", world=workspace.world)


async def _find_strangers(
    workspace: Workspace, ledger: LedgerReader, attempts: Iterable[AttemptRecord], *, has_events: bool = False
) -> _Strangers:
    """Raises `LedgerError` where the ledger is older than its purchases, a copy, or says nothing beside paid clips.

    Each would be a false proof.
    """
    if workspace.world is World.SKETCH:
        return _Strangers()
    present, names, folder = workspace.list_clip_places().own, workspace.list_render_names(), workspace.renders_folder
    finding = await ledger.journal_finding()
    standings = await ledger.standings()
    lost = find_lost_ledger(
        standings,
        present=present,
        locked=frozenset(),
        names=names,
        folder=folder,
        finding=finding,
        world=workspace.world,
        list_rehearsed=workspace.list_rehearsed_digests,
        copied=await read_copied_digests(ledger, standings),
    )
    is_mended = finding is not None and finding.fault is JournalFault.CHANGED  # comparing is how that is settled
    if finding is not None and not is_mended and (lost is None or finding.fault is not JournalFault.GONE):
        raise explain_journal_fault(finding, ledger=workspace.ledger_name, world=workspace.world)
    if not has_events:
        refuse_empty_proof(lost, ledger=workspace.ledger_file, command=_new_ledger_line(workspace))
    if lost is not None:
        return _Strangers(lost=lost)
    known = frozenset(each.digest for each in attempts if each.digest is not None) | workspace.list_rehearsed_digests()
    given = frozenset(await read_given_names(ledger))
    unknown = find_unknown_clips(known, given=given, present=present, names=names, folder=folder, world=workspace.world)
    return _Strangers(unknown=unknown)


def _open_workspace(folder: Path | str, world: World) -> Workspace:
    """Where ledger and store are; the project's settings play no part in it."""
    return Workspace(find_project_root(Path(folder).resolve()), world)


def _require_known_campaign(campaign: str, known: Iterable[str]) -> None:
    names = sorted(known)
    if campaign not in names:
        remedy = did_you_mean(campaign, names) or f"Known are {', '.join(names)}."
        raise InputError(f'no campaign "{campaign}" in the ledger', remedy=remedy)


def _filter_attempts(
    attempts: Iterable[ChargedAttempt], campaign: str | None, since: date | None, only: Sequence[Pattern]
) -> list[ChargedAttempt]:
    begins = None if since is None else datetime.combine(since, time(), UTC).timestamp()
    found = [
        each
        for each in attempts
        if campaign in {None, each.attempt.campaign} and (begins is None or each.attempt.intended_at >= begins)
    ]
    for pattern in only:
        if not any(_fits(pattern, each.attempt) for each in found):
            _refuse_pattern(pattern, found)
    return [each for each in found if not only or any(_fits(pattern, each.attempt) for pattern in only)]


def _fits(pattern: Pattern, attempt: AttemptRecord) -> bool:
    return pattern.fits_attempt(attempt.shot, attempt.take, attempt.tags)


def _refuse_pattern(pattern: Pattern, attempts: Sequence[ChargedAttempt]) -> NoReturn:
    known = {each.attempt.shot for each in attempts} | {f"tag:{tag}" for each in attempts for tag in each.attempt.tags}
    listing = f"To list every shot that cost something:\n    {command_line('costs', '--by', 'shot')}"
    remedy = "\n".join(filter(None, (did_you_mean(pattern.text, known), listing)))
    raise InputError(f'--only "{pattern.text}" matches no attempt in the ledger', remedy=remedy)


def _check_clips(
    store: Store, attempts: Iterable[AttemptRecord], deep: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, str]]:
    """The sizes of stored clips that are there, and what is wrong with the bytes of those in `deep` (digest → size)."""
    listed = store.list_digests()
    wanted = dict.fromkeys(each.digest for each in attempts if each.stage is Stage.STORED and each.digest in listed)
    # One that is gone since it was listed, or a link that leads nowhere, has no size.
    there = {digest: file.size for digest in wanted if digest is not None and (file := store.stat(digest)) is not None}
    whole = [digest for digest, size in there.items() if deep.get(digest) == size]
    with ThreadPoolExecutor(cpu_count()) as pool:
        seen = pool.map(lambda digest: _check_digest(store, digest), whole)
        changed = {digest: why for digest, why in zip(whole, seen, strict=True) if why}
    return there, changed


def _check_digest(store: Store, digest: str) -> str:
    """What is wrong with a clip's bytes; nothing when they are those of its digest."""
    try:
        with store.open(digest) as opened:
            found = f"sha256:{file_digest(opened, 'sha256').hexdigest()}"
    except OSError as error:
        return f"the system says: {error.strerror}"
    return "" if found == digest else f"they hash to {found}"

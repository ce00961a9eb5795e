"""Takes in doubt: which there are, what gateways report of them, and settling them as the user decides.

This module decides nothing: it shows a match from a gateway's list, and settles it only on request. Settling takes the
run lock, since a run may be about to submit the same request.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path

from hailuo_batch.app.account import has_task_list, open_accounts
from hailuo_batch.app.inspect import parse_take
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import login_name
from hailuo_batch.app.workspace.workspace import Workspace
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.in_doubt import (
    NO_ANSWER,
    DoubtState,
    OpenAttempt,
    TaskMatch,
    Verdict,
    attempt_labels,
    match_tasks,
    may_settle,
    open_attempts,
    verdict_moves,
)
from hailuo_batch.core.attempt.records import AttemptRecord, EndedAttempt
from hailuo_batch.core.plan.planner import is_key_known
from hailuo_batch.core.plan.selection import parse_ledger_patterns
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.core.world import World, command_line
from hailuo_batch.drivers.account import TaskList, TaskLookup
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.gateways.coerce import parse_task_id
from hailuo_batch.load.gateway_keys import read_gateway_key
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.provider_tables import provider_names, read_provider
from hailuo_batch.load.settings import Project, read_file, read_project
from hailuo_batch.ports import Facts, LedgerReader, LedgerWriter
from hailuo_batch.values import dataclass

_MAX_TASK_ID_LENGTH = 200
_STAGE_PHRASES = {
    Stage.STORED: "its clip is in the store",
    Stage.FAILED: "its last attempt failed",
    Stage.CANCELLED: "it was settled earlier",
}
_KIND_PHRASES = {
    FailureKind.NEVER_SENT: "it was settled as never sent",
    FailureKind.WRITTEN_OFF: "it was written off",
    FailureKind.DISCARDED: "its clip was removed by gc",
}
_UNANSWERED_FAILURE = Failure(kind=FailureKind.UNKNOWN_OUTCOME, why=NO_ANSWER, remedy="")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OpenAttempts:
    """Every open attempt of a project, or of one campaign in it.

    `known_tasks` are those that the ledger knows, `ended` the attempts that are open no more.
    """

    project: Project
    workspace: Workspace
    attempts: tuple[OpenAttempt, ...]
    known_tasks: Mapping[tuple[str, str], int]
    listing_providers: frozenset[str]  # providers of doubts that can list their tasks
    labels: Mapping[int, str]  # attempt → what a person types for it
    ended: tuple[EndedAttempt, ...] = ()
    manifest: str = ""  # the one that the user named; hints repeat it

    def command_line(self, command: str, *words: str) -> str:
        """A command about the same attempts, for a hint."""
        return command_line(command, *words, manifest=self.manifest, world=self.workspace.world)

    @property
    def list_hint(self) -> str:
        """How to list what is in doubt."""
        return f"To list takes in doubt:\n    {self.command_line('resolve')}"

    @property
    def in_doubt(self) -> tuple[OpenAttempt, ...]:
        """Those that a person has to settle."""
        return tuple(each for each in self.attempts if each.state is DoubtState.IN_DOUBT)

    def pick(self, labels: Sequence[str], verdict: Verdict) -> tuple[OpenAttempt, ...]:
        """The attempts that are named, each once; `InputError` for a name that fits none, or more than one."""
        found = (each for label in labels for each in self._find_attempts(label, verdict))
        return tuple({each.attempt: each for each in found}.values())

    def _find_attempts(self, label: str, verdict: Verdict) -> tuple[OpenAttempt, ...]:
        """The attempt of one take; of a glob or a tag, every attempt in doubt that it means."""
        if "@" in label or (pattern := parse_ledger_patterns([label])[0]).is_one_shot:
            return (self._find_attempt(label, verdict),)
        found = tuple(each for each in self.in_doubt if pattern.fits_attempt(each.shot, each.take, each.tags))
        if not found:
            raise InputError(f"no take in doubt is called {label}", remedy=self.list_hint)
        return found

    def _find_attempt(self, label: str, verdict: Verdict) -> OpenAttempt:
        shot, take, number = _parse_label(label, self.list_hint)
        named = [each for each in self.attempts if (each.shot, each.take) == (shot, take)]
        named = [each for each in named if number in {None, each.attempt}]
        fitting = [each for each in named if may_settle(each, verdict)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise self._ambiguous_error(label, fitting)
        if named:
            why = f"{named[0].provider} itself gave the task id {named[0].task}: its clip can be downloaded."
            fetch = self.command_line("fetch")
            write_off = f'{self.command_line("resolve", self.labels[named[0].attempt])} --write-off --reason "..."'
            remedy = f"To download it:\n    {fetch}\nTo write it off:\n    {write_off}"
            raise InputError(f"{label} is not in doubt", why=why, remedy=remedy)
        raise self._unknown_error(label, shot, take)

    def _unknown_error(self, label: str, shot: str, take: int) -> InputError:
        """Why a name fits nothing that is open. Money: a take that is settled is never answered with another one."""
        ended = [each for each in self.ended if (each.shot, each.take) == (shot, take)]
        if ended:
            last = ended[-1]
            words = (
                _STAGE_PHRASES[last.stage]
                if last.kind is None
                else _KIND_PHRASES.get(last.kind, _STAGE_PHRASES[last.stage])
            )
            remedy = f"To see what happened:\n    {self.command_line('show', shot)}"
            return InputError(f"{label} is settled", why=f"{words[0].upper()}{words[1:]}.", remedy=remedy)
        why = "" if self.in_doubt else "Nothing is in doubt here."
        strange = shot not in {each.shot for each in self.attempts} | {each.shot for each in self.ended}
        near = did_you_mean(label, {self.labels[each.attempt] for each in self.in_doubt}) if strange else ""
        return InputError(f"no take in doubt is called {label}", why=why, remedy=near or self.list_hint)

    def _ambiguous_error(self, label: str, fitting: Sequence[OpenAttempt]) -> InputError:
        manifests = sorted({each.manifest for each in fitting})
        there = all(name and (self.project.root / name).is_file() for name in manifests)
        if len({each.campaign for each in fitting}) > 1 and there:
            remedy = "Name the manifest behind it:" + "".join(f"\n    {name}" for name in manifests)
            return InputError(f"{label} is in doubt in several campaigns", remedy=remedy)
        names = "".join(f"\n    {each.label}@{each.attempt}" for each in fitting)
        why = "Its request was changed while the first one was in doubt." if there else ""
        return InputError(f"{label} is in doubt more than once", why=why, remedy="Name the attempt:" + names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One attempt that was settled, and where it stands now."""

    attempt: OpenAttempt
    verdict: Verdict
    stage: Stage
    task: str = ""  # that was found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaskMatches:
    """What gateways that list their tasks say of the doubts; `providers_without_list` are the gateways that cannot."""

    lists: tuple[TaskList, ...]
    matches: tuple[TaskMatch, ...]
    providers_without_list: tuple[str, ...]


async def list_open_attempts(
    manifest: Path | str | None = None, *, folder: Path | str = ".", world: World = World.REAL
) -> OpenAttempts:
    """What is open in the project around `folder`, or in the campaign of a manifest. Reads only."""
    at = Path(folder) if manifest is None else Path(manifest).parent
    project = read_project(at.resolve())
    workspace = Workspace(project.root, world)
    campaign = None if manifest is None else _read_campaign(Path(manifest), project)
    async with workspace.read_ledger() as ledger:
        attempts = [] if world is World.SKETCH else await ledger.open_attempts()  # no sketch is ever in doubt
        attempts = await _leave_to_holders(attempts, ledger) if workspace.places.ledger else attempts
        runs, tasks = await ledger.runs(), await ledger.tasks()
        ended, by_hand = await ledger.ended_attempts(), await _read_manual_attempts(attempts, ledger)
    now = SystemClock().now()
    intended = [each for each in attempts if each.stage is Stage.INTENDED and is_key_known(each.intended_at, now)]
    takes_keys = {name for name in {each.provider for each in intended} if _is_idempotent(name, project)}
    resending = frozenset(each.id for each in intended if each.provider in takes_keys)
    working = workspace.is_run_active()
    found = open_attempts(attempts, runs, resendable=resending, manual_tasks=by_hand, is_run_active=working)
    opened = tuple(each for each in found if campaign in {None, each.campaign})
    doubtful_providers = {each.provider for each in opened if each.state is DoubtState.IN_DOUBT}
    return OpenAttempts(
        project=project,
        workspace=workspace,
        attempts=opened,
        known_tasks=tasks,
        listing_providers=frozenset(name for name in doubtful_providers if has_task_list(project, name)),
        labels=attempt_labels(opened),
        ended=tuple(each for each in ended if campaign in {None, each.campaign}),
        manifest="" if manifest is None else str(manifest),
    )


async def _leave_to_holders(attempts: Iterable[AttemptRecord], ledger: LedgerReader) -> list[AttemptRecord]:
    """The attempts without those that another machine is about to send; what a dead one intended is in doubt."""
    standings = {each.attempt: each for each in (await ledger.standings()).values()}
    known = [(each, standings.get(each.id)) for each in attempts]
    return [
        replace(each, stage=standing.stage) if standing is not None else each
        for each, standing in known
        if standing is None or standing.holder is None or each.stage is not Stage.INTENDED
    ]


async def settle(
    found: OpenAttempts,
    chosen: Sequence[OpenAttempt],
    verdict: Verdict,
    *,
    reason: str,
    tasks: Mapping[int, str] | None = None,
) -> tuple[Settlement, ...]:
    """Writes down what a person says of open attempts; `known_tasks` are the ids of those that were found, by attempt.

    Raises `LedgerError` while a run works, `InputError` for an id that cannot be right, and `RefusedError` when one of
    them has moved on since it was read; nothing is written then.
    """
    words = reason.encode("utf-8", "replace").decode().strip()
    if not all(may_settle(each, verdict) for each in chosen):
        raise AssertionError(f"an attempt that is not in doubt cannot be {verdict}")
    if not words:
        raise InputError("a reason is needed", why="It is recorded in the ledger.")
    if not chosen:
        return ()
    ids = _check_task_ids(found, chosen, tasks or {}) if verdict is Verdict.FOUND else {}
    with found.workspace.hold_run_lock("resolve") as lock:
        async with found.workspace.open_ledger(SystemClock(), lock, command="resolve") as ledger:
            await _refuse_stale(ledger, chosen, found)
            record = _VerdictRecord(verdict=verdict, reason=words, decided_by=login_name(), tasks=ids)
            return tuple([await _settle_attempt(ledger, each, record) for each in chosen])


async def check_task(found: OpenAttempts, doubt: OpenAttempt, task: str) -> TaskLookup | None:
    """What the gateway reports of a task id that the user gave; None when it cannot be queried, as without a key."""
    _check_task_ids(found, (doubt,), {doubt.attempt: task})
    project = found.project
    if found.workspace.world is World.SKETCH or doubt.provider not in provider_names(project.tables):
        return None
    if found.workspace.world is World.REAL and not read_gateway_key(project, doubt.provider):
        return None
    async with open_accounts(project, found.workspace) as gateway:
        return await gateway(doubt.provider).poll_task(task)


async def query_tasks(found: OpenAttempts) -> TaskMatches:
    """Matches takes to the tasks that gateways list; `KeyMissingError` before the first query."""
    unlisted = {each.provider for each in found.in_doubt} - found.listing_providers
    lists: list[TaskList] = []
    # Tasks are matched by their times: those of a faster mock are no times of this machine.
    async with open_accounts(found.project, found.workspace, speed=1.0) as gateway:
        for one in [
            gateway(name) for name in sorted(found.listing_providers)
        ]:  # all keys are checked before the first query
            listed = await one.list_tasks()
            lists += [] if listed is None else [listed]
    answered = [each for each in lists if each.failure is None]
    matches = match_tasks(
        [each for each in found.in_doubt if each.provider in {listed.provider for listed in answered}],
        [task for listed in answered for task in listed.tasks],
        known_tasks=frozenset(found.known_tasks),
        models={listed.provider: listed.models for listed in answered},
        complete_lists=frozenset(listed.provider for listed in answered if listed.is_complete),
    )
    return TaskMatches(lists=tuple(lists), matches=matches, providers_without_list=tuple(sorted(unlisted)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _VerdictRecord:
    """What is written down with each attempt."""

    verdict: Verdict
    reason: str
    decided_by: str
    tasks: Mapping[int, str] = field(default_factory=dict)


async def _settle_attempt(ledger: LedgerWriter, each: OpenAttempt, record: _VerdictRecord) -> Settlement:
    stage = each.stage
    for move in verdict_moves(each.stage, record.verdict):
        stage = await ledger.move(each.attempt, move, _make_facts(each, move, record))
    return Settlement(attempt=each, verdict=record.verdict, stage=stage, task=record.tasks.get(each.attempt, ""))


def _make_facts(each: OpenAttempt, move: Move, record: _VerdictRecord) -> Facts:
    if move is Move.LOSE_SIGHT:
        return Facts(failure=_UNANSWERED_FAILURE)
    if move is Move.FIND:
        return Facts(task=record.tasks[each.attempt], reason=record.reason, decided_by=record.decided_by)
    kind = FailureKind.NEVER_SENT if move is Move.SETTLE else FailureKind.WRITTEN_OFF
    return Facts(failure=Failure(kind=kind, why=record.reason), reason=record.reason, decided_by=record.decided_by)


async def _read_manual_attempts(attempts: Sequence[AttemptRecord], ledger: LedgerReader) -> frozenset[int]:
    """The attempts whose task's id a person or a file gave: the gateway said nothing of it."""
    accepted = [each.id for each in attempts if each.stage is Stage.SUBMITTED]
    events = await ledger.events(accepted) if accepted else ()
    given: Mapping[str, str] = {Move.FIND: "by", Move.ACCEPT: "reason"}
    return frozenset(each.attempt for each in events if given.get(each.move, "") in each.data)


async def _refuse_stale(ledger: LedgerWriter, chosen: Sequence[OpenAttempt], found: OpenAttempts) -> None:
    now = {each.id: (each.stage, each.task) for each in await ledger.open_attempts()}
    for each in chosen:
        if now.get(each.attempt) != (each.stage, each.task):
            why = "A run, or another person, has settled it since. Nothing was recorded."
            raise RefusedError(f"{each.label} was settled meanwhile", why=why, remedy=found.list_hint)


def _check_task_ids(found: OpenAttempts, chosen: Sequence[OpenAttempt], tasks: Mapping[int, str]) -> dict[int, str]:
    """The ids, each of which may be one and is not another attempt's: two attempts never share a clip."""
    taken = dict(found.known_tasks)
    for each in chosen:
        task = tasks[each.attempt]
        if (
            not task
            or parse_task_id(task) != task
            or len(task) > _MAX_TASK_ID_LENGTH
            or any(map(str.isspace, task))
            or "://" in task
        ):
            why = "A task id has up to 200 characters and no spaces, and is not a URL."
            raise InputError("not a task id", why=why, remedy="Copy it from your account at the provider.")
        owner = taken.setdefault((each.provider, task), each.attempt)
        if owner != each.attempt:
            why = f"Attempt {owner} has it: one task is one purchase."
            raise InputError(f"task {task} is already recorded", why=why, remedy="Check that it is the right one.")
    return dict(tasks)


def _read_campaign(manifest: Path, project: Project) -> str:
    read, problems = read_manifest(read_file(manifest), name=project.display_path(manifest.resolve()))
    if read is None:
        raise ManifestError(problems)
    return read.campaign


def _is_idempotent(name: str, project: Project) -> bool:
    known = name in provider_names(project.tables)
    return known and read_provider(name, tables=project.tables).idempotent


def _parse_label(label: str, list_hint: str) -> tuple[str, int, int | None]:
    """Shot, take and, where it is said, the attempt: `open#2@7`."""
    name, mark, number = label.rpartition("@")
    if not mark:
        return (*parse_take(label), None)
    if not (number.isascii() and number.isdigit()):
        raise InputError(f'"{label}" names no attempt', remedy=list_hint)
    return (*parse_take(name), int(number))

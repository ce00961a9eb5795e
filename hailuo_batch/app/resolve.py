"""Doubts: which there are, what gateways say of them, and settling them as a person decides.

Nothing here decides: a match by a gateway's list is shown, and settled only when that was asked for. Settling takes the
run lock, since a run may be about to ask for the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote

from hailuo_batch.app.account import TaskList, TaskWord, asking, lists_tasks
from hailuo_batch.app.inspect import parse_take
from hailuo_batch.app.planning.planned import ManifestError
from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.app.workspace.identity import login
from hailuo_batch.app.workspace.paths import ledger_file, run_lock
from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, Kind
from hailuo_batch.core.attempt.in_doubt import (
    UNANSWERED,
    Match,
    OpenAttempt,
    State,
    Verdict,
    allows,
    match,
    open_attempts,
    settling,
    typed_names,
)
from hailuo_batch.core.attempt.records import AttemptRecord, EndedRecord
from hailuo_batch.core.plan.planner import key_is_known
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.core.request.request import HAILUO_02
from hailuo_batch.errors import InputError, RefusedError
from hailuo_batch.gateways.coerce import task_of
from hailuo_batch.ledger.reader import Reads
from hailuo_batch.ledger.run_lock import hold, is_held
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger, read_ledger
from hailuo_batch.load.api_keys import key_of
from hailuo_batch.load.manifest import read_manifest
from hailuo_batch.load.provider_tables import provider_names, provider_table, read_provider
from hailuo_batch.load.settings import Project, read_file, read_project
from hailuo_batch.ports import Facts

_LONGEST_TASK = 200
_ALL = "To see what is open:\n    hailuo-batch resolve"
_ENDS = {
    Stage.STORED: "its clip is in the store",
    Stage.FAILED: "its last attempt failed",
    Stage.CANCELLED: "it was settled earlier",
}
_BY_KIND = {
    Kind.NEVER_SENT: "it was settled as never sent",
    Kind.WRITTEN_OFF: "it was written off",
    Kind.DISCARDED: "its clip was removed by gc",
}
_UNANSWERED = Failure(kind=Kind.UNCLEAR, why=UNANSWERED, remedy="")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Doubts:
    """Every open attempt of a project, or of one campaign in it.

    `tasks` are those that the ledger knows, `ended` the attempts that are open no more.
    """

    project: Project
    opened: tuple[OpenAttempt, ...]
    tasks: Mapping[tuple[str, str], int]
    listing: frozenset[str]  # providers of doubts that can list their tasks
    names: Mapping[int, str]  # attempt → what a person types for it
    ended: tuple[EndedRecord, ...] = ()

    @property
    def doubts(self) -> tuple[OpenAttempt, ...]:
        """Those that a person has to settle."""
        return tuple(each for each in self.opened if each.state is State.DOUBT)

    def pick(self, labels: Sequence[str], verdict: Verdict) -> tuple[OpenAttempt, ...]:
        """The attempts that are named, each once; `InputError` for a name that fits none, or more than one."""
        found = (self._one(label, verdict) for label in labels)
        return tuple({each.attempt: each for each in found}.values())

    def _one(self, label: str, verdict: Verdict) -> OpenAttempt:
        shot, take, number = _parsed(label)
        named = [each for each in self.opened if (each.shot, each.take) == (shot, take)]
        named = [each for each in named if number in {None, each.attempt}]
        fitting = [each for each in named if allows(each, verdict)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise self._ambiguous(label, fitting)
        if named:
            why = f"{named[0].provider} itself gave its task's id, {named[0].task}: its clip is on its way."
            typed = f'{self.names[named[0].attempt]} --write-off --reason "..."'
            remedy = f"To bring it home:\n    hailuo-batch fetch\nTo give it up:\n    hailuo-batch resolve {typed}"
            raise InputError(f"{label} is not in doubt", why=why, remedy=remedy)
        raise self._unknown(label, shot, take)

    def _unknown(self, label: str, shot: str, take: int) -> InputError:
        """Why a name fits nothing that is open. Money: a take that is settled is never answered with another one."""
        ended = [each for each in self.ended if (each.shot, each.take) == (shot, take)]
        if ended:
            last = ended[-1]
            words = _ENDS[last.stage] if last.kind is None else _BY_KIND.get(last.kind, _ENDS[last.stage])
            remedy = f"To see what happened:\n    hailuo-batch show {quote(shot)}"
            return InputError(f"{label} is settled", why=f"{words[0].upper()}{words[1:]}.", remedy=remedy)
        why = "" if self.doubts else "Nothing is in doubt here."
        strange = shot not in {each.shot for each in self.opened} | {each.shot for each in self.ended}
        near = did_you_mean(label, {self.names[each.attempt] for each in self.doubts}) if strange else ""
        return InputError(f"no doubt is called {label}", why=why, remedy=near or _ALL)

    def _ambiguous(self, label: str, fitting: Sequence[OpenAttempt]) -> InputError:
        manifests = sorted({each.manifest for each in fitting})
        there = all(name and (self.project.root / name).is_file() for name in manifests)
        if len({each.campaign for each in fitting}) > 1 and there:
            remedy = "Name the manifest behind it:" + "".join(f"\n    {name}" for name in manifests)
            return InputError(f"{label} is in doubt in several campaigns", remedy=remedy)
        names = "".join(f"\n    {each.label}@{each.attempt}" for each in fitting)
        why = "Its request was changed while the first one was in doubt." if there else ""
        return InputError(f"{label} is in doubt more than once", why=why, remedy="Say which attempt:" + names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """One attempt that was settled, and where it stands now."""

    attempt: OpenAttempt
    verdict: Verdict
    stage: Stage


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Asked:
    """What gateways that list their tasks say of the doubts; `unlisted` are the gateways that cannot."""

    lists: tuple[TaskList, ...]
    matches: tuple[Match, ...]
    unlisted: tuple[str, ...]


async def doubts(manifest: Path | str | None = None, *, folder: Path | str = ".", rehearsal: bool = False) -> Doubts:
    """What is open in the project around `folder`, or in the campaign of a manifest. Reads only.

    With `rehearsal` it is what runs on the mock have left open.
    """
    at = Path(folder) if manifest is None else Path(manifest).parent
    project = replace(read_project(at.resolve()), rehearsal=rehearsal)
    campaign = None if manifest is None else _campaign(Path(manifest), project)
    async with read_ledger(ledger_file(project.base)) as ledger:
        attempts, runs, tasks = await ledger.open_attempts(), await ledger.runs(), await ledger.tasks()
        ended, by_hand = await ledger.ended(), await _by_hand(attempts, ledger)
    now = SystemClock().now()
    intended = [each for each in attempts if each.stage is Stage.INTENDED and key_is_known(each.intended_at, now)]
    takes_keys = {name for name in {each.provider for each in intended} if _takes_a_key_once(name, project)}
    resending = frozenset(each.id for each in intended if each.provider in takes_keys)
    working = is_held(run_lock(project.base))
    found = open_attempts(attempts, runs, resending=resending, by_hand=by_hand, working=working)
    opened = tuple(each for each in found if campaign in {None, each.campaign})
    asked = {each.provider for each in opened if each.state is State.DOUBT}
    return Doubts(
        project=project,
        opened=opened,
        tasks=tasks,
        listing=frozenset(name for name in asked if lists_tasks(project, name)),
        names=typed_names(opened),
        ended=tuple(each for each in ended if campaign in {None, each.campaign}),
    )


async def settle(
    found: Doubts,
    chosen: Sequence[OpenAttempt],
    verdict: Verdict,
    *,
    reason: str,
    tasks: Mapping[int, str] | None = None,
) -> tuple[Settled, ...]:
    """Writes down what a person says of open attempts; `tasks` are the ids of those that were found, by attempt.

    Raises `LedgerError` while a run works, `InputError` for an id that cannot be right, and `RefusedError` when one of
    them has moved on since it was read; nothing is written then.
    """
    words = reason.encode("utf-8", "replace").decode().strip()
    if not all(allows(each, verdict) for each in chosen):
        raise AssertionError(f"an attempt that is not in doubt cannot be {verdict}")
    if not words:
        raise InputError("a reason is needed", why="It is kept in the ledger, for who asks later.")
    if not chosen:
        return ()
    ids = _checked(found, chosen, tasks or {}) if verdict is Verdict.FOUND else {}
    with hold(run_lock(found.project.base), "resolve"):
        async with open_ledger(ledger_file(found.project.base), clock=SystemClock()) as ledger:
            await _refuse_moved(ledger, chosen)
            told = _Told(verdict=verdict, reason=words, by=login(), tasks=ids)
            return tuple([await _settled(ledger, each, told) for each in chosen])


async def ask_for_task(found: Doubts, doubt: OpenAttempt, task: str) -> TaskWord | None:
    """What the gateway says of the task that shall be a doubt's; None when it cannot be asked, as without a key."""
    _checked(found, (doubt,), {doubt.attempt: task})
    project = found.project
    if project.rehearsal or doubt.provider not in provider_names(project.tables):
        return None
    if not key_of(str(provider_table(doubt.provider, project.tables)["key"])):
        return None
    async with asking(project) as gateway:
        return await gateway(doubt.provider).task(task)


async def ask(found: Doubts) -> Asked:
    """Asks the gateways that list tasks, and says which may be whose; `KeyMissingError` before any without its key."""
    unlisted = {each.provider for each in found.doubts} - found.listing
    lists: list[TaskList] = []
    async with asking(found.project) as gateway:
        for one in [gateway(name) for name in sorted(found.listing)]:  # all keys are there before the first is asked
            told = await one.listed()
            lists += [] if told is None else [told]
    answered = [each for each in lists if each.failure is None]
    matches = match(
        [each for each in found.doubts if each.provider in {told.provider for told in answered}],
        [task for told in answered for task in told.tasks],
        known=frozenset(found.tasks),
        models={told.provider: told.model for told in answered},
        whole=frozenset(told.provider for told in answered if told.whole),
    )
    return Asked(lists=tuple(lists), matches=matches, unlisted=tuple(sorted(unlisted)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What is written down with each attempt."""

    verdict: Verdict
    reason: str
    by: str
    tasks: Mapping[int, str] = field(default_factory=dict)


async def _settled(ledger: SqliteLedger, each: OpenAttempt, told: _Told) -> Settled:
    stage = each.stage
    for move in settling(each.stage, told.verdict):
        stage = await ledger.move(each.attempt, move, _facts(each, move, told))
    return Settled(attempt=each, verdict=told.verdict, stage=stage)


def _facts(each: OpenAttempt, move: Move, told: _Told) -> Facts:
    if move is Move.LOSE_SIGHT:
        return Facts(failure=_UNANSWERED)
    if move is Move.FIND:
        return Facts(task=told.tasks[each.attempt], reason=told.reason, by=told.by)
    kind = Kind.NEVER_SENT if move is Move.SETTLE else Kind.WRITTEN_OFF
    return Facts(failure=Failure(kind=kind, why=told.reason), reason=told.reason, by=told.by)


async def _by_hand(attempts: Sequence[AttemptRecord], ledger: Reads) -> frozenset[int]:
    """The attempts whose task's id a person gave: the gateway said nothing of it."""
    accepted = [each.id for each in attempts if each.stage is Stage.SUBMITTED]
    events = await ledger.events(accepted) if accepted else ()
    return frozenset(event.attempt for event in events if event.move == Move.FIND and "by" in event.data)


async def _refuse_moved(ledger: SqliteLedger, chosen: Sequence[OpenAttempt]) -> None:
    now = {each.id: (each.stage, each.task) for each in await ledger.open_attempts()}
    for each in chosen:
        if now.get(each.attempt) != (each.stage, each.task):
            why = "A run, or somebody else, has settled it since. Nothing was written."
            raise RefusedError(f"{each.label} has moved on", why=why, remedy=_ALL)


def _checked(found: Doubts, chosen: Sequence[OpenAttempt], tasks: Mapping[int, str]) -> dict[int, str]:
    """The ids, each of which may be one and is not another attempt's: two attempts never share a clip."""
    taken = dict(found.tasks)
    for each in chosen:
        task = tasks[each.attempt]
        if (
            not task
            or task_of(task) != task
            or len(task) > _LONGEST_TASK
            or any(map(str.isspace, task))
            or "://" in task
        ):
            why = "An id has up to 200 letters, no blanks, and is no address."
            raise InputError("that is no task's id", why=why, remedy="Copy it from the account.")
        owner = taken.setdefault((each.provider, task), each.attempt)
        if owner != each.attempt:
            why = f"Attempt {owner} has it: one task is one purchase."
            raise InputError(f"task {task} is known already", why=why, remedy="Look whether it is the right one.")
    return dict(tasks)


def _campaign(manifest: Path, project: Project) -> str:
    read, problems = read_manifest(read_file(manifest), name=project.shown(manifest.resolve()))
    if read is None:
        raise ManifestError(problems)
    return read.campaign


def _takes_a_key_once(name: str, project: Project) -> bool:
    known = name in provider_names(project.tables)
    return known and read_provider(name, HAILUO_02, tables=project.tables).idempotent


def _parsed(label: str) -> tuple[str, int, int | None]:
    """Shot, take and, where it is said, the attempt: `open#2@7`."""
    name, mark, number = label.rpartition("@")
    if not mark:
        return (*parse_take(label), None)
    if not (number.isascii() and number.isdigit()):
        raise InputError(f'"{label}" names no attempt', remedy=_ALL)
    return (*parse_take(name), int(number))

"""The state of takes and the reasons for it: status, explain, show. Spends and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.selection import list_takes, select_steps
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord, TaskEvents
from hailuo_batch.core.plan.explain import Explanation, explain_take
from hailuo_batch.core.plan.plan import TakeName
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.plan.row_order import sort_by_marks
from hailuo_batch.core.plan.selection import PatternKind, parse_pattern
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError
from hailuo_batch.gateways.redact import redact
from hailuo_batch.values import dataclass

_MAX_NAMED = 5  # shots in an error
_MAX_DEPTH = 6  # levels of an event that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotHistory:
    """A shot's takes, every attempt and event that the ledger has for them, and what gateways report when queried."""

    rows: tuple[TakeRow, ...]
    attempts: tuple[AttemptRecord, ...]
    events: tuple[EventRecord, ...]
    task_events: tuple[TaskEvents, ...] = ()


async def status(file: Path | str, *, world: World = World.REAL, only: Sequence[str] = ()) -> Report:
    """Every take as it stands, in the order of the manifest; lengths in seconds, sizes in bytes."""
    return (await read_report(file, world=world, only=only)).report


async def read_report(
    file: Path | str, *, world: World = World.REAL, only: Sequence[str] = (), sort_marks: bool = False
) -> PlannedRun:
    """The plan with the whole report.

    With `sort_marks`, clips that were not measured are measured now, and the takes with most marks come first.
    """
    planned = await plan(file, world=world, only=only, full_report=True, offline=True)
    workspace = planned.validation.workspace
    if workspace.has_owed_clips:
        from hailuo_batch.app.running.shared_store import owed_note

        planned = replace(planned, notes=(*planned.notes, *owed_note(workspace)))
    if not sort_marks:
        return planned
    if world is World.REAL:  # else only length and size are compared
        from hailuo_batch.app.measuring import measure_missing

        planned = await measure_missing(planned)
    return replace(planned, report=sort_by_marks(planned.report))


async def explain(file: Path | str, take: str, *, world: World = World.REAL) -> Explanation:
    """Why a take would be rendered or not: `open#2`, or `open` for its first; any pattern that means one shot will do.

    Raises `InputError` where it means none, or several.
    """
    planned = await plan(file, world=world, offline=True)
    names = sorted(_find_takes(planned, take))
    if len(shots := {name.shot for name in names}) != 1:
        some = ", ".join(sorted(shots)[:_MAX_NAMED])
        why = f"It means {len(shots):,} shots, such as {some}." if shots else "No take is in that state."
        raise InputError(f'"{take}" is not one shot', why=why, remedy=f"Name one of them:\n    {_status_line(planned)}")
    found = explain_take(planned.plan, *names[0], planned.details.requests)
    assert found is not None  # noqa: S101 - the plan has the takes that were selected in it
    return found


async def show(file: Path | str, shot: str, *, world: World = World.REAL, ask: bool = False) -> ShotHistory:
    """A shot's takes with every attempt and event; of `open#2`, those of that take. `shot` is a pattern as in `plan`.

    Raises `InputError` for an unknown shot or take.

    With `ask`, gateways that keep events of their tasks are queried for them; this is free.
    """
    planned = await plan(file, world=world, full_report=True, offline=True)
    takes, pattern = _find_takes(planned, shot), parse_pattern(shot)
    rows = tuple(row for row in planned.report.rows if (row.shot, row.take) in takes)
    async with planned.validation.workspace.read_ledger() as ledger:
        campaign, sketch = planned.plan.campaign, planned.validation.sketch
        mine = {row.fingerprint for row in rows}
        earlier = set[str]()
        for each in {row.shot for row in rows}:
            earlier |= await ledger.shot_fingerprints(campaign, each, sketch=sketch)
        attempts = await ledger.attempts((mine | earlier) - {""})
        if pattern.take is not None or pattern.kind is PatternKind.STATE:  # a shot's name may have been another
            attempts = [each for each in attempts if each.fingerprint in mine or each.take == pattern.take]
        events = await ledger.events([attempt.id for attempt in attempts])
    found = await _read_task_events(planned.validation, attempts) if ask else ()
    return ShotHistory(rows=rows, attempts=tuple(attempts), events=tuple(events), task_events=found)


async def _read_task_events(validation: Validation, attempts: Sequence[AttemptRecord]) -> tuple[TaskEvents, ...]:
    """What gateways report of these attempts' tasks. One without a key is not queried, and the value says so."""
    from hailuo_batch.app.account import has_task_events, open_accounts
    from hailuo_batch.errors import KeyMissingError

    found, project = [], validation.project
    async with open_accounts(project, validation.workspace) as gateway:
        for each in attempts:
            if not each.task or not has_task_events(project, each.provider):
                continue
            try:
                answer = await gateway(each.provider).list_events(each.task)
            except KeyMissingError as error:
                found.append(TaskEvents(attempt=each.id, why=error.summary))
                continue
            if isinstance(answer, Failure):
                found.append(TaskEvents(attempt=each.id, why=answer.why))
            else:
                found.append(TaskEvents(attempt=each.id, events=tuple(map(_redact_event, answer))))
    return tuple(found)


def _redact_event(event: Mapping[str, object]) -> Mapping[str, object]:
    """An event without addresses and without anything like a key."""
    return {redact(name): _redact_value(value, 1) for name, value in event.items()}


def _redact_value(value: object, depth: int) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict | list) and depth >= _MAX_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {redact(str(name)): _redact_value(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_redact_value(each, depth + 1) for each in value]
    return value


def parse_take(label: str) -> tuple[str, int]:
    """A shot's id and a take's number.

    >>> parse_take("open#2"), parse_take("open")
    (('open', 2), ('open', 1))
    """
    shot, mark, number = label.rpartition("#")
    if not mark:
        return label, 1
    if not number.isascii() or not number.isdigit():
        raise InputError(f'"{label}" names no take', remedy="Write the shot's id, # and a number, as in open#2.")
    return shot, int(number)


def _find_takes(planned: PlannedRun, pattern: str) -> frozenset[TakeName]:
    """The takes that a word of the command line means."""
    return list_takes(select_steps(planned.plan, [pattern], planned.validation))


def _status_line(planned: PlannedRun) -> str:
    return command_line("status", manifest=planned.validation.name, world=planned.validation.world)

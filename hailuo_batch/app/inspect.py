"""The state of takes and the reasons for it: status, explain, show. Spends and writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.app.planning.plan import plan
from hailuo_batch.app.planning.planned import PlannedRun
from hailuo_batch.app.planning.validate import Validation
from hailuo_batch.core.attempt.failure import Failure
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord, TaskEvents
from hailuo_batch.core.plan.explain import Explanation, explain_take
from hailuo_batch.core.plan.report import Report, TakeRow
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.core.world import World, command_line
from hailuo_batch.errors import InputError
from hailuo_batch.gateways.redact import redact

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
    return (await plan(file, world=world, only=only, full_report=True, offline=True)).report


async def explain(file: Path | str, take: str, *, world: World = World.REAL) -> Explanation:
    """Why a take (`open#2`, or `open` for its first) would be rendered or not; `InputError` when unknown."""
    planned = await plan(file, world=world, offline=True)
    shot, number = parse_take(take)
    found = explain_take(planned.plan, shot, number, planned.details.requests)
    if found is None:
        raise _unknown_take_error(planned, take)
    return found


async def show(file: Path | str, shot: str, *, world: World = World.REAL, ask: bool = False) -> ShotHistory:
    """A shot's takes with every attempt and event; of `open#2`, those of that take.

    Raises `InputError` for an unknown shot or take.

    With `ask`, gateways that keep events of their tasks are queried for them; this is free.
    """
    planned = await plan(file, world=world, full_report=True, offline=True)
    label, (shot, number) = shot, parse_take(shot)
    is_one = "#" in label
    rows = tuple(row for row in planned.report.rows if row.shot == shot and (not is_one or row.take == number))
    if not rows:
        raise _unknown_take_error(planned, label)
    async with planned.validation.workspace.read_ledger() as ledger:
        earlier = await ledger.shot_fingerprints(planned.plan.campaign, shot, sketch=planned.validation.sketch)
        mine = {row.fingerprint for row in rows}
        attempts = await ledger.attempts((mine | earlier) - {""})
        if is_one:
            attempts = [each for each in attempts if each.fingerprint in mine or each.take == number]
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


def _unknown_take_error(planned: PlannedRun, label: str) -> InputError:
    shots = [shot.id for shot in planned.validation.shots]
    shot, _ = parse_take(label)
    if shot in shots:
        takes = max(each.takes for each in planned.validation.shots if each.id == shot)
        why = f'shot "{shot}" has {takes} take{"s" * (takes != 1)} here.'
        return InputError(f"there is no take {label}", why=why)
    line = command_line("status", manifest=planned.validation.name, world=planned.validation.world)
    remedy = did_you_mean(shot, shots) or f"To list every shot:\n    {line}"
    return InputError(f'there is no shot "{shot}"', remedy=remedy)

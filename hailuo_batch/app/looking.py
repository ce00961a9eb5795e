"""How things stand and why: status, explain, show. Nothing here spends or writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hailuo_batch.app.places import ledger_file
from hailuo_batch.app.planning import Planned, plan
from hailuo_batch.core.explanation import Explanation, explain_take
from hailuo_batch.core.problem import did_you_mean
from hailuo_batch.core.record import AttemptRecord, EventRecord
from hailuo_batch.core.report import Report, TakeRow
from hailuo_batch.errors import InputError
from hailuo_batch.ledger.sqlite import read_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A shot's takes, and every attempt and event that the ledger has for them."""

    rows: tuple[TakeRow, ...]
    attempts: tuple[AttemptRecord, ...]
    events: tuple[EventRecord, ...]


async def status(file: Path | str, *, sketch: bool = False, only: Sequence[str] = ()) -> Report:
    """Every take as it stands, in the order of the manifest; lengths in seconds, sizes in bytes."""
    return (await plan(file, sketch=sketch, only=only, whole=True)).report


async def explain(file: Path | str, take: str, *, sketch: bool = False) -> Explanation:
    """Why a take (`open#2`, or `open` for its first) would be rendered or not; `InputError` when unknown."""
    planned = await plan(file, sketch=sketch)
    shot, number = parse_take(take)
    found = explain_take(planned.plan, shot, number, planned.details.requests)
    if found is None:
        raise _unknown(planned, take)
    return found


async def show(file: Path | str, shot: str, *, sketch: bool = False) -> Shown:
    """A shot's takes with every attempt and event. Raises `InputError` for an unknown shot."""
    planned = await plan(file, sketch=sketch, whole=True)
    rows = tuple(row for row in planned.report.rows if row.shot == shot)
    if not rows:
        raise _unknown(planned, shot)
    async with read_ledger(ledger_file(planned.validation.project.root)) as ledger:
        earlier = await ledger.fingerprints_of(planned.plan.campaign, shot, sketch=sketch)
        attempts = await ledger.attempts(({row.fingerprint for row in rows} | earlier) - {""})
        events = await ledger.events([attempt.id for attempt in attempts])
    return Shown(rows=rows, attempts=tuple(attempts), events=tuple(events))


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


def _unknown(planned: Planned, label: str) -> InputError:
    shots = [shot.id for shot in planned.validation.shots]
    shot, _ = parse_take(label)
    if shot in shots:
        takes = max(each.takes for each in planned.validation.shots if each.id == shot)
        why = f'shot "{shot}" has {takes} take{"s" * (takes != 1)} here.'
        return InputError(f"there is no take {label}", why=why)
    return InputError(
        f'there is no shot "{shot}"', remedy=did_you_mean(shot, shots) or "To see them all:\n    hailuo-batch status"
    )

"""A shot's takes with every attempt and event, as text and as JSON. Times are UTC."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from hailuo_batch.core.record import AttemptRecord, EventRecord
from hailuo_batch.core.report import TakeRow
from hailuo_batch.views.ink import PLAIN, Ink
from hailuo_batch.views.json_report import money_members, take_members
from hailuo_batch.views.plan import why
from hailuo_batch.views.wording import on_one_line, safe


def draw_history(
    rows: Sequence[TakeRow], attempts: Sequence[AttemptRecord], events: Sequence[EventRecord], ink: Ink = PLAIN
) -> str:
    """Each take, below it its attempts, below each its events; attempts of earlier versions at the end."""
    lines = []
    for row in rows:
        name = ink.bold(safe(f"{row.shot}#{row.take}"))
        lines.append(f"{name} v{row.version:03d}: {row.action}, {on_one_line(why(row))}")
        lines.append(f"  {on_one_line(row.prompt)}")
        lines += _attempts([each for each in attempts if each.fingerprint == row.fingerprint], events, ink)
    known = {row.fingerprint for row in rows}
    earlier = [each for each in attempts if each.fingerprint not in known]
    if earlier:
        lines += ["", "Earlier versions:", *_attempts(earlier, events, ink)]
    return "\n".join(lines)


def history_members(
    rows: Sequence[TakeRow], attempts: Sequence[AttemptRecord], events: Sequence[EventRecord]
) -> dict[str, object]:
    """The same as plain data."""
    return {
        "version": 1,
        "takes": [take_members(row) for row in rows],
        "attempts": [
            {
                "attempt": each.id,
                "fingerprint": each.fingerprint,
                "provider": each.provider,
                "stage": str(each.stage),
                "task": each.task,
                "artifact": each.digest,
                "estimate": money_members(each.estimate),
                "cost": money_members(each.cost),
                "failure": None if each.failure is None else {"kind": str(each.failure.kind), "why": each.failure.why},
                "events": [_event(event) for event in events if event.attempt == each.id],
            }
            for each in attempts
        ],
    }


def _attempts(attempts: Iterable[AttemptRecord], events: Sequence[EventRecord], ink: Ink) -> list[str]:
    lines = []
    for each in attempts:
        clip = f", {each.digest}" if each.digest else ""
        cost = f", {each.cost}" if each.cost is not None else ""
        lines.append(f"  attempt {each.id} at {each.provider}: {each.stage}{clip}{cost}")
        if each.failure is not None:
            lines.append(f"    {ink.bad(str(each.failure.kind))}: {on_one_line(each.failure.why)}")
        lines += [ink.dim(f"    {_when(e.at)}  {e.move} → {e.stage}") for e in events if e.attempt == each.id]
    return lines


def _event(event: EventRecord) -> dict[str, object]:
    return {"at": _when(event.at), "move": event.move, "stage": str(event.stage), "data": dict(event.data)}


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

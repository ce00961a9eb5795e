"""A shot's takes with every attempt and event, as text and as JSON. Times are UTC."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord, ToldRecord
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.views.format import on_one_line, safe
from hailuo_batch.views.json_report import money_members, take_members
from hailuo_batch.views.plan import why
from hailuo_batch.views.style import PLAIN, Ink

_GOES_ON = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED})


def draw_history(
    rows: Sequence[TakeRow],
    attempts: Sequence[AttemptRecord],
    events: Sequence[EventRecord],
    ink: Ink = PLAIN,
    *,
    told: Sequence[ToldRecord] = (),
) -> str:
    """Each take, below it its attempts, below each its events; attempts of earlier versions at the end.

    `told` is what gateways say themselves, where they were asked.
    """
    lines = []
    for row in rows:
        name = ink.bold(safe(f"{row.shot}#{row.take}"))
        lines.append(f"{name} v{row.version:03d}: {row.action}, {on_one_line(why(row))}")
        lines.append(f"  {on_one_line(row.prompt)}")
        lines += _attempts([each for each in attempts if each.fingerprint == row.fingerprint], events, told, ink)
    known = {row.fingerprint for row in rows}
    earlier = [each for each in attempts if each.fingerprint not in known]
    if earlier:
        lines += ["", "Earlier versions:", *_attempts(earlier, events, told, ink)]
    return "\n".join(lines)


def history_members(
    rows: Sequence[TakeRow],
    attempts: Sequence[AttemptRecord],
    events: Sequence[EventRecord],
    *,
    told: Sequence[ToldRecord] = (),
) -> dict[str, object]:
    """The same as plain data; `told` stands with an attempt only where its gateway was asked."""
    said = {each.attempt: each for each in told}
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
                **(_told_members(said[each.id]) if each.id in said else {}),
            }
            for each in attempts
        ],
    }


def _attempts(
    attempts: Iterable[AttemptRecord], events: Sequence[EventRecord], told: Sequence[ToldRecord], ink: Ink
) -> list[str]:
    lines = []
    for each in attempts:
        task = f", task {on_one_line(each.task)}" if each.task else ""
        clip = f", {each.digest}" if each.digest else ""
        cost = f", {each.cost}" if each.cost is not None else ""
        lines.append(f"  attempt {each.id} at {each.provider}: {each.stage}{task}{clip}{cost}")
        if each.failure is not None and each.stage not in _GOES_ON:  # a doubt that was settled is none any more
            lines.append(f"    {ink.bad(str(each.failure.kind))}: {on_one_line(each.failure.why)}")
        lines += [ink.dim(f"    {_moved(event)}") for event in events if event.attempt == each.id]
        lines += [line for one in told if one.attempt == each.id for line in _told(one, each.provider, ink)]
    return lines


def _moved(event: EventRecord) -> str:
    return f"{_when(event.at)}  {event.move} → {event.stage}{_person(event)}"


def _person(event: EventRecord) -> str:
    """Who decided it and why, where a person did."""
    reason, by = event.data.get("reason"), event.data.get("by")
    if not reason:
        return ""
    return f" ({on_one_line(str(by))}: {on_one_line(str(reason))})" if by else f" ({on_one_line(str(reason))})"


def _told(one: ToldRecord, provider: str, ink: Ink) -> list[str]:
    if one.why:
        return [f"    {ink.care(f'{provider} told no events')}: {on_one_line(one.why)}"]
    return [ink.dim(f"    {provider}: {_words(event)}") for event in one.events]


def _words(event: Mapping[str, object]) -> str:
    """An event in a line, in the gateway's own words."""
    parts = (f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in event.items())
    return on_one_line(", ".join(parts))


def _told_members(one: ToldRecord) -> dict[str, object]:
    return {"told": {"events": [dict(event) for event in one.events], "why": one.why or None}}


def _event(event: EventRecord) -> dict[str, object]:
    return {"at": _when(event.at), "move": event.move, "stage": str(event.stage), "data": dict(event.data)}


def _when(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

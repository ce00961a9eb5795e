"""A shot's takes with every attempt and event, as text and as JSON. Times are UTC."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord, TaskEvents
from hailuo_batch.core.plan.report import TakeRow
from hailuo_batch.views.costs import REHEARSAL_NOTE
from hailuo_batch.views.format import safe_text, single_line
from hailuo_batch.views.json_report import money_dict, take_dict
from hailuo_batch.views.own_columns import column_lines
from hailuo_batch.views.plan_lines import reason_text
from hailuo_batch.views.style import PLAIN, TextStyle

_STAGES_AFTER_FAILURE = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED})


def draw_history(
    rows: Sequence[TakeRow],
    attempts: Sequence[AttemptRecord],
    events: Sequence[EventRecord],
    style: TextStyle = PLAIN,
    *,
    task_events: Sequence[TaskEvents] = (),
    rehearsal: bool = False,
) -> str:
    """Each take, below it its attempts, below each its events; attempts of earlier versions at the end.

    `task_events` is what gateways report themselves, where they were queried.
    """
    lines = [style.warning(REHEARSAL_NOTE)] if rehearsal else []
    for row in rows:
        name = style.bold(safe_text(f"{row.shot}#{row.take}"))
        lines.append(f"{name} v{row.version:03d}: {row.action}, {single_line(reason_text(row))}")
        lines.append(f"  {single_line(row.prompt)}")
        lines += [style.warning(f"  {single_line(mark.why)}") for mark in row.marks]
        lines += [style.dim(f"  {single_line(name)}: {single_line(text)}") for name, text in column_lines(row)]
        lines += _attempt_lines(
            [each for each in attempts if each.fingerprint == row.fingerprint], events, task_events, style
        )
    known = {row.fingerprint for row in rows}
    earlier = [each for each in attempts if each.fingerprint not in known]
    if earlier:
        lines += ["", "Earlier versions:", *_attempt_lines(earlier, events, task_events, style)]
    return "\n".join(lines)


def history_dict(
    rows: Sequence[TakeRow],
    attempts: Sequence[AttemptRecord],
    events: Sequence[EventRecord],
    *,
    task_events: Sequence[TaskEvents] = (),
    rehearsal: bool = False,
) -> dict[str, object]:
    """The same as plain data; `task_events` is there only where the attempt's gateway was queried."""
    said = {each.attempt: each for each in task_events}
    return {
        "version": 1,
        "rehearsal": rehearsal,
        "takes": [take_dict(row) for row in rows],
        "attempts": [
            {
                "attempt": each.id,
                "fingerprint": each.fingerprint,
                "provider": each.provider,
                "stage": str(each.stage),
                "task": each.task,
                "artifact": each.digest,
                "estimate": money_dict(each.estimate),
                "quote": money_dict(each.quote),
                "cost": money_dict(each.cost),
                "failure": None if each.failure is None else {"kind": str(each.failure.kind), "why": each.failure.why},
                "events": [_event_dict(event) for event in events if event.attempt == each.id],
                **(_task_events_dict(said[each.id]) if each.id in said else {}),
            }
            for each in attempts
        ],
    }


def _attempt_lines(
    attempts: Iterable[AttemptRecord],
    events: Sequence[EventRecord],
    task_events: Sequence[TaskEvents],
    style: TextStyle,
) -> list[str]:
    lines = []
    for each in attempts:
        task = f", task {single_line(each.task)}" if each.task else ""
        clip = f", {each.digest}" if each.digest else ""
        cost = f"{_quote_words(each)}, {each.cost}" if each.cost is not None else _quote_words(each)
        lines.append(f"  attempt {each.id} at {each.provider}: {each.stage}{task}{clip}{cost}")
        if (
            each.failure is not None and each.stage not in _STAGES_AFTER_FAILURE
        ):  # a doubt that was settled is none any more
            lines.append(f"    {style.bad(str(each.failure.kind))}: {single_line(each.failure.why)}")
        lines += [style.dim(f"    {_event_line(event)}") for event in events if event.attempt == each.id]
        lines += [
            line
            for one in task_events
            if one.attempt == each.id
            for line in _task_event_lines(one, each.provider, style)
        ]
    return lines


def _quote_words(attempt: AttemptRecord) -> str:
    """The price that the gateway named at the submit, beside our estimate."""
    if attempt.quote is None:
        return ""
    return f", {attempt.quote} named at the submit ({attempt.estimate or 'no estimate'})"


def _event_line(event: EventRecord) -> str:
    return f"{_timestamp(event.at)}  {event.move} → {event.stage}{_decision_note(event)}"


def _decision_note(event: EventRecord) -> str:
    """Who decided it and why, where a person did."""
    reason, by = event.data.get("reason"), event.data.get("by")
    if not reason:
        return ""
    return f" ({single_line(str(by))}: {single_line(str(reason))})" if by else f" ({single_line(str(reason))})"


def _task_event_lines(task_events: TaskEvents, provider: str, style: TextStyle) -> list[str]:
    if task_events.why:
        return [f"    {style.warning(f'{provider} reported no events')}: {single_line(task_events.why)}"]
    return [style.dim(f"    {provider}: {_task_event_text(event)}") for event in task_events.events]


def _task_event_text(event: Mapping[str, object]) -> str:
    """An event in a line, in the gateway's own words."""
    parts = (f"{name} {value if isinstance(value, str) else json.dumps(value)}" for name, value in event.items())
    return single_line(", ".join(parts))


def _task_events_dict(task_events: TaskEvents) -> dict[str, object]:
    return {"told": {"events": [dict(event) for event in task_events.events], "why": task_events.why or None}}


def _event_dict(event: EventRecord) -> dict[str, object]:
    return {"at": _timestamp(event.at), "move": event.move, "stage": str(event.stage), "data": dict(event.data)}


def _timestamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

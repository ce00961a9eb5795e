"""A run as one JSON object an event, by `schemas/event.schema.json`: with the time, and the money so far.

A member that is unknown, or does not apply, is left out.
"""

from collections.abc import Mapping
from datetime import UTC
from typing import TextIO

from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.event import (
    CapsCounted,
    Event,
    RunEnded,
    RunStarted,
    StepAccepted,
    StepFailed,
    StepPostponed,
    StepProduced,
    StepQuoted,
    StepStarted,
    StepStored,
    StepsUnlocked,
    Stopping,
    WaitEnded,
    WaitStarted,
)
from hailuo_batch.core.plan.plan import Step
from hailuo_batch.core.trace import WaitLine
from hailuo_batch.views.json_report import json_text, mark_dict, money_dict
from hailuo_batch.views.progress.clocks import SYSTEM_CLOCKS, Clocks
from hailuo_batch.views.progress.live import print_line
from hailuo_batch.views.progress.run_money import MoneyState
from hailuo_batch.views.progress.run_progress import RunProgress

EVENT_VERSION = 1
_MONEY_EVENTS = StepStarted | StepPostponed | StepQuoted | StepStored | StepFailed | RunEnded  # what changes a sum
_Members = dict[str, object]
_StepEvent = StepStarted | StepAccepted | StepPostponed | StepProduced | StepQuoted | StepStored | StepFailed


class JsonListener:
    """Writes the objects."""

    def __init__(self, stream: TextIO, clocks: Clocks = SYSTEM_CLOCKS) -> None:
        self._stream, self._clocks = stream, clocks
        self._progress = RunProgress(clocks.elapsed)
        self._estimated_at = float("-inf")
        self._end: float | None = None

    def __call__(self, event: Event) -> None:
        """Writes an event."""
        self._progress.add_event(event)
        members = {**self._common_members(event), **_event_members(event)}
        if isinstance(event, _MONEY_EVENTS):
            members["money"] = self._money_members()
        if isinstance(event, StepStored | StepFailed):
            members["seconds_left"] = self._seconds_left()
        print_line(json_text(_drop_unknown(members)), self._stream)

    def _seconds_left(self) -> float | None:
        """How long the run still takes; estimated once a second, since ten thousand takes may end in one."""
        now = self._clocks.elapsed()
        if now - self._estimated_at >= 1.0:
            self._estimated_at, self._end = now, None
            if (left := self._progress.remaining_seconds()) is not None:
                self._end = now + left
        return None if self._end is None else round(max(0.0, self._end - now), 1)

    def _common_members(self, event: Event) -> _Members:
        at = self._clocks.wall().astimezone(UTC)
        elapsed = round(self._clocks.elapsed() - self._progress.start, 3)
        return {
            "version": EVENT_VERSION,
            "event": type(event).__name__,
            "at": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z",
            "elapsed": elapsed,
        }

    def _money_members(self) -> _Members:
        sums = self._progress.money.sums
        return {str(state): [_amount(each) for each in sums(state)] for state in MoneyState}


def _event_members(event: Event) -> _Members:
    match event:
        case RunStarted() | StepsUnlocked() | CapsCounted() | RunEnded():
            return _run_members(event)
        case WaitStarted() | WaitEnded():
            return _wait_members(event)
        case Stopping():
            return {}
    return {**_step_dict(event.step, "" if isinstance(event, StepFailed) else event.provider), **_step_facts(event)}


def _step_facts(event: _StepEvent) -> _Members:
    """What an event of a step says besides whose it is."""
    facts: _Members = {}
    match event:
        case StepStarted(age=age):
            facts = {"age": round(age, 3)}
        case StepAccepted(task=task):
            facts = {"task": task}
        case StepQuoted(quote=quote, estimate=estimate):
            facts = {"quote": money_dict(quote), "estimate": money_dict(estimate)}
        case StepStored(step=step, clip=clip, cost=cost):
            source = str(step.source) if step.source is not None else None
            facts = {"artifact": clip.digest, "bytes": clip.size, "cost": money_dict(cost), "source": source}
            facts["marks"] = list(map(mark_dict, event.marks))
        case StepPostponed(failure=failure, seconds=seconds):
            facts = {"kind": str(failure.kind), "why": failure.why, "seconds": round(seconds, 3)}
        case StepFailed(failure=failure):
            facts = {"kind": str(failure.kind), "why": failure.why}
    return facts


def _run_members(event: RunStarted | StepsUnlocked | CapsCounted | RunEnded) -> _Members:
    match event:
        case CapsCounted(left=left):
            return {"caps": [{"cap": each.description, "left": _amount(each.left)} for each in left]}
        case RunEnded(stored=stored, failed=failed, seconds=seconds):
            return {"stored": stored, "failed": failed, "seconds": round(seconds, 3)}
        case RunStarted(steps=steps, waiting=waiting):
            waits = [{"takes": _take_dicts(step), "waits_for": list(step.waits_for)} for step in waiting]
            return {"steps": steps, "waiting_for_frames": waits or None}
        case StepsUnlocked(steps=steps):
            return {"steps": steps}


def _wait_members(event: WaitStarted | WaitEnded) -> _Members:
    known = _wait_dict(event.number, event.line)
    if isinstance(event, WaitEnded):
        return {**known, "seconds": round(event.seconds, 3)}
    seconds = None if event.line.seconds is None else round(event.line.seconds, 3)
    who: _Members = {"waiting": event.waiting} if event.step is None else {"takes": _take_dicts(event.step)}
    return {**known, "seconds": seconds, **who}


def _wait_dict(number: int, line: WaitLine) -> _Members:
    known = {"wait": number, "reason": str(line.reason), "provider": line.gateway, "task": line.task, "why": line.why}
    return {name: value for name, value in known.items() if value}


def _step_dict(step: Step, provider: str = "") -> _Members:
    return {
        "takes": _take_dicts(step),
        "action": str(step.action),
        "fingerprint": step.fingerprint,
        "provider": provider or step.route.provider,
    }


def _take_dicts(step: Step) -> list[_Members]:
    return [name._asdict() for name in step.take_names]


def _amount(money: Money) -> _Members:
    return {"amount": str(money.amount), "currency": money.currency}


def _drop_unknown(members: Mapping[str, object]) -> _Members:
    return {name: value for name, value in members.items() if value is not None}

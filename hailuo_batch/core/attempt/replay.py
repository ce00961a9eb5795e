"""Replays an attempt's events one by one, by the table of moves.

The record of an attempt can be changed, but its events are only ever appended. If the two disagree, another program has
written one of them.
"""

from collections.abc import Mapping, Sequence

from hailuo_batch.core.attempt.attempt import MOVES, Move, Stage
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.money import Money
from hailuo_batch.values import dataclass

INTEND = "intend"  # begins an attempt, and is repeated when a run stopped before the call was sent
_NEXT_STAGES = {(stage, str(move)): to for (stage, move), to in MOVES.items()}
_ACCEPTED_STAGES = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedFacts:
    """What one attempt's events come to.

    `facts` has the last value of each; `accepted`, whether a provider ever had it; `reason`, what a person
    wrote who decided about it; `adoption_reason`, where its task is known from, if it was submitted elsewhere;
    `inconsistency`, where they stop making sense.
    """

    first_event: int
    last_event: int
    accepted: bool
    facts: Mapping[str, object]
    reason: str
    inconsistency: str
    adoption_reason: str = ""


def replay(attempt: AttemptRecord, events: Sequence[EventRecord]) -> ReplayedFacts:
    """The result of an attempt's events, in the order in which they were written."""
    if not events:
        return ReplayedFacts(
            first_event=0, last_event=0, accepted=False, facts={}, reason="", inconsistency="it has no events"
        )
    facts: dict[str, object] = {}
    accepted = False
    for event in events:
        if event.move == INTEND:
            facts.pop("estimate", None)  # an estimate that is not repeated is unknown
        if event.move == Move.SETTLE:
            facts.pop("task", None)  # a person had given an id by mistake: it was never sent
        accepted = (accepted or event.stage in _ACCEPTED_STAGES) and event.move != Move.SETTLE
        facts.update(event.data)
    return ReplayedFacts(
        first_event=events[0].id,
        last_event=events[-1].id,
        accepted=accepted,
        facts=facts,
        reason=str(events[-1].data.get("reason") or ""),
        inconsistency=_find_inconsistency(attempt, events),
        adoption_reason=next((str(each.data["reason"]) for each in events if _is_adoption(each)), ""),
    )


def _is_adoption(event: EventRecord) -> bool:
    return event.move == Move.ACCEPT and "reason" in event.data


def find_mismatches(attempt: AttemptRecord, replayed: ReplayedFacts) -> str:
    """What the record says otherwise than its events, by its name; nothing when they agree."""
    says = {
        "provider": attempt.provider,
        "task": attempt.task,
        "digest": attempt.digest,
        "estimate": _money_fact(attempt.estimate),
        "quote": _money_fact(attempt.quote),
        "cost": _money_fact(attempt.cost),
    }
    return ", ".join(name for name, value in says.items() if replayed.facts.get(name) != value)


def _find_inconsistency(attempt: AttemptRecord, events: Sequence[EventRecord]) -> str:
    stage, before = None, 0
    for event in events:
        if event.id <= before:
            return f"event {event.id} comes after event {before}"
        before = event.id
        stage = _next_stage(stage, event.move)
        if stage is None:
            return f"event {event.id}, {event.move}, cannot happen there"
        if event.stage is not stage:
            return f"event {event.id}, {event.move}, leads to {stage} and says {event.stage}"
    return "" if attempt.stage is stage else f"its events lead to {stage}, and it says {attempt.stage}"


def _next_stage(stage: Stage | None, move: str) -> Stage | None:
    if move == INTEND:
        return Stage.INTENDED if stage in {None, Stage.INTENDED} else None
    return None if stage is None else _NEXT_STAGES.get((stage, move))


def _money_fact(money: Money | None) -> dict[str, str] | None:
    """An amount as events have it."""
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}

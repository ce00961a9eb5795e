"""What an attempt's events tell, when they are carried out once more, one by one, by the table of moves.

The record of an attempt can be changed, its events are only ever added: where the two do not agree, one of them was
written by somebody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hailuo_batch.core.attempt.attempt import MOVES, Move, Stage
from hailuo_batch.core.attempt.records import AttemptRecord, EventRecord
from hailuo_batch.core.money import Money

INTEND = "intend"  # begins an attempt, and is repeated when a run stopped before the call was sent
_WAYS = {(stage, str(move)): to for (stage, move), to in MOVES.items()}
_TAKEN = frozenset({Stage.SUBMITTED, Stage.PRODUCED, Stage.STORED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one attempt's events come to.

    `facts` is what they told last of each thing; `accepted`, whether a provider ever had it; `reason`, what a person
    wrote who decided about it; `odd`, where they stop making sense.
    """

    first: int
    last: int
    accepted: bool
    facts: Mapping[str, object]
    reason: str
    odd: str


def replay(attempt: AttemptRecord, events: Sequence[EventRecord]) -> Told:
    """What the events of an attempt tell, in the order in which they were written."""
    if not events:
        return Told(first=0, last=0, accepted=False, facts={}, reason="", odd="it has no events")
    facts: dict[str, object] = {}
    accepted = False
    for event in events:
        if event.move == INTEND:
            facts.pop("estimate", None)  # an estimate that is not told again is not known any more
        if event.move == Move.SETTLE:
            facts.pop("task", None)  # a person had given an id by mistake: it was never sent
        accepted = (accepted or event.stage in _TAKEN) and event.move != Move.SETTLE
        facts.update(event.data)
    return Told(
        first=events[0].id,
        last=events[-1].id,
        accepted=accepted,
        facts=facts,
        reason=str(events[-1].data.get("reason") or ""),
        odd=_odd(attempt, events),
    )


def untold(attempt: AttemptRecord, told: Told) -> str:
    """What the record says otherwise than its events, by its name; nothing when they agree."""
    says = {
        "provider": attempt.provider,
        "task": attempt.task,
        "digest": attempt.digest,
        "estimate": _plain(attempt.estimate),
        "cost": _plain(attempt.cost),
    }
    return ", ".join(name for name, value in says.items() if told.facts.get(name) != value)


def _odd(attempt: AttemptRecord, events: Sequence[EventRecord]) -> str:
    stage, before = None, 0
    for event in events:
        if event.id <= before:
            return f"event {event.id} comes after event {before}"
        before = event.id
        stage = _after(stage, event.move)
        if stage is None:
            return f"event {event.id}, {event.move}, cannot happen there"
        if event.stage is not stage:
            return f"event {event.id}, {event.move}, leads to {stage} and says {event.stage}"
    return "" if attempt.stage is stage else f"its events lead to {stage}, and it says {attempt.stage}"


def _after(stage: Stage | None, move: str) -> Stage | None:
    if move == INTEND:
        return Stage.INTENDED if stage in {None, Stage.INTENDED} else None
    return None if stage is None else _WAYS.get((stage, move))


def _plain(money: Money | None) -> dict[str, str] | None:
    """An amount as events tell it."""
    return None if money is None else {"amount": str(money.amount), "currency": money.currency}

"""What an event keeps of a write, the same in every ledger: replaying the events must lead to the same record."""

from collections.abc import Mapping

from hailuo_batch.core.money import Money, money_tree
from hailuo_batch.ports import Facts, Intent


def make_intent_data(intent: Intent) -> dict[str, object]:
    """An intent as its event has it; what is not known is not there."""
    data = {"provider": intent.provider, "run": intent.run, "estimate": _money_data(intent.estimate)}
    return _without_none(data)


def make_event_data(facts: Facts) -> dict[str, object]:
    """The facts of a move as its event has them; what is not known is not there."""
    failure = facts.failure
    data = {
        "task": facts.task,
        "digest": None if facts.clip is None else facts.clip.digest,
        "quote": _money_data(facts.quote),
        "request_id": facts.request_id,
        "cost": _money_data(facts.cost),
        "failure": None if failure is None else {"kind": failure.kind, "why": failure.why, "remedy": failure.remedy},
        "reason": facts.reason,
        "by": facts.decided_by,
    }
    return _without_none(data)


def _without_none(data: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in data.items() if value is not None}


def _money_data(money: Money | None) -> dict[str, str] | None:
    return None if money is None else money_tree(money)

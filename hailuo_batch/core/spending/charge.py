"""What an attempt counts as, in money: nothing, on its way, spent, in doubt, or spent for no clip.

Every sum of money and every cap is made from this one table. A price that is not known stays unknown: it is counted as
an attempt without an amount, never as zero.
"""

from enum import StrEnum

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.attempt.quote import counted_estimate
from hailuo_batch.core.money import Money
from hailuo_batch.values import dataclass


class ChargeState(StrEnum):
    """What the money of an attempt is."""

    NOTHING = "nothing"  # not accepted: it costs nothing
    SPENT = "spent"  # for a clip that is made
    RUNNING = "running"  # accepted: it is being made, and will be charged
    IN_DOUBT = "doubt"  # its outcome is unknown: it may have been accepted
    LOST = "unclaimed"  # accepted and maybe charged, and no clip came of it or is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One attempt's money: what it is, the amount (None: not known), and whether it is the actual cost."""

    state: ChargeState
    money: Money | None
    is_actual: bool = False


_STATE_BY_STAGE = {
    Stage.INTENDED: ChargeState.IN_DOUBT,
    Stage.IN_DOUBT: ChargeState.IN_DOUBT,
    Stage.SUBMITTED: ChargeState.RUNNING,
    Stage.PRODUCED: ChargeState.SPENT,
    Stage.STORED: ChargeState.SPENT,
}


def make_charge(
    stage: Stage,
    *,
    kind: FailureKind | None,
    task: str | None,
    estimate: Money | None,
    cost: Money | None,
    quote: Money | None = None,
) -> Charge:
    """What an attempt counts as; the actual cost goes before the estimate, or a quote that is higher.

    A task that failed counts with its estimate: no gateway promises in writing that failed tasks are free,
    and a cap must hold in any case.
    """
    is_actual = cost is not None
    money = cost if is_actual else counted_estimate(estimate, quote)
    claim = _STATE_BY_STAGE.get(stage) or _ended_state(kind, task)
    if claim is ChargeState.NOTHING:
        return Charge(state=claim, money=cost, is_actual=is_actual)
    return Charge(state=claim, money=money, is_actual=is_actual)


def _ended_state(kind: FailureKind | None, task: str | None) -> ChargeState:
    if kind is FailureKind.DISCARDED:
        return ChargeState.SPENT
    if kind is FailureKind.WRITTEN_OFF or (task and kind is not FailureKind.NEVER_SENT):
        return ChargeState.LOST
    return ChargeState.NOTHING

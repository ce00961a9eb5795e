"""What an attempt counts as, in money: nothing, on its way, spent, in doubt, or spent for no clip.

Every sum of money and every cap is made from this one table. A price that is not known stays unknown: it is counted as
an attempt without an amount, never as zero.
"""

from dataclasses import dataclass
from enum import StrEnum

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Kind
from hailuo_batch.core.money import Money


class Claim(StrEnum):
    """What the money of an attempt is."""

    NOTHING = "nothing"  # not accepted: it costs nothing
    SPENT = "spent"  # for a clip that is made
    RUNNING = "running"  # accepted: it is being made, and will be charged
    DOUBT = "doubt"  # nobody can say whether it was accepted
    UNCLAIMED = "unclaimed"  # accepted and maybe charged, and no clip came of it or is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One attempt's money: what it is, the amount (None: not known), and whether the provider told it."""

    claim: Claim
    money: Money | None
    told: bool = False


_BY_STAGE = {
    Stage.INTENDED: Claim.DOUBT,
    Stage.IN_DOUBT: Claim.DOUBT,
    Stage.SUBMITTED: Claim.RUNNING,
    Stage.PRODUCED: Claim.SPENT,
    Stage.STORED: Claim.SPENT,
}


def charge_of(
    stage: Stage, *, kind: Kind | None, task: str | None, estimate: Money | None, cost: Money | None
) -> Charge:
    """What an attempt counts as; what the provider told goes before the estimate.

    A task that failed counts with its estimate: whether a failed one is charged is written down by no gateway for sure,
    and a cap must not be passed by hoping.
    """
    told = cost is not None
    money = cost if told else estimate
    claim = _BY_STAGE.get(stage) or _of_ended(kind, task)
    if claim is Claim.NOTHING:
        return Charge(claim=claim, money=cost, told=told)
    return Charge(claim=claim, money=money, told=told)


def _of_ended(kind: Kind | None, task: str | None) -> Claim:
    if kind is Kind.DISCARDED:
        return Claim.SPENT
    if kind is Kind.WRITTEN_OFF or (task and kind is not Kind.NEVER_SENT):
        return Claim.UNCLAIMED
    return Claim.NOTHING

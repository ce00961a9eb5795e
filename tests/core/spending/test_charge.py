from decimal import Decimal

import pytest

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.charge import Charge, ChargeState, make_charge

ESTIMATE = Money(amount=Decimal("0.28"), currency="USD")
TOLD = Money(amount=Decimal("0.25"), currency="USD")

# What an attempt counts as: by stage; for those that ended, by the kind, without a task and with one.
LIVE = {
    Stage.INTENDED: ChargeState.IN_DOUBT,  # it may have been on its way when the process died
    Stage.SUBMITTED: ChargeState.RUNNING,
    Stage.PRODUCED: ChargeState.SPENT,
    Stage.STORED: ChargeState.SPENT,
    Stage.IN_DOUBT: ChargeState.IN_DOUBT,
}
ENDED = {
    **dict.fromkeys(FailureKind, (ChargeState.NOTHING, ChargeState.LOST)),
    FailureKind.NEVER_SENT: (ChargeState.NOTHING, ChargeState.NOTHING),
    FailureKind.WRITTEN_OFF: (ChargeState.LOST, ChargeState.LOST),
    FailureKind.DISCARDED: (ChargeState.SPENT, ChargeState.SPENT),
}


@pytest.mark.parametrize("stage", list(LIVE))
@pytest.mark.parametrize("kind", [None, FailureKind.UNKNOWN_OUTCOME, FailureKind.THROTTLED])
def test_a_live_attempt_counts_by_its_stage_whatever_was_said_last(stage: Stage, kind: FailureKind | None):
    found = make_charge(stage, kind=kind, task="t1", estimate=ESTIMATE, cost=None)
    assert found == Charge(state=LIVE[stage], money=ESTIMATE)


@pytest.mark.parametrize("kind", list(FailureKind))
@pytest.mark.parametrize("stage", [Stage.FAILED, Stage.CANCELLED])
def test_an_ended_attempt_counts_unless_it_was_not_accepted(stage: Stage, kind: FailureKind):
    without, with_task = ENDED[kind]
    assert make_charge(stage, kind=kind, task=None, estimate=ESTIMATE, cost=None).state is without
    assert make_charge(stage, kind=kind, task="", estimate=ESTIMATE, cost=None).state is without
    assert make_charge(stage, kind=kind, task="t1", estimate=ESTIMATE, cost=None).state is with_task


def test_what_was_not_accepted_costs_nothing_though_it_was_estimated():
    found = make_charge(Stage.FAILED, kind=FailureKind.THROTTLED, task=None, estimate=ESTIMATE, cost=None)
    assert found == Charge(state=ChargeState.NOTHING, money=None)


@pytest.mark.parametrize("stage", list(LIVE))
def test_what_the_provider_told_goes_before_the_estimate(stage: Stage):
    found = make_charge(stage, kind=None, task="t1", estimate=ESTIMATE, cost=TOLD)
    assert found == Charge(state=LIVE[stage], money=TOLD, is_actual=True)


@pytest.mark.parametrize("stage", list(LIVE))
def test_a_price_that_nobody_knows_stays_unknown(stage: Stage):
    assert make_charge(stage, kind=None, task="t1", estimate=None, cost=None).money is None


def test_a_failed_task_counts_with_its_estimate_since_nobody_says_for_sure_that_it_is_free():
    found = make_charge(Stage.FAILED, kind=FailureKind.BROKEN, task="t1", estimate=ESTIMATE, cost=None)
    assert found == Charge(state=ChargeState.LOST, money=ESTIMATE)


def test_every_stage_and_kind_stands_in_the_tables_here():
    assert set(LIVE) | {Stage.FAILED, Stage.CANCELLED} == set(Stage)
    assert set(ENDED) == set(FailureKind)

from decimal import Decimal

import pytest

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.attempt.failure import Kind
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.charge import Charge, Claim, charge_of

ESTIMATE = Money(amount=Decimal("0.28"), currency="USD")
TOLD = Money(amount=Decimal("0.25"), currency="USD")

# What an attempt counts as: by stage; for those that ended, by the kind, without a task and with one.
LIVE = {
    Stage.INTENDED: Claim.DOUBT,  # it may have been on its way when the process died
    Stage.SUBMITTED: Claim.RUNNING,
    Stage.PRODUCED: Claim.SPENT,
    Stage.STORED: Claim.SPENT,
    Stage.IN_DOUBT: Claim.DOUBT,
}
ENDED = {
    **dict.fromkeys(Kind, (Claim.NOTHING, Claim.UNCLAIMED)),
    Kind.NEVER_SENT: (Claim.NOTHING, Claim.NOTHING),
    Kind.WRITTEN_OFF: (Claim.UNCLAIMED, Claim.UNCLAIMED),
    Kind.DISCARDED: (Claim.SPENT, Claim.SPENT),
}


@pytest.mark.parametrize("stage", list(LIVE))
@pytest.mark.parametrize("kind", [None, Kind.UNCLEAR, Kind.THROTTLED])
def test_a_live_attempt_counts_by_its_stage_whatever_was_said_last(stage: Stage, kind: Kind | None):
    found = charge_of(stage, kind=kind, task="t1", estimate=ESTIMATE, cost=None)
    assert found == Charge(claim=LIVE[stage], money=ESTIMATE)


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("stage", [Stage.FAILED, Stage.CANCELLED])
def test_an_ended_attempt_counts_unless_it_was_not_accepted(stage: Stage, kind: Kind):
    without, with_task = ENDED[kind]
    assert charge_of(stage, kind=kind, task=None, estimate=ESTIMATE, cost=None).claim is without
    assert charge_of(stage, kind=kind, task="", estimate=ESTIMATE, cost=None).claim is without
    assert charge_of(stage, kind=kind, task="t1", estimate=ESTIMATE, cost=None).claim is with_task


def test_what_was_not_accepted_costs_nothing_though_it_was_estimated():
    found = charge_of(Stage.FAILED, kind=Kind.THROTTLED, task=None, estimate=ESTIMATE, cost=None)
    assert found == Charge(claim=Claim.NOTHING, money=None)


@pytest.mark.parametrize("stage", list(LIVE))
def test_what_the_provider_told_goes_before_the_estimate(stage: Stage):
    found = charge_of(stage, kind=None, task="t1", estimate=ESTIMATE, cost=TOLD)
    assert found == Charge(claim=LIVE[stage], money=TOLD, told=True)


@pytest.mark.parametrize("stage", list(LIVE))
def test_a_price_that_nobody_knows_stays_unknown(stage: Stage):
    assert charge_of(stage, kind=None, task="t1", estimate=None, cost=None).money is None


def test_a_failed_task_counts_with_its_estimate_since_nobody_says_for_sure_that_it_is_free():
    found = charge_of(Stage.FAILED, kind=Kind.BROKEN, task="t1", estimate=ESTIMATE, cost=None)
    assert found == Charge(claim=Claim.UNCLAIMED, money=ESTIMATE)


def test_every_stage_and_kind_stands_in_the_tables_here():
    assert set(LIVE) | {Stage.FAILED, Stage.CANCELLED} == set(Stage)
    assert set(ENDED) == set(Kind)

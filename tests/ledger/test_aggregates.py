from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from ledger_samples import WAYS, HandClock, intent, usd

from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.models import SKETCH_MODEL
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import CountedAttempt
from hailuo_batch.core.spending.charge import Charge, ChargeState
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger
from hailuo_batch.ports import Facts

CLAIMS = {
    "intended": Charge(state=ChargeState.IN_DOUBT, money=usd("0.28")),
    "submitted": Charge(state=ChargeState.RUNNING, money=usd("0.28")),
    "produced": Charge(state=ChargeState.SPENT, money=usd("0.28")),
    "stored": Charge(state=ChargeState.SPENT, money=usd("0.27"), is_actual=True),
    "in_doubt": Charge(state=ChargeState.IN_DOUBT, money=usd("0.28")),
    "failed": Charge(state=ChargeState.NOTHING, money=None),
    "cancelled": Charge(state=ChargeState.NOTHING, money=None),
}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


async def moved(ledger: SqliteLedger, number: int, *moves: tuple[Move, Facts], provider: str = "minimax") -> int:
    attempt = await ledger.record_intent(intent(number, provider=provider))
    for move, facts in moves:
        await ledger.move(attempt, move, facts)
    return attempt


@pytest.mark.parametrize("stage", list(WAYS))
async def test_an_attempt_counts_by_its_stage(stage: str, file: Path, clock: HandClock):
    async with open_ledger(file, clock=clock) as ledger:
        attempt = await moved(ledger, 1, *WAYS[stage])
        clock.at += 1000.0
        assert await ledger.counted_attempts() == [
            CountedAttempt(
                attempt=attempt,
                campaign="aurora",
                tags=("hero", "client:acme"),
                at=1_800_000_000.0,  # when it was intended, whatever came of it later
                charge=CLAIMS[stage],
                estimate=usd("0.28"),
            )
        ]


async def test_a_failed_task_a_written_off_one_and_one_that_was_never_sent(file: Path, clock: HandClock):
    def failed(kind: FailureKind) -> Facts:
        return Facts(failure=Failure(kind=kind, why="so it is"))

    taken, lost = (Move.ACCEPT, Facts(task="t-1")), (Move.LOSE_SIGHT, failed(FailureKind.UNKNOWN_OUTCOME))
    async with open_ledger(file, clock=clock) as ledger:
        await moved(ledger, 1, taken, (Move.FAIL, failed(FailureKind.BROKEN)))
        await moved(ledger, 2, lost, (Move.WRITE_OFF, failed(FailureKind.WRITTEN_OFF)))
        await moved(ledger, 3, lost, (Move.SETTLE, failed(FailureKind.NEVER_SENT)))
        await moved(ledger, 4, (Move.REFUSE, failed(FailureKind.THROTTLED)))
        await moved(ledger, 5, (Move.REFUSE, failed(FailureKind.THROTTLED)), (Move.RESEND, Facts()))
        claims = {each.attempt: each.charge.state for each in await ledger.counted_attempts()}
    assert list(claims.values()) == [
        ChargeState.LOST,
        ChargeState.LOST,
        ChargeState.NOTHING,
        ChargeState.NOTHING,
        ChargeState.IN_DOUBT,
    ]


async def test_what_is_drawn_on_this_machine_is_no_matter_of_money_or_pace(file: Path, clock: HandClock):
    async with open_ledger(file, clock=clock) as ledger:
        run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=True)
        attempt = await ledger.record_intent(replace(intent(1, provider=SKETCH_MODEL), run=run))
        for move, facts in WAYS["stored"]:
            await ledger.move(attempt, move, facts)
        await ledger.end_run(run, stored=1, failed=0, exit=0)
        assert await ledger.counted_attempts() == []
        assert await ledger.render_times() == []


async def test_what_was_told_in_another_currency_keeps_its_estimate(file: Path, clock: HandClock):
    told = Money(amount=Decimal(3), currency="credits")
    async with open_ledger(file, clock=clock) as ledger:
        await moved(ledger, 1, (Move.ACCEPT, Facts(task="t-1")), (Move.PRODUCE, Facts(cost=told)))
        [paid] = await ledger.counted_attempts()
    assert (paid.charge.money, paid.estimate) == (told, usd("0.28"))


async def _made(ledger: SqliteLedger, clock: HandClock, number: int, run: int, seconds: float) -> None:
    attempt = await ledger.record_intent(replace(intent(number), run=run))
    await ledger.move(attempt, Move.ACCEPT, Facts(task=f"t-{number}"))
    clock.at += seconds
    await ledger.move(attempt, Move.PRODUCE)


@pytest.mark.parametrize("stage", ["intended", "in_doubt"])
async def test_what_is_asked_again_after_a_failed_task_counts_beside_it(stage: str, file: Path, clock: HandClock):
    failure = Facts(failure=Failure(kind=FailureKind.BROKEN, why="so it is"))
    async with open_ledger(file, clock=clock) as ledger:
        await moved(ledger, 1, (Move.ACCEPT, Facts(task="t-1")), (Move.FAIL, failure))
        await moved(ledger, 1, *WAYS[stage])
        assert [each.charge.state for each in await ledger.counted_attempts()] == [
            ChargeState.LOST,
            ChargeState.IN_DOUBT,
        ]


async def test_a_clip_that_was_brought_back_is_no_second_purchase(file: Path, clock: HandClock):
    back = ((Move.ACCEPT, Facts(task="")), (Move.PRODUCE, Facts(cost=usd("0.28"))))
    discarded = (Move.DISCARD, Facts(failure=Failure(kind=FailureKind.DISCARDED, why="so it is")))
    async with open_ledger(file, clock=clock) as ledger:
        await moved(ledger, 1, *WAYS["stored"], discarded)
        await moved(ledger, 1, *back)
        await moved(ledger, 2, *back)  # of this one the first purchase is not known
        assert [each.attempt for each in await ledger.counted_attempts()] == [1, 3]


async def test_how_long_clips_took_is_known_with_the_newest_last(file: Path, clock: HandClock):
    async with open_ledger(file, clock=clock) as ledger:
        run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
        for number, seconds in enumerate((60.0, 90.0, 30.0), 1):
            await _made(ledger, clock, number, run, seconds)
        await ledger.end_run(run, stored=3, failed=0, exit=0)
        assert await ledger.render_times() == [
            ("minimax", '{"take":1}', 60.0),
            ("minimax", '{"take":2}', 90.0),
            ("minimax", '{"take":3}', 30.0),
        ]


async def test_a_clip_that_a_later_run_found_made_says_nothing_of_how_long_it_took(file: Path, clock: HandClock):
    async with open_ledger(file, clock=clock) as ledger:
        run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
        attempt = await ledger.record_intent(replace(intent(1), run=run))
        await ledger.move(attempt, Move.ACCEPT, Facts(task="t-1"))
        clock.at += 5.0
        await ledger.end_run(run, stored=0, failed=0, exit=130)
        clock.at += 86_400.0
        await ledger.move(attempt, Move.PRODUCE)
        assert await ledger.render_times() == []


async def test_a_clip_of_a_run_that_was_killed_says_nothing_either(file: Path, clock: HandClock):
    async with open_ledger(file, clock=clock) as ledger:
        run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
        await _made(ledger, clock, 1, run, 60.0)
        assert await ledger.render_times() == []


async def test_a_submit_that_was_sent_again_counts_from_where_it_was_taken(file: Path, clock: HandClock):
    async with open_ledger(file, clock=clock) as ledger:
        run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
        attempt = await ledger.record_intent(replace(intent(1), run=run))
        await ledger.move(attempt, Move.REFUSE, Facts(failure=Failure(kind=FailureKind.THROTTLED, why="too fast")))
        clock.at += 300.0
        await ledger.move(attempt, Move.RESEND)
        await ledger.move(attempt, Move.ACCEPT, Facts(task="t-1"))
        clock.at += 60.0
        await ledger.move(attempt, Move.PRODUCE)
        await ledger.end_run(run, stored=1, failed=0, exit=0)
        assert [seconds for _, _, seconds in await ledger.render_times()] == [60.0]

"""What every ledger promises to those who write: a suite for `LedgerWriter`.

    class TestMyLedger(LedgerContract):
        def open_writer(self, folder, clock): return open_my_ledger(folder, clock)
        def open_reader(self, folder): return read_my_ledger(folder)

It needs pytest, hypothesis, and pytest-asyncio in its `auto` mode. What each read answers: `ledger_reads_contract`.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage, next_stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.replay import find_mismatches, replay
from hailuo_batch.core.spending.charge import ChargeState
from hailuo_batch.errors import LedgerMovedError
from hailuo_batch.ports import Clock, Facts, Intent, LedgerReader, LedgerWriter
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import (
    DIGEST,
    MOVES_TO,
    STORED_CLIP,
    make_intent,
    make_render_name,
    record_attempt,
    usd,
)

Operation = tuple[int, str, str]  # the request, `intend` or a move, the provider
OPERATIONS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["intend", *Move]), st.sampled_from(["minimax", "vtrix"])), max_size=40
)


class LedgerOpener:
    """How a suite opens the ledger of a project whose state folder it is given."""

    def open_writer(self, folder: Path, clock: Clock) -> AbstractAsyncContextManager[LedgerWriter]:
        """The ledger for writing; it is made when there is none."""
        raise NotImplementedError

    def take_away(self, folder: Path) -> None:
        """Takes the ledger away from its place while it is open, as `git clean` or a sync client does."""
        raise NotImplementedError

    def open_reader(self, folder: Path) -> AbstractAsyncContextManager[LedgerReader]:
        """The ledger for reading; one that was never written reads as empty."""
        raise NotImplementedError


class LedgerContract(LedgerOpener):
    """The promises of `LedgerWriter`."""

    async def test_everything_is_there_when_it_is_opened_again(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, MOVES_TO["stored"])
            await ledger.record_names([make_render_name("open")])
            before = await ledger.attempts(), await ledger.events([1]), await ledger.names("aurora", sketch=False)
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            after = await ledger.attempts(), await ledger.events([1]), await ledger.names("aurora", sketch=False)
        assert before == after

    async def test_after_it_was_taken_away_no_write_returns(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            first = await record_attempt(ledger, 1, [])
            self.take_away(tmp_path)
            with pytest.raises(LedgerMovedError):
                await ledger.move(first, Move.ACCEPT, Facts(task="t-1"))
            with pytest.raises(LedgerMovedError):
                await ledger.record_intent(make_intent(3))
        async with self.open_reader(tmp_path) as reader:
            assert await reader.attempts() == []

    async def test_every_event_says_when_which_move_and_what_was_learnt(self, tmp_path: Path) -> None:
        clock = FakeClock(at=100.0)
        failure = Failure(kind=FailureKind.REFUSED, why="no hands, please", remedy="Change the prompt.")
        with_command = replace(failure, command=("show", "open"))  # no command is stored: it depends on the world
        async with self.open_writer(tmp_path, clock) as ledger:
            attempt = await ledger.record_intent(make_intent())
            clock.advance(1.5)
            await ledger.move(attempt, Move.ACCEPT, Facts(task="t-1"))
            clock.advance(1.0)
            await ledger.move(attempt, Move.FAIL, Facts(failure=with_command))
            events = await ledger.events([attempt])
            record = (await ledger.attempts([make_intent().fingerprint]))[0]
        estimate = {"amount": "0.28", "currency": "USD"}
        refusal = {"kind": "refused", "why": "no hands, please", "remedy": "Change the prompt."}
        assert [(event.at, event.move, event.stage, event.data) for event in events] == [
            (100.0, "intend", Stage.INTENDED, {"estimate": estimate, "provider": "minimax"}),
            (101.5, "accept", Stage.SUBMITTED, {"task": "t-1"}),
            (102.5, "fail", Stage.FAILED, {"failure": refusal}),
        ]
        assert (record.intended_at, record.changed_at, record.failure, record.task) == (100.0, 102.5, failure, "t-1")

    async def test_what_a_move_does_not_say_stays_as_it_was(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            attempt = await record_attempt(ledger, 1, MOVES_TO["stored"])
            assert await ledger.move(attempt, Move.MISS) is Stage.PRODUCED
            standing = (await ledger.standings())[make_intent().fingerprint]
        assert (standing.task, standing.digest, standing.cost) == ("t-1", DIGEST, usd("0.27"))

    async def test_the_price_that_a_gateway_named_is_kept_beside_the_estimate(self, tmp_path: Path) -> None:
        """Of the two, the higher one counts."""
        for number, (quote, counted) in enumerate([("0.40", "0.40"), ("0.20", "0.28")], 1):
            async with self.open_writer(tmp_path / str(number), FakeClock()) as ledger:
                attempt = await record_attempt(
                    ledger, 1, [(Move.ACCEPT, Facts(task="t-1", quote=usd(quote), request_id="req-9"))]
                )
                await ledger.move(attempt, Move.PRODUCE, Facts())
                (record,) = await ledger.attempts()
                (paid,) = await ledger.counted_attempts()
                ((_, charge, _),) = await ledger.campaign_charges("aurora")
                standing = (await ledger.standings())[make_intent().fingerprint]
                events = await ledger.events([attempt])
            assert (record.estimate, record.quote, standing.quote) == (usd("0.28"), usd(quote), usd(quote))
            assert (paid.charge.money, paid.quote, charge.money) == (usd(counted), usd(quote), usd(counted))
            accepted = {"task": "t-1", "quote": {"amount": quote, "currency": "USD"}, "request_id": "req-9"}
            assert events[1].data == accepted
            assert find_mismatches(record, replay(record, events)) == ""

    @pytest.mark.parametrize("amount", ["0.1", "0.10", "1E+2", "123456789012345678901234567890.123456789", "0"])
    async def test_money_comes_back_to_the_last_digit(self, tmp_path: Path, amount: str) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await ledger.record_intent(make_intent(amount=amount))
            (record,) = await ledger.attempts()
        assert record.estimate is not None
        assert f"{record.estimate.amount:f}" == f"{Decimal(amount):f}"

    async def test_an_unknown_price_stays_unknown(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await ledger.record_intent(make_intent(amount=None))
            (record,) = await ledger.attempts()
        assert (record.estimate, record.cost, record.failure) == (None, None, None)

    async def test_intending_again_takes_up_the_attempt_that_was_never_sent(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            first = await ledger.record_intent(make_intent())
            assert await ledger.record_intent(make_intent(amount="0.30")) == first
            (record,) = await ledger.attempts()
            events = await ledger.events([first])
        assert record.estimate == usd("0.30")
        assert [event.move for event in events] == ["intend", "intend"]

    @pytest.mark.parametrize("stage", sorted(LIVE_STAGES - {Stage.INTENDED}))
    async def test_an_attempt_that_may_have_cost_money_is_never_intended_again(
        self, tmp_path: Path, stage: Stage
    ) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, MOVES_TO[stage])
            with pytest.raises(AssertionError):
                await ledger.record_intent(make_intent())
            assert len(await ledger.attempts()) == 1

    async def test_an_intent_at_one_provider_allows_no_submit_to_another(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await ledger.record_intent(make_intent(provider="minimax"))
            with pytest.raises(AssertionError):
                await ledger.record_intent(make_intent(provider="vtrix"))
            assert [record.provider for record in await ledger.attempts()] == ["minimax"]

    @pytest.mark.parametrize("stage", ["failed", "cancelled"])
    async def test_an_attempt_that_ended_makes_room_for_another(self, tmp_path: Path, stage: str) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            first = await record_attempt(ledger, 1, MOVES_TO[stage])
            second = await ledger.record_intent(make_intent())
            assert second != first
            assert (await ledger.standings())[make_intent().fingerprint].attempt == second
            await ledger.move(second, Move.REFUSE, Facts(failure=Failure(kind=FailureKind.REFUSED, why="again")))
            standing = (await ledger.standings())[make_intent().fingerprint]
        assert (standing.attempt, standing.stage, standing.why) == (second, Stage.FAILED, "again")

    async def test_a_move_that_is_not_in_the_table_leaves_no_trace(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            attempt = await ledger.record_intent(make_intent())
            with pytest.raises(AssertionError):
                await ledger.move(attempt, Move.KEEP, Facts(clip=STORED_CLIP))
            with pytest.raises(AssertionError):
                await ledger.move(99, Move.ACCEPT)
            assert len(await ledger.events([attempt, 99])) == 1
            assert await ledger.clips() == {}

    async def test_a_kept_clip_comes_with_what_is_known_of_its_attempt(self, tmp_path: Path) -> None:
        clock = FakeClock(at=100.0)
        async with self.open_writer(tmp_path, clock) as ledger:
            attempt = await record_attempt(ledger, 1, MOVES_TO["produced"])
            clock.advance(1.0)
            record = await ledger.keep_clip(attempt, STORED_CLIP)
            assert (record.stage, record.digest, record.changed_at) == (Stage.STORED, STORED_CLIP.digest, 101.0)
            assert [record] == await ledger.attempts()
            assert [event.move for event in await ledger.events([attempt])][-1] == Move.KEEP
            with pytest.raises(AssertionError, match="cannot keep"):
                await ledger.keep_clip(attempt, STORED_CLIP)

    async def test_a_clip_from_before_the_ledger_is_recorded_with_its_cost(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            attempt = await ledger.restore_clip(make_intent(), STORED_CLIP, usd("0.27"))
            standing = (await ledger.standings())[make_intent().fingerprint]
            assert (standing.attempt, standing.stage) == (attempt, Stage.STORED)
            assert (standing.digest, standing.cost, standing.task) == (DIGEST, usd("0.27"), "")
            assert await ledger.clips() == {DIGEST: STORED_CLIP}

    async def test_a_task_from_elsewhere_is_recorded_at_once_with_where_it_is_known_from(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock(at=5.0)) as ledger:
            attempt = await ledger.adopt_task(make_intent(), "t-7", "known from film.tasks.yaml")
            (record,) = await ledger.attempts()
            assert (record.id, record.stage, record.task, record.estimate) == (
                attempt, Stage.SUBMITTED, "t-7", usd("0.28"),
            )  # fmt: skip
            assert [(event.move, event.data.get("reason")) for event in await ledger.events([attempt])] == [
                ("intend", None),
                ("accept", "known from film.tasks.yaml"),
            ]
            (counted,) = await ledger.counted_attempts()
            assert (counted.charge.state, counted.charge.money) == (ChargeState.RUNNING, usd("0.28"))

    @pytest.mark.parametrize("stage", sorted(LIVE_STAGES))
    async def test_a_request_with_a_live_attempt_adopts_no_task(self, tmp_path: Path, stage: Stage) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, MOVES_TO[stage])
            before = await ledger.attempts()
            with pytest.raises(AssertionError):
                await ledger.adopt_task(make_intent(), "t-7", "known from film.tasks.yaml")
            assert await ledger.attempts() == before

    async def test_a_run_is_recorded_from_its_beginning(self, tmp_path: Path) -> None:
        clock = FakeClock(at=1.0)
        async with self.open_writer(tmp_path, clock) as ledger:
            killed = await ledger.begin_run(manifest="manifests/spring.yaml", campaign="aurora", sketch=True)
            ended = await ledger.begin_run(manifest="manifests/spring.yaml", campaign="aurora", sketch=False)
            clock.advance(4.0)
            await ledger.end_run(ended, stored=3, failed=1, exit=4)
            runs = await ledger.runs()
        assert [(run.id, run.sketch, run.ended_at, run.stored, run.failed, run.exit) for run in runs] == [
            (killed, True, None, None, None, None),
            (ended, False, 5.0, 3, 1, 4),
        ]

    async def test_a_caller_goes_on_only_when_others_can_read_its_write(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:

            async def check(number: int) -> None:
                await ledger.record_intent(make_intent(number))
                async with self.open_reader(tmp_path) as reader:
                    assert make_intent(number).fingerprint in await reader.standings()

            await asyncio.gather(*(check(number) for number in range(10)))

    async def test_a_write_that_fails_does_not_touch_its_neighbours(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            attempts = [await ledger.record_intent(make_intent(number)) for number in range(20)]
            moves = [
                ledger.move(attempt, Move.ACCEPT if number % 2 else Move.KEEP, Facts(clip=STORED_CLIP))
                for number, attempt in enumerate(attempts)
            ]
            outcomes = await asyncio.gather(*moves, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [AssertionError, Stage] * 10
            stages = [standing.stage for standing in (await ledger.standings()).values()]
        assert stages == [Stage.INTENDED, Stage.SUBMITTED] * 10

    async def test_a_cancelled_caller_leaves_a_whole_write(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            attempt = await ledger.record_intent(make_intent())
            caller = asyncio.create_task(ledger.move(attempt, Move.ACCEPT, Facts(task="t-1")))
            await asyncio.sleep(0)  # it has begun
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
        async with self.open_reader(tmp_path) as reader:
            (record,) = await reader.attempts()
            events = await reader.events([attempt])
        assert (record.stage, record.task, len(events)) == (Stage.SUBMITTED, "t-1", 2)

    async def test_leaving_writes_what_was_begun_even_when_the_leaver_is_cancelled(self, tmp_path: Path) -> None:
        begun = asyncio.Event()

        async def run() -> None:
            async with self.open_writer(tmp_path, FakeClock()) as ledger:
                writes = [asyncio.create_task(ledger.record_intent(make_intent(number))) for number in range(3000)]
                await asyncio.sleep(0)
                begun.set()
                await asyncio.gather(*writes)

        runner = asyncio.create_task(run())
        await begun.wait()
        runner.cancel()
        await asyncio.sleep(0)
        runner.cancel()  # as an impatient second Ctrl-C does
        with pytest.raises(asyncio.CancelledError):
            await runner
        async with self.open_reader(tmp_path) as reader:
            assert len(await reader.attempts()) == 3000

    async def test_a_ledger_that_is_left_takes_no_writes(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            pass
        with pytest.raises(AssertionError):
            await ledger.record_intent(make_intent())

    @settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.differing_executors])
    @given(operations=OPERATIONS, together=st.booleans())
    def test_no_order_of_writes_gives_one_request_two_live_attempts(
        self,
        operations: list[Operation],
        together: bool,  # noqa: FBT001 - hypothesis gives it
    ) -> None:
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(self._carry_out(Path(folder), operations, together=together))

    async def _carry_out(self, folder: Path, operations: Sequence[Operation], *, together: bool) -> None:
        async with self.open_writer(folder, FakeClock()) as ledger:
            writes = [_write(ledger, *operation) for operation in operations]
            if together:
                await asyncio.gather(*writes)
            else:
                for write in writes:
                    await write
            records = await ledger.attempts()
            live = [record.fingerprint for record in records if record.stage in LIVE_STAGES]
            assert len(live) == len(set(live))
            for record in records:
                assert await _fold_events(ledger, record.id) is record.stage
            for fingerprint, standing in (await ledger.standings()).items():
                mine = [record for record in records if record.fingerprint == fingerprint]
                alive = [record for record in mine if record.stage in LIVE_STAGES]
                assert standing.attempt == (alive or mine)[-1].id


async def _write(ledger: LedgerWriter, number: int, move: str, provider: str) -> None:
    with contextlib.suppress(AssertionError):
        if move == "intend":
            await ledger.record_intent(
                Intent(fingerprint=f"f{number}", preimage="", provider=provider, campaign="", shot="", take=1)
            )
        else:
            standing = (await ledger.standings()).get(f"f{number}")
            await ledger.move(standing.attempt if standing else 77, Move(move))


async def _fold_events(ledger: LedgerReader, attempt: int) -> Stage | None:
    """The stage that the events of an attempt lead to."""
    stage: Stage | None = None
    for event in await ledger.events([attempt]):
        if event.move == "intend":
            assert stage in {None, Stage.INTENDED}
            stage = Stage.INTENDED
        else:
            assert stage is not None
            stage = next_stage(stage, Move(event.move))
        assert event.stage is stage
    return stage

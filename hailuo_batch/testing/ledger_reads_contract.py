"""What each read of a ledger answers: a suite for `LedgerReader`, used as `ledger_contract` says."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from hailuo_batch.core.attempt.attempt import Move, Stage, Standing
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.attempt.records import EndedAttempt
from hailuo_batch.core.models import SKETCH_MODEL
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender, ShotVersions
from hailuo_batch.core.plan.report import ClipSize
from hailuo_batch.core.spending.budget import CountedAttempt
from hailuo_batch.core.spending.charge import Charge, ChargeState
from hailuo_batch.ports import Facts, LedgerWriter
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_contract import LedgerOpener
from hailuo_batch.testing.ledger_samples import (
    DIGEST,
    MOVES_TO,
    STORED_CLIP,
    make_intent,
    make_render_name,
    record_attempt,
    usd,
)

_CHARGES = {
    "intended": Charge(state=ChargeState.IN_DOUBT, money=usd("0.28")),
    "submitted": Charge(state=ChargeState.RUNNING, money=usd("0.28")),
    "produced": Charge(state=ChargeState.SPENT, money=usd("0.28")),
    "stored": Charge(state=ChargeState.SPENT, money=usd("0.27"), is_actual=True),
    "in_doubt": Charge(state=ChargeState.IN_DOUBT, money=usd("0.28")),
    "failed": Charge(state=ChargeState.NOTHING, money=None),
    "cancelled": Charge(state=ChargeState.NOTHING, money=None),
}


def _fail_with(kind: FailureKind) -> Facts:
    return Facts(failure=Failure(kind=kind, why="so it is"))


class LedgerReadsContract(LedgerOpener):
    """The promises of `LedgerReader`: of attempts and what they came to, of clips, names and runs."""

    async def test_a_ledger_that_was_never_written_reads_as_empty(self, tmp_path: Path) -> None:
        async with self.open_reader(tmp_path) as ledger:
            assert await ledger.standings() == {}
            assert await ledger.latest_versions("aurora", sketch=False) == {}
            assert await ledger.runs() == []

    async def test_a_ledger_has_one_id_and_another_ledger_another(self, tmp_path: Path) -> None:
        ids = []
        for name in ("one", "one", "two"):
            (tmp_path / name).mkdir(exist_ok=True)
            async with self.open_writer(tmp_path / name, FakeClock()) as ledger:
                ids.append(await ledger.ledger_id())
            async with self.open_reader(tmp_path / name) as reader:
                assert await reader.ledger_id() == ids[-1]
        assert ids[0] == ids[1]
        assert len({*ids, ""}) == 3

    async def test_an_attempt_goes_from_intent_to_a_stored_clip(self, tmp_path: Path) -> None:
        mark = make_intent().fingerprint
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            attempt = await record_attempt(ledger, 1, MOVES_TO["stored"])
        async with self.open_reader(tmp_path) as reader:
            assert await reader.standings() == {
                mark: Standing(
                    attempt=attempt, stage=Stage.STORED, provider="minimax", task="t-1", digest=DIGEST, cost=usd("0.27")
                )
            }
            assert await reader.clips() == {DIGEST: STORED_CLIP}
            assert await reader.clip_sizes() == {DIGEST: ClipSize(size=1234, seconds=6.04)}
            assert await reader.preimages([mark, "v1-unknown"]) == {mark: make_intent().preimage}

    async def test_open_is_what_is_neither_stored_nor_ended(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            for number, moves in enumerate(MOVES_TO.values()):
                await record_attempt(ledger, number, moves)
            found = await ledger.open_attempts()
            assert [str(each.stage) for each in found] == ["intended", "submitted", "produced", "in_doubt"]
            known = {each.id: each for each in await ledger.attempts()}
            assert [known[each.id] for each in found] == found

    async def test_ended_is_what_is_stored_failed_or_cancelled_at_a_provider(self, tmp_path: Path) -> None:
        refused = (Move.REFUSE, _fail_with(FailureKind.REFUSED))
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, MOVES_TO["stored"])
            await record_attempt(ledger, 2, [refused])
            await record_attempt(ledger, 3, MOVES_TO["submitted"])
            await record_attempt(ledger, 4, MOVES_TO["stored"], provider=SKETCH_MODEL)
            usual = {"campaign": "aurora", "shot": "open"}
            assert await ledger.ended_attempts() == [
                EndedAttempt(id=1, take=1, stage=Stage.STORED, kind=None, **usual),
                EndedAttempt(id=2, take=2, stage=Stage.FAILED, kind=FailureKind.REFUSED, **usual),
            ]

    async def test_a_standing_names_who_refused_the_submit_and_has_not_accepted_it_since(self, tmp_path: Path) -> None:
        refused = (Move.REFUSE, _fail_with(FailureKind.PROMPT_REFUSED))
        unpaid = (Move.REFUSE, _fail_with(FailureKind.UNPAID))
        ended = [*MOVES_TO["submitted"], (Move.FAIL, _fail_with(FailureKind.CLIP_REFUSED))]
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            for provider, moves, expected in [
                ("vtrix", [unpaid], ()),
                ("minimax", [refused], ("minimax",)),
                ("vtrix", [unpaid], ("minimax",)),
                ("vtrix", [refused], ("minimax", "vtrix")),
                ("minimax", ended, ("vtrix",)),
            ]:
                await record_attempt(ledger, 1, moves, provider=provider)
                (standing,) = (await ledger.standings()).values()
                assert standing.refused_by == expected

    async def test_known_tasks_are_those_of_every_attempt_with_one(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            first = await record_attempt(ledger, 1, [*MOVES_TO["submitted"], (Move.FAIL, Facts())])
            second = await record_attempt(ledger, 2, MOVES_TO["submitted"], provider="gccai")
            await record_attempt(ledger, 3, [(Move.ACCEPT, Facts(task=""))])
            await record_attempt(ledger, 4, [])
            assert await ledger.tasks() == {("minimax", "t-1"): first, ("gccai", "t-1"): second}

    async def test_an_audit_gets_every_attempt_every_event_and_every_clip(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            for number, moves in enumerate(MOVES_TO.values()):
                await record_attempt(ledger, number, moves)
            attempts, events, sizes = await ledger.audit_records()
            assert attempts == await ledger.attempts()
            assert events == await ledger.events(each.id for each in attempts)
            assert sizes == await ledger.clip_sizes() == {DIGEST: ClipSize(size=1234, seconds=6.04)}

    async def test_a_mark_is_another_one_after_each_event(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            marks = [await ledger.mark()]
            attempt = await ledger.record_intent(make_intent())
            for move, facts in MOVES_TO["stored"]:
                marks.append(await ledger.mark())
                await ledger.move(attempt, move, facts)
            assert await ledger.mark() not in marks or set(marks) == {None}  # a ledger may have none
            assert len(set(marks)) == len(marks) or set(marks) == {None}
            assert await ledger.mark() == await ledger.mark()

    async def test_lists_may_be_of_any_length(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            for number in range(3):
                await ledger.record_intent(make_intent(number))
            marks = [make_intent(number).fingerprint for number in range(100_000)]
            assert len(await ledger.attempts(marks)) == 3
            assert len(await ledger.events(range(100_000))) == 3

    async def test_what_is_said_of_a_few_is_what_is_said_of_them_among_all(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            for number, moves in enumerate(MOVES_TO.values()):
                await record_attempt(ledger, number, moves)
                await record_attempt(ledger, number + 100, MOVES_TO["failed"])
                await record_attempt(ledger, number + 100, moves)
            await ledger.record_names(
                make_render_name(shot, version=version, take=take, fingerprint=f"v1-{shot}-{version}-{take}")
                for shot in ("open", "turn", "pack")
                for version in (1, 2)
                for take in (1, 2)
            )
            marks, shots = {make_intent(number).fingerprint for number in (3, 103, 999)}, ("open", "none")
            standings = await ledger.standings()
            assert await ledger.standings(iter(marks)) == {mark: standings[mark] for mark in marks & standings.keys()}
            assert await ledger.standings([]) == {}
            assert await ledger.clip_sizes([DIGEST, "sha256:none"]) == await ledger.clip_sizes()
            assert await ledger.clip_sizes([]) == {}
            latest = await ledger.latest_versions("aurora", sketch=False)
            assert await ledger.latest_versions("aurora", sketch=False, shots=shots) == {"open": latest["open"]}
            assert await ledger.latest_versions("aurora", sketch=True, shots=shots) == {}
            names = await ledger.names("aurora", sketch=False)
            mine = {file: mark for file, mark in names.items() if file.startswith("aurora_open_")}
            assert len(mine) == 4
            assert await ledger.names("aurora", sketch=False, shots=shots) == mine
            assert await ledger.names("other", sketch=False, shots=shots) == {}

    @pytest.mark.parametrize("stage", list(MOVES_TO))
    async def test_an_attempt_counts_by_its_stage(self, stage: str, tmp_path: Path) -> None:
        clock = FakeClock(at=1_800_000_000.0)
        async with self.open_writer(tmp_path, clock) as ledger:
            attempt = await record_attempt(ledger, 1, MOVES_TO[stage])
            clock.advance(1000.0)
            assert await ledger.counted_attempts() == [
                CountedAttempt(
                    attempt=attempt,
                    campaign="aurora",
                    tags=("hero", "client:acme"),
                    at=1_800_000_000.0,  # when it was intended, whatever came of it later
                    charge=_CHARGES[stage],
                    estimate=usd("0.28"),
                )
            ]

    async def test_a_failed_task_a_written_off_one_and_one_that_was_never_sent(self, tmp_path: Path) -> None:
        lost = (Move.LOSE_SIGHT, _fail_with(FailureKind.UNKNOWN_OUTCOME))
        refused = (Move.REFUSE, _fail_with(FailureKind.THROTTLED))
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, [*MOVES_TO["submitted"], (Move.FAIL, _fail_with(FailureKind.BROKEN))])
            await record_attempt(ledger, 2, [lost, (Move.WRITE_OFF, _fail_with(FailureKind.WRITTEN_OFF))])
            await record_attempt(ledger, 3, [lost, (Move.SETTLE, _fail_with(FailureKind.NEVER_SENT))])
            await record_attempt(ledger, 4, [refused])
            await record_attempt(ledger, 5, [refused, (Move.RESEND, Facts())])
            assert [each.charge.state for each in await ledger.counted_attempts()] == [
                ChargeState.LOST,
                ChargeState.LOST,
                ChargeState.NOTHING,
                ChargeState.NOTHING,
                ChargeState.IN_DOUBT,
            ]

    async def test_the_charges_of_a_campaign_are_those_of_every_version_and_provider(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            for number, provider in enumerate(["minimax", "minimax", "gccai"]):
                await record_attempt(ledger, number, MOVES_TO["stored"], provider=provider)
            await record_attempt(ledger, 3, MOVES_TO["failed"])
            paid = Charge(state=ChargeState.SPENT, money=usd("0.27"), is_actual=True)
            found = await ledger.campaign_charges("aurora")
            assert [each for each in found if each[1].state is not ChargeState.NOTHING] == [
                ("minimax", paid, 2),
                ("gccai", paid, 1),
            ]
            assert await ledger.campaign_charges("another") == []

    async def test_the_last_submits_are_known_by_provider_and_a_resend_is_one(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with self.open_writer(tmp_path, clock) as ledger:
            for number, provider in enumerate(["minimax", "gccai", "minimax", SKETCH_MODEL]):
                await record_attempt(ledger, number, [], provider=provider)
                clock.advance(10.0)
            begun = clock.now() - 40.0
            refused = await ledger.record_intent(make_intent(9))
            await ledger.move(refused, Move.REFUSE, _fail_with(FailureKind.THROTTLED))
            clock.advance(5.0)
            await ledger.move(refused, Move.RESEND)
            assert await ledger.submit_times(begun + 1.0) == {
                "gccai": [begun + 10.0],
                "minimax": [begun + 20.0, begun + 40.0, begun + 45.0],
            }

    async def test_what_is_drawn_on_this_machine_is_no_matter_of_money_or_pace(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=True)
            attempt = await ledger.record_intent(replace(make_intent(1, provider=SKETCH_MODEL), run=run))
            for move, facts in MOVES_TO["stored"]:
                await ledger.move(attempt, move, facts)
            await ledger.end_run(run, stored=1, failed=0, exit=0)
            assert await ledger.counted_attempts() == []
            assert await ledger.render_times() == []

    async def test_a_cost_in_another_currency_leaves_the_estimate(self, tmp_path: Path) -> None:
        actual = Money(amount=Decimal(3), currency="credits")
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, [*MOVES_TO["submitted"], (Move.PRODUCE, Facts(cost=actual))])
            [counted] = await ledger.counted_attempts()
        assert (counted.charge.money, counted.estimate) == (actual, usd("0.28"))

    @pytest.mark.parametrize("stage", ["intended", "in_doubt"])
    async def test_a_reattempt_after_a_failed_task_counts_beside_it(self, stage: str, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, [*MOVES_TO["submitted"], (Move.FAIL, _fail_with(FailureKind.BROKEN))])
            await record_attempt(ledger, 1, MOVES_TO[stage])
            assert [each.charge.state for each in await ledger.counted_attempts()] == [
                ChargeState.LOST,
                ChargeState.IN_DOUBT,
            ]

    async def test_a_clip_that_was_restored_is_no_second_purchase(self, tmp_path: Path) -> None:
        discarded = (Move.DISCARD, _fail_with(FailureKind.DISCARDED))
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await record_attempt(ledger, 1, [*MOVES_TO["stored"], discarded])
            await ledger.restore_clip(make_intent(1), STORED_CLIP, usd("0.28"))
            await ledger.restore_clip(make_intent(2), STORED_CLIP, usd("0.28"))  # its first purchase is not known
            assert [each.attempt for each in await ledger.counted_attempts()] == [1, 3]

    async def test_how_long_clips_took_is_known_with_the_newest_last(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with self.open_writer(tmp_path, clock) as ledger:
            run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
            for number, seconds in enumerate((60.0, 90.0, 30.0), 1):
                await _produce(ledger, clock, number, run, seconds)
            await ledger.end_run(run, stored=3, failed=0, exit=0)
            assert await ledger.render_times() == [
                ("minimax", '{"take":1}', 60.0),
                ("minimax", '{"take":2}', 90.0),
                ("minimax", '{"take":3}', 30.0),
            ]

    async def test_a_clip_that_a_later_run_found_made_says_nothing_of_how_long_it_took(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with self.open_writer(tmp_path, clock) as ledger:
            run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
            attempt = await ledger.record_intent(replace(make_intent(1), run=run))
            await ledger.move(attempt, Move.ACCEPT, Facts(task="t-1"))
            clock.advance(5.0)
            await ledger.end_run(run, stored=0, failed=0, exit=130)
            clock.advance(86_400.0)
            await ledger.move(attempt, Move.PRODUCE)
            assert await ledger.render_times() == []

    async def test_a_task_that_was_submitted_elsewhere_says_nothing_either(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with self.open_writer(tmp_path, clock) as ledger:
            run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
            attempt = await ledger.adopt_task(replace(make_intent(1), run=run), "t-7", "known from film.tasks.yaml")
            clock.advance(1.0)
            await ledger.move(attempt, Move.PRODUCE)
            await ledger.end_run(run, stored=0, failed=0, exit=0)
            assert await ledger.render_times() == []

    async def test_a_clip_of_a_run_that_was_killed_says_nothing_either(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with self.open_writer(tmp_path, clock) as ledger:
            run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
            await _produce(ledger, clock, 1, run, 60.0)
            assert await ledger.render_times() == []

    async def test_a_submit_that_was_sent_again_counts_from_where_it_was_taken(self, tmp_path: Path) -> None:
        clock = FakeClock()
        async with self.open_writer(tmp_path, clock) as ledger:
            run = await ledger.begin_run(manifest="a.yaml", campaign="aurora", sketch=False)
            attempt = await ledger.record_intent(replace(make_intent(1), run=run))
            await ledger.move(attempt, Move.REFUSE, _fail_with(FailureKind.THROTTLED))
            clock.advance(300.0)
            await ledger.move(attempt, Move.RESEND)
            await ledger.move(attempt, Move.ACCEPT, Facts(task="t-1"))
            clock.advance(60.0)
            await ledger.move(attempt, Move.PRODUCE)
            await ledger.end_run(run, stored=1, failed=0, exit=0)
            assert [seconds for _, _, seconds in await ledger.render_times()] == [60.0]

    async def test_a_delivery_is_a_clip_that_was_stored_for_the_first_time_and_came_from_a_provider(
        self, tmp_path: Path
    ) -> None:
        clock = FakeClock(at=1000.0)
        async with self.open_writer(tmp_path, clock) as ledger:
            for number, (stage, moves) in enumerate(MOVES_TO.items()):
                await record_attempt(ledger, number, moves, provider=stage)
            found = [(Move.ACCEPT, Facts(task="")), *MOVES_TO["stored"][1:]]
            await record_attempt(ledger, 100, found, provider="found here")
            again = [*MOVES_TO["stored"], (Move.MISS, Facts()), MOVES_TO["stored"][-1]]
            await record_attempt(ledger, 101, again, provider="missed and stored again")
            clock.advance(500.0)
            await record_attempt(ledger, 102, MOVES_TO["stored"], provider="later")
            assert await ledger.deliveries(1000.0) == {"stored", "later"}
            assert await ledger.deliveries(1500.0) == {"later"}
            assert await ledger.deliveries(1501.0) == set()

    async def test_what_a_shot_was_called_and_requested_is_known_by_version(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await ledger.record_names(
                [
                    make_render_name("open", version=1, take=1, fingerprint="v1-old"),
                    make_render_name("open", version=10, take=3, fingerprint="v1-third"),
                    make_render_name("open", version=10, take=2, fingerprint="v1-second"),
                    make_render_name("turn", fingerprint="v1-turn"),
                    make_render_name("open", version=11, fingerprint="v1-drawn", sketch=True),
                ]
            )
            assert await ledger.latest_versions("aurora", sketch=False) == {
                "open": LastRender(version=10, take=2, fingerprint="v1-second"),
                "turn": LastRender(version=1, take=1, fingerprint="v1-turn"),
            }
            drawn = LastRender(version=11, take=1, fingerprint="v1-drawn")
            assert await ledger.latest_versions("aurora", sketch=True) == {"open": drawn}
            assert await ledger.latest_versions("other", sketch=False) == {}
            assert await ledger.names("aurora", sketch=True) == {"aurora_open_v011_sketch.mp4": "v1-drawn"}
            open_ = {"v1-old": 1, "v1-third": 10, "v1-second": 10}
            assert await ledger.versions("aurora", ["open", "none"], sketch=False) == {
                "open": ShotVersions(by_fingerprint=open_, highest=10)
            }
            assert await ledger.shot_fingerprints("aurora", "open", sketch=False) == open_.keys()

    async def test_a_name_shows_the_clip_that_it_was_given_last(self, tmp_path: Path) -> None:
        async with self.open_writer(tmp_path, FakeClock()) as ledger:
            await ledger.record_names([make_render_name("turn", fingerprint="v1-a")])
            await ledger.record_names([make_render_name("turn", fingerprint="v1-b")])
            await ledger.record_names([])
            assert await ledger.names("aurora", sketch=False) == {"aurora_turn_v001_t01.mp4": "v1-b"}


async def _produce(ledger: LedgerWriter, clock: FakeClock, number: int, run: int, seconds: float) -> None:
    attempt = await ledger.record_intent(replace(make_intent(number), run=run))
    await ledger.move(attempt, Move.ACCEPT, Facts(task=f"t-{number}"))
    clock.advance(seconds)
    await ledger.move(attempt, Move.PRODUCE)

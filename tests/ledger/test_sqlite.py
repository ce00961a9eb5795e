import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_samples import CLIP, DIGEST, WAYS, HandClock, intent, named, usd

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, Move, Stage, Standing, next_stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.plan.plan import LastRender
from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.migrate import migrations
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger, read_ledger
from hailuo_batch.ports import Facts, Intent, Ledger


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".hailuo" / "ledger.db"


async def reach(ledger: SqliteLedger, stage: str, *, number: int = 1) -> int:
    attempt = await ledger.record_intent(intent(number))
    for move, facts in WAYS[stage]:
        await ledger.move(attempt, move, facts)
    return attempt


@contextmanager
def raw(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


async def test_it_wears_the_face_that_the_runner_works_with(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        face: Ledger = ledger
        assert await face.standings() == {}


async def test_an_attempt_goes_from_intent_to_a_stored_clip(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        attempt = await reach(ledger, "stored")
        assert await ledger.standings() == {
            intent().fingerprint: Standing(
                attempt=attempt, stage=Stage.STORED, provider="minimax", task="t-1", digest=DIGEST, cost=usd("0.27")
            )
        }
        assert await ledger.clips() == {DIGEST: CLIP}
        assert await ledger.preimages([intent().fingerprint, "v1-unknown"]) == {intent().fingerprint: intent().preimage}


async def test_everything_is_there_when_it_is_opened_again(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await reach(ledger, "stored")
        await ledger.record_names([named("open")])
        before = await ledger.attempts(), await ledger.events([1]), await ledger.names("aurora", sketch=False)
    async with open_ledger(file, clock=HandClock()) as ledger:
        after_ = await ledger.attempts(), await ledger.events([1]), await ledger.names("aurora", sketch=False)
    assert before == after_


async def test_every_event_tells_when_which_move_and_what_was_learnt(file: Path):
    clock = HandClock(at=100.0)
    async with open_ledger(file, clock=clock) as ledger:
        attempt = await ledger.record_intent(intent())
        clock.at = 101.5
        await ledger.move(attempt, Move.ACCEPT, Facts(task="t-1"))
        clock.at = 102.5
        told = Failure(kind=FailureKind.REFUSED, why="no hands, please", remedy="Change the prompt.")
        await ledger.move(attempt, Move.FAIL, Facts(failure=told))
        events = await ledger.events([attempt])
        record = (await ledger.attempts([intent().fingerprint]))[0]
    assert [(e.at, e.move, e.stage, e.data) for e in events] == [
        (
            100.0,
            "intend",
            Stage.INTENDED,
            {
                "estimate": {"amount": "0.28", "currency": "USD"},
                "provider": "minimax",
            },
        ),
        (101.5, "accept", Stage.SUBMITTED, {"task": "t-1"}),
        (
            102.5,
            "fail",
            Stage.FAILED,
            {"failure": {"kind": "refused", "why": "no hands, please", "remedy": "Change the prompt."}},
        ),
    ]
    assert (record.intended_at, record.changed_at, record.failure, record.task) == (100.0, 102.5, told, "t-1")


async def test_what_a_move_does_not_tell_stays_as_it_was(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        attempt = await reach(ledger, "stored")
        assert await ledger.move(attempt, Move.MISS) is Stage.PRODUCED
        standing = (await ledger.standings())[intent().fingerprint]
    assert (standing.task, standing.digest, standing.cost) == ("t-1", DIGEST, usd("0.27"))


@pytest.mark.parametrize("amount", ["0.1", "0.10", "1E+2", "123456789012345678901234567890.123456789", "0"])
async def test_money_comes_back_to_the_last_digit(file: Path, amount: str):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await ledger.record_intent(intent(amount=amount))
        (record,) = await ledger.attempts()
    assert record.estimate is not None
    assert str(record.estimate.amount) == str(Decimal(amount))


async def test_an_unknown_price_stays_unknown(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await ledger.record_intent(intent(amount=None))
        (record,) = await ledger.attempts()
    assert (record.estimate, record.cost, record.failure) == (None, None, None)


async def test_intending_again_takes_up_the_attempt_that_was_never_sent(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        first = await ledger.record_intent(intent())
        assert await ledger.record_intent(intent(amount="0.30")) == first
        (record,) = await ledger.attempts()
        events = await ledger.events([first])
    assert record.estimate == usd("0.30")
    assert [event.move for event in events] == ["intend", "intend"]


@pytest.mark.parametrize("stage", sorted(LIVE_STAGES - {Stage.INTENDED}))
async def test_an_attempt_that_may_have_cost_money_is_never_intended_again(file: Path, stage: Stage):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await reach(ledger, stage)
        with pytest.raises(AssertionError, match=f"is {stage} at minimax"):
            await ledger.record_intent(intent())
        assert len(await ledger.attempts()) == 1


async def test_an_intent_at_one_provider_is_no_leave_to_ask_another(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await ledger.record_intent(intent(provider="minimax"))
        with pytest.raises(AssertionError, match="cannot be intended at vtrix"):
            await ledger.record_intent(intent(provider="vtrix"))


@pytest.mark.parametrize("stage", ["failed", "cancelled"])
async def test_an_attempt_that_ended_makes_room_for_another(file: Path, stage: str):
    async with open_ledger(file, clock=HandClock()) as ledger:
        first = await reach(ledger, stage)
        second = await ledger.record_intent(intent())
        assert second != first
        assert (await ledger.standings())[intent().fingerprint].attempt == second
        await ledger.move(second, Move.REFUSE, Facts(failure=Failure(kind=FailureKind.REFUSED, why="again")))
        standing = (await ledger.standings())[intent().fingerprint]
    assert (standing.attempt, standing.stage, standing.why) == (second, Stage.FAILED, "again")


async def test_a_move_that_is_not_in_the_table_leaves_no_trace(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        attempt = await ledger.record_intent(intent())
        with pytest.raises(AssertionError, match="an attempt that is intended cannot keep"):
            await ledger.move(attempt, Move.KEEP, Facts(clip=CLIP))
        with pytest.raises(AssertionError, match="there is no attempt 99"):
            await ledger.move(99, Move.ACCEPT)
        assert len(await ledger.events([attempt, 99])) == 1
        assert await ledger.clips() == {}


def test_the_file_itself_refuses_a_second_live_attempt(file: Path):
    asyncio.run(_with_one(file))
    again = "INSERT INTO attempts (fingerprint, provider, campaign, shot, take, tags, stage, intended_at, changed_at,"
    with raw(file) as connection:
        for stage in LIVE_STAGES:
            with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
                connection.execute(
                    f"{again} preimage) VALUES (?, 'p', '', '', 1, '[]', ?, 0, 0, '')", (intent().fingerprint, stage)
                )


def test_the_file_itself_refuses_to_change_what_happened(file: Path):
    asyncio.run(_with_one(file))
    with raw(file) as connection:
        for change in ("UPDATE events SET at = 0", "DELETE FROM events", "REPLACE INTO events VALUES (1,1,0,'','','')"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
                connection.execute(change)


def test_the_stages_that_the_file_guards_are_those_that_may_cost_money():
    start = migrations()[0]
    index = start[start.index("CREATE UNIQUE INDEX one_live_attempt") :]
    listed = index[index.index("IN (") + 4 : index.index(");")]
    assert {stage.strip(" '") for stage in listed.split(",")} == {str(stage) for stage in LIVE_STAGES}


async def _with_one(file: Path) -> None:
    async with open_ledger(file, clock=HandClock()) as ledger:
        await reach(ledger, "submitted")


async def test_the_past_of_a_shot_is_its_highest_version_and_lowest_take(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await ledger.record_names(
            [
                named("open", version=1, take=1, fingerprint="v1-old"),
                named("open", version=10, take=3, fingerprint="v1-third"),
                named("open", version=10, take=2, fingerprint="v1-second"),
                named("turn", fingerprint="v1-turn"),
                named("open", version=11, fingerprint="v1-drawn", sketch=True),
            ]
        )
        assert await ledger.latest_versions("aurora", sketch=False) == {
            "open": LastRender(version=10, take=2, fingerprint="v1-second"),
            "turn": LastRender(version=1, take=1, fingerprint="v1-turn"),
        }
        assert await ledger.latest_versions("aurora", sketch=True) == {
            "open": LastRender(version=11, take=1, fingerprint="v1-drawn")
        }
        assert await ledger.latest_versions("other", sketch=False) == {}
        assert await ledger.names("aurora", sketch=True) == {"aurora_open_v011_sketch.mp4": "v1-drawn"}


async def test_a_name_that_stays_keeps_the_time_it_was_given(file: Path):
    clock = HandClock(at=1.0)
    async with open_ledger(file, clock=clock) as ledger:
        await ledger.record_names([named("open"), named("turn")])
        clock.at = 2.0
        await ledger.record_names([named("open"), named("turn", fingerprint="v1-b")])
        await ledger.record_names([])
    with raw(file) as connection:
        rows = connection.execute("SELECT shot, fingerprint, given_at FROM names ORDER BY shot").fetchall()
    assert rows == [("open", "v1-a", 1.0), ("turn", "v1-b", 2.0)]


async def test_a_run_is_recorded_from_its_beginning(file: Path):
    clock = HandClock(at=1.0)
    async with open_ledger(file, clock=clock) as ledger:
        killed = await ledger.begin_run(manifest="manifests/spring.yaml", campaign="aurora", sketch=True)
        ended = await ledger.begin_run(manifest="manifests/spring.yaml", campaign="aurora", sketch=False)
        clock.at = 5.0
        await ledger.end_run(ended, stored=3, failed=1, exit=4)
        runs = await ledger.runs()
    assert [(r.id, r.sketch, r.ended_at, r.stored, r.failed, r.exit) for r in runs] == [
        (killed, True, None, None, None, None),
        (ended, False, 5.0, 3, 1, 4),
    ]


async def test_a_ledger_that_is_not_there_reads_as_empty_and_is_not_made(file: Path):
    async with read_ledger(file) as ledger:
        assert await ledger.standings() == {}
        assert await ledger.latest_versions("aurora", sketch=False) == {}
        assert await ledger.runs() == []
    assert not file.parent.exists()


async def test_a_reader_sees_what_is_committed_and_waits_for_no_writer(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await reach(ledger, "submitted")
        with raw(file) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE attempts SET stage = 'failed'")
            async with asyncio.timeout(4), read_ledger(file) as reader:  # less than SQLite's own patience
                seen = await reader.standings()
            other.execute("ROLLBACK")
        assert seen == await ledger.standings()
        await ledger.record_intent(intent(2))
        async with read_ledger(file) as reader:
            assert await reader.standings() == await ledger.standings()


async def test_a_reader_changes_nothing(file: Path):
    await _with_one(file)
    before = file.read_bytes()
    async with read_ledger(file) as reader:
        assert len(await reader.attempts()) == 1
        with pytest.raises(LedgerError, match="cannot be written to"):
            await reader._connection.run(lambda c: c.execute("DELETE FROM names"))
    assert file.read_bytes() == before


async def test_a_ledger_on_a_read_only_disk_can_be_read(file: Path, monkeypatch: pytest.MonkeyPatch):
    await _with_one(file)
    monkeypatch.setattr("os.access", lambda path, mode: False)
    async with read_ledger(file) as reader:
        assert len(await reader.attempts()) == 1
    assert [path.name for path in file.parent.iterdir()] == ["ledger.db"]


async def test_lists_may_be_of_any_length(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await asyncio.gather(*(ledger.record_intent(intent(n)) for n in range(50)))
        marks = [intent(n).fingerprint for n in range(100_000)]
        assert len(await ledger.attempts(marks)) == 50
        assert len(await ledger.events(range(100_000))) == 50


OPERATIONS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["intend", *Move]), st.sampled_from(["minimax", "vtrix"])), max_size=40
)


@settings(deadline=None, max_examples=60)
@given(operations=OPERATIONS, together=st.booleans())
def test_no_order_of_writes_gives_one_request_two_live_attempts(operations: list, together: bool):
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_carry_out(Path(folder) / "ledger.db", operations, together=together))


async def _carry_out(file: Path, operations: list, *, together: bool) -> None:
    async with open_ledger(file, clock=HandClock()) as ledger:
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
            assert await _folded(ledger, record.id) is record.stage
        for fingerprint, standing in (await ledger.standings()).items():
            mine = [record for record in records if record.fingerprint == fingerprint]
            alive = [record for record in mine if record.stage in LIVE_STAGES]
            assert standing.attempt == (alive or mine)[-1].id


async def _write(ledger: SqliteLedger, number: int, move: str, provider: str) -> None:
    with contextlib.suppress(AssertionError):
        if move == "intend":
            await ledger.record_intent(
                Intent(fingerprint=f"f{number}", preimage="", provider=provider, campaign="", shot="", take=1)
            )
        else:
            standing = (await ledger.standings()).get(f"f{number}")
            await ledger.move(standing.attempt if standing else 77, Move(move))


async def _folded(ledger: SqliteLedger, attempt: int) -> Stage | None:
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


async def test_equal_amounts_are_one_value_in_memory(file: Path):
    async with open_ledger(file, clock=HandClock()) as ledger:
        await reach(ledger, "stored", number=1)
        await reach(ledger, "stored", number=2)
        costs = [standing.cost for standing in (await ledger.standings()).values()]
    assert costs[0] is costs[1]
    assert costs[0] == Money(amount=Decimal("0.27"), currency="USD")

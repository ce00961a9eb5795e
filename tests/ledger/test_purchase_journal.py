"""The journal beside a ledger: what it keeps, what it refuses, and how a ledger is mended from it."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hailuo_batch.core.attempt.attempt import Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.spending.purchase import JournalFault
from hailuo_batch.errors import BoughtElsewhereError, LedgerError
from hailuo_batch.ledger.journal import JournalLink
from hailuo_batch.ledger.reader import SqliteLedgerReader
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger, read_ledger
from hailuo_batch.ports import Facts
from hailuo_batch.testing.clock import FakeClock
from hailuo_batch.testing.ledger_samples import DIGEST, MOVES_TO, make_intent, record_attempt, usd

MARK, OTHER = make_intent(1).fingerprint, make_intent(2).fingerprint


@dataclass(frozen=True)
class Machine:
    """One machine of one user, with projects on it."""

    folder: Path

    @property
    def journal(self) -> Path:
        return self.folder / "state" / "journal.db"

    def ledger(self, project: str) -> Path:
        return self.folder / project / "ledger.db"

    @asynccontextmanager
    async def writing(self, project: str, *mended: JournalFault) -> AsyncIterator[SqliteLedger]:
        file = self.ledger(project)
        link = JournalLink(
            file=self.journal, ledger=file, store=file.parent / "store", accounts={"minimax": "k1"}, mended=set(mended)
        )
        async with open_ledger(file, clock=FakeClock(), journal=link) as ledger:
            yield ledger

    @asynccontextmanager
    async def reading(self, project: str) -> AsyncIterator[SqliteLedgerReader]:
        async with read_ledger(self.ledger(project), journal=self.journal) as ledger:
            yield ledger

    async def finding(self, project: str) -> JournalFault | None:
        async with self.reading(project) as ledger:
            found = await ledger.journal_finding()
        return None if found is None else found.fault


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


async def submit(ledger: SqliteLedger, number: int = 1) -> int:
    return await record_attempt(ledger, number, [(Move.ACCEPT, Facts(task=f"t-{number}"))])


async def test_another_ledger_of_the_machine_sees_a_purchase_and_may_not_make_it_again(machine: Machine):
    async with machine.writing("one") as ledger:
        await submit(ledger)
    async with machine.writing("two") as ledger:
        found = await ledger.purchases_elsewhere([MARK, OTHER])
        with pytest.raises(BoughtElsewhereError, match="another checkout"):
            await ledger.record_intent(make_intent(1))
        assert await ledger.attempts() == []
        await ledger.record_intent(make_intent(2))
    (purchase,) = found.values()
    assert (purchase.stage, purchase.task, purchase.place, purchase.account) == (
        Stage.SUBMITTED,
        "t-1",
        str(machine.ledger("one")),
        "k1",
    )


async def test_a_purchase_that_ended_without_a_clip_may_be_made_elsewhere(machine: Machine):
    async with machine.writing("one") as ledger:
        attempt = await ledger.record_intent(make_intent(1))
        await ledger.move(attempt, Move.REFUSE, Facts(failure=Failure(kind=FailureKind.UNPAID, why="no balance")))
    async with machine.writing("two") as ledger:
        assert await ledger.purchases_elsewhere([MARK]) == {}
        await ledger.record_intent(make_intent(1))


async def test_two_runs_that_are_under_way_claim_one_after_the_other(machine: Machine):
    async with machine.writing("one") as one, machine.writing("two") as two:
        await one.record_intent(make_intent(1))
        with pytest.raises(BoughtElsewhereError):
            await two.record_intent(make_intent(1))


async def test_a_ledger_from_before_the_journal_is_entered_whole(machine: Machine):
    machine.ledger("one").parent.mkdir()
    async with open_ledger(machine.ledger("one"), clock=FakeClock()) as ledger:
        await submit(ledger)
    async with machine.writing("one"):
        pass
    async with machine.writing("two") as ledger:
        assert set(await ledger.purchases_elsewhere([MARK])) == {MARK}


async def test_a_journal_that_is_gone_is_made_again_from_the_ledger(machine: Machine):
    async with machine.writing("one") as ledger:
        await submit(ledger)
    shutil.rmtree(machine.journal.parent)
    async with machine.writing("one"):
        pass
    async with machine.reading("two") as ledger:
        assert set(await ledger.purchases_elsewhere([MARK])) == {MARK}


async def test_a_ledger_that_moved_with_its_folder_goes_on(machine: Machine):
    async with machine.writing("one") as ledger:
        await submit(ledger)
    machine.ledger("one").parent.rename(machine.folder / "moved")
    async with machine.writing("moved") as ledger:
        await submit(ledger, 2)
    assert await machine.finding("moved") is None


def copy_ledger(machine: Machine, project: str, to: Path) -> None:
    to.parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(machine.ledger(project))) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


async def test_a_copy_is_refused_until_it_is_a_ledger_of_its_own(machine: Machine):
    async with machine.writing("one") as ledger:
        await submit(ledger)
    copy_ledger(machine, "one", machine.ledger("copy"))
    assert await machine.finding("copy") is JournalFault.COPY
    with pytest.raises(LedgerError, match="copy of another one"):
        async with machine.writing("copy"):
            pass
    async with machine.writing("copy", JournalFault.COPY) as ledger:
        await submit(ledger, 2)
    async with machine.writing("one") as ledger:  # the original goes on, and may not buy what the copy bought
        with pytest.raises(BoughtElsewhereError):
            await ledger.record_intent(make_intent(2))


@pytest.mark.parametrize("before", ["nothing", "intended", "submitted"])
async def test_a_restored_ledger_is_refused_and_mended(machine: Machine, before: str):
    kept = machine.folder / "kept.db"
    async with machine.writing("one") as ledger:
        await submit(ledger, 2)
        attempt = await ledger.record_intent(make_intent(1)) if before != "nothing" else 0
        accepted = Facts(task="t-1", quote=usd("0.40"))
        if before == "submitted":
            await ledger.move(attempt, Move.ACCEPT, accepted)
        copy_ledger(machine, "one", kept)
        attempt = attempt or await ledger.record_intent(make_intent(1))
        if before != "submitted":
            await ledger.move(attempt, Move.ACCEPT, accepted)
        await ledger.move(attempt, Move.PRODUCE)
    for name in ("ledger.db-wal", "ledger.db-shm"):
        machine.ledger("one").with_name(name).unlink(missing_ok=True)
    shutil.copyfile(kept, machine.ledger("one"))
    assert await machine.finding("one") is JournalFault.BEHIND
    with pytest.raises(LedgerError, match="older than the purchases"):
        async with machine.writing("one"):
            pass
    async with machine.writing("one", JournalFault.BEHIND) as ledger:
        assert len(await ledger.take_over_purchases(str(machine.ledger("one")))) == 1
        standing = (await ledger.standings())[MARK]
        counted = {each.attempt: each.charge.money for each in await ledger.counted_attempts()}
    assert (standing.stage, standing.task) == (Stage.PRODUCED, "t-1")
    assert counted[standing.attempt] == usd("0.40"), "what the gateway named is not forgotten"
    assert await machine.finding("one") is None


async def test_a_ledger_that_is_gone_comes_back_from_the_journal(machine: Machine):
    marks = {Stage(stage): make_intent(number).fingerprint for number, stage in enumerate(MOVES_TO, 1)}
    async with machine.writing("one") as ledger:
        for number, moves in enumerate(MOVES_TO.values(), 1):
            await record_attempt(ledger, number, moves)
    machine.ledger("one").unlink()
    assert await machine.finding("one") is JournalFault.GONE
    async with machine.writing("one") as ledger:  # free work goes on; a purchase does not
        with pytest.raises(LedgerError, match="gone"):
            await ledger.record_intent(make_intent(99))
    assert await machine.finding("one") is JournalFault.GONE
    async with machine.writing("one", JournalFault.GONE) as ledger:
        taken = await ledger.take_over_purchases(str(machine.ledger("one")))
        assert sorted(taken.values()) == [""] * (len(marks) - 1) + [DIGEST]
        there = await ledger.standings()
        attempts, events, _ = await ledger.audit_records()
    found = {stage: there[mark].stage for stage, mark in marks.items()}
    mended = {Stage.INTENDED: Stage.IN_DOUBT, Stage.STORED: Stage.PRODUCED}
    assert found == {stage: mended.get(stage, stage) for stage in Stage}
    assert {event.attempt for event in events} == {attempt.id for attempt in attempts}
    async with machine.reading("two") as reader:  # each is this ledger's now, and is entered once
        live = await reader.purchases_elsewhere(marks.values())
    assert {purchase.place for purchase in live.values()} == {str(machine.ledger("one"))}


async def test_a_new_ledger_that_a_person_wants_leaves_the_purchases_known(machine: Machine):
    async with machine.writing("one") as ledger:
        await submit(ledger)
    machine.ledger("one").unlink()
    async with machine.writing("one", JournalFault.GONE) as ledger:
        assert set(await ledger.purchases_elsewhere([MARK])) == {MARK}
    assert await machine.finding("one") is None


async def test_what_is_drawn_here_is_no_purchase(machine: Machine):
    async with machine.writing("one") as ledger:
        await ledger.record_intent(make_intent(1, provider="animatic"))
    async with machine.writing("two") as ledger:
        await ledger.record_intent(make_intent(1, provider="animatic"))
        assert await ledger.purchases_elsewhere([MARK]) == {}


@pytest.mark.parametrize("content", [b"not SQLite at all" * 100, None], ids=["another file", "a folder"])
async def test_a_journal_that_cannot_be_used_stops_every_purchase(machine: Machine, content: bytes | None):
    machine.journal.parent.mkdir(parents=True)
    machine.journal.mkdir() if content is None else machine.journal.write_bytes(content)
    with pytest.raises(LedgerError, match="journal of purchases cannot be used"):
        async with machine.writing("one"):
            pass

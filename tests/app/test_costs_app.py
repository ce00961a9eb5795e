"""Costs and the audit over real files: a ledger that was written move by move, and a store with clips in it."""

import hashlib
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from hailuo_batch.app.costs import audit, costs
from hailuo_batch.core.attempt.attempt import Clip, Move, Stage
from hailuo_batch.core.attempt.failure import Failure, FailureKind
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.audit_findings import AuditFault, AuditRemark
from hailuo_batch.core.spending.costs import CostColumn, GroupBy
from hailuo_batch.core.world import World
from hailuo_batch.errors import InputError
from hailuo_batch.ledger.sqlite import SqliteLedger, open_ledger, read_ledger
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.store.local import LocalStore

COPIED = (
    "fingerprint, preimage, provider, campaign, shot, take, tags, stage, digest, estimate_amount, estimate_currency, "
    "intended_at, changed_at"
)
NOVEMBER = datetime(2026, 11, 1, tzinfo=UTC).timestamp()


class HandClock:
    at = NOVEMBER

    def now(self) -> float:
        return self.at

    def elapsed(self) -> float:
        return self.at


def usd(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="USD")


@dataclass(kw_only=True)
class Shop:
    """A project's ledger and store, and a hand to write in them."""

    root: Path
    base: Path
    ledger: SqliteLedger
    clock: HandClock

    async def attempt(self, moves: Sequence[tuple[Move, Facts]], **members: object) -> int:
        plain = {
            "fingerprint": "v1-a", "preimage": "{}", "provider": "minimax", "campaign": "aurora", "shot": "open",
            "take": 1, "tags": ("hero",), "estimate": usd("0.28"),
        }  # fmt: skip
        number = await self.ledger.record_intent(Intent(**{**plain, **members}))  # type: ignore[arg-type]
        for move, facts in moves:
            await self.ledger.move(number, move, facts)
        return number

    async def bought(self, words: bytes = b"clip", task: str = "t-1", **members: object) -> Path:
        """A whole purchase; the clip's file."""
        store = LocalStore(self.base / ".hailuo" / "store")
        file = store.temporary_path()
        file.write_bytes(words)
        digest = await store.keep(file)
        clip = Clip(digest=digest, size=len(words), width=1, height=1, seconds=6.0, frames=1, codec="h264")
        await self.attempt(
            [(Move.ACCEPT, Facts(task=task)), (Move.PRODUCE, Facts()), (Move.KEEP, Facts(clip=clip))], **members
        )
        return Path(store.location(digest))


@asynccontextmanager
async def opened(root: Path, base: Path) -> AsyncIterator[Shop]:
    clock = HandClock()
    async with open_ledger(base / ".hailuo" / "ledger.db", clock=clock) as ledger:
        yield Shop(root=root, base=base, ledger=ledger, clock=clock)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    async with opened(tmp_path, tmp_path) as found:
        yield found


def spend(shop: Shop, statement: str) -> None:
    """Something else writes to the ledger."""
    with closing(sqlite3.connect(shop.base / ".hailuo" / "ledger.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(statement)


async def faults(shop: Shop, **how: Any) -> list[AuditFault]:
    return [each.fault for each in (await audit(shop.root, **how)).findings]


async def test_a_project_that_bought_nothing_costs_nothing_and_is_proved(tmp_path: Path):
    (tmp_path / ".git").mkdir()
    assert (await costs(tmp_path)).totals == ()
    assert (await costs(tmp_path, campaign="aurora")).totals == ()
    assert (await audit(tmp_path)).findings == ()
    assert [path.name for path in tmp_path.iterdir()] == [".git"], "looking writes nothing"


async def test_costs_are_read_from_anywhere_in_the_project_whatever_its_settings_say(shop: Shop):
    await shop.bought()
    (shop.root / "hailuo.yaml").write_text("no settings of ours")
    (shop.root / "manifests").mkdir()
    (row,) = (await costs(shop.root / "manifests", group_by=GroupBy.SHOT)).rows
    assert (row.group, row.amount(CostColumn.SPENT)) == ("aurora/open", Decimal("0.28"))


async def test_costs_of_one_campaign_and_since_a_day(shop: Shop):
    shop.clock.at = NOVEMBER - 1
    await shop.bought(b"1")
    shop.clock.at = NOVEMBER
    await shop.bought(b"2", task="t-2", fingerprint="v1-b", campaign="boreal")
    assert [row.group for row in (await costs(shop.root, group_by=GroupBy.MONTH)).rows] == ["2026-10", "2026-11"]
    assert [row.group for row in (await costs(shop.root, group_by=GroupBy.MONTH, since=date(2026, 11, 1))).rows] == [
        "2026-11"
    ]
    assert [row.group for row in (await costs(shop.root, group_by=GroupBy.CAMPAIGN, campaign="aurora")).rows] == [
        "aurora"
    ]
    with pytest.raises(InputError) as caught:
        await costs(shop.root, campaign="aurore")
    assert caught.value.remedy == 'Did you mean "aurora"?'


async def test_what_a_person_gave_up_comes_with_the_reason(shop: Shop):
    given_up = Failure(kind=FailureKind.WRITTEN_OFF, why="written off")
    await shop.attempt(
        [
            (Move.LOSE_SIGHT, Facts()),
            (Move.WRITE_OFF, Facts(failure=given_up, reason="the client left", decided_by="ada")),
        ]
    )
    (lost,) = (await costs(shop.root)).lost_money
    assert (lost.money, lost.why) == (usd("0.28"), "the client left")


async def test_a_reader_sees_one_moment_while_a_run_writes(shop: Shop):
    await shop.attempt([(Move.ACCEPT, Facts(task="t-1"))])
    async with read_ledger(shop.base / ".hailuo" / "ledger.db") as ledger:
        attempts, events, _ = await ledger.audit_records()
    assert [each.stage for each in attempts] == [Stage.SUBMITTED]
    assert [each.move for each in events] == ["intend", "accept"]
    assert await faults(shop) == []


async def test_the_rehearsal_has_books_of_its_own(tmp_path: Path):
    (tmp_path / "hailuo.yaml").write_text("version: 1\n")
    async with opened(tmp_path, tmp_path / ".hailuo" / "rehearsal") as shop:
        await shop.bought()
        assert (await costs(tmp_path)).totals == ()
        assert len((await costs(tmp_path, world=World.REHEARSAL)).totals) == 1
        assert (await audit(tmp_path)).requests == 0
        rehearsed = await audit(tmp_path, world=World.REHEARSAL)
        assert (rehearsed.findings, rehearsed.requests, rehearsed.clips) == ((), 1, 1)


async def test_everything_bought_once_is_proved(shop: Shop):
    await shop.bought(b"1")
    await shop.bought(b"2", task="t-2", fingerprint="v1-b")
    await shop.attempt([(Move.REFUSE, Facts(failure=Failure(kind=FailureKind.UNPAID, why="no")))], fingerprint="v1-c")
    await shop.bought(b"3", task="drawn", fingerprint="v1-d", provider="animatic", estimate=None)
    found = await audit(shop.root, deep=True)
    assert (found.findings, found.remarks) == ((), ())
    assert (found.requests, found.purchases, found.clips, found.sketches) == (3, 2, 2, 1)


async def test_a_discarded_clip_that_is_bought_again_is_remarked(shop: Shop):
    (await shop.bought()).unlink()
    gone = Failure(kind=FailureKind.DISCARDED, why="removed")
    await shop.ledger.move(1, Move.DISCARD, Facts(failure=gone, reason="gc", decided_by="ada"))
    await shop.bought(b"other", task="t-2")
    found = await audit(shop.root)
    assert (found.findings, [each.remark for each in found.remarks]) == ((), [AuditRemark.AFTER_DECISION])
    assert (await costs(shop.root)).totals[0].amount(CostColumn.SPENT) == Decimal("0.56")


async def test_a_clip_that_is_gone_or_of_another_size_is_found(shop: Shop):
    file = await shop.bought()
    file.chmod(0o644)
    file.write_bytes(b"longer than it was")
    assert await faults(shop) == [AuditFault.RESIZED]
    file.unlink()
    assert await faults(shop) == [AuditFault.MISSING]


async def test_changed_bytes_are_found_by_a_deep_look_only(shop: Shop):
    file = await shop.bought(b"clip")
    file.chmod(0o644)
    file.write_bytes(b"clap")
    assert await faults(shop) == []
    found = await audit(shop.root, deep=True)
    assert [each.fault for each in found.findings] == [AuditFault.CHANGED]
    assert hashlib.sha256(b"clap").hexdigest() in found.findings[0].why


async def test_a_clip_that_cannot_be_read_is_found_by_a_deep_look(shop: Shop, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    await shop.bought()
    monkeypatch.setattr("hailuo_batch.app.costs.file_digest", broken)
    found = await audit(shop.root, deep=True)
    assert found.findings[0].why.endswith(": the system says: Input/output error")


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE attempts SET stage = 'failed'", [AuditFault.REPLAY]),
        ("UPDATE attempts SET task = 't-9'", [AuditFault.UNTOLD]),
        ("UPDATE attempts SET task = NULL", [AuditFault.NO_TASK, AuditFault.UNTOLD]),
        ("UPDATE attempts SET cost_amount = '0', cost_currency = 'USD'", [AuditFault.UNTOLD]),
        ("UPDATE attempts SET estimate_amount = '0.01'", [AuditFault.UNTOLD]),
        ("UPDATE artifacts SET size = 1", [AuditFault.RESIZED]),
        ("DELETE FROM artifacts", [AuditFault.UNRECORDED]),
        ("DELETE FROM attempts", [AuditFault.NOBODYS, AuditFault.LEDGER_GONE]),
        (
            "INSERT INTO events (attempt, at, move, stage, data) VALUES (1, 0, 'fail', 'failed', '{}')",
            [AuditFault.REPLAY],
        ),
    ],
)
async def test_books_that_something_else_has_changed_are_found(shop: Shop, statement: str, found: list[AuditFault]):
    await shop.bought()
    assert await faults(shop) == []
    spend(shop, statement)
    assert await faults(shop) == found


async def test_a_second_live_attempt_is_found_where_the_index_was_taken_away(shop: Shop):
    await shop.bought()
    spend(shop, "DROP INDEX one_live_attempt")
    spend(
        shop,
        f"INSERT INTO attempts ({COPIED}, task) SELECT {COPIED}, 't-2' FROM attempts",  # noqa: S608 - the columns stand above
    )
    found = await audit(shop.root)
    assert [each.fault for each in found.findings] == [AuditFault.LIVE_TWICE, AuditFault.REPLAY]
    assert found.double_purchases == 1

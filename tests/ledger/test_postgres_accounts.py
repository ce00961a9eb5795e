"""The rate and the places of one gateway account hold over all machines."""

import asyncio
import time
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from postgres_fixtures import postgres, postgres_database, postgres_url  # noqa: F401 - fixtures

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.pacing.shared_rate import slot_distance, slot_patience
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.writer import PostgresLedger, open_shared_ledger
from hailuo_batch.ports import Facts, Intent, SharedAccount, SlotLease
from hailuo_batch.runner.shared_pace import SharedPace

PER_SECOND = 20


@asynccontextmanager
async def machines(url: str, number: int) -> AsyncIterator[list[PostgresLedger]]:
    async with AsyncExitStack() as stack:
        cards = [HolderCard(host=f"desk-{n}", person="ana", command="run", place="/films") for n in range(number)]
        yield [
            await stack.enter_async_context(open_shared_ledger(url, clock=SystemClock(), card=card)) for card in cards
        ]


def intent(number: int) -> Intent:
    return Intent(
        fingerprint=f"sha256:{number:064x}", preimage="{}", provider="minimax", campaign="spring", shot="s", take=1
    )


def account(per_minute: float | None = None, places: int | None = None) -> SharedAccount:
    return SharedAccount(account="a1", gateway="minimax", distance=slot_distance(per_minute), places=places)


async def test_three_machines_together_keep_one_rate_and_use_it(
    postgres_url: str,  # noqa: F811
) -> None:
    seconds, at = 3.0, list[float]()

    async def work(machine: PostgresLedger) -> None:
        pace = SharedPace(account(60.0 * PER_SECOND), machine, time.monotonic)
        while time.monotonic() < end:
            wait = await pace.take(used=0, wanted=8)
            if wait == 0:
                at.append(time.monotonic())
            else:
                await asyncio.sleep(wait)

    async with machines(postgres_url, 3) as three:
        end = time.monotonic() + seconds
        await asyncio.gather(*map(work, three))
    at.sort()
    windows = [bisect_left(at, each + 1.0) - number for number, each in enumerate(at)]
    assert max(windows) <= PER_SECOND
    assert len(at) >= 0.7 * PER_SECOND * seconds, "a loaded machine uses less; benchmarks/team.py measures it"


def test_no_window_is_passed_however_late_slots_are_used() -> None:
    """By arithmetic: every second slot as late as may be, in front of slots that are on time."""
    for per_minute in (1.0, 5.0, 20.0, 100.0, 600.0):
        distance = slot_distance(per_minute)
        late = slot_patience(distance)
        at = sorted(number * distance + (late if number % 2 else 0.0) for number in range(int(per_minute) * 3 + 4))
        assert max(bisect_left(at, each + 60.0) - number for number, each in enumerate(at)) <= per_minute


async def test_places_are_those_of_all_machines_together(
    postgres_url: str,  # noqa: F811
) -> None:
    async with machines(postgres_url, 1) as (ben,):
        async with machines(postgres_url, 1) as (ana,):
            first = await ana.lease_slots(account(places=5), used=0, wanted=3)
            other = await ben.lease_slots(account(places=5), used=0, wanted=9)
            assert (len(first.begins), len(other.begins)) == (3, 2)
            assert (await ana.lease_slots(account(places=5), used=3, wanted=1)).is_full

            for number in range(3):
                attempt = await ana.record_intent(intent(number))
                await ana.move(attempt, Move.ACCEPT, Facts(task=f"t{number}"))
            await ana.lease_slots(account(places=5), used=3, wanted=0)
            await ben.lease_slots(account(places=5), used=0, wanted=0)
            assert len((await ben.lease_slots(account(places=5), used=0, wanted=9)).begins) == 2
        # The tasks of a machine that has ended run on at the gateway.
        assert len((await ben.lease_slots(account(places=5), used=0, wanted=9)).begins) == 2


async def test_a_pause_that_one_machine_was_asked_for_holds_for_all(
    postgres_url: str,  # noqa: F811
) -> None:
    async with machines(postgres_url, 2) as (ana, ben):
        await ana.lease_slots(account(600.0), used=0, wanted=1, pause=30.0)
        told = await ben.lease_slots(account(600.0), used=0, wanted=5)
        assert not told.begins
        assert told.retry_after == pytest.approx(29.0, abs=0.5)


async def test_a_slot_that_was_not_used_in_time_has_lapsed() -> None:
    now = 0.0

    class Lessor:
        leases = 0

        async def lease_slots(
            self, _: SharedAccount, *, used: int, wanted: int, pause: float | None = None
        ) -> SlotLease:
            self.leases += 1
            return SlotLease(now=now, begins=(0.0, 0.1, 0.2))

    lessor = Lessor()
    pace = SharedPace(account(600.0), lessor, lambda: now)
    assert await pace.take(used=0, wanted=3) == 0
    now = 0.15
    assert await pace.take(used=0, wanted=3) == pytest.approx(0.05), "the slot of 0.1 is over"
    now = 5.0
    assert await pace.take(used=0, wanted=3) == 0
    assert lessor.leases == 2

"""A request whose answer never came, from the run that is left in doubt to the clip: one purchase in the end."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from rehearsal import SPEED, Studio, film

from hailuo_batch.app.resolve import list_open_attempts, settle
from hailuo_batch.core.attempt.in_doubt import DoubtState, Verdict
from hailuo_batch.core.spending.charge import ChargeState, make_charge
from hailuo_batch.core.world import World
from hailuo_batch.ledger.sqlite import read_ledger
from hailuo_batch.mock.script import parse_script
from hailuo_batch.mock.server import Mock
from hailuo_batch.testing.clips import CLIP


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    @asynccontextmanager
    async def opened(gateway: str, **fault: object) -> AsyncIterator[Studio]:
        script = parse_script({"faults": [{"gateway": gateway, **fault}]})
        async with Mock(script, speed=SPEED, clip=CLIP) as mock:
            found = Studio(folder=tmp_path, mock=mock, monkeypatch=monkeypatch)
            found.write(film(gateway, "a kite over a salt flat"))
            yield found

    return opened


@pytest.mark.parametrize("gateway", ["gccai", "odkkk", "minimax"])
async def test_a_task_that_was_accepted_unseen_is_found_and_comes_home(studio, gateway: str):
    async with studio(gateway, fault="reset", accepted=True, first=1) as found:
        assert await found.tell() == "unclear in_doubt, 1 charged, exit 8"
        left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)
        (doubt,) = left.in_doubt
        assert (doubt.label, doubt.provider, doubt.state) == ("s1#1", gateway, DoubtState.IN_DOUBT)

        (settled,) = await settle(
            left,
            left.pick(["s1#1"], Verdict.FOUND),
            Verdict.FOUND,
            reason="it stands in the account",
            tasks={doubt.attempt: found.mock.charges[0].task},
        )

        assert settled.stage == "submitted"
        assert (await list_open_attempts(folder=found.folder, world=World.REHEARSAL)).in_doubt == ()
        assert await found.tell() == "stored, 1 charged, exit 0"
        assert found.stages() == ["stored"]


@pytest.mark.parametrize("gateway", ["gccai", "odkkk", "minimax"])
async def test_what_was_never_sent_is_asked_for_again_and_bought_once(studio, gateway: str):
    async with studio(gateway, fault="reset", accepted=False, first=1) as found:
        assert await found.tell() == "unclear in_doubt, 0 charged, exit 8"
        assert await found.tell() == "held in_doubt, 0 charged, exit 8", "it is not sent again by itself"
        left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)

        await settle(left, left.in_doubt, Verdict.NEVER_SENT, reason="not in the account")

        assert await found.tell() == "stored, 1 charged, exit 0"
        assert found.stages() == ["cancelled", "stored"]


async def test_what_is_written_off_counts_as_spent_and_is_bought_again(studio):
    async with studio("minimax", fault="reset", accepted=True, first=1) as found:
        await found.tell()
        left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)

        await settle(left, left.in_doubt, Verdict.WRITTEN_OFF, reason="nobody can say")

        assert await found.tell() == "stored, 2 charged, exit 0"
        async with read_ledger(found.base / ".hailuo" / "ledger.db") as ledger:
            lost, bought = await ledger.attempts()
        assert lost.failure is not None
        charge = make_charge(lost.stage, kind=lost.failure.kind, task=lost.task, estimate=lost.estimate, cost=lost.cost)
        assert (charge.state, str(charge.money)) == (ChargeState.LOST, "0.28 USD")
        assert bought.digest


async def test_a_task_that_never_ends_is_written_off_and_bought_again(studio):
    async with studio("minimax", fault="stuck", first=1) as found:
        assert await found.tell() == "pending submitted, 1 charged, exit 8"
        left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)
        assert left.in_doubt == (), "it is known where it is"

        await settle(left, left.pick(["s1"], Verdict.WRITTEN_OFF), Verdict.WRITTEN_OFF, reason="a day is enough")

        assert await found.tell() == "stored, 2 charged, exit 0"


async def test_the_reason_and_who_gave_it_stay_in_the_ledger(studio, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    async with studio("minimax", fault="reset", accepted=False, first=1) as found:
        await found.tell()
        left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)
        await settle(left, left.in_doubt, Verdict.NEVER_SENT, reason=" not in the account ")
        [data] = [json.loads(row[0]) for row in found.rows("SELECT data FROM events WHERE move = 'settle'")]
        assert (data["reason"], data["by"]) == ("not in the account", "ann")


async def test_a_gateway_that_takes_a_key_once_and_never_answers_leaves_a_doubt_too(studio):
    async with studio("mindvideo", fault="reset", accepted=True, nth=[1, 2, 3, 4]) as found:
        await found.tell()
        left = await list_open_attempts(folder=found.folder, world=World.REHEARSAL)
        assert [each.state for each in left.attempts] == [DoubtState.IN_DOUBT], (
            "its patience ended, so a person is asked"
        )

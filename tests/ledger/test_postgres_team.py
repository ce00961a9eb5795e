"""What `status --team` shows comes from the ledger itself: who lives, who left what behind, which caps there are."""

import json
from decimal import Decimal

import pytest
from jsonschema import Draft7Validator
from postgres_fixtures import postgres, postgres_database, postgres_url  # noqa: F401 - fixtures

from hailuo_batch.app.workspace.clock import SystemClock
from hailuo_batch.core.attempt.attempt import Move
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.budget import Cap
from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.postgres.connect import check_server, connect
from hailuo_batch.ledger.postgres.holders import HolderCard
from hailuo_batch.ledger.postgres.migrate import migrations
from hailuo_batch.ledger.postgres.probe import keeps_sessions, probe_ledger, report_owed
from hailuo_batch.ledger.postgres.reader import read_shared_ledger
from hailuo_batch.ledger.postgres.writer import PostgresLedger, open_shared_ledger
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.ports import Facts, Intent
from hailuo_batch.views.team import draw_team, team_dict


def card(person: str, host: str, program: str = "1.0") -> HolderCard:
    return HolderCard(
        host=host, person=person, command="run spring.yaml", place=f"/home/{person}/films", program=program
    )


async def buy(ledger: PostgresLedger, number: int, *, accepted: bool) -> None:
    attempt = await ledger.record_intent(
        Intent(
            fingerprint=f"sha256:{number:064x}",
            preimage="{}",
            provider="minimax",
            campaign="spring",
            shot="s",
            take=1,
            estimate=Money(amount=Decimal("0.28"), currency="USD"),
        )
    )
    if accepted:
        await ledger.move(attempt, Move.ACCEPT, Facts(task=f"t{number}"))


async def test_the_team_is_who_lives_what_was_left_and_what_is_owed(postgres_url: str) -> None:  # noqa: F811
    cap = Cap(description="", limit=Money(amount=Decimal("0.56"), currency="USD"), tag=None)
    async with open_shared_ledger(postgres_url, clock=SystemClock(), card=card("ben", "ci", "0.9")) as ben:
        await ben.begin_run(manifest="a.yaml", campaign="spring", sketch=False)
        await buy(ben, 1, accepted=True)
    report_owed(postgres_url, card("ben", "ci", "0.9"), 3)
    async with open_shared_ledger(postgres_url, clock=SystemClock(), card=card("ana", "desk")) as ana:
        await ana.register_caps([cap])
        await ana.begin_run(manifest="a.yaml", campaign="spring", sketch=False)
        await buy(ana, 2, accepted=False)
        async with read_shared_ledger(postgres_url) as reader:
            team = await reader.team()
    (run,), (left,), (counted,) = team.runs, team.left_behind, team.caps
    assert (run.person, run.campaign, run.tasks) == ("ana", "spring", 1)
    assert (left.person, left.running, left.doubts) == ("ben", 1, 0)
    assert str(counted.used) == "0.56 USD"
    assert [str(limit) for _, limit in counted.limits] == ["0.56 USD"]
    assert {(each.person, each.owes) for each in team.machines} == {("ana", None), ("ben", 3)}

    text = draw_team(team)
    assert "ana on desk" in text
    assert "owes 3 clips" in text
    assert "versions 0.9, 1.0" in text
    Draft7Validator(read_schema("team")).validate(json.loads(json.dumps(team_dict(team))))


async def test_a_new_ledger_says_that_it_is_new(postgres_url: str) -> None:  # noqa: F811
    async with read_shared_ledger(postgres_url) as reader:
        text = draw_team(await reader.team())
    assert "Nobody works on it now." in text
    assert "No machine has written to it yet." in text


def test_a_probe_tries_clock_disk_and_sessions(postgres_url: str) -> None:  # noqa: F811
    found = probe_ledger(postgres_url)
    assert (found.fsync, found.synchronous_commit, found.keeps_sessions) == (False, "on", True)
    assert abs(found.skew) < 1.0


def test_one_session_behind_two_lines_is_noticed(postgres_url: str) -> None:  # noqa: F811
    """What a proxy does that hands out sessions by the transaction: both lines get the same one."""
    with connect(postgres_url, name="pooled") as session:
        assert not keeps_sessions(session, session)


@pytest.mark.parametrize(("fsync", "commit", "named"), [("off", "on", "fsync"), ("on", "off", "synchronous_commit")])
def test_a_server_that_may_forget_what_it_confirmed_is_refused(fsync: str, commit: str, named: str) -> None:
    """Our sessions ask for the latter; a proxy between may leave that out."""
    server = {"version": len(migrations()), "fsync": fsync, "commit": commit, "unsafe_allowed": "off"}
    check_server({**server, "fsync": "on", "commit": "on"}, "db/films")
    with pytest.raises(LedgerError, match="may lose what it confirmed") as refused:
        check_server(server, "db/films")
    assert f"{named} off" in refused.value.why

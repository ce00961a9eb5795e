"""`ledger init`, `check` and `move`: a shared ledger is made, proved, and filled from a local one."""

import asyncio
import json
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from forking import Forks
from jsonschema import Draft7Validator
from postgres_fixtures import OWNER, PostgresServer, postgres, postgres_database, postgres_url  # noqa: F401 - fixtures
from team_desks import PROMPTS, Desk, charged, mock, others, own_state  # noqa: F401 - fixtures

from hailuo_batch.app.costs import audit
from hailuo_batch.app.workspace import shared_setup
from hailuo_batch.app.workspace.workspace import SKETCH_LEDGER_NAME, Workspace
from hailuo_batch.cli.main import run_command_line
from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.plan.plan import StepReason
from hailuo_batch.core.spending.audit_findings import AuditFault
from hailuo_batch.core.world import World
from hailuo_batch.errors import Exit, LedgerError
from hailuo_batch.load.schemas import read_schema
from hailuo_batch.mock.server import Mock

pytestmark = pytest.mark.asyncio(loop_scope="session")


def say(desk: Desk, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """A command at a desk; its exit code."""
    desk.sit()
    monkeypatch.chdir(desk.folder)
    return run_command_line(words)


async def test_a_ledger_is_made_once_and_says_who_needs_which_right(
    postgres: PostgresServer,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = "made_by_command"
    with postgres.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = postgres.url(name, user=OWNER)
    try:
        assert [run_command_line(("ledger", "init", url)) for _ in range(2)] == [0, 0]
        first, second = capsys.readouterr().out.split("The shared ledger is ")[1:]
        assert first.startswith("made")
        assert second.startswith("up to date")
        assert "GRANT hailuo_run TO" in first
        assert run_command_line(("ledger", "check", url)) == Exit.LEDGER
        bad = [line.split()[1] for line in capsys.readouterr().out.splitlines() if line.startswith("BAD")]
        assert bad == ["disk"], "the tests' server does not sync"
    finally:
        postgres.drop_database(name)


async def test_a_password_in_the_address_is_refused_and_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command_line(("ledger", "init", "postgresql://ana:hunter2@localhost/films")) == Exit.INVALID
    said = capsys.readouterr()
    assert "hunter2" not in said.out + said.err


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("UPDATE hailuo.caps SET used = used + 1, allowed = NULL", "sums"),
        ("UPDATE hailuo.attempts SET stage = 'failed' WHERE id = (SELECT min(id) FROM hailuo.attempts)", "events"),
        ("ALTER TABLE hailuo.events DISABLE TRIGGER events_are_never_changed", "triggers"),
        ("GRANT UPDATE ON hailuo.attempts TO hailuo_run", "rights"),
        ("UPDATE hailuo.servers SET timeline = '000000FF'", "server"),
    ],
)
async def test_each_check_finds_its_harm(
    harm: str,
    check: str,
    tmp_path: Path,
    forks: Forks,
    mock: Mock,  # noqa: F811
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    caps = "caps: [{max: 50, currency: USD}]\n"
    desk = Desk.make(tmp_path / "desk", forks, mock.base_url, postgres_url, caps)
    assert await desk.run() == Exit.DONE
    good = shared_setup.check_shared_ledger(postgres_url)
    assert [each.name for each in good if not each.is_good] == ["disk"], "the tests' server does not sync"
    with postgres.connect(postgres_database) as connection:
        connection.execute("SET search_path = hailuo")
        connection.execute(harm)
        try:
            wrong = [each.name for each in shared_setup.check_shared_ledger(postgres_url) if not each.is_good]
        finally:
            connection.execute("REVOKE UPDATE ON hailuo.attempts FROM hailuo_run")
    assert wrong == sorted(["disk", check], key=[each.name for each in good].index)


async def test_a_desk_sees_the_team_and_doctor_tries_the_server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    forks: Forks,
    mock: Mock,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    desk = Desk.make(tmp_path / "desk", forks, mock.base_url, postgres_url)
    assert await desk.run() == Exit.DONE
    assert await asyncio.to_thread(say, desk, monkeypatch, "status", "--team", "--format", "json") == Exit.DONE
    team = json.loads(capsys.readouterr().out)
    Draft7Validator(read_schema("team")).validate(team)
    assert [each["place"] for each in team["machines"]] == [str(desk.folder)]
    assert await asyncio.to_thread(say, desk, monkeypatch, "doctor") != Exit.DONE
    found = [line for line in capsys.readouterr().out.splitlines() if "after a power cut" in line]
    assert "fsync off, full_page_writes off, synchronous_commit on" in " ".join(found), (
        "the tests' server does not sync"
    )

    alone = Desk.make(tmp_path / "alone", forks, mock.base_url)
    assert await asyncio.to_thread(say, alone, monkeypatch, "status", "--team") == Exit.INVALID
    assert "shares its ledger with nobody" in capsys.readouterr().err


async def test_a_moved_ledger_keeps_every_cent_and_is_written_no_more(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    forks: Forks,
    mock: Mock,  # noqa: F811
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    desk = Desk.make(tmp_path / "desk", forks, mock.base_url)
    assert await desk.run() == Exit.DONE
    file = Workspace(desk.folder).ledger_file
    before = await audit(desk.folder)
    owner = postgres.url(postgres_database, user=OWNER)
    assert say(desk, monkeypatch, "ledger", "move", owner) == 0
    assert f"Proved: {len(PROMPTS)} attempts and" in capsys.readouterr().out
    with pytest.raises(LedgerError, match="moved to a shared one"):
        await desk.plan()
    with closing(sqlite3.connect(file)) as raw, pytest.raises(sqlite3.IntegrityError, match="moved"):
        raw.execute("UPDATE attempts SET stage = 'failed'")
    desk.share(postgres_url)
    after = await audit(desk.folder)
    assert (after.findings, after.costs, after.requests) == (before.findings, before.costs, before.requests)
    assert {step.why for step in (await desk.plan()).plan.steps} == {StepReason.STORED}
    assert await desk.run() == Exit.DONE
    assert charged(mock) == Counter(PROMPTS)
    assert say(desk, monkeypatch, "ledger", "move", owner) == 0, "again: there is nothing to do"
    assert [each.is_good for each in shared_setup.check_shared_ledger(postgres_url) if each.name != "disk"] == [
        True
    ] * 9
    async with Workspace(desk.folder, World.SKETCH).read_ledger() as ledger:
        assert await ledger.runs(), "sketches stay here"
    assert Workspace(desk.folder, World.SKETCH).ledger_file.name == SKETCH_LEDGER_NAME


async def test_what_two_checkouts_had_bought_both_is_live_once_and_counts_twice(
    tmp_path: Path,
    forks: Forks,
    others: Forks,  # noqa: F811
    mock: Mock,  # noqa: F811
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    one = Desk.make(tmp_path / "one", forks, mock.base_url)
    two = Desk.make(tmp_path / "two", others, mock.base_url)
    owner = postgres.url(postgres_database, user=OWNER)
    proofs = []
    for desk in (one, two):
        assert await desk.run() == Exit.DONE
        proofs.append(shared_setup.move_ledger(Workspace(desk.folder), owner).proof)
        desk.share(postgres_url)
    assert [proof and proof.twice for proof in proofs] == [0, len(PROMPTS)]
    assert await two.stages() == {Stage.STORED: len(PROMPTS), Stage.CANCELLED: len(PROMPTS)}
    found = await audit(two.folder)
    assert {each.fault for each in found.findings} == {AuditFault.BOUGHT_TWICE}, "that is what had happened"
    assert (len(found.findings), found.purchases) == (len(PROMPTS), 2 * len(PROMPTS))
    assert {step.why for step in (await one.plan()).plan.steps} == {StepReason.STORED}
    assert {step.why for step in (await two.plan()).plan.steps} == {StepReason.STORED_ELSEWHERE}


@pytest.mark.parametrize(
    "moment", ["hailuo_batch.ledger.moved_mark.copy_beside", "hailuo_batch.ledger.journal.enter_move"]
)
async def test_a_move_that_is_cut_off_is_done_by_the_next_one(
    moment: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forks: Forks,
    mock: Mock,  # noqa: F811
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
    postgres_url: str,  # noqa: F811
) -> None:
    desk = Desk.make(tmp_path / "desk", forks, mock.base_url)
    assert await desk.run() == Exit.DONE
    owner = postgres.url(postgres_database, user=OWNER)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(moment, die)
        with pytest.raises(KeyboardInterrupt):
            shared_setup.move_ledger(Workspace(desk.folder), owner)
    shared_setup.move_ledger(Workspace(desk.folder), owner)
    desk.share(postgres_url)
    assert await desk.stages() == {Stage.STORED: len(PROMPTS)}
    assert {step.why for step in (await desk.plan()).plan.steps} == {StepReason.STORED}

"""What the database itself refuses, whatever the programs above it believe."""

from pathlib import Path

import psycopg
import pytest
from postgres_fixtures import PostgresServer, postgres, postgres_database, postgres_url  # noqa: F401 - fixtures

from hailuo_batch.core.attempt.attempt import LIVE_STAGES, MOVES
from hailuo_batch.ledger.postgres.migrate import migrate, migrations


def test_the_moves_of_the_database_are_those_of_the_table(postgres: PostgresServer, postgres_database: str):  # noqa: F811
    with postgres.connect(postgres_database) as connection:
        rows = connection.execute("SELECT stage, move, target FROM hailuo.moves").fetchall()
    assert {(stage, move): target for stage, move, target in rows} == MOVES


def test_the_stages_that_the_database_guards_are_those_that_may_cost_money():
    start = migrations()[0][1]
    index = start[start.index("CREATE UNIQUE INDEX one_live_attempt") :]
    listed = index[index.index("IN (") + 4 : index.index(");")]
    assert {stage.strip(" '") for stage in listed.split(",")} == {str(stage) for stage in LIVE_STAGES}


def test_migrating_again_does_nothing(postgres: PostgresServer, postgres_database: str):  # noqa: F811
    with postgres.connect(postgres_database) as connection:
        assert migrate(connection) == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE hailuo.events SET at = 0",
        "DELETE FROM hailuo.events",
        "INSERT INTO hailuo.events (attempt, at, move, stage, data) VALUES (1, 0, 'keep', 'stored', '{}')",
        "UPDATE hailuo.attempts SET stage = 'failed'",
        "UPDATE hailuo.caps SET used = 0",
        "SELECT hailuo.move(1, '{}', '{}')",
        "SELECT hailuo.sweep_dead_holders(1)",
        "SET session_replication_role = replica",
    ],
)
def test_a_run_may_only_read_and_call_the_functions(
    change: str,
    postgres: PostgresServer,  # noqa: F811
    postgres_database: str,  # noqa: F811
):
    with postgres.connect(postgres_database, user="producer") as connection:
        assert connection.execute("SELECT count(*) FROM hailuo.events").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change)


@pytest.mark.parametrize(
    "act",
    ["SELECT hailuo.enter_holder('{}')", "SELECT hailuo.write_batch(1, 1, '[]')", "SELECT * FROM hailuo.attempts"],
)
def test_a_worker_can_neither_intend_nor_move(act: str, postgres: PostgresServer, postgres_database: str):  # noqa: F811
    with (
        postgres.connect(postgres_database, user="worker") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(act)


_ATTEMPT = (
    "INSERT INTO attempts (fingerprint, provider, campaign, shot, take, tags, free, stage, intended_at, changed_at,"
    " preimage) VALUES ('f', 'p', '', '', 1, '{}', false, %s, 0, 0, '')"
)


@pytest.mark.parametrize("change", ["UPDATE events SET at = 0", "DELETE FROM events", "TRUNCATE events CASCADE"])
def test_not_even_the_owner_changes_what_happened(change: str, postgres: PostgresServer, postgres_database: str):  # noqa: F811
    with postgres.connect(postgres_database) as connection:
        connection.execute("SET search_path = hailuo")
        connection.execute(_ATTEMPT, ("intended",))
        connection.execute(
            "INSERT INTO events (attempt, at, move, stage, data) VALUES (1, 0, 'intend', 'intended', '{}')"
        )
        with pytest.raises(psycopg.errors.RaiseException, match="only ever added"):
            connection.execute(change)


@pytest.mark.parametrize("stage", sorted(LIVE_STAGES))
def test_the_database_refuses_a_second_live_attempt(stage: str, postgres: PostgresServer, postgres_database: str):  # noqa: F811
    with postgres.connect(postgres_database) as connection:
        connection.execute("SET search_path = hailuo")
        connection.execute(_ATTEMPT, (stage,))
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(_ATTEMPT, ("in_doubt",))


def test_no_commit_leaves_more_under_a_cap_than_it_allows(postgres: PostgresServer, postgres_database: str):  # noqa: F811
    with postgres.connect(postgres_database) as connection:
        connection.execute("SET search_path = hailuo")
        with pytest.raises(psycopg.errors.RaiseException, match="would be passed"), connection.transaction():
            connection.execute("INSERT INTO caps (key, since, currency, used, allowed) VALUES ('k', 0, 'USD', 3, 2)")
        assert connection.execute("SELECT count(*) FROM caps").fetchone() == (0,)


def test_scripts_are_numbered_without_a_gap():
    folder = Path(__file__).parents[2] / "hailuo_batch" / "ledger" / "postgres" / "migrations"
    assert [int(each.name[:4]) for each in sorted(folder.iterdir())] == list(range(1, len(migrations()) + 1))

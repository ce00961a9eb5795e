"""The tables of the farm in the ledger's database: Procrastinate's, in a schema of their own, and who is at work.

A worker's role reaches this schema and nothing else. Procrastinate is imported when there is a farm.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hailuo_batch.errors import InputError, LedgerError

if TYPE_CHECKING:
    from procrastinate import App

SCHEMA = "hailuo_farm"
TASK = "carry_out"
WORK_ROLE = "hailuo_work"
RUN_ROLE = "hailuo_run"

# A line that is dead is noticed within half a minute.
_PATIENCE = {"connect_timeout": 10, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}

_WORKERS = """
CREATE TABLE workers (
    id bigint PRIMARY KEY REFERENCES procrastinate_workers (id) ON DELETE CASCADE,
    queues text[] NOT NULL,
    host text NOT NULL,
    process integer NOT NULL,
    version text NOT NULL,
    since timestamptz NOT NULL DEFAULT now())
"""
_MAKE_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
_GRANTS = (
    "GRANT USAGE ON SCHEMA {schema} TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
)


def apply_farm_schema(connection: Any) -> None:
    """Makes the farm's tables and roles where they are not there, in one transaction of a psycopg connection.

    The owner of the database calls it. Workers log in with a role that has `hailuo_work`, runs with `hailuo_run`.
    """
    from procrastinate.schema import SchemaManager

    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('hailuo_farm'))")
        is_new = connection.execute("SELECT to_regnamespace(%s) IS NULL", (SCHEMA,)).fetchone()[0]
        if is_new:
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
            connection.execute(f"SET LOCAL search_path = {SCHEMA}")
            connection.execute(SchemaManager.get_schema())
            connection.execute(_WORKERS)
            connection.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC")
        for role in (WORK_ROLE, RUN_ROLE):
            connection.execute(_MAKE_ROLE.format(role=role))
            for grant in _GRANTS:
                connection.execute(grant.format(schema=SCHEMA, role=role))


def require_libraries() -> None:
    """Raises `InputError` where what a farm needs is not installed."""
    if find_spec("procrastinate") is None or find_spec("psycopg") is None:
        raise InputError(
            "the farm needs libraries that are not installed",
            why="hailuo.yaml names a farm.",
            remedy='To install them:\n    python -m pip install "hailuo-batch[farm,s3]"',
        )


async def open_app(address: str, register: "Callable[[App], None] | None" = None) -> "App":
    """Procrastinate on the farm's schema of a database, open; `register` names its tasks before.

    One connection of our own goes first: where none can be had, its words say why, and at once.
    """
    import logging

    from procrastinate import App, PsycopgConnector
    from psycopg import AsyncConnection

    for name, level in (("procrastinate", logging.ERROR), ("psycopg.pool", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)  # what matters of it is said in our words
    options: dict[str, Any] = {"options": f"-c search_path={SCHEMA}", "application_name": "hailuo-batch farm"}
    options |= _PATIENCE
    connection = await AsyncConnection.connect(address, **options)
    await connection.close()
    pool: dict[str, Any] = {"min_size": 1, "max_size": 4, "timeout": 15.0, "configure": _end_each_statement}
    app = App(connector=PsycopgConnector(conninfo=address, kwargs=options, **pool))
    if register is not None:
        register(app)
    await app.open_async()
    return app


async def _end_each_statement(connection: Any) -> None:
    """Makes each statement a transaction of its own: a worker that is stopped between two keeps no lock."""
    await connection.set_autocommit(True)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what database and queue say inside into a `LedgerError`."""
    from procrastinate.exceptions import ConnectorException
    from psycopg import Error
    from psycopg_pool import PoolTimeout

    try:
        yield
    except (ConnectorException, PoolTimeout, Error) as error:
        cause = error.__cause__ or error
        why = str(cause).strip().partition("\n")[0] or type(cause).__name__
        raise LedgerError(
            "the farm's database cannot be used", why=why, remedy="Check the address of the ledger, and your login."
        ) from error

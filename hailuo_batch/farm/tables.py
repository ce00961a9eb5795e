"""The tables of the farm in the ledger's database: Procrastinate's, in a schema of their own, and who is at work.

A worker's role reaches this schema and nothing else. Procrastinate is imported when there is a farm.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from hailuo_batch.errors import InputError, LedgerError
from hailuo_batch.ledger.postgres.connect import PasswordSource

if TYPE_CHECKING:
    from procrastinate import App

SCHEMA = "hailuo_farm"
TASK = "carry_out"
_LIBRARIES = {"farm": ("procrastinate", "psycopg"), "dask": ("distributed",)}
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
_READ_VERSION = "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')"
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

    Tables of another version are replaced: jobs are only requests, and what is missing is requested again. The owner of
    the database calls it. Workers log in with a role that has `hailuo_work`, runs with `hailuo_run`.
    """
    from procrastinate.schema import SchemaManager

    script = f"{SchemaManager.get_schema()};{_WORKERS}"
    version = hashlib.sha256(script.encode()).hexdigest()[:16]
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (SCHEMA,))
        if connection.execute(_READ_VERSION, (SCHEMA,)).fetchone()[0] != version:
            connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            connection.execute(f"CREATE SCHEMA {SCHEMA}")
            connection.execute(f"SET LOCAL search_path = {SCHEMA}")
            connection.execute(script)
            connection.execute(f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA {SCHEMA} FROM PUBLIC")
            connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{version}'")
        for role in (WORK_ROLE, RUN_ROLE):
            connection.execute(_MAKE_ROLE.format(role=role))
            for grant in _GRANTS:
                connection.execute(grant.format(schema=SCHEMA, role=role))


def has_libraries() -> bool:
    """Whether what makes the tables is installed."""
    return all(find_spec(name) is not None for name in _LIBRARIES["farm"])


def require_libraries(extra: str = "farm") -> None:
    """Raises `InputError` where what a farm needs is not installed."""
    missing = [name for name in (*_LIBRARIES[extra], "obstore") if find_spec(name) is None]
    if missing:
        raise InputError(
            "the farm needs libraries that are not installed",
            why=f"Missing: {', '.join(missing)}.",
            remedy=f'To install them:\n    python -m pip install "hailuo-batch[{extra},s3]"',
        )


async def open_app(
    address: str, register: "Callable[[App], None] | None" = None, password: PasswordSource | None = None
) -> "App":
    """Procrastinate on the farm's schema of a database, open; `register` names its tasks before.

    `password` is called where the server wants one that neither the environment nor ~/.pgpass has.
    """
    import logging

    from procrastinate import App, PsycopgConnector
    from psycopg_pool import AsyncConnectionPool

    for name, level in (("procrastinate", logging.ERROR), ("psycopg.pool", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)  # what matters of it is said in our words
    options: dict[str, Any] = {"options": f"-c search_path={SCHEMA}", "application_name": "hailuo-batch farm"}
    options |= _PATIENCE
    if found := await _find_password(address, options, password):
        options["password"] = found

    def make_pool(**chosen: Any) -> "AsyncConnectionPool":
        """Without Procrastinate's question before each statement, whether the line is there: a broken one says so."""
        return AsyncConnectionPool(**{**chosen, "check": None})

    pool: dict[str, Any] = {"pool_factory": make_pool, "min_size": 1, "max_size": 4, "timeout": 15.0}
    pool["configure"] = _end_each_statement
    app = App(connector=PsycopgConnector(conninfo=address, kwargs=options, **pool))
    if register is not None:
        register(app)
    await app.open_async()
    return app


async def _find_password(address: str, options: Mapping[str, Any], password: PasswordSource | None) -> str:
    """The password that libpq does not find itself. Where no line can be had, the words say why, and at once."""
    from psycopg import AsyncConnection, OperationalError

    try:
        await (await AsyncConnection.connect(address, **options)).close()
    except OperationalError as error:
        wants_password = error.pgconn is not None and error.pgconn.needs_password
        found = await asyncio.to_thread(password) if wants_password and password is not None else None
        if not found:
            raise
        return found
    return ""


async def _end_each_statement(connection: Any) -> None:
    """Makes each statement a transaction of its own: a worker that is stopped between two keeps no lock."""
    await connection.set_autocommit(True)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Turns what database and queue say inside into a `LedgerError`."""
    from procrastinate.exceptions import ConnectorException
    from psycopg import Error, errors
    from psycopg_pool import PoolTimeout

    try:
        yield
    except (ConnectorException, PoolTimeout, Error) as error:
        cause = error.__cause__ or error
        why = str(cause).strip().partition("\n")[0] or type(cause).__name__
        summary, remedy = "the farm's database cannot be used", "Check the address of the ledger, and your login."
        if isinstance(cause, errors.UndefinedTable | errors.UndefinedFunction | errors.InvalidSchemaName):
            summary = "the database has no tables of a farm, or older ones"
            remedy = "Let its owner make them with `ledger init`."
        elif isinstance(cause, errors.InsufficientPrivilege):
            summary = "this login may not use the farm"
            remedy = f"Let the owner of the database grant it:\n    GRANT {WORK_ROLE} TO your_login"
        raise LedgerError(summary, why=why, remedy=remedy) from error

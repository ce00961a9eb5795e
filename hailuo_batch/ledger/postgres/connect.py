"""The one place that opens connections to a shared ledger, and the words for what PostgreSQL says of them.

libpq finds the password itself: PGPASSWORD, then ~/.pgpass. The keyring comes in as a function, and is called only when
the server wants a password that neither has.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hailuo_batch.errors import LedgerError
from hailuo_batch.ledger.postgres.migrate import SCHEMA, migrations

if TYPE_CHECKING:
    import psycopg

PasswordSource = Callable[[], str | None]
CONNECT_SECONDS = 10  # per address of a host
# Money: a commit is on disk before its caller goes on, whatever the server's or a role's own settings say.
# Both sides notice within some 30 seconds when the other is gone, so that a dead holder's lock is free again.
_SESSION = {
    "search_path": SCHEMA,
    "synchronous_commit": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
    "client_connection_check_interval": "5s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "30s",
}
_LINE: dict[str, Any] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
# The server shuts down, crashed or starts; or this session is not the one that writes for the holder any more.
_CUT_STATES = frozenset({"57P01", "57P02", "57P03", "HA001"})
_NOTHING_SENT = "Nothing is submitted while it is away."


def connect(url: str, *, name: str, password: PasswordSource | None = None) -> "psycopg.Connection":
    """A connection on which every statement is a transaction of its own, unless it begins one."""
    import psycopg

    try:
        return _connect(url, name)
    except psycopg.OperationalError as error:
        wants_password = error.pgconn is not None and error.pgconn.needs_password
        found = password() if wants_password and password is not None else None
        if found is None:
            raise
    return _connect(url, name, password=found)


def _connect(url: str, name: str, **more: Any) -> "psycopg.Connection":
    import psycopg

    return psycopg.connect(
        url,
        autocommit=True,
        application_name=f"hailuo-batch {name}"[:63],
        options=" ".join(f"-c {key}={value}" for key, value in _SESSION.items()),
        connect_timeout=CONNECT_SECONDS,
        prepare_threshold=None,  # a pooler's next session would not know the statement
        **_LINE,
        **more,
    )


def is_cut(connection: "psycopg.Connection | None", error: Exception) -> bool:
    """Whether an error leaves open what became of the statement, since its line is gone."""
    import psycopg

    if connection is None or connection.closed or connection.broken:
        return True
    state = getattr(error, "sqlstate", None) or ""
    return isinstance(error, psycopg.InterfaceError) or state.startswith("08") or state in _CUT_STATES


def is_undone(error: Exception) -> bool:
    """Whether the server says that it undid a transaction for no fault of its own: the same may be tried again."""
    state = getattr(error, "sqlstate", None) or ""
    return state.startswith("40") or state == "57014"  # a statement's time ran out while others wrote


@contextmanager
def translate_postgres_errors(place: str) -> Iterator[None]:
    """Turns what psycopg raises into a `LedgerError`; a broken constraint is a bug of ours and says so."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise make_ledger_error(error, place) from error


def make_ledger_error(error: "psycopg.Error", place: str) -> Exception:
    """The error that a user sees; `place` is the address without a password."""
    import psycopg

    why = f"{place}: {_one_line(error)}"
    match error:
        case psycopg.errors.UndefinedFunction() | psycopg.errors.InvalidSchemaName() | psycopg.errors.UndefinedTable():
            return _no_ledger_error(place)
        case psycopg.errors.InsufficientPrivilege():
            remedy = "Let the owner of the database grant it:\n    GRANT hailuo_run TO your_login"
            return LedgerError("this login may not use the shared ledger", why=why, remedy=remedy)
        case psycopg.errors.ObjectNotInPrerequisiteState():
            remedy = f"Write the address of the server that takes writes, or promote this one. {_NOTHING_SENT}"
            return LedgerError("the shared ledger's server is a replica", why=why, remedy=remedy)
        case psycopg.errors.DiskFull() | psycopg.errors.OutOfMemory() | psycopg.errors.ReadOnlySqlTransaction():
            return LedgerError(
                "the shared ledger cannot be written", why=why, remedy=f"Check its server. {_NOTHING_SENT}"
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            remedy = f"Check the network, and that the server runs and knows this login. {_NOTHING_SENT}"
            return LedgerError("the shared ledger cannot be reached", why=why, remedy=remedy)
    return AssertionError(f"the ledger refused a write: {error}")


def check_server(server: dict[str, Any], place: str) -> None:
    """Raises `LedgerError` for a ledger of another version, or a server that may lose what it confirmed."""
    newest, version = len(migrations()), server["version"]
    if version > newest:
        raise LedgerError(
            "the shared ledger is newer than this tool",
            why=f"{place} has version {version}; this hailuo-batch knows versions up to {newest}",
            remedy="Upgrade the tool, then run the command again:\n    pip install --upgrade hailuo-batch",
        )
    if version < newest:
        raise LedgerError(
            "the shared ledger is older than this tool",
            why=f"{place} has version {version}; this hailuo-batch needs version {newest}",
            remedy=f"Let its owner bring it up to date:\n    hailuo-batch ledger init {place}",
        )
    unsafe = "fsync" if server["fsync"] != "on" else "synchronous_commit" if server["commit"] == "off" else ""
    if unsafe and server["unsafe_allowed"] != "on":
        raise LedgerError(
            "the shared ledger's server may lose what it confirmed",
            why=f"{place} runs with {unsafe} off: after a power cut, what was bought could be bought again",
            remedy=f"Set `{unsafe} = on` in its postgresql.conf, reload it, and connect without a proxy.",
        )


def _no_ledger_error(place: str) -> LedgerError:
    return LedgerError(
        "there is no ledger in this database, or this login may not use it",
        why=f"{place} has no schema `{SCHEMA}` that this login sees",
        remedy="If it is the right database, let its owner make the ledger, and `GRANT hailuo_run TO` this login:\n"
        f"    hailuo-batch ledger init {place}",
    )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

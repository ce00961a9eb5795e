"""Proves that a shared ledger keeps its own rules: sums, moves, triggers, rights, and how its server writes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hailuo_batch.ledger.postgres.migrate import migrations
from hailuo_batch.ledger.postgres.probe import keeps_sessions
from hailuo_batch.values import dataclass

if TYPE_CHECKING:
    import psycopg

_GUARDS = ("events_are_never_changed", "events_are_never_emptied", "caps_are_held")


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerCheck:
    """One thing that was checked: what, whether it holds, and what was found."""

    name: str
    is_good: bool
    found: str
    remedy: str = ""


def check_ledger(connection: "psycopg.Connection", second: "psycopg.Connection") -> Iterator[LedgerCheck]:
    """Everything that is checked, in the order in which people read it; for locks, a `second` line is needed."""
    server = _one(connection, "SELECT read_server()")
    yield _check_version(server)
    yield from _check_server(connection, server)
    yield _check_line(connection, second)
    yield _check_count(
        connection,
        "sums",
        "every cap counts what its attempts count",
        "SELECT count(*) FROM caps"
        " WHERE used <> coalesce((SELECT sum(amount) FROM attempt_caps WHERE attempt_caps.cap = caps.id), 0)",
    )
    yield _check_count(
        connection,
        "events",
        "every attempt is where its last event says",
        "SELECT count(*) FROM attempts a LEFT JOIN LATERAL (SELECT stage FROM events e WHERE e.attempt = a.id"
        " ORDER BY id DESC LIMIT 1) e ON true WHERE e.stage IS DISTINCT FROM a.stage",
    )
    yield _check_count(
        connection,
        "purchases",
        "no request has two attempts that may cost",
        "SELECT count(*) FROM (SELECT fingerprint FROM attempts"
        " WHERE stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt')"
        " GROUP BY fingerprint HAVING count(*) > 1) twice",
    )
    yield _check_guards(connection)
    yield _check_rights(connection)
    yield _list_holders(connection)


def _check_version(server: Any) -> LedgerCheck:
    newest, version = len(migrations()), server["version"]
    found = (
        f"version {version}, as this hailuo-batch writes it"
        if version == newest
        else f"version {version}, not {newest}"
    )
    return LedgerCheck(name="ledger", is_good=version == newest, found=found)


def _check_server(connection: "psycopg.Connection", server: Any) -> Iterator[LedgerCheck]:
    pages = _one(connection, "SELECT current_setting('full_page_writes')")
    settings = {"fsync": server["fsync"], "full_page_writes": pages, "synchronous_commit": server["commit"]}
    wrong = [name for name, value in settings.items() if value == "off"]
    found = f"{', '.join(wrong)} off: a power cut may lose purchases" if wrong else "a commit survives a power cut"
    yield LedgerCheck(
        name="disk", is_good=not wrong, found=found, remedy="Set it on in postgresql.conf, and reload it."
    )
    known = bool(server["known"])
    found = "the one of this ledger" if known else "another one took over, or an older copy was restored"
    yield LedgerCheck(
        name="server", is_good=known, found=found, remedy="Compare the ledger with your accounts, then `ledger settle`."
    )


def _check_line(first: "psycopg.Connection", second: "psycopg.Connection") -> LedgerCheck:
    """A proxy that pools transactions gives each statement another session, in which no lock is held."""
    held = keeps_sessions(first, second)
    found = "locks last as long as the line" if held else "a proxy between pools transactions, so locks do not last"
    return LedgerCheck(name="line", is_good=held, found=found, remedy="Connect to the server itself.")


def _check_count(connection: "psycopg.Connection", name: str, rule: str, query: str) -> LedgerCheck:
    count = int(_one(connection, query))
    return LedgerCheck(name=name, is_good=count == 0, found=rule if count == 0 else f"{count:,} do not hold: {rule}")


def _check_guards(connection: "psycopg.Connection") -> LedgerCheck:
    rows = connection.execute(
        "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D' AND tgname = ANY (%s)", (list(_GUARDS),)
    )
    missing = sorted(set(_GUARDS) - {row[0] for row in rows})
    found = f"missing or off: {', '.join(missing)}" if missing else "events stay as they are, and caps are held"
    return LedgerCheck(name="triggers", is_good=not missing, found=found)


def _check_rights(connection: "psycopg.Connection") -> LedgerCheck:
    wide = [
        str(row[0])
        for row in connection.execute(
            "SELECT DISTINCT grantee || ' on ' || table_name FROM information_schema.role_table_grants"
            " WHERE table_schema = 'hailuo' AND privilege_type <> 'SELECT'"
            " AND grantee IN ('hailuo_run', 'hailuo_work', 'PUBLIC')"
        )
    ]
    found = f"may write without its rules: {', '.join(wide)}" if wide else "whoever runs may only call its functions"
    return LedgerCheck(name="rights", is_good=not wide, found=found)


def _list_holders(connection: "psycopg.Connection") -> LedgerCheck:
    rows = connection.execute("SELECT person, host, command FROM alive_holders ORDER BY id").fetchall()
    found = "; ".join(f"{person} on {host} ({command})" for person, host, command in rows)
    return LedgerCheck(name="holders", is_good=True, found=found or "nobody works on it now")


def _one(connection: "psycopg.Connection", query: str) -> Any:
    row = connection.execute(query).fetchone()
    return None if row is None else row[0]

"""The journal of purchases beside a ledger: what every ledger of this user bought on this machine.

It is attached to the ledger's connection, so one commit writes both; a temporary trigger copies the attempt of each new
event. The ledger is committed first: a crash between the two leaves the journal behind, and the next start completes
it. So a journal that is ahead proves that an older copy took the ledger's place.

Several runs write the journal. SQLite before 3.51.3 can damage a file in WAL mode then, so it has a rollback journal.
`BEGIN IMMEDIATE` locks it too: between the check for another ledger's purchase and our own commit nobody writes.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import field
from decimal import Decimal
from pathlib import Path

from hailuo_batch.core.attempt.attempt import Stage
from hailuo_batch.core.models import LOCAL_MODELS
from hailuo_batch.core.money import Money
from hailuo_batch.core.spending.purchase import JournalFault, JournalFinding, Purchase, explain_journal_fault
from hailuo_batch.core.world import World
from hailuo_batch.errors import BoughtElsewhereError, LedgerError
from hailuo_batch.files.folder import Folder
from hailuo_batch.ledger.queries import queries
from hailuo_batch.values import dataclass

MOVED_PREFIX = "postgresql://"  # of the place of a ledger whose content moved to a shared one
_APPLICATION_ID = int.from_bytes(b"HAlJ", "big")
_VERSION = 1
_FREE_PROVIDERS = ", ".join(f"'{name}'" for name in sorted(LOCAL_MODELS))  # names of our own: no quote is in them
_OF_THE_DISK = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR})
_FACTS = (
    "fingerprint", "preimage", "provider", "campaign", "shot", "take", "tags", "stage", "task", "digest",
    "estimate_amount", "estimate_currency", "cost_amount", "cost_currency", "failure", "why", "remedy", "intended_at",
)  # fmt: skip
# Money: the journal has one estimate, which is the gateway's quote where that counts (`core/attempt/quote.py`).
_IS_QUOTE_COUNTED = (
    "attempts.estimate_amount IS NULL OR (lower(attempts.quote_currency) = lower(attempts.estimate_currency)"
    " AND CAST(attempts.quote_amount AS REAL) > CAST(attempts.estimate_amount AS REAL))"
)
_VALUES = {
    f"estimate_{part}": f"CASE WHEN {_IS_QUOTE_COUNTED} THEN attempts.quote_{part} ELSE attempts.estimate_{part} END"
    for part in ("amount", "currency")
}
_MOVED = (
    "event", "stage", "task", "digest", "estimate_amount", "estimate_currency", "cost_amount", "cost_currency",
    "failure", "why", "remedy",
)  # fmt: skip
_COPY = f"""\
INSERT INTO purchases (ledger, attempt, event, account, {", ".join(_FACTS)})
SELECT identity.id, attempts.id, (SELECT max(id) FROM events WHERE attempt = attempts.id),
    coalesce((SELECT account FROM accounts WHERE accounts.provider = attempts.provider), ''),
    {", ".join(_VALUES.get(name, f"attempts.{name}") for name in _FACTS)}
FROM attempts, identity WHERE attempts.provider NOT IN ({_FREE_PROVIDERS}) AND attempts.id {{which}}
ON CONFLICT (ledger, attempt) DO UPDATE SET {", ".join(f"{name} = excluded.{name}" for name in _MOVED)}"""  # noqa: S608 - every word of it stands above


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLink:
    """Where the journal is, and what a ledger enters there about itself.

    `accounts` are keyed hashes of API keys, by provider. `mended` are the faults that the caller is about to mend.
    """

    file: Path
    ledger: Path
    store: Path
    world: World = World.REAL
    accounts: Mapping[str, str] = field(default_factory=dict)
    mended: AbstractSet[JournalFault] = frozenset()


def attach_for_writing(connection: sqlite3.Connection, link: JournalLink) -> None:
    """Enters the ledger of a connection in the journal, completes its purchases there, and keeps them complete.

    Raises `LedgerError` for a fault that is not being mended, and where the journal cannot be used.
    """
    connection.execute("BEGIN IMMEDIATE")  # whatever another program does to the ledger itself shows here
    connection.execute("COMMIT")
    with _translate_errors(link.file):
        with Folder(link.file.parent).open(make=True, mode=0o700) as folder:
            folder.open_for_update(link.file.name).close()
        connection.execute("ATTACH ? AS journal", (str(link.file),))
        connection.execute("PRAGMA journal.journal_mode = PERSIST")
        connection.execute("PRAGMA journal.synchronous = FULL")
        _check_version(connection, link.file)
        script = Path(__file__).with_name("journal.sql").read_text(encoding="utf-8")
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nCOMMIT;")
        connection.execute("CREATE TEMP TABLE accounts (provider TEXT PRIMARY KEY, account TEXT NOT NULL)")
        connection.executemany("INSERT INTO accounts VALUES (?, ?)", link.accounts.items())
        connection.execute("BEGIN IMMEDIATE")
        try:
            _enter_ledger(connection, link)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        keep = _COPY.format(which="= new.attempt")
        connection.execute(f"CREATE TEMP TRIGGER keep_journal AFTER INSERT ON main.events BEGIN {keep}; END")


def attach_for_reading(connection: sqlite3.Connection, file: Path) -> None:
    """Attaches the journal for questions, where there is one already."""
    if not file.exists():
        return
    with _translate_errors(file):
        try:
            _attach_reader(connection, file)
        except sqlite3.OperationalError:
            # A writer was killed: what it had begun is taken back, which a reader alone may not do.
            with closing(sqlite3.connect(file)) as writer:
                writer.execute("SELECT count(*) FROM sqlite_master").fetchone()
            _attach_reader(connection, file)
        if _check_version(connection, file) == 0:  # another run is about to make it
            connection.execute("DETACH journal")


def enter_move(file: Path, identity: str, place: str) -> None:
    """Enters that a ledger moved to a shared one. Other ledgers of this machine go on to know what it bought."""
    if not file.exists():
        return
    with _translate_errors(file), closing(sqlite3.connect(file, timeout=60.0)) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'ledgers'").fetchone()[0]:
            connection.execute("UPDATE ledgers SET replaced = 1, place = ? WHERE id = ?", (place, identity))
            connection.commit()


def has_journal(connection: sqlite3.Connection) -> bool:
    """Whether the journal is attached."""
    return any(name == "journal" for _, name, _ in connection.execute("PRAGMA database_list"))


def read_journal_finding(connection: sqlite3.Connection, ledger: Path, former: Path | None) -> JournalFinding | None:
    """See `LedgerReader.journal_finding`."""
    return find_journal_fault(connection, ledger, former) if has_journal(connection) else None


def read_purchases_elsewhere(connection: sqlite3.Connection, fingerprints: list[str]) -> dict[str, Purchase]:
    """See `LedgerReader.purchases_elsewhere`."""
    if not has_journal(connection):
        return {}
    rows = connection.execute(queries()["live_purchases"], {"marks": json.dumps(fingerprints)})
    return {
        fingerprint: Purchase(
            fingerprint=fingerprint,
            provider=provider,
            stage=Stage(stage),
            place=place,
            account=account,
            task=task,
            digest=digest,
            cost=None if amount is None else Money(amount=Decimal(amount), currency=currency),
        )
        for fingerprint, provider, stage, place, account, task, digest, amount, currency in rows
    }


def read_known_stores(connection: sqlite3.Connection) -> tuple[str, ...]:
    """See `LedgerReader.known_stores`."""
    if not has_journal(connection):
        return ()
    return tuple(folder for (folder,) in connection.execute("SELECT DISTINCT folder FROM stores ORDER BY folder"))


def find_journal_fault(
    connection: sqlite3.Connection, ledger: Path, former: Path | None = None
) -> JournalFinding | None:
    """How the ledger of a connection differs from what the attached journal knows of it; None: not at all.

    `former` is where the same project's ledger was before: it is no copy of itself while it moves.
    """
    (own,) = connection.execute("SELECT id FROM identity").fetchone()
    entered = connection.execute("SELECT place, device, inode FROM ledgers WHERE id = ?", (own,)).fetchone()
    if entered is not None:
        place, *entered_file = entered
        if place.startswith(MOVED_PREFIX):  # an older copy of its file was put back
            return JournalFinding(fault=JournalFault.COPY, attempts=0, place=place)
        if Path(place) != former and _file_number(ledger) != entered_file == _file_number(Path(place)):
            return JournalFinding(fault=JournalFault.COPY, attempts=0, place=place)
        if connection.execute(queries()["is_newest_purchase_known"], (own,)).fetchone() == (0,):
            missing = connection.execute(queries()["count_missing_purchases"], (own,)).fetchone()[0]
            return JournalFinding(fault=JournalFault.BEHIND, attempts=missing, place=place)
    gone = connection.execute(queries()["count_gone_purchases"], (str(ledger), own)).fetchone()[0]
    return JournalFinding(fault=JournalFault.GONE, attempts=gone, place=str(ledger)) if gone else None


def refuse_unsafe_purchase(connection: sqlite3.Connection, fingerprint: str, *, ledger: Path) -> None:
    """Raises `BoughtElsewhereError` when another ledger of this machine bought it, or may have.

    Raises `LedgerError` where the ledger that bought here before is gone: it may have bought the same.
    """
    (own,) = connection.execute("SELECT id FROM identity").fetchone()
    if gone := connection.execute(queries()["count_gone_purchases"], (str(ledger), own)).fetchone()[0]:
        found = JournalFinding(fault=JournalFault.GONE, attempts=gone, place=str(ledger))
        raise explain_journal_fault(found, ledger=str(ledger))
    bought = connection.execute(queries()["live_purchases"], {"marks": json.dumps([fingerprint])}).fetchone()
    if bought is not None:
        why = f"the ledger {bought[3]} has it as {bought[2].replace('_', ' ')}"
        remedy = "Run again: what is bought there is not bought here."
        raise BoughtElsewhereError("it was bought in another checkout meanwhile", why=why, remedy=remedy)


def _enter_ledger(connection: sqlite3.Connection, link: JournalLink) -> None:
    finding = find_journal_fault(connection, link.ledger)
    # Free work goes on without the earlier ledger; an intent does not.
    if finding is not None and finding.fault not in {JournalFault.GONE, *link.mended}:
        raise explain_journal_fault(finding, ledger=str(link.ledger), world=link.world)
    if finding is not None and finding.fault is JournalFault.COPY:
        connection.execute("UPDATE identity SET id = lower(hex(randomblob(16)))")
    place = str(link.ledger)
    if JournalFault.GONE in link.mended:
        connection.execute(queries()["replace_ledgers"], (place,))
    connection.execute(queries()["enter_ledger"], (place, *_file_number(link.ledger)))
    connection.execute(queries()["enter_store"], (str(link.store),))
    connection.execute(_COPY.format(which=f"IN ({queries()['moved_since_journal'].rstrip(';')})"))


def _attach_reader(connection: sqlite3.Connection, file: Path) -> None:
    connection.execute("ATTACH ? AS journal", (f"{file.absolute().as_uri()}?mode=ro",))
    try:
        connection.execute("SELECT count(*) FROM journal.sqlite_master").fetchone()
    except sqlite3.Error:
        connection.execute("DETACH journal")
        raise


def _check_version(connection: sqlite3.Connection, file: Path) -> int:
    """The version of the attached journal, 0 for a new one; refuses what is none, or newer."""
    version: int = connection.execute("PRAGMA journal.user_version").fetchone()[0]
    kind = connection.execute("PRAGMA journal.application_id").fetchone()[0]
    is_filled = connection.execute("SELECT count(*) FROM journal.sqlite_master").fetchone()[0] > 0
    if version > _VERSION or (is_filled and kind != _APPLICATION_ID):
        why = f"{file} was written by a newer hailuo-batch, or by another program"
        raise LedgerError("the journal of purchases cannot be used", why=why, remedy="Upgrade hailuo-batch.")
    return version


def _file_number(path: Path) -> list[str]:
    """Device and inode of a file; empty where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [str(found.st_dev), str(found.st_ino)]


@contextmanager
def _translate_errors(file: Path) -> Iterator[None]:
    """What the disk or SQLite says of the journal, in words."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_THE_DISK:
            raise  # it is the same disk, or a full one like it: the ledger's own words tell it
        why = f"{file}: {error.strerror if isinstance(error, OSError) else error}"
        remedy = (
            "It holds what was bought on this machine: check who owns the folder, and whether its disk is full, or "
            "name another folder that stays, with HAILUO_STATE. If the "
            "file is damaged, put back a copy, or move it aside. Then use every project once before you buy: "
            "`hailuo-batch ledger repair` enters its ledger again."
        )
        raise LedgerError("the journal of purchases cannot be used", why=why, remedy=remedy) from error

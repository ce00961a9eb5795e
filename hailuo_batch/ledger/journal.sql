-- The journal of purchases: what all ledgers of one user bought on this machine. It lies outside of every project.
-- Columns are those of `attempts` in the ledger. A ledger writes its own rows and reads everybody's.

PRAGMA journal.application_id = 1212247114;  -- "HAlJ"

CREATE TABLE IF NOT EXISTS journal.ledgers (
    id        TEXT PRIMARY KEY,
    place     TEXT NOT NULL,     -- the path of its file when it was last written
    device    TEXT NOT NULL,     -- the file itself, so that a copy is told from the original; as text: 64 bits unsigned
    inode     TEXT NOT NULL,
    replaced  INTEGER NOT NULL DEFAULT 0 CHECK (replaced IN (0, 1))  -- a person began a new ledger in its place
) STRICT;

CREATE TABLE IF NOT EXISTS journal.stores (
    ledger  TEXT NOT NULL,
    folder  TEXT NOT NULL,  -- where clips of this ledger are; worktrees share a ledger and have a store each
    PRIMARY KEY (ledger, folder)
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS journal.purchases (
    ledger             TEXT NOT NULL REFERENCES ledgers (id),
    attempt            INTEGER NOT NULL,
    event              INTEGER NOT NULL,  -- the last event of the attempt: a ledger without it is older than this
    fingerprint        TEXT NOT NULL,
    preimage           TEXT NOT NULL,
    provider           TEXT NOT NULL,
    account            TEXT NOT NULL,     -- a keyed hash of the API key; '' where none was used
    campaign           TEXT NOT NULL,
    shot               TEXT NOT NULL,
    take               INTEGER NOT NULL,
    tags               TEXT NOT NULL,
    stage              TEXT NOT NULL,
    task               TEXT,
    digest             TEXT,
    estimate_amount    TEXT,
    estimate_currency  TEXT,
    cost_amount        TEXT,
    cost_currency      TEXT,
    failure            TEXT,
    why                TEXT NOT NULL,
    remedy             TEXT NOT NULL,
    intended_at        REAL NOT NULL,
    PRIMARY KEY (ledger, attempt)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS journal.purchases_by_fingerprint ON purchases (fingerprint);

CREATE INDEX IF NOT EXISTS journal.purchases_by_event ON purchases (ledger, event);

PRAGMA journal.user_version = 1;

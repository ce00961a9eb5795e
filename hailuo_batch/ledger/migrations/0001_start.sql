-- The first ledger. Times are seconds since the epoch, UTC; amounts of money are decimals as text, never floats.
-- A migration runs inside one transaction, which also sets user_version to its number.

PRAGMA application_id = 1212247106;  -- "HAlB": tells a ledger from any other SQLite file

CREATE TABLE runs (
    id          INTEGER PRIMARY KEY,
    manifest    TEXT NOT NULL,
    campaign    TEXT NOT NULL,
    sketch      INTEGER NOT NULL CHECK (sketch IN (0, 1)),
    started_at  REAL NOT NULL,
    ended_at    REAL,  -- NULL: it is running, or it was killed
    stored      INTEGER,
    failed      INTEGER,
    exit        INTEGER
) STRICT;

CREATE TABLE artifacts (
    digest   TEXT PRIMARY KEY,
    size     INTEGER NOT NULL,
    width    INTEGER NOT NULL,
    height   INTEGER NOT NULL,
    seconds  REAL NOT NULL,
    frames   INTEGER NOT NULL,
    codec    TEXT NOT NULL,
    kept_at  REAL NOT NULL
) STRICT;

CREATE TABLE attempts (
    id                 INTEGER PRIMARY KEY,
    fingerprint        TEXT NOT NULL,
    provider           TEXT NOT NULL,
    campaign           TEXT NOT NULL,
    shot               TEXT NOT NULL,  -- the first that asked
    take               INTEGER NOT NULL,
    tags               TEXT NOT NULL,  -- as JSON; what costs are sorted by
    run                INTEGER REFERENCES runs (id),
    stage              TEXT NOT NULL
        CHECK (stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt', 'failed', 'cancelled')),
    task               TEXT,
    digest             TEXT REFERENCES artifacts (digest),
    estimate_amount    TEXT,
    estimate_currency  TEXT,
    cost_amount        TEXT,
    cost_currency      TEXT,
    failure            TEXT,
    why                TEXT NOT NULL DEFAULT '',
    remedy             TEXT NOT NULL DEFAULT '',
    intended_at        REAL NOT NULL,
    changed_at         REAL NOT NULL,
    preimage           TEXT NOT NULL,  -- last: it is the longest, and most reads end before it
    CHECK ((estimate_amount IS NULL) = (estimate_currency IS NULL)),
    CHECK ((cost_amount IS NULL) = (cost_currency IS NULL))
) STRICT;

CREATE INDEX attempts_by_fingerprint ON attempts (fingerprint);

-- Money: whatever the program above believes, one request never has two attempts that may cost.
-- The stages are those of LIVE in core/attempt.py; a test holds the two together.
CREATE UNIQUE INDEX one_live_attempt ON attempts (fingerprint)
    WHERE stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt');

CREATE TABLE events (
    id       INTEGER PRIMARY KEY,
    attempt  INTEGER NOT NULL REFERENCES attempts (id),
    at       REAL NOT NULL,
    move     TEXT NOT NULL,  -- a move of core/attempt.py, or 'intend'
    stage    TEXT NOT NULL,
    data     TEXT NOT NULL   -- what the move told, as JSON
) STRICT;

CREATE INDEX events_by_attempt ON events (attempt);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT raise(ABORT, 'events are only ever added');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT raise(ABORT, 'events are only ever added');
END;

-- REPLACE deletes without asking the trigger above.
CREATE TRIGGER events_are_never_replaced BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE id = new.id)
BEGIN
    SELECT raise(ABORT, 'events are only ever added');
END;

CREATE TABLE names (
    file         TEXT PRIMARY KEY,
    campaign     TEXT NOT NULL,
    shot         TEXT NOT NULL,
    version      INTEGER NOT NULL,
    take         INTEGER NOT NULL,
    fingerprint  TEXT NOT NULL,
    sketch       INTEGER NOT NULL CHECK (sketch IN (0, 1)),
    given_at     REAL NOT NULL
) STRICT;

CREATE INDEX names_by_shot ON names (campaign, sketch, shot, version, take);

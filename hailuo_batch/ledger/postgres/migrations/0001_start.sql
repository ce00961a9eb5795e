-- The shared ledger: the tables of the SQLite one, and who works on what, and caps that hold for every machine.
-- Times are seconds since the epoch, UTC; amounts are exact decimals. Nothing here is written but by the functions.

CREATE TABLE identity (
    only_one  boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    id        text NOT NULL
);

INSERT INTO identity (id) VALUES (replace(gen_random_uuid()::text, '-', ''));

-- A holder is one command on one machine. It is alive while its session holds the advisory lock of its number.
CREATE TABLE holders (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host      text NOT NULL,
    person    text NOT NULL,
    process   integer NOT NULL,
    program   text NOT NULL,  -- its version
    command   text NOT NULL,
    place     text NOT NULL,  -- the project's folder
    since     double precision NOT NULL,
    pid       integer,        -- the session that may write for it
    batch     bigint NOT NULL DEFAULT 0,  -- the last one that was written
    answers   jsonb,          -- of that one: a client whose line broke asks again, and never guesses
    lost_at   timestamptz,    -- when others found it dead while it had something intended
    left_at   timestamptz     -- when it said that it ends
);

CREATE TABLE runs (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    manifest    text NOT NULL,
    campaign    text NOT NULL,
    sketch      boolean NOT NULL,
    started_at  double precision NOT NULL,
    ended_at    double precision,  -- NULL: it is running, or it was killed
    stored      integer,
    failed      integer,
    exit        integer,
    holder      integer REFERENCES holders (id)
);

CREATE TABLE artifacts (
    digest   text PRIMARY KEY,
    size     bigint NOT NULL,
    width    integer NOT NULL,
    height   integer NOT NULL,
    seconds  double precision NOT NULL,
    frames   integer NOT NULL,
    codec    text NOT NULL,
    kept_at  double precision NOT NULL
);

CREATE TABLE attempts (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fingerprint        text NOT NULL,
    provider           text NOT NULL,
    campaign           text NOT NULL,
    shot               text NOT NULL,  -- the first that asked
    take               integer NOT NULL,
    tags               text[] NOT NULL,  -- what costs are sorted by
    run                bigint REFERENCES runs (id),
    holder             integer REFERENCES holders (id),  -- who works on it, or did last
    free               boolean NOT NULL,  -- made on a machine of ours: caps do not count it
    stage              text NOT NULL
        CHECK (stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt', 'failed', 'cancelled')),
    task               text,
    digest             text REFERENCES artifacts (digest),
    estimate_amount    numeric,
    estimate_currency  text,
    quote_amount       numeric,
    quote_currency     text,
    cost_amount        numeric,
    cost_currency      text,
    failure            text,
    why                text NOT NULL DEFAULT '',
    remedy             text NOT NULL DEFAULT '',
    intended_at        double precision NOT NULL,
    changed_at         double precision NOT NULL,
    written_at         timestamptz NOT NULL DEFAULT clock_timestamp(),  -- of the last intent, by the server's clock
    swept_at           timestamptz,  -- when it was put in doubt because its holder was gone
    preimage           text NOT NULL
);

CREATE INDEX attempts_by_fingerprint ON attempts (fingerprint);
CREATE INDEX intended_attempts ON attempts (holder) WHERE stage = 'intended';  -- whose may have to be put in doubt

-- Money: whatever the programs believe, one request never has two attempts that may cost.
-- The stages are those of LIVE_STAGES in core/attempt/attempt.py; a test holds the two together.
CREATE UNIQUE INDEX one_live_attempt ON attempts (fingerprint)
    WHERE stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt');

CREATE TABLE events (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt  bigint NOT NULL,  -- no foreign key here and below: only functions write, and each check costs one read
    at       double precision NOT NULL,
    move     text NOT NULL,  -- a move of core/attempt/attempt.py, or 'intend'
    stage    text NOT NULL,
    data     jsonb NOT NULL,  -- what the move told
    holder   integer
);

CREATE INDEX events_by_attempt ON events (attempt);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are only ever added';
END $$;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE OR DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

CREATE TRIGGER events_are_never_emptied BEFORE TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE TABLE names (
    file         text PRIMARY KEY,
    campaign     text NOT NULL,
    shot         text NOT NULL,
    version      integer NOT NULL,
    take         integer NOT NULL,
    fingerprint  text NOT NULL,
    sketch       boolean NOT NULL,
    given_at     double precision NOT NULL
);

CREATE SEQUENCE name_changes;  -- one more for each name that is given

CREATE INDEX names_by_shot ON names (campaign, sketch, shot, version, take);

-- A cap is known by what it covers. Its amount is the caller's own: two checkouts may have two, and each holds its own.
CREATE TABLE caps (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key       text NOT NULL UNIQUE,  -- campaign, tag, since and currency as JSON
    campaign  text,                  -- NULL: any
    tag       text,                  -- a pattern as people write it; NULL: any
    tag_form  text,                  -- the same pattern as PostgreSQL reads it
    since     double precision NOT NULL,
    currency  text NOT NULL,
    used      numeric NOT NULL DEFAULT 0,  -- spent, running and in doubt
    allowed   numeric                -- what the last reservation was checked against; NULL after a fact went over it
);

CREATE TABLE attempt_caps (
    attempt  bigint NOT NULL,
    cap      integer NOT NULL,
    amount   numeric NOT NULL,
    PRIMARY KEY (attempt, cap)
);

CREATE TABLE holder_caps (
    holder  integer NOT NULL REFERENCES holders (id),
    cap     integer NOT NULL REFERENCES caps (id),
    most    numeric NOT NULL,
    PRIMARY KEY (holder, cap)
);

-- Money: no commit that reserves leaves more counted under a cap than it allows, whatever the functions believe.
CREATE FUNCTION check_caps() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    cap caps;
BEGIN
    SELECT * INTO cap FROM caps WHERE id = NEW.id;
    IF cap.used > cap.allowed THEN
        RAISE EXCEPTION 'cap % would be passed: % of %', cap.key, cap.used, cap.allowed;
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER caps_are_held AFTER INSERT OR UPDATE ON caps
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_caps();

-- The table of core/attempt/attempt.py; a test holds the two together.
CREATE TABLE moves (
    stage   text NOT NULL,
    move    text NOT NULL,
    target  text NOT NULL,
    PRIMARY KEY (stage, move)
);

INSERT INTO moves (stage, move, target) VALUES
    ('intended', 'accept', 'submitted'),
    ('intended', 'refuse', 'failed'),
    ('intended', 'lose_sight', 'in_doubt'),
    ('failed', 'resend', 'intended'),
    ('submitted', 'produce', 'produced'),
    ('submitted', 'fail', 'failed'),
    ('produced', 'keep', 'stored'),
    ('produced', 'fail', 'failed'),
    ('stored', 'miss', 'produced'),
    ('in_doubt', 'find', 'submitted'),
    ('in_doubt', 'settle', 'cancelled'),
    ('in_doubt', 'write_off', 'cancelled'),
    ('submitted', 'find', 'submitted'),
    ('submitted', 'settle', 'cancelled'),
    ('submitted', 'write_off', 'cancelled'),
    ('produced', 'write_off', 'cancelled'),
    ('stored', 'discard', 'cancelled');

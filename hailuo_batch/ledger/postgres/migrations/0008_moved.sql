-- The ledgers of single machines whose content came here. A move that was cut off is recognized when it is repeated.

CREATE TABLE moved_ledgers (
    id        text PRIMARY KEY,  -- of the ledger that moved
    holder    integer NOT NULL REFERENCES holders (id),
    moved_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts  bigint NOT NULL,
    events    bigint NOT NULL
);

GRANT SELECT ON moved_ledgers TO hailuo_run;

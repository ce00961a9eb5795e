-- Which ledger this is, wherever its file is: the journal of this machine's purchases knows it by this id.

CREATE TABLE identity (id TEXT NOT NULL) STRICT;

INSERT INTO identity VALUES (lower(hex(randomblob(16))));

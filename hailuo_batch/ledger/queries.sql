-- Every query of the ledger, by name. Lists arrive as one JSON parameter, so that they may be of any length.

-- name: live_attempt
SELECT id, stage, provider FROM attempts
WHERE fingerprint = ? AND stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt');

-- name: add_attempt
INSERT INTO attempts (
    fingerprint, preimage, provider, campaign, shot, take, tags, run, stage,
    estimate_amount, estimate_currency, intended_at, changed_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?, ?, ?, ?);

-- name: intend_again
UPDATE attempts SET run = ?, estimate_amount = ?, estimate_currency = ?, changed_at = ? WHERE id = ?;

-- name: stage_of
SELECT stage FROM attempts WHERE id = ?;

-- name: move_attempt
-- What is NULL in the facts leaves the record as it is; an attempt that is on its way (again) has no failure.
-- Money: no row is changed where the table of moves does not lead on from the stage that the attempt has now.
UPDATE attempts SET
    stage = :stage,
    task = CASE WHEN :failure = 'never_sent' THEN NULL ELSE coalesce(:task, task) END,  -- an id given by mistake is free again
    digest = coalesce(:digest, digest),
    cost_amount = coalesce(:cost_amount, cost_amount),
    cost_currency = coalesce(:cost_currency, cost_currency),
    quote_amount = coalesce(:quote_amount, quote_amount),
    quote_currency = coalesce(:quote_currency, quote_currency),
    failure = CASE WHEN :stage IN ('intended', 'submitted') THEN NULL ELSE coalesce(:failure, failure) END,
    why = CASE WHEN :stage IN ('intended', 'submitted') THEN '' ELSE coalesce(:why, why) END,
    remedy = CASE WHEN :stage IN ('intended', 'submitted') THEN '' ELSE coalesce(:remedy, remedy) END,
    changed_at = :now
WHERE id = :attempt AND instr(:sources, '/' || stage || '/');

-- name: add_event
INSERT INTO events (attempt, at, move, stage, data) VALUES (:attempt, :at, :move, :stage, :data);

-- name: keep_artifact
-- The same digest is the same clip; a later probe may only know it better.
INSERT INTO artifacts (digest, size, width, height, seconds, frames, codec, kept_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET
    size = excluded.size, width = excluded.width, height = excluded.height,
    seconds = excluded.seconds, frames = excluded.frames, codec = excluded.codec;

-- name: give_name
-- A name that stays with its clip keeps the time it was given.
INSERT INTO names (file, campaign, shot, version, take, fingerprint, sketch, given_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (file) DO UPDATE SET
    campaign = excluded.campaign, shot = excluded.shot, version = excluded.version, take = excluded.take,
    fingerprint = excluded.fingerprint, sketch = excluded.sketch, given_at = excluded.given_at
WHERE (names.campaign, names.shot, names.version, names.take, names.fingerprint, names.sketch)
    <> (excluded.campaign, excluded.shot, excluded.version, excluded.take, excluded.fingerprint, excluded.sketch);

-- name: begin_run
INSERT INTO runs (manifest, campaign, sketch, started_at) VALUES (?, ?, ?, ?);

-- name: end_run
UPDATE runs SET ended_at = ?, stored = ?, failed = ?, exit = ? WHERE id = ?;

-- name: standings
SELECT fingerprint, id, stage, provider, task, digest, cost_amount, cost_currency, quote_amount, quote_currency, failure, why,
    CASE stage WHEN 'intended' THEN intended_at END
FROM attempts ORDER BY id;

-- name: standings_of
-- The plus keeps SQLite from reading every row in the order of ids.
SELECT fingerprint, id, stage, provider, task, digest, cost_amount, cost_currency, quote_amount, quote_currency, failure, why,
    CASE stage WHEN 'intended' THEN intended_at END
FROM attempts WHERE fingerprint IN (SELECT value FROM json_each(?)) ORDER BY +id;

-- name: paid
-- A clip that was brought back is no second purchase where the first one is known: its task is '', by IS and not by =,
-- since an attempt without an answer has NULL, and counts.
SELECT id, campaign, tags, intended_at, stage, failure, task, estimate_amount, estimate_currency, quote_amount, quote_currency,
    cost_amount, cost_currency
FROM attempts WHERE provider NOT IN (SELECT value FROM json_each(?)) AND NOT (task IS '' AND EXISTS (
    SELECT 1 FROM attempts AS first WHERE first.fingerprint = attempts.fingerprint AND first.id < attempts.id AND first.task <> ''
));

-- name: campaign_paid
-- The same rows, of one campaign; each counts once.
SELECT provider, stage, failure, CASE WHEN task <> '' THEN 1 END AS has_task,
    estimate_amount, estimate_currency, quote_amount, quote_currency, cost_amount, cost_currency, 1
FROM attempts WHERE campaign = ? AND provider NOT IN (SELECT value FROM json_each(?)) AND NOT (task IS '' AND EXISTS (
    SELECT 1 FROM attempts AS first WHERE first.fingerprint = attempts.fingerprint AND first.id < attempts.id AND first.task <> ''
)) ORDER BY id;

-- name: submit_times
-- Only the newest events are read: there is no index by time, and no minute has more submits.
SELECT attempts.provider, events.at FROM events JOIN attempts ON attempts.id = events.attempt
WHERE events.id > (SELECT max(id) - 5000 FROM events) AND events.at >= ? AND events.move IN ('intend', 'resend')
    AND attempts.provider NOT IN (SELECT value FROM json_each(?))
ORDER BY events.id;

-- name: lengths
-- Only clips that one run saw from beginning to end: what a later run found made says nothing of how long it took, nor
-- does a task that was submitted elsewhere, whose event has a reason.
SELECT attempts.provider, attempts.preimage, made.at - sent.at FROM attempts
JOIN events AS sent ON sent.attempt = attempts.id AND sent.move = 'accept'
JOIN events AS made ON made.attempt = attempts.id AND made.move = 'produce'
JOIN runs ON runs.id = attempts.run AND made.at <= runs.ended_at
WHERE attempts.provider NOT IN (SELECT value FROM json_each(?)) AND attempts.task <> ''
    AND json_extract(sent.data, '$.reason') IS NULL
ORDER BY attempts.id DESC LIMIT 2000;

-- name: deliveries
-- A clip that was missed may have come back from its readable name, and not from its provider. An empty task is a clip
-- that was found here.
SELECT DISTINCT provider FROM attempts
WHERE stage = 'stored' AND changed_at >= ? AND task <> ''
AND NOT EXISTS (SELECT 1 FROM events WHERE events.attempt = attempts.id AND events.move = 'miss');

-- name: past
SELECT shot, version, take, fingerprint FROM names
WHERE campaign = ? AND sketch = ? ORDER BY shot, version DESC, take;

-- name: past_of
SELECT shot, version, take, fingerprint FROM names
WHERE campaign = ? AND sketch = ? AND shot IN (SELECT value FROM json_each(?)) ORDER BY shot, version DESC, take;

-- name: artifacts
SELECT digest, size, width, height, seconds, frames, codec FROM artifacts;

-- name: footage
SELECT digest, size, seconds FROM artifacts;

-- name: footage_of
SELECT digest, size, seconds FROM artifacts WHERE digest IN (SELECT value FROM json_each(?));

-- name: preimages
SELECT fingerprint, preimage FROM attempts WHERE fingerprint IN (SELECT value FROM json_each(?));

-- name: attempts
SELECT id, fingerprint, preimage, provider, campaign, shot, take, tags, run, stage, task, digest, estimate_amount, estimate_currency,
    quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy, intended_at, changed_at
FROM attempts WHERE fingerprint IN (SELECT value FROM json_each(?)) ORDER BY id;

-- name: attempt
SELECT id, fingerprint, preimage, provider, campaign, shot, take, tags, run, stage, task, digest, estimate_amount, estimate_currency,
    quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy, intended_at, changed_at
FROM attempts WHERE id = ?;

-- name: all_attempts
SELECT id, fingerprint, preimage, provider, campaign, shot, take, tags, run, stage, task, digest, estimate_amount, estimate_currency,
    quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy, intended_at, changed_at
FROM attempts ORDER BY id;

-- name: open_attempts
SELECT id, fingerprint, preimage, provider, campaign, shot, take, tags, run, stage, task, digest, estimate_amount, estimate_currency,
    quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy, intended_at, changed_at
FROM attempts WHERE stage IN ('intended', 'submitted', 'produced', 'in_doubt') ORDER BY id;

-- name: ended
-- What stands for each take that was asked for and is not open any more, the latest last.
SELECT id, campaign, shot, take, stage, failure FROM attempts
WHERE provider NOT IN (SELECT value FROM json_each(?)) AND stage IN ('stored', 'failed', 'cancelled') ORDER BY id;

-- name: tasks
SELECT provider, task, id FROM attempts WHERE task <> '' ORDER BY id;

-- name: events
SELECT id, attempt, at, move, stage, data FROM events
WHERE attempt IN (SELECT value FROM json_each(?)) ORDER BY id;

-- name: all_events
SELECT id, attempt, at, move, stage, data FROM events ORDER BY id;

-- name: names
SELECT file, fingerprint FROM names WHERE campaign = ? AND sketch = ?;

-- name: names_of
SELECT file, fingerprint FROM names WHERE campaign = ? AND sketch = ? AND shot IN (SELECT value FROM json_each(?));

-- name: versions
SELECT shot, version, fingerprint FROM names
WHERE campaign = ? AND sketch = ? AND shot IN (SELECT value FROM json_each(?));

-- name: fingerprints_of
SELECT DISTINCT fingerprint FROM names WHERE campaign = ? AND sketch = ? AND shot = ?;

-- name: runs
SELECT id, manifest, campaign, sketch, started_at, ended_at, stored, failed, exit FROM runs ORDER BY id;

-- name: mark
-- One run writes at a time: of those without an end, only the newest may go on.
SELECT id, coalesce((SELECT max(id) FROM events), 0), coalesce((SELECT at FROM events ORDER BY id DESC LIMIT 1), 0.0),
    coalesce((SELECT id - (ended_at IS NULL) FROM runs ORDER BY id DESC LIMIT 1), 0) FROM identity;

-- name: event_time
SELECT at FROM events WHERE id = ?;

-- name: moved_campaigns
SELECT campaign, sketch FROM runs WHERE id > ? UNION
SELECT campaign, provider IN (SELECT value FROM json_each(?)) FROM attempts
WHERE id IN (SELECT attempt FROM events WHERE id > ?);

-- name: moved_digests
SELECT DISTINCT digest FROM attempts WHERE id IN (SELECT attempt FROM events WHERE id > ?) AND digest <> '';

-- name: is_newest_purchase_known
-- 0 when the ledger lacks the newest event that the journal has of it; no row where the journal has none.
SELECT EXISTS (
    SELECT 1 FROM events JOIN attempts ON attempts.id = events.attempt
    WHERE events.id = purchases.event AND attempts.id = purchases.attempt AND attempts.fingerprint = purchases.fingerprint
) FROM purchases WHERE ledger = ? ORDER BY event DESC LIMIT 1;

-- name: count_missing_purchases
SELECT count(*) FROM purchases WHERE ledger = ? AND NOT EXISTS (
    SELECT 1 FROM events JOIN attempts ON attempts.id = events.attempt
    WHERE events.id = purchases.event AND attempts.id = purchases.attempt AND attempts.fingerprint = purchases.fingerprint
);

-- name: count_gone_purchases
SELECT count(*) FROM purchases JOIN ledgers ON ledgers.id = purchases.ledger
WHERE ledgers.place = ? AND ledgers.id <> ? AND NOT ledgers.replaced;

-- name: replace_ledgers
UPDATE ledgers SET replaced = 1 WHERE place = ? AND id <> (SELECT id FROM identity);

-- name: live_purchases
-- The best of each fingerprint comes last: a stored clip, then a task.
SELECT fingerprint, provider, stage, place, account, task, digest, cost_amount, cost_currency
FROM purchases JOIN ledgers ON ledgers.id = ledger WHERE fingerprint IN (SELECT value FROM json_each(:marks))
    AND stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt')
    AND ledger <> (SELECT id FROM identity)
ORDER BY stage = 'stored', task IS NOT NULL;

-- name: enter_ledger
INSERT INTO ledgers (id, place, device, inode) SELECT id, ?, ?, ? FROM identity WHERE true
ON CONFLICT (id) DO UPDATE SET place = excluded.place, device = excluded.device, inode = excluded.inode, replaced = 0;

-- name: enter_store
INSERT OR IGNORE INTO stores (ledger, folder) SELECT id, ? FROM identity;

-- name: moved_since_journal
SELECT attempt FROM events WHERE id > (
    SELECT coalesce(max(event), 0) FROM purchases WHERE ledger = (SELECT id FROM identity)
);

-- name: missing_purchases
SELECT ledger, attempt, fingerprint, preimage, provider, campaign, shot, take, tags, stage, task, digest,
    estimate_amount, estimate_currency, cost_amount, cost_currency, failure, why, remedy
FROM purchases WHERE NOT EXISTS (
    SELECT 1 FROM events JOIN attempts ON attempts.id = events.attempt
    WHERE purchases.ledger = :own AND events.id = purchases.event AND attempts.id = purchases.attempt
        AND attempts.fingerprint = purchases.fingerprint
) AND ledger IN (SELECT id FROM ledgers WHERE id = :own OR place = :place)
ORDER BY intended_at, ledger, attempt;

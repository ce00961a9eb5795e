-- Every read of the shared ledger, by name, with the columns that `readings.py` and its neighbours expect.
-- Lists arrive as one JSON parameter, so that they may be of any length.

-- name: standings
SELECT fingerprint, id, stage, provider, task, digest, cost_amount, cost_currency, quote_amount, quote_currency, failure, why,
    CASE stage WHEN 'intended' THEN intended_at END
FROM attempts ORDER BY id;

-- name: standings_of
SELECT fingerprint, id, stage, provider, task, digest, cost_amount, cost_currency, quote_amount, quote_currency, failure, why,
    CASE stage WHEN 'intended' THEN intended_at END
FROM attempts WHERE fingerprint IN (SELECT jsonb_array_elements_text(%s::jsonb)) ORDER BY id;

-- name: holders
-- Who has what in another checkout: what is not ended and whose holder is alive, and who stored what.
SELECT a.fingerprint, a.id, a.stage, h.person, h.host, h.since, h.id FROM attempts a JOIN holders h ON h.id = a.holder
WHERE (h.host, h.place) IS DISTINCT FROM (%s, %s) AND a.stage = 'stored'
UNION ALL
SELECT a.fingerprint, a.id, a.stage, h.person, h.host, h.since, h.id FROM attempts a JOIN alive_holders h ON h.id = a.holder
WHERE a.stage IN ('intended', 'submitted', 'produced', 'in_doubt');

-- name: paid
SELECT id, campaign, to_jsonb(tags)::text, intended_at, stage, failure, task, estimate_amount, estimate_currency,
    quote_amount, quote_currency, cost_amount, cost_currency
FROM attempts WHERE provider NOT IN (SELECT jsonb_array_elements_text(%s::jsonb)) AND NOT (task IS NOT DISTINCT FROM '' AND EXISTS (
    SELECT 1 FROM attempts AS first WHERE first.fingerprint = attempts.fingerprint AND first.id < attempts.id AND first.task <> ''
)) ORDER BY id;

-- name: campaign_paid
SELECT provider, stage, failure, CASE WHEN task <> '' THEN 1 END AS has_task,
    estimate_amount, estimate_currency, quote_amount, quote_currency, cost_amount, cost_currency, count(*)
FROM attempts WHERE campaign = %s AND provider NOT IN (SELECT jsonb_array_elements_text(%s::jsonb))
AND NOT (task IS NOT DISTINCT FROM '' AND EXISTS (
    SELECT 1 FROM attempts AS first WHERE first.fingerprint = attempts.fingerprint AND first.id < attempts.id AND first.task <> ''
)) GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 ORDER BY min(id);

-- name: submit_times
SELECT attempts.provider, events.at FROM events JOIN attempts ON attempts.id = events.attempt
WHERE events.id > (SELECT max(id) - 5000 FROM events) AND events.at >= %s AND events.move IN ('intend', 'resend')
    AND attempts.provider NOT IN (SELECT jsonb_array_elements_text(%s::jsonb))
ORDER BY events.id;

-- name: lengths
SELECT attempts.provider, attempts.preimage, made.at - sent.at FROM attempts
JOIN events AS sent ON sent.attempt = attempts.id AND sent.move = 'accept'
JOIN events AS made ON made.attempt = attempts.id AND made.move = 'produce'
JOIN runs ON runs.id = attempts.run AND made.at <= runs.ended_at
WHERE attempts.provider NOT IN (SELECT jsonb_array_elements_text(%s::jsonb)) AND attempts.task <> ''
    AND sent.data->>'reason' IS NULL
ORDER BY attempts.id DESC LIMIT 2000;

-- name: deliveries
SELECT DISTINCT provider FROM attempts
WHERE stage = 'stored' AND changed_at >= %s AND task <> ''
AND NOT EXISTS (SELECT 1 FROM events WHERE events.attempt = attempts.id AND events.move = 'miss');

-- name: past
SELECT shot, version, take, fingerprint FROM names
WHERE campaign = %s AND sketch = %s ORDER BY shot, version DESC, take;

-- name: past_of
SELECT shot, version, take, fingerprint FROM names
WHERE campaign = %s AND sketch = %s AND shot IN (SELECT jsonb_array_elements_text(%s::jsonb))
ORDER BY shot, version DESC, take;

-- name: artifacts
SELECT digest, size, width, height, seconds, frames, codec FROM artifacts;

-- name: footage
SELECT digest, size, seconds FROM artifacts;

-- name: footage_of
SELECT digest, size, seconds FROM artifacts WHERE digest IN (SELECT jsonb_array_elements_text(%s::jsonb));

-- name: preimages
SELECT fingerprint, preimage FROM attempts WHERE fingerprint IN (SELECT jsonb_array_elements_text(%s::jsonb));

-- name: attempts
SELECT id, fingerprint, preimage, provider, campaign, shot, take, to_jsonb(tags)::text, run, stage, task, digest,
    estimate_amount, estimate_currency, quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy,
    intended_at, changed_at
FROM attempts WHERE fingerprint IN (SELECT jsonb_array_elements_text(%s::jsonb)) ORDER BY id;

-- name: all_attempts
SELECT id, fingerprint, preimage, provider, campaign, shot, take, to_jsonb(tags)::text, run, stage, task, digest,
    estimate_amount, estimate_currency, quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy,
    intended_at, changed_at
FROM attempts ORDER BY id;

-- name: open_attempts
SELECT id, fingerprint, preimage, provider, campaign, shot, take, to_jsonb(tags)::text, run, stage, task, digest,
    estimate_amount, estimate_currency, quote_amount, quote_currency, cost_amount, cost_currency, failure, why, remedy,
    intended_at, changed_at
FROM attempts WHERE stage IN ('intended', 'submitted', 'produced', 'in_doubt') ORDER BY id;

-- name: ended
SELECT id, campaign, shot, take, stage, failure FROM attempts
WHERE provider NOT IN (SELECT jsonb_array_elements_text(%s::jsonb)) AND stage IN ('stored', 'failed', 'cancelled') ORDER BY id;

-- name: tasks
SELECT provider, task, id FROM attempts WHERE task <> '' ORDER BY id;

-- name: events
SELECT id, attempt, at, move, stage, data::text FROM events
WHERE attempt IN (SELECT value::bigint FROM jsonb_array_elements_text(%s::jsonb)) ORDER BY id;

-- name: all_events
SELECT id, attempt, at, move, stage, data::text FROM events ORDER BY id;

-- name: names
SELECT file, fingerprint FROM names WHERE campaign = %s AND sketch = %s;

-- name: names_of
SELECT file, fingerprint FROM names
WHERE campaign = %s AND sketch = %s AND shot IN (SELECT jsonb_array_elements_text(%s::jsonb));

-- name: versions
SELECT shot, version, fingerprint FROM names
WHERE campaign = %s AND sketch = %s AND shot IN (SELECT jsonb_array_elements_text(%s::jsonb));

-- name: fingerprints_of
SELECT DISTINCT fingerprint FROM names WHERE campaign = %s AND sketch = %s AND shot = %s;

-- name: runs
SELECT id, manifest, campaign, sketch, started_at, ended_at, stored, failed, exit FROM runs ORDER BY id;

-- name: identity
SELECT id FROM identity;

-- name: content_key
SELECT content_key();

-- name: end_old_session
-- Of this login only: PostgreSQL lets nobody end another's.
SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN holders USING (pid)
WHERE holders.id = %s AND usename = current_user AND pid <> pg_backend_pid();

-- name: team
SELECT read_team();

-- name: lease_slots
SELECT lease_slots(%s, %s::jsonb);

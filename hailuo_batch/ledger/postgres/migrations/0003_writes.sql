-- What a run may do to the ledger. Each function is one statement and one commit: no client holds a lock between two.
-- Advisory locks: (class, 0) is the gate, which lets one batch write at a time; (class, n) is held while holder n lives.

CREATE FUNCTION lock_class() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1212247106';  -- "HAlB"

-- Waits for the gate. Raises unless this very session writes for the holder: after a lost line that may be another one.
CREATE FUNCTION check_holder(me integer) RETURNS holders LANGUAGE plpgsql AS $$
DECLARE
    holder holders;
BEGIN
    PERFORM pg_advisory_xact_lock(lock_class(), 0);
    SELECT * INTO holder FROM holders WHERE id = me FOR UPDATE;
    IF NOT FOUND OR holder.pid IS DISTINCT FROM pg_backend_pid() THEN
        RAISE EXCEPTION 'this session does not write for holder %', me USING ERRCODE = 'HA001';
    END IF;
    RETURN holder;
END $$;

-- Money: whether somebody else may still send what a holder intended. The lock of one that is dead stays ours until the
-- commit, so it cannot come back in between.
CREATE FUNCTION is_alive(other integer, me integer) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    RETURN other IS NOT NULL AND (other = me OR NOT pg_try_advisory_xact_lock(lock_class(), other));
END $$;

CREATE FUNCTION make_held(a attempts) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object('error', 'held', 'attempt', a.id, 'stage', a.stage, 'provider', a.provider,
    'holder', h.person || ' on ' || h.host, 'since', h.since)
FROM (SELECT 1) one LEFT JOIN holders h ON h.id = a.holder
$$;

-- Money: what a holder had intended when it died may have been sent. Nobody sends it again.
CREATE FUNCTION doubt(a attempts) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    words jsonb := jsonb_build_object('kind', 'unclear', 'remedy', '', 'why', coalesce(
        (SELECT person || ' on ' || host FROM holders WHERE id = a.holder), 'its holder'
    ) || ' was cut off or ended before an answer came');
    now_at double precision := extract(epoch FROM clock_timestamp());
BEGIN
    UPDATE attempts SET stage = 'in_doubt', failure = words->>'kind', why = words->>'why', remedy = '',
        changed_at = now_at, swept_at = clock_timestamp() WHERE id = a.id;
    INSERT INTO events (attempt, at, move, stage, data, holder)
        VALUES (a.id, now_at, 'lose_sight', 'in_doubt', jsonb_build_object('failure', words), a.holder);
    UPDATE holders SET lost_at = coalesce(lost_at, clock_timestamp()) WHERE id = a.holder;
END $$;

CREATE FUNCTION sweep_dead_holders(me integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    other integer;
    a attempts;
    swept integer := 0;
BEGIN
    FOR other IN SELECT DISTINCT holder FROM attempts WHERE stage = 'intended' AND holder IS DISTINCT FROM me LOOP
        CONTINUE WHEN is_alive(other, me);
        FOR a IN SELECT * FROM attempts WHERE stage = 'intended' AND holder IS NOT DISTINCT FROM other ORDER BY id LOOP
            PERFORM doubt(a);
            swept := swept + 1;
        END LOOP;
    END LOOP;
    RETURN swept;
END $$;

-- Records that something is about to be sent: the number of the attempt, or why it may not be.
CREATE FUNCTION intend(me integer, w jsonb, INOUT uses cap_use[], OUT answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    a attempts;
    is_fact boolean := w ? 'then';  -- it was paid before: recorded whatever a cap says
    at double precision := (w->>'at')::double precision;
    price numeric := (w->'data'->'estimate'->>'amount')::numeric;
    unit text := w->'data'->'estimate'->>'currency';
BEGIN
    SELECT * INTO a FROM attempts WHERE fingerprint = w->>'fingerprint'
        AND stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt');
    IF FOUND AND a.stage = 'intended' AND NOT is_alive(a.holder, me) THEN
        PERFORM doubt(a);
        SELECT * INTO a FROM attempts WHERE id = a.id;
    END IF;
    -- Money: anything further on may have been paid for; and what may have been sent to one provider is never submitted
    -- to another.
    IF a.id IS NOT NULL AND a.holder IS DISTINCT FROM me THEN
        answer := make_held(a);
        RETURN;
    ELSIF a.id IS NOT NULL AND (a.stage <> 'intended' OR a.provider <> w->>'provider' OR w ? 'fresh') THEN
        answer := jsonb_build_object('error', 'stage', 'attempt', a.id, 'stage', a.stage, 'provider', a.provider);
        RETURN;
    END IF;
    IF a.id IS NULL THEN
        a.fingerprint := w->>'fingerprint'; a.preimage := w->>'preimage'; a.provider := w->>'provider';
        a.campaign := w->>'campaign'; a.shot := w->>'shot'; a.take := (w->>'take')::integer;
        a.tags := ARRAY(SELECT jsonb_array_elements_text(w->'tags')); a.free := (w->>'free')::boolean;
        a.intended_at := at;
    END IF;
    IF NOT is_fact AND cardinality(uses) > 0 THEN
        answer := find_full_cap(a, price, unit, uses);
        IF answer IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;
    IF a.id IS NULL THEN
        INSERT INTO attempts (fingerprint, preimage, provider, campaign, shot, take, tags, run, holder, free, stage,
            estimate_amount, estimate_currency, intended_at, changed_at)
        VALUES (a.fingerprint, a.preimage, a.provider, a.campaign, a.shot, a.take, a.tags,
            (w->'data'->>'run')::bigint, me, a.free, 'intended', price, unit, at, at)
        RETURNING * INTO a;
    ELSE
        UPDATE attempts SET run = (w->'data'->>'run')::bigint, estimate_amount = price, estimate_currency = unit,
            changed_at = at, written_at = clock_timestamp() WHERE id = a.id RETURNING * INTO a;
    END IF;
    INSERT INTO events (attempt, at, move, stage, data, holder) VALUES (a.id, at, 'intend', 'intended', w->'data', me);
    IF cardinality(uses) > 0 THEN
        uses := count_again(a, NOT is_fact, uses);
    END IF;
    answer := to_jsonb(a.id);
END $$;

-- Carries out moves that were found to be right, each with its target: the records, their clips and their events.
CREATE FUNCTION apply_moves(me integer, right_moves jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH given AS MATERIALIZED (
        SELECT i, (g->>'attempt')::bigint AS attempt, g->>'move' AS verb, g->>'target' AS target,
            (g->>'at')::double precision AS at, g->'data' AS d, g->'data'->'failure'->>'kind' AS kind, g->'clip' AS c
        FROM jsonb_array_elements(right_moves) WITH ORDINALITY AS t(g, i)
    ), kept AS (
        -- The same digest is the same clip; a later probe may only know it better.
        INSERT INTO artifacts AS known (digest, size, width, height, seconds, frames, codec, kept_at)
        SELECT DISTINCT ON (c->>0) c->>0, (c->>1)::bigint, (c->>2)::integer, (c->>3)::integer, (c->>4)::double precision,
            (c->>5)::integer, c->>6, at FROM given WHERE c IS NOT NULL ORDER BY c->>0, i DESC
        ON CONFLICT (digest) DO UPDATE SET
            size = excluded.size, width = excluded.width, height = excluded.height,
            seconds = excluded.seconds, frames = excluded.frames, codec = excluded.codec
        WHERE (known.size, known.width, known.height, known.seconds, known.frames, known.codec)
            <> (excluded.size, excluded.width, excluded.height, excluded.seconds, excluded.frames, excluded.codec)
    ), changed AS (
        -- What is not in the facts leaves the record as it is; an attempt that is on its way (again) has no failure.
        UPDATE attempts SET
            stage = target, holder = me, changed_at = at, swept_at = NULL,
            written_at = CASE verb WHEN 'resend' THEN clock_timestamp() ELSE written_at END,
            task = CASE WHEN kind = 'never_sent' THEN NULL ELSE coalesce(d->>'task', task) END,
            digest = coalesce(d->>'digest', digest),
            cost_amount = coalesce((d->'cost'->>'amount')::numeric, cost_amount),
            cost_currency = coalesce(d->'cost'->>'currency', cost_currency),
            quote_amount = coalesce((d->'quote'->>'amount')::numeric, quote_amount),
            quote_currency = coalesce(d->'quote'->>'currency', quote_currency),
            failure = CASE WHEN target NOT IN ('intended', 'submitted') THEN coalesce(kind, failure) END,
            why = CASE WHEN target IN ('intended', 'submitted') THEN '' ELSE coalesce(d->'failure'->>'why', why) END,
            remedy = CASE WHEN target IN ('intended', 'submitted') THEN ''
                ELSE coalesce(d->'failure'->>'remedy', remedy) END
        FROM given WHERE id = attempt
    )
    INSERT INTO events (attempt, at, move, stage, data, holder) SELECT attempt, at, verb, target, d, me FROM given ORDER BY i;
END $$;

-- The usual moves of a batch, all in one statement: of attempts that are this holder's own and are moved once, by the
-- table. The new stage of each, by its place in the batch; what is not among them goes through `move`.
CREATE FUNCTION move_usual(me integer, writes jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    right_moves jsonb;
BEGIN
    SELECT jsonb_object_agg(g.i, g.w || jsonb_build_object('target', m.target)) INTO right_moves
    FROM (
        SELECT w, i, w->>'move' AS verb, (w->>'attempt')::bigint AS attempt, count(*) OVER (PARTITION BY w->'attempt') AS times
        FROM jsonb_array_elements(writes) WITH ORDINALITY AS t(w, i) WHERE w->>'do' = 'move'
    ) g JOIN attempts a ON a.id = g.attempt JOIN moves m ON m.stage = a.stage AND m.move = g.verb
    WHERE g.times = 1 AND a.holder = me AND a.swept_at IS NULL
        AND g.verb IN ('accept', 'refuse', 'lose_sight', 'produce', 'fail', 'keep');
    IF right_moves IS NOT NULL THEN
        PERFORM apply_moves(me, (SELECT jsonb_agg(value ORDER BY key::integer) FROM jsonb_each(right_moves)));
    END IF;
    RETURN coalesce(right_moves, '{}');
END $$;

-- What a move changes under the caps. Only money, an end and another sending do.
CREATE FUNCTION count_move(w jsonb, target text, INOUT uses cap_use[], OUT answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    d jsonb := w->'data';
    a attempts;
BEGIN
    IF cardinality(uses) > 0 AND (d ? 'cost' OR d ? 'quote' OR target IN ('intended', 'failed', 'cancelled')) THEN
        SELECT * INTO a FROM attempts WHERE id = (w->>'attempt')::bigint;
        uses := count_again(a, target = 'intended', uses);
    END IF;
    answer := to_jsonb(target);
END $$;

-- Moves an attempt by the table: the new stage, or why it may not be.
CREATE FUNCTION move(me integer, w jsonb, INOUT uses cap_use[], OUT answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    a attempts;
    verb text := w->>'move';
    target text;
    r record;
    is_mine boolean;
BEGIN
    SELECT * INTO a FROM attempts WHERE id = (w->>'attempt')::bigint FOR UPDATE;
    IF NOT FOUND THEN
        answer := jsonb_build_object('error', 'none');
        RETURN;
    END IF;
    is_mine := a.holder IS NOT DISTINCT FROM me;
    IF NOT is_mine AND a.stage <> 'stored' AND is_alive(a.holder, me) THEN
        answer := make_held(a);
        RETURN;
    END IF;
    -- The holder was cut off, was taken for dead, and has its answer after all.
    IF a.swept_at IS NOT NULL AND a.stage = 'in_doubt' AND is_mine THEN
        IF verb = 'lose_sight' THEN
            answer := to_jsonb(a.stage);
            RETURN;
        END IF;
        verb := CASE verb WHEN 'accept' THEN 'find' WHEN 'refuse' THEN 'settle' ELSE verb END;
    END IF;
    SELECT m.target INTO target FROM moves m WHERE m.stage = a.stage AND m.move = verb;
    IF target IS NULL AND NOT is_mine THEN
        answer := make_held(a);
        RETURN;
    ELSIF target IS NULL THEN
        answer := jsonb_build_object('error', 'stage', 'attempt', a.id, 'stage', a.stage, 'provider', a.provider);
        RETURN;
    END IF;
    -- Money: who was cut off may send for as long as one submit can take. Only its holder knows better before that.
    IF verb = 'settle' AND NOT is_mine AND a.written_at > clock_timestamp() - settle_after()
        AND EXISTS (SELECT 1 FROM holders WHERE id = a.holder AND left_at IS NULL) THEN
        answer := make_held(a) || jsonb_build_object(
            'error', 'early', 'until', extract(epoch FROM a.written_at + settle_after()));
        RETURN;
    END IF;
    IF verb = 'resend' THEN
        IF EXISTS (SELECT 1 FROM attempts o WHERE o.fingerprint = a.fingerprint AND o.id <> a.id
            AND o.stage IN ('intended', 'submitted', 'produced', 'stored', 'in_doubt')) THEN
            answer := make_held(a);
            RETURN;
        END IF;
        answer := find_full_cap(a, CASE WHEN a.estimate_amount IS NULL OR lower(a.quote_currency) =
            lower(a.estimate_currency) AND a.quote_amount > a.estimate_amount THEN a.quote_amount
            ELSE a.estimate_amount END, coalesce(a.estimate_currency, a.quote_currency), uses);
        IF answer IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;
    PERFORM apply_moves(me, jsonb_build_array(w || jsonb_build_object('move', verb, 'target', target)));
    SELECT * INTO a FROM attempts WHERE id = a.id;
    r := count_move(w || jsonb_build_object('move', verb), target, uses);
    uses := r.uses;
    answer := to_jsonb(target);
END $$;

CREATE FUNCTION settle_after() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '10 minutes' $$;

-- A name that stays with its clip keeps the time it was given.
CREATE FUNCTION give_names(w jsonb) RETURNS void LANGUAGE sql AS $$
INSERT INTO names (file, campaign, shot, version, take, fingerprint, sketch, given_at)
SELECT n->>0, n->>1, n->>2, (n->>3)::integer, (n->>4)::integer, n->>5, (n->>6)::boolean, (w->>'at')::double precision
FROM jsonb_array_elements(w->'names') n
ON CONFLICT (file) DO UPDATE SET
    campaign = excluded.campaign, shot = excluded.shot, version = excluded.version, take = excluded.take,
    fingerprint = excluded.fingerprint, sketch = excluded.sketch, given_at = excluded.given_at
WHERE (names.campaign, names.shot, names.version, names.take, names.fingerprint, names.sketch)
    <> (excluded.campaign, excluded.shot, excluded.version, excluded.take, excluded.fingerprint, excluded.sketch);
SELECT nextval('name_changes')
$$;

-- Money: an intent of a batch whose answer was lost may have been put in doubt meanwhile. Its client has not sent it,
-- since it never had the answer: so the doubt is settled, and it is intended anew if nobody else has it by now.
CREATE FUNCTION repeat_write(me integer, w jsonb, before jsonb, INOUT uses cap_use[], OUT answer jsonb)
LANGUAGE plpgsql AS $$
DECLARE
    a attempts;
    r record;
BEGIN
    answer := before;
    IF NOT (w->>'do' = 'intend' AND NOT w ? 'then' AND jsonb_typeof(before) = 'number' OR before = '"intended"') THEN
        RETURN;
    END IF;
    SELECT * INTO a FROM attempts WHERE id = coalesce(w->'attempt', before)::bigint;
    IF a.stage = 'intended' AND a.holder = me THEN
        RETURN;
    END IF;
    IF a.swept_at IS NOT NULL AND a.holder = me THEN
        r := move(me, jsonb_build_object('attempt', a.id, 'move', 'settle', 'at', w->'at', 'data',
            jsonb_build_object('reason', 'the line was cut before it was sent', 'failure', jsonb_build_object(
                'kind', 'never_sent', 'why', 'the line to the ledger was cut before it was sent', 'remedy', ''))), uses);
        uses := r.uses;
    END IF;
    IF w->>'do' = 'intend' THEN
        r := intend(me, w, uses);
        uses := r.uses;
        answer := r.answer;
    ELSE
        answer := make_held(a);
    END IF;
END $$;

CREATE FUNCTION write_one(me integer, w jsonb, INOUT uses cap_use[], OUT answer jsonb) LANGUAGE plpgsql AS $$
DECLARE
    next jsonb;
    r record;
    number bigint;
BEGIN
    CASE w->>'do'
    WHEN 'move' THEN
        r := move(me, w, uses);
        uses := r.uses;
        answer := r.answer;
    WHEN 'intend' THEN
        r := intend(me, w, uses);
        uses := r.uses;
        answer := r.answer;
        IF jsonb_typeof(answer) = 'number' AND w ? 'then' THEN
            FOR next IN SELECT value FROM jsonb_array_elements(w->'then') LOOP
                r := move(me, next || jsonb_build_object('attempt', answer, 'at', w->'at'), uses);
                uses := r.uses;
                IF jsonb_typeof(r.answer) = 'object' THEN
                    RAISE EXCEPTION 'attempt % did not %', answer, next->>'move';
                END IF;
            END LOOP;
        END IF;
    WHEN 'names' THEN
        PERFORM give_names(w);
    WHEN 'begin_run' THEN
        INSERT INTO runs (manifest, campaign, sketch, started_at, holder) VALUES (
            w->>'manifest', w->>'campaign', (w->>'sketch')::boolean, (w->>'at')::double precision, me
        ) RETURNING id INTO number;
        answer := to_jsonb(number);
    WHEN 'end_run' THEN
        UPDATE runs SET ended_at = (w->>'at')::double precision, stored = (w->>'stored')::integer,
            failed = (w->>'failed')::integer, exit = (w->>'exit')::integer WHERE id = (w->>'run')::bigint;
    END CASE;
END $$;

-- Carries out a batch of writes in one commit: an answer for each, the records that are wanted, and how far the log is.
-- Money: a batch has a number of its own, also one that its client gave up. One that was written before is not written
-- again: its answers come again.
CREATE FUNCTION write_batch(me integer, number bigint, writes jsonb, OUT answers jsonb, OUT records jsonb, OUT lsn text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
DECLARE
    holder holders := check_holder(me);
    is_repeated boolean := holder.batch = number;
    uses cap_use[];
    w jsonb;
    r record;
    usual jsonb;  -- the moves that are done already, by their place
    found jsonb[] := '{}';
    wanted bigint[] := '{}';
BEGIN
    IF number < holder.batch THEN
        RAISE EXCEPTION 'batch % comes after batch %', number, holder.batch USING ERRCODE = 'HA002';
    END IF;
    uses := load_caps(me);
    IF NOT is_repeated THEN
        usual := move_usual(me, writes);
    END IF;
    FOR w IN SELECT value FROM jsonb_array_elements(writes) LOOP
        IF is_repeated THEN
            r := repeat_write(me, w, holder.answers->cardinality(found), uses);
        ELSIF usual ? (cardinality(found) + 1)::text THEN
            r := count_move(w, usual->(cardinality(found) + 1)::text->>'target', uses);
        ELSE
            r := write_one(me, w, uses);
        END IF;
        uses := r.uses;
        found := array_append(found, r.answer);
        IF w ? 'want' THEN
            wanted := array_append(wanted, (w->>'attempt')::bigint);
        END IF;
    END LOOP;
    PERFORM store_caps(uses);
    answers := to_jsonb(found);
    UPDATE holders SET batch = number, answers = write_batch.answers WHERE id = me;
    records := (SELECT jsonb_object_agg(t.id, read_record(t)) FROM attempts t WHERE t.id = ANY (wanted));
    lsn := pg_current_wal_insert_lsn()::text;
END $$;

-- An attempt as the queries of reader.py have it.
CREATE FUNCTION read_record(a attempts) RETURNS jsonb LANGUAGE sql STABLE AS $$
SELECT jsonb_build_array(a.id, a.fingerprint, a.preimage, a.provider, a.campaign, a.shot, a.take, to_jsonb(a.tags)::text,
    a.run, a.stage, a.task, a.digest, a.estimate_amount::text, a.estimate_currency, a.quote_amount::text, a.quote_currency,
    a.cost_amount::text, a.cost_currency, a.failure, a.why, a.remedy, a.intended_at, a.changed_at)
$$;

-- Which ledger and which server this is, and how safely it writes.
CREATE FUNCTION read_server() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
SELECT jsonb_build_object(
    'ledger', (SELECT id FROM identity), 'version', (SELECT max(number) FROM migrations),
    'system', (SELECT system_identifier::text FROM pg_control_system()),
    'timeline', left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 'lsn', pg_current_wal_insert_lsn()::text,
    'fsync', current_setting('fsync'), 'commit', current_setting('synchronous_commit'),
    'unsafe_allowed', coalesce(current_setting('hailuo.allow_unsafe_disk', true), 'off'),
    'now', extract(epoch FROM clock_timestamp()))
$$;

-- Makes this session the one that writes for a holder, a new one or one whose line was cut. Waits until an earlier
-- session of the same holder is gone: what that had begun is then either written or never will be.
CREATE FUNCTION enter_holder(w jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
DECLARE
    me integer := (w->>'holder')::integer;
    swept integer;
BEGIN
    IF me IS NULL THEN
        INSERT INTO holders (host, person, process, program, command, place, since) VALUES (
            w->>'host', w->>'person', (w->>'process')::integer, w->>'program', w->>'command', w->>'place',
            (w->>'since')::double precision
        ) RETURNING id INTO me;
    END IF;
    PERFORM pg_advisory_lock(lock_class(), me);
    PERFORM pg_advisory_xact_lock(lock_class(), 0);
    UPDATE holders SET pid = pg_backend_pid() WHERE id = me;
    swept := sweep_dead_holders(me);
    RETURN read_server() || jsonb_build_object('holder', me, 'swept', swept, 'pid', pg_backend_pid(),
        'batch', (SELECT batch FROM holders WHERE id = me));
END $$;

CREATE FUNCTION leave_holder(me integer) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
BEGIN
    PERFORM check_holder(me);
    UPDATE holders SET left_at = clock_timestamp(), pid = NULL, answers = NULL WHERE id = me;
    DELETE FROM holder_caps WHERE holder = me;
    PERFORM pg_advisory_unlock(lock_class(), me);
END $$;

-- What a finished run remembers: as long as it is the same, nothing has changed.
CREATE FUNCTION content_key() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
SELECT concat_ws('/', (SELECT id FROM identity), (SELECT system_identifier FROM pg_control_system()),
    left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), (SELECT max(id) FROM events), (SELECT max(id) FROM runs),
    (SELECT last_value FROM name_changes))
$$;

-- The holders that are alive.
CREATE VIEW alive_holders AS
SELECT h.* FROM holders h JOIN pg_locks l ON l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
    AND l.classid = lock_class()::oid AND l.objid = h.id::oid
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
WHERE l.pid = h.pid;

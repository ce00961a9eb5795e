-- The rate and the places of a gateway account, which all machines share.

CREATE TABLE accounts (
    account  text PRIMARY KEY,  -- a hash of the gateway and its key; never the key
    gateway  text NOT NULL,
    next_at  double precision NOT NULL DEFAULT 0  -- when the next slot begins, by the server's clock
);

-- Who uses which account, and how many slots it has leased that it may still use: its tasks are among the attempts.
CREATE TABLE account_users (
    account       text NOT NULL REFERENCES accounts (account),
    holder        integer NOT NULL REFERENCES holders (id),
    leased        integer NOT NULL,
    leased_until  double precision NOT NULL,
    PRIMARY KEY (account, holder)
);

-- Leases slots for submits at one gateway account: as many as begin within a second, and as there are places for.
-- They are so far apart that no window holds more than the limit, although each may be used a little late. What is not
-- used lapses. Times in the answer are seconds from now, so that no machine's clock matters.
CREATE FUNCTION lease_slots(me integer, w jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
DECLARE
    now double precision;
    begins double precision;  -- of the next slot
    between double precision := coalesce((w->>'between')::double precision, 0);
    used integer := (w->>'used')::integer;  -- places that this holder's own tasks have
    free integer := (w->>'wanted')::integer;
    others integer;
    n integer;
BEGIN
    INSERT INTO accounts (account, gateway) VALUES (w->>'account', w->>'gateway') ON CONFLICT DO NOTHING;
    SELECT next_at INTO begins FROM accounts WHERE account = w->>'account' FOR UPDATE;
    now := extract(epoch FROM clock_timestamp());
    begins := greatest(begins, now, now + (w->>'pause')::double precision);
    IF w ? 'places' THEN
        -- The tasks of a holder that is gone still run there.
        SELECT count(*) INTO others FROM attempts a JOIN account_users u ON u.holder = a.holder AND u.account = w->>'account'
            WHERE a.stage IN ('intended', 'submitted') AND a.provider = w->>'gateway' AND a.holder <> me;
        others := others + (SELECT coalesce(sum(u.leased), 0) FROM account_users u
            WHERE u.account = w->>'account' AND u.holder <> me AND u.leased_until > now);
        free := least(free, (w->>'places')::integer - others - used);
    END IF;
    n := greatest(0, CASE WHEN between > 0 THEN least(free, 1 + floor((now + 1 - begins) / between)::integer)
        WHEN begins > now + 1 THEN 0 ELSE free END);
    UPDATE accounts SET next_at = begins + n * between WHERE account = w->>'account';
    INSERT INTO account_users (account, holder, leased, leased_until) VALUES (w->>'account', me, n, now + 2)
        ON CONFLICT (account, holder) DO UPDATE SET leased = excluded.leased, leased_until = excluded.leased_until;
    RETURN jsonb_build_object(
        'now', now,
        'slots', (SELECT coalesce(jsonb_agg(begins - now + i * between), '[]') FROM generate_series(0, n - 1) i),
        'retry', CASE WHEN n > 0 THEN 0 WHEN free < 1 THEN 1 ELSE greatest(0.01, begins - now - 1) END,
        'full', free < 1);
END $$;

GRANT SELECT ON accounts, account_users TO hailuo_run;
REVOKE ALL ON FUNCTION lease_slots(integer, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lease_slots(integer, jsonb) TO hailuo_run;

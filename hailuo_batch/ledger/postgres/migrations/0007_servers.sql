-- Which servers this ledger is known to be whole on. One that took over may lack the last commits of the one before.

CREATE TABLE servers (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    system      text NOT NULL,     -- the cluster's own number: another one has read a copy
    timeline    text NOT NULL,     -- a new one begins when a replica takes over, and when a backup is restored
    lsn         text NOT NULL,     -- how far the log was then
    settled_at  double precision,  -- NULL: the ledger was made there
    person      text,
    reason      text
);

INSERT INTO servers (system, timeline, lsn) SELECT s->>'system', s->>'timeline', s->>'lsn' FROM read_server() s;

CREATE OR REPLACE FUNCTION read_server() RETURNS jsonb
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
SELECT found || jsonb_build_object(
    'known', EXISTS (SELECT 1 FROM servers WHERE system = found->>'system' AND timeline = found->>'timeline'),
    'settled_at', (SELECT max(settled_at) FROM servers))
FROM (SELECT jsonb_build_object(
    'ledger', (SELECT id FROM identity), 'version', (SELECT max(number) FROM migrations),
    'system', (SELECT system_identifier::text FROM pg_control_system()),
    'timeline', left(pg_walfile_name(pg_current_wal_insert_lsn()), 8), 'lsn', pg_current_wal_insert_lsn()::text,
    'fsync', current_setting('fsync'), 'commit', current_setting('synchronous_commit'),
    'unsafe_allowed', coalesce(current_setting('hailuo.allow_unsafe_disk', true), 'off'),
    'now', extract(epoch FROM clock_timestamp())) AS found) server
$$;

-- A person has compared the ledger with the accounts: from here on, this server counts for everyone.
CREATE FUNCTION settle_server(me integer, given text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
DECLARE
    holder holders := check_holder(me);
    s jsonb := read_server();
BEGIN
    INSERT INTO servers (system, timeline, lsn, settled_at, person, reason) VALUES (
        s->>'system', s->>'timeline', s->>'lsn', (s->>'now')::double precision, holder.person || ' on ' || holder.host, given
    );
    RETURN read_server();
END $$;

REVOKE ALL ON FUNCTION settle_server(integer, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settle_server(integer, text) TO hailuo_run;
GRANT SELECT ON servers TO hailuo_run;

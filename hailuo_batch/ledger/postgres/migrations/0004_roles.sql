-- Who may do what. `hailuo_run` is for everyone who runs: it reads, and calls the functions that keep the rules.
-- `hailuo_work` is for the workers of a farm: it can neither intend nor move. Logins are granted one of the two.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['hailuo_run', 'hailuo_work'] LOOP
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
            BEGIN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
            EXCEPTION WHEN duplicate_object OR unique_violation THEN
                NULL;  -- of another database of this server, at the same moment
            END;
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hailuo FROM PUBLIC;
ALTER DEFAULT PRIVILEGES IN SCHEMA hailuo REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA hailuo TO hailuo_run, hailuo_work;
GRANT SELECT ON ALL TABLES IN SCHEMA hailuo TO hailuo_run;
GRANT EXECUTE ON FUNCTION
    enter_holder(jsonb), leave_holder(integer), write_batch(integer, bigint, jsonb), register_caps(integer, jsonb),
    read_server(), content_key(), lock_class()
    TO hailuo_run;

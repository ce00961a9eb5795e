-- What people see of each other: who runs what, which caps there are, and which machine owes clips to the shared store.

ALTER TABLE holders ADD COLUMN owes integer;  -- clips that its folder has and the shared store lacks; NULL: never said

-- A machine says it when it learns it, which may be after its run has left the ledger.
CREATE FUNCTION report_owed(w jsonb, number integer) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
UPDATE holders SET owes = number WHERE id = (SELECT max(id) FROM holders
    WHERE host = w->>'host' AND person = w->>'person' AND place = w->>'place')
$$;

-- All of it as of one moment, in one answer. A machine is one folder of one person on one host: its newest holder.
CREATE FUNCTION read_team() RETURNS jsonb LANGUAGE sql STABLE SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
SELECT jsonb_build_object(
    'now', extract(epoch FROM clock_timestamp()),
    'runs', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'host', h.host, 'person', h.person, 'place', h.place, 'process', h.process, 'program', h.program,
            'command', h.command, 'since', h.since,
            'campaign', (SELECT r.campaign FROM runs r WHERE r.holder = h.id ORDER BY r.id DESC LIMIT 1),
            'tasks', (SELECT count(*) FROM attempts a WHERE a.holder = h.id AND a.stage IN ('intended', 'submitted', 'produced')))
        ORDER BY h.since, h.id), '[]') FROM alive_holders h),
    'left_behind', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'host', l.host, 'person', l.person, 'place', l.place, 'since', l.since, 'running', l.running, 'doubts', l.doubts)
        ORDER BY l.since), '[]') FROM (
            SELECT h.host, h.person, h.place, h.since, count(*) FILTER (WHERE a.stage IN ('submitted', 'produced')) AS running,
                count(*) FILTER (WHERE a.stage IN ('intended', 'in_doubt')) AS doubts
            FROM holders h JOIN attempts a ON a.holder = h.id AND a.stage IN ('intended', 'in_doubt', 'submitted', 'produced')
            WHERE NOT EXISTS (SELECT 1 FROM alive_holders o WHERE o.id = h.id) GROUP BY h.id) l),
    'caps', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'campaign', c.campaign, 'tag', c.tag, 'since', c.since, 'currency', c.currency, 'used', c.used::text,
            'allowed', c.allowed::text,
            'holders', (SELECT coalesce(jsonb_agg(jsonb_build_object('host', h.host, 'person', h.person, 'most', x.most::text)
                ORDER BY h.since), '[]') FROM holder_caps x JOIN alive_holders h ON h.id = x.holder WHERE x.cap = c.id))
        ORDER BY c.id), '[]') FROM caps c),
    'machines', (SELECT coalesce(jsonb_agg(jsonb_build_object(
            'host', m.host, 'person', m.person, 'place', m.place, 'program', m.program, 'since', m.since, 'owes', m.owes)
        ORDER BY m.host, m.person, m.place), '[]') FROM (
            SELECT DISTINCT ON (host, person, place) host, person, place, program, since,
                (SELECT o.owes FROM holders o WHERE o.host = h.host AND o.person = h.person AND o.place = h.place
                    AND o.owes IS NOT NULL ORDER BY o.id DESC LIMIT 1) AS owes
            FROM holders h ORDER BY host, person, place, id DESC) m))
$$;

REVOKE ALL ON FUNCTION report_owed(jsonb, integer), read_team() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION report_owed(jsonb, integer), read_team() TO hailuo_run;

-- What an attempt counts under a cap, and whether there is room. The same as core/spending; a test compares them.

-- A cap as a batch sees it. What the batch changes is written once, at its end.
CREATE TYPE cap_use AS (
    cap integer, campaign text, tag_form text, since double precision, currency text,
    most numeric,  -- this holder's own; NULL: it does not have this cap
    used numeric, allowed numeric
);

CREATE FUNCTION load_caps(me integer) RETURNS cap_use[] LANGUAGE plpgsql AS $$
DECLARE
    uses cap_use[];
BEGIN
    SELECT array_agg((c.id, c.campaign, c.tag_form, c.since, c.currency, h.most, c.used, c.allowed)::cap_use) INTO uses
        FROM (SELECT * FROM caps ORDER BY id FOR UPDATE) c LEFT JOIN holder_caps h ON h.cap = c.id AND h.holder = me;
    RETURN coalesce(uses, '{}');
END $$;

CREATE FUNCTION store_caps(uses cap_use[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE caps SET used = u.used, allowed = u.allowed FROM unnest(uses) u
        WHERE caps.id = u.cap AND (caps.used, caps.allowed) IS DISTINCT FROM (u.used, u.allowed);
END $$;

-- How much an attempt counts, in a currency.
CREATE FUNCTION count_amount(a attempts, unit text) RETURNS numeric LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF a.free THEN
        RETURN 0;
    END IF;
    IF a.stage IN ('failed', 'cancelled') AND coalesce(a.failure, '') NOT IN ('discarded', 'written_off')
        AND (coalesce(a.task, '') = '' OR coalesce(a.failure, '') = 'never_sent') THEN
        RETURN 0;
    END IF;
    -- A clip that was brought back is no second purchase where the first one is known.
    IF a.task = '' AND EXISTS (
        SELECT 1 FROM attempts first WHERE first.fingerprint = a.fingerprint AND first.id < a.id AND first.task <> ''
    ) THEN
        RETURN 0;
    END IF;
    IF lower(a.cost_currency) = lower(unit) THEN
        RETURN a.cost_amount;
    END IF;
    RETURN greatest(
        0,
        CASE WHEN lower(a.estimate_currency) = lower(unit) THEN a.estimate_amount END,
        CASE WHEN lower(a.quote_currency) = lower(unit) THEN a.quote_amount END
    );
END $$;

CREATE FUNCTION covers(c cap_use, campaign text, tags text[], at double precision) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    tag text;
BEGIN
    IF at < c.since OR c.campaign <> campaign THEN
        RETURN false;
    END IF;
    IF c.tag_form IS NULL THEN
        RETURN true;
    END IF;
    FOREACH tag IN ARRAY tags LOOP
        IF tag ~ c.tag_form THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END $$;

-- Why a cap of this holder's own leaves no room for a price; NULL: there is room. What counts already is not counted.
CREATE FUNCTION find_full_cap(a attempts, price numeric, unit text, uses cap_use[]) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    u cap_use;
    before numeric;
BEGIN
    FOREACH u IN ARRAY uses LOOP
        CONTINUE WHEN u.most IS NULL OR a.free OR NOT covers(u, a.campaign, a.tags, a.intended_at);
        before := 0;
        IF a.id IS NOT NULL THEN
            before := coalesce((SELECT amount FROM attempt_caps WHERE attempt = a.id AND cap = u.cap), 0);
        END IF;
        -- Money: a price that is unknown or in another currency cannot be compared, so it is not bought.
        IF price IS NULL OR lower(unit) <> lower(u.currency) OR u.used - before + price > u.most THEN
            RETURN (SELECT jsonb_build_object('error', 'over_cap', 'campaign', c.campaign, 'tag', c.tag, 'since', c.since,
                'currency', c.currency, 'most', u.most::text, 'used', (u.used - before)::text, 'price', price::text,
                'unit', unit) FROM caps c WHERE c.id = u.cap);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

-- Counts an attempt anew under each cap that covers it.
CREATE FUNCTION count_again(a attempts, is_reservation boolean, uses cap_use[]) RETURNS cap_use[] LANGUAGE plpgsql AS $$
DECLARE
    counted numeric;
    before numeric;
    known jsonb;  -- by cap, what the attempt counts already
BEGIN
    IF a.free THEN
        RETURN uses;
    END IF;
    known := coalesce((SELECT jsonb_object_agg(cap, amount) FROM attempt_caps WHERE attempt = a.id), '{}');
    FOR i IN 1 .. cardinality(uses) LOOP
        CONTINUE WHEN NOT covers(uses[i], a.campaign, a.tags, a.intended_at);
        counted := count_amount(a, uses[i].currency);
        before := (known->>uses[i].cap::text)::numeric;
        IF before IS NULL THEN
            INSERT INTO attempt_caps (attempt, cap, amount) VALUES (a.id, uses[i].cap, counted);
        ELSIF before <> counted THEN
            UPDATE attempt_caps SET amount = counted WHERE attempt = a.id AND cap = uses[i].cap;
        END IF;
        uses[i].used := uses[i].used + counted - coalesce(before, 0);
        IF is_reservation AND uses[i].most IS NOT NULL THEN
            uses[i].allowed := uses[i].most;
        ELSIF uses[i].used > uses[i].allowed THEN
            uses[i].allowed := NULL;  -- a fact is never refused: it is paid already
        END IF;
    END LOOP;
    RETURN uses;
END $$;

-- Says which caps a holder has, and how much counts under each; what is there already is counted under a new one.
CREATE FUNCTION register_caps(me integer, given jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
DECLARE
    w jsonb;
    number integer;
    u cap_use;
    answers jsonb := '[]';
BEGIN
    PERFORM check_holder(me);
    DELETE FROM holder_caps WHERE holder = me;
    FOR w IN SELECT value FROM jsonb_array_elements(given) LOOP
        SELECT id INTO number FROM caps WHERE key = w->>'key' FOR UPDATE;
        IF NOT FOUND THEN
            INSERT INTO caps (key, campaign, tag, tag_form, since, currency) VALUES (
                w->>'key', w->>'campaign', w->>'tag', w->>'tag_form', (w->>'since')::double precision, w->>'currency'
            ) RETURNING id INTO number;
            SELECT id, campaign, tag_form, since, currency, NULL, 0, NULL INTO u FROM caps WHERE id = number;
            INSERT INTO attempt_caps (attempt, cap, amount)
                SELECT a.id, number, count_amount(a, u.currency) FROM attempts a
                WHERE NOT a.free AND covers(u, a.campaign, a.tags, a.intended_at);
            UPDATE caps SET used = coalesce((SELECT sum(amount) FROM attempt_caps WHERE cap = number), 0)
                WHERE id = number;
        END IF;
        INSERT INTO holder_caps (holder, cap, most) VALUES (me, number, (w->>'most')::numeric)
            ON CONFLICT (holder, cap) DO UPDATE SET most = least(holder_caps.most, excluded.most);
        answers := answers || (SELECT to_jsonb(used::text) FROM caps WHERE id = number);
    END LOOP;
    RETURN answers;
END $$;

-- What an attempt counts under a cap, and whether there is room. The same as core/spending; a test compares them.

-- The caps as a batch sees them: what it changes is written once, at its end.
CREATE TYPE cap_use AS (cap integer, used numeric, allowed numeric);

-- How much an attempt counts, in a currency.
CREATE FUNCTION count_amount(a attempts, unit text) RETURNS numeric LANGUAGE sql STABLE AS $$
SELECT CASE
    WHEN a.free THEN 0
    WHEN a.stage IN ('failed', 'cancelled') AND coalesce(a.failure, '') NOT IN ('discarded', 'written_off')
        AND (coalesce(a.task, '') = '' OR coalesce(a.failure, '') = 'never_sent') THEN 0
    -- A clip that was brought back is no second purchase where the first one is known.
    WHEN a.task = '' AND EXISTS (
        SELECT 1 FROM attempts first WHERE first.fingerprint = a.fingerprint AND first.id < a.id AND first.task <> ''
    ) THEN 0
    WHEN lower(a.cost_currency) = lower(unit) THEN a.cost_amount
    ELSE greatest(
        0,
        CASE WHEN lower(a.estimate_currency) = lower(unit) THEN a.estimate_amount END,
        CASE WHEN lower(a.quote_currency) = lower(unit) THEN a.quote_amount END
    )
END $$;

CREATE FUNCTION covers(c caps, campaign text, tags text[], at double precision) RETURNS boolean LANGUAGE sql STABLE AS $$
SELECT at >= c.since AND (c.campaign IS NULL OR c.campaign = $2)
    AND (c.tag_form IS NULL OR EXISTS (SELECT 1 FROM unnest($3) tag WHERE tag ~ c.tag_form))
$$;

-- Why a cap of this holder's own leaves no room for a price; NULL: there is room. `before` is what counts already.
CREATE FUNCTION find_full_cap(me integer, a attempts, price numeric, unit text, uses cap_use[]) RETURNS jsonb
LANGUAGE sql STABLE AS $$
SELECT jsonb_build_object('error', 'over_cap', 'campaign', c.campaign, 'tag', c.tag, 'since', c.since,
    'currency', c.currency, 'most', h.most::text, 'used', (u.used - coalesce(x.amount, 0))::text, 'price', price::text, 'unit', unit)
FROM unnest(uses) u JOIN caps c ON c.id = u.cap JOIN holder_caps h ON h.cap = c.id AND h.holder = me
    LEFT JOIN attempt_caps x ON x.cap = c.id AND x.attempt = a.id
WHERE NOT a.free AND covers(c, a.campaign, a.tags, a.intended_at)
    -- Money: a price that is unknown or in another currency cannot be compared, so it is not bought.
    AND (price IS NULL OR lower(unit) <> lower(c.currency) OR u.used - coalesce(x.amount, 0) + price > h.most)
ORDER BY c.id LIMIT 1
$$;

-- Counts an attempt anew under each cap: under those that cover it when it is a purchase, else where it counts already.
CREATE FUNCTION count_again(me integer, a attempts, is_reservation boolean, INOUT uses cap_use[]) LANGUAGE plpgsql AS $$
DECLARE
    c record;
BEGIN
    FOR c IN
        SELECT u.cap, u.i, count_amount(a, k.currency) AS amount, x.amount AS before, h.most
        FROM unnest(uses) WITH ORDINALITY AS u(cap, used, allowed, i) JOIN caps k ON k.id = u.cap
            LEFT JOIN attempt_caps x ON x.cap = u.cap AND x.attempt = a.id
            LEFT JOIN holder_caps h ON h.cap = u.cap AND h.holder = me
        WHERE NOT a.free AND (x.attempt IS NOT NULL OR covers(k, a.campaign, a.tags, a.intended_at))
    LOOP
        CONTINUE WHEN c.amount = c.before;
        INSERT INTO attempt_caps (attempt, cap, amount) VALUES (a.id, c.cap, c.amount)
            ON CONFLICT (attempt, cap) DO UPDATE SET amount = excluded.amount;
        uses[c.i].used := uses[c.i].used + c.amount - coalesce(c.before, 0);
        IF is_reservation AND c.most IS NOT NULL THEN
            uses[c.i].allowed := c.most;
        ELSIF uses[c.i].used > uses[c.i].allowed THEN
            uses[c.i].allowed := NULL;  -- a fact is never refused: it is paid already
        END IF;
    END LOOP;
END $$;

-- Says which caps a holder has, and how much counts under each; what is there already is counted under a new one.
CREATE FUNCTION register_caps(me integer, given jsonb) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = hailuo, pg_temp AS $$
DECLARE
    w jsonb;
    number integer;
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
            INSERT INTO attempt_caps (attempt, cap, amount)
                SELECT a.id, c.id, count_amount(a, c.currency) FROM attempts a JOIN caps c ON c.id = number
                WHERE NOT a.free AND covers(c, a.campaign, a.tags, a.intended_at);
            UPDATE caps SET used = coalesce((SELECT sum(amount) FROM attempt_caps WHERE cap = number), 0)
                WHERE id = number;
        END IF;
        INSERT INTO holder_caps (holder, cap, most) VALUES (me, number, (w->>'most')::numeric)
            ON CONFLICT (holder, cap) DO UPDATE SET most = least(holder_caps.most, excluded.most);
        answers := answers || (SELECT to_jsonb(used::text) FROM caps WHERE id = number);
    END LOOP;
    RETURN answers;
END $$;

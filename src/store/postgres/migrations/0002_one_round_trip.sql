-- What runs all the time, as functions: a call is a statement, a transaction and a round trip.
--
-- All of them are VOLATILE, and are called under READ COMMITTED: each statement within them sees what had been committed when
-- that statement began, not when the call did. The lanes rest on that. A lane's advisory lock is taken by one statement, and the
-- next one sees all that was done under the lock before. STABLE, or one statement out of two, would break it.
--
-- Processes of an older version call these while newer ones run: what a function does may be mended by CREATE OR REPLACE, but
-- another meaning needs another name. No parameter or variable is called as a column is, and columns are named with their tables.

-- Makes deliveries durable; returns the GUIDs of those that were not known.
CREATE FUNCTION embargod_accept(guids TEXT[], events TEXT[], lanes TEXT[], arrivals BIGINT[], bodies BYTEA[])
RETURNS TEXT[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    inserted TEXT[];
BEGIN
    PERFORM pg_advisory_xact_lock(locks.key) FROM (
        SELECT DISTINCT hashtextextended(l.name, 1) AS key FROM unnest(lanes) AS l (name) ORDER BY key
    ) AS locks;

    WITH new AS (
        SELECT n.*, row_number() OVER (PARTITION BY n.lane ORDER BY n.place) AS in_lane
        FROM unnest(guids, events, lanes, arrivals, bodies)
            WITH ORDINALITY AS n (guid, event, lane, received_at, sealed_body, place)
        WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.guid = n.guid)
    ), fresh AS (
        INSERT INTO deliveries (guid, event, lane, received_at, turn, sealed_body)
        SELECT new.guid, new.event, new.lane, new.received_at, CASE WHEN new.in_lane > 1 OR EXISTS (
            SELECT 1 FROM deliveries d WHERE d.lane = new.lane AND d.state IN ('scheduled', 'ready', 'running')
        ) THEN 0 ELSE 1 END, new.sealed_body
        FROM new ORDER BY new.place
        ON CONFLICT (guid) DO NOTHING
        RETURNING deliveries.guid
    )
    SELECT COALESCE(array_agg(fresh.guid), '{}') INTO inserted FROM fresh;

    IF cardinality(inserted) < cardinality(guids) THEN
        -- Where one was inserted elsewhere in this very moment, under another lane, those behind it have no turn.
        UPDATE deliveries d SET turn = 1
        WHERE d.turn = 0 AND d.id IN (
            SELECT (SELECT n.id FROM deliveries n
                    WHERE n.lane = l.name AND n.state IN ('scheduled', 'ready', 'running') ORDER BY n.id LIMIT 1)
            FROM unnest(lanes) AS l (name)
        );
    END IF;
    RETURN inserted;
END
$$;

-- Claims deliveries, at most `most`, whose bodies before the last come to less than `most_bytes`; looks only at those who have
-- the turn.
--
-- It does not wait for the disk. If the server dies at once the claim is forgotten: the delivery is ready again, whoever claims
-- it next gets another token, and what the earlier worker settles is refused by its own. Nothing else hangs on a claim: a
-- delivery is only decided about, and that is written with its end. The setting holds for the transaction, so a call of this is
-- one by itself.
CREATE FUNCTION embargod_claim_deliveries(as_of BIGINT, until BIGINT, most BIGINT, most_bytes BIGINT, newest_first BOOLEAN)
RETURNS SETOF deliveries LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);

    IF EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'running' AND d.lease_until <= as_of)
        OR EXISTS (SELECT 1 FROM deliveries d WHERE d.state = 'scheduled' AND d.not_before <= as_of)
    THEN
        WITH expired AS (
            SELECT r.id FROM deliveries r WHERE r.state = 'running' AND r.lease_until <= as_of FOR UPDATE SKIP LOCKED
        )
        UPDATE deliveries d SET state = 'ready', lease_token = NULL, lease_until = NULL
        FROM expired WHERE d.id = expired.id;

        WITH due AS (
            SELECT s.id FROM deliveries s WHERE s.state = 'scheduled' AND s.not_before <= as_of FOR UPDATE SKIP LOCKED
        )
        UPDATE deliveries d SET state = 'ready' FROM due WHERE d.id = due.id;
    END IF;

    -- `not_before` is asked again: a clock that was set back must not start what it called due before. A body that would be
    -- too much, beside those before it, is left to the next claim.
    IF newest_first THEN
        RETURN QUERY
        WITH free AS (
            SELECT f.id, COALESCE(octet_length(f.sealed_body), 0) AS bytes FROM deliveries f
            WHERE f.turn = 1 AND f.state = 'ready' AND f.not_before <= as_of
            ORDER BY f.id DESC LIMIT most FOR UPDATE SKIP LOCKED
        ), next AS (
            SELECT summed.id
            FROM (SELECT free.id, SUM(free.bytes) OVER (ORDER BY free.id DESC) - free.bytes AS before FROM free) AS summed
            WHERE summed.before < most_bytes
        )
        UPDATE deliveries d
        SET state = 'running', attempts = d.attempts + 1, lease_token = gen_random_uuid()::text, lease_until = until
        FROM next WHERE d.id = next.id
        RETURNING d.*;
    ELSE
        RETURN QUERY
        WITH free AS (
            SELECT f.id, COALESCE(octet_length(f.sealed_body), 0) AS bytes FROM deliveries f
            WHERE f.turn = 1 AND f.state = 'ready' AND f.not_before <= as_of
            ORDER BY f.id LIMIT most FOR UPDATE SKIP LOCKED
        ), next AS (
            SELECT summed.id
            FROM (SELECT free.id, SUM(free.bytes) OVER (ORDER BY free.id) - free.bytes AS before FROM free) AS summed
            WHERE summed.before < most_bytes
        )
        UPDATE deliveries d
        SET state = 'running', attempts = d.attempts + 1, lease_token = gen_random_uuid()::text, lease_until = until
        FROM next WHERE d.id = next.id
        RETURNING d.*;
    END IF;
END
$$;

-- Ends deliveries well, all of them different, and appends what was decided about them; returns the numbers of those whose
-- leases were held. `ids` are in order, so that two calls do not wait for each other; `entries` are in the order in which they
-- are to be appended, each with the number of its delivery in `ended`.
CREATE FUNCTION embargod_end_deliveries(ids BIGINT[], tokens TEXT[], instants BIGINT[], ended BIGINT[], decided BIGINT[],
                                        cases TEXT[], entries TEXT[])
RETURNS BIGINT[] LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    held BIGINT[];
BEGIN
    PERFORM pg_advisory_xact_lock(locks.key) FROM (
        SELECT DISTINCT hashtextextended(d.lane, 1) AS key FROM deliveries d WHERE d.id = ANY (ids) ORDER BY key
    ) AS locks;

    -- Fenced: it reaches its row only by the token of a lease that has not run out. The turn passes on in the same statement,
    -- which does not see yet that the one before is over, so that one is left out by its number.
    WITH settled AS (
        UPDATE deliveries d
        SET state = 'done', turn = 0, finished_at = e.instant, lease_token = NULL, lease_until = NULL
        FROM unnest(ids, tokens, instants) AS e (id, token, instant)
        WHERE d.id = e.id AND d.lease_token = e.token AND d.state = 'running' AND d.lease_until > e.instant
        RETURNING d.id, d.lane
    ), passed AS (
        UPDATE deliveries d SET turn = 1
        FROM (SELECT (SELECT n.id FROM deliveries n
                      WHERE n.lane = s.lane AND n.state IN ('scheduled', 'ready', 'running') AND n.id <> s.id
                      ORDER BY n.id LIMIT 1) AS id
              FROM settled s) AS next
        WHERE d.id = next.id
    )
    SELECT COALESCE(array_agg(settled.id), '{}') INTO held FROM settled;

    IF cardinality(ended) > 0 THEN
        INSERT INTO decisions (decided_at, case_key, decision)
        SELECT n.instant, n.case_name, n.entry
        FROM unnest(ended, decided, cases, entries) WITH ORDINALITY AS n (id, instant, case_name, entry, place)
        WHERE n.id = ANY (held)
        ORDER BY n.place;
    END IF;
    RETURN held;
END
$$;

-- Claims effects of at least the urgency `least_urgent`, at most `most`, most urgent and then oldest first, of different lanes. Returns
-- them in that order, and in several rounds where some that it met had to be set aside.
--
-- It waits for the disk as the server is told to: the number of attempts says whether an effect may have reached GitHub before,
-- and so whether to look before it is created.
CREATE FUNCTION embargod_claim_effects(as_of BIGINT, until BIGINT, most BIGINT, least_urgent BIGINT)
RETURNS SETOF effects LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    -- Timers that one statement turns into ready effects, at most.
    due_at_once CONSTANT BIGINT := 500;
    -- Rows that are looked at, beyond those that are wanted.
    spare CONSTANT BIGINT := 32;
    -- How often it looks again after it has set some aside; more than that are left to the next claim.
    rounds CONSTANT BIGINT := 200;
    wanted BIGINT := most;
    taken BIGINT;
    -- Lanes that are locked now, and those that others hold: whoever holds one will announce work when it lets go.
    held TEXT[] := '{}';
    refused TEXT[] := '{}';
    got TEXT[];
    missed TEXT[];
    -- Those that a round looks at, in order.
    ids BIGINT[];
    lanes TEXT[];
    waits BOOLEAN[];
    waiting BIGINT[];
    picked BIGINT[];
BEGIN
    -- Leases that have run out. A lane that somebody worked in has few of these.
    IF EXISTS (SELECT 1 FROM effects e WHERE e.state = 'running' AND e.lease_until <= as_of) THEN
        WITH expired AS (
            SELECT r.id FROM effects r WHERE r.state = 'running' AND r.lease_until <= as_of FOR UPDATE SKIP LOCKED
        )
        UPDATE effects e SET state = 'ready', turn = 1, lease_token = NULL, lease_until = NULL
        FROM expired WHERE e.id = expired.id;
    END IF;

    -- Timers that are due.
    LOOP
        SELECT array_agg(due.id), array_agg(due.lane) INTO ids, lanes
        FROM (SELECT s.id, s.lane FROM effects s
              WHERE s.state = 'scheduled' AND s.runnable_at <= as_of AND s.lane <> ALL (refused)
              ORDER BY s.runnable_at LIMIT due_at_once) AS due;
        EXIT WHEN ids IS NULL;

        SELECT COALESCE(array_agg(asked.name) FILTER (WHERE asked.ours), '{}'),
               COALESCE(array_agg(asked.name) FILTER (WHERE NOT asked.ours), '{}') INTO got, missed
        FROM (SELECT l.name, pg_try_advisory_xact_lock(hashtextextended(l.name, 2)) AS ours
              FROM (SELECT DISTINCT u.name FROM unnest(lanes) AS u (name)) AS l WHERE l.name <> ALL (held)) AS asked;
        held := held || got;
        refused := refused || missed;

        UPDATE effects e SET state = 'ready', turn = 0
        WHERE e.id = ANY (ids) AND e.state = 'scheduled' AND e.lane = ANY (held);

        UPDATE effects e SET turn = 1
        WHERE e.turn = 0 AND e.state = 'ready' AND e.id IN (
            SELECT (SELECT n.id FROM effects n WHERE n.lane = l.name AND n.state = 'ready'
                    ORDER BY n.urgency, n.id LIMIT 1)
            FROM (SELECT DISTINCT u.name FROM unnest(lanes) AS u (name)) AS l WHERE l.name = ANY (held)
        );
    END LOOP;

    FOR round IN 1..rounds LOOP
        EXIT WHEN wanted <= 0;
        -- The first of each free lane: those that may start, as many as are wanted, and before the last of these, those that
        -- must wait.
        WITH candidates AS (
            SELECT e.id, e.lane, e.urgency, e.runnable_at > as_of OR EXISTS (
                    SELECT 1 FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
                    WHERE p.effect_id = e.id AND b.state IN ('scheduled', 'blocked', 'ready', 'running')) AS must_wait
            FROM effects e
            WHERE e.state = 'ready' AND e.turn = 1 AND e.lane <> ALL (refused) AND e.urgency <= least_urgent
              AND NOT EXISTS (SELECT 1 FROM effects busy WHERE busy.state = 'running' AND busy.lane = e.lane)
            ORDER BY e.urgency, e.id LIMIT wanted + spare
        ), firsts AS (
            SELECT DISTINCT ON (c.lane) c.* FROM candidates c ORDER BY c.lane, c.urgency, c.id
        ), counted AS (
            SELECT f.*, COUNT(*) FILTER (WHERE NOT f.must_wait) OVER (
                ORDER BY f.urgency, f.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS starting_before
            FROM firsts f
        )
        SELECT array_agg(c.id ORDER BY c.urgency, c.id), array_agg(c.lane ORDER BY c.urgency, c.id),
               array_agg(c.must_wait ORDER BY c.urgency, c.id) INTO ids, lanes, waits
        FROM counted c WHERE c.starting_before < wanted;
        EXIT WHEN ids IS NULL;

        SELECT COALESCE(array_agg(asked.name) FILTER (WHERE asked.ours), '{}'),
               COALESCE(array_agg(asked.name) FILTER (WHERE NOT asked.ours), '{}') INTO got, missed
        FROM (SELECT l.name, pg_try_advisory_xact_lock(hashtextextended(l.name, 2)) AS ours
              FROM unnest(lanes) AS l (name) WHERE l.name <> ALL (held)) AS asked;
        held := held || got;
        refused := refused || missed;

        SELECT array_agg(c.id) FILTER (WHERE c.must_wait), array_agg(c.id) FILTER (WHERE NOT c.must_wait)
        INTO waiting, picked
        FROM unnest(ids, lanes, waits) AS c (id, lane, must_wait) WHERE c.lane = ANY (held);

        IF waiting IS NOT NULL THEN
            -- Whoever ends one of those before them waits until they have been set aside, and then sees them.
            PERFORM b.id FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
            WHERE p.effect_id = ANY (waiting) AND b.state IN ('scheduled', 'blocked', 'ready', 'running')
            ORDER BY b.id FOR SHARE OF b;

            UPDATE effects e
            SET state = CASE WHEN e.runnable_at > as_of THEN 'scheduled' ELSE 'blocked' END, turn = 0
            WHERE e.id = ANY (waiting) AND e.state = 'ready' AND (e.runnable_at > as_of OR EXISTS (
                SELECT 1 FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
                WHERE p.effect_id = e.id AND b.state IN ('scheduled', 'blocked', 'ready', 'running')));

            UPDATE effects e SET turn = 1
            WHERE e.turn = 0 AND e.state = 'ready' AND e.id IN (
                SELECT (SELECT n.id FROM effects n WHERE n.lane = c.lane AND n.state = 'ready'
                        ORDER BY n.urgency, n.id LIMIT 1)
                FROM unnest(lanes, waits) AS c (lane, must_wait) WHERE c.must_wait AND c.lane = ANY (held)
            );
            -- Those behind them in their lanes may be more urgent than what was picked.
            CONTINUE;
        END IF;
        CONTINUE WHEN picked IS NULL;

        RETURN QUERY
        WITH claimed AS (
            UPDATE effects e
            SET state = 'running', turn = 0, attempts = e.attempts + 1, lease_token = gen_random_uuid()::text,
                lease_until = until
            WHERE e.id = ANY (picked) AND e.state = 'ready' AND e.runnable_at <= as_of
              AND NOT EXISTS (SELECT 1 FROM effects busy WHERE busy.state = 'running' AND busy.lane = e.lane)
              AND NOT EXISTS (
                SELECT 1 FROM effect_predecessors p JOIN effects b ON b.key = p.after_key
                WHERE p.effect_id = e.id AND b.state IN ('scheduled', 'blocked', 'ready', 'running'))
            RETURNING e.*
        ), passed AS (
            UPDATE effects e SET turn = 1
            WHERE e.turn = 0 AND e.state = 'ready' AND e.id IN (
                SELECT (SELECT n.id FROM effects n WHERE n.lane = c.lane AND n.state = 'ready' AND n.id <> c.id
                        ORDER BY n.urgency, n.id LIMIT 1)
                FROM claimed c
            )
        )
        SELECT c.* FROM claimed c ORDER BY c.urgency, c.id;
        GET DIAGNOSTICS taken = ROW_COUNT;
        wanted := wanted - taken;
    END LOOP;
END
$$;

-- What the page of cases needs: words looked for, views kept by name, and indexes for its filters.

-- Which of some cases say all of the patterns, as far as the reader may read them: masked, so that nobody can find a
-- number he is not shown. What was written is looked through first, for masking a thousand texts takes long.
CREATE FUNCTION cases_saying(candidates bigint[], patterns text[])
    RETURNS TABLE (incident_id bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    BEGIN ATOMIC
        WITH likely AS MATERIALIZED (
            SELECT i.id
            FROM unnest(candidates) AS candidate (id)
            JOIN incident AS i ON i.id = candidate.id
            WHERE concat_ws(' ', i.title, i.address, i.description) ILIKE ALL (patterns)
        )
        SELECT w.incident_id
        FROM likely
        -- Each by its key: the view is a barrier, and joined it would be read as a whole.
        CROSS JOIN LATERAL (SELECT k.* FROM case_words AS k WHERE k.incident_id = likely.id OFFSET 0) AS w
        WHERE concat_ws(' ', w.title, w.address, w.description) ILIKE ALL (patterns);
    END;

-- What is remarkable about the open cases that the reader sees: how often each was sent back, whether it is a relapse
-- or waits for those who were called. Asked as the owner, for under row-level security no index would serve the periods.
CREATE FUNCTION list_case_marks(community bigint)
    RETURNS TABLE (incident_id bigint, returns bigint, is_relapse boolean, is_whistled boolean)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT
    BEGIN ATOMIC
        SELECT m.* FROM (
            SELECT
                i.id,
                (SELECT count(*) FROM incident_event AS e WHERE e.incident_id = i.id AND e.to_state = 'returned') AS returns,
                EXISTS (SELECT FROM relapse AS r WHERE r.incident_id = i.id) AS is_relapse,
                EXISTS (SELECT FROM unanswered_whistle AS w WHERE w.incident_id = i.id) AS is_whistled
            FROM seen_incident AS i
            WHERE i.community_id = list_case_marks.community AND i.is_open
        ) AS m
        WHERE m.returns > 0 OR m.is_relapse OR m.is_whistled;
    END;

-- Filters that somebody has given a name: query parameters of the page, never words or people.
CREATE TABLE saved_view (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 40),
    params jsonb NOT NULL CHECK (jsonb_typeof(params) = 'object' AND length(CAST(params AS text)) <= 2000),
    UNIQUE (account_id, name)
);
ALTER TABLE saved_view ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON saved_view TO wangge_app
    USING (account_id = (SELECT app_account())) WITH CHECK (account_id = (SELECT app_account()));
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_view TO wangge_app;

CREATE INDEX incident_category ON incident (community_id, category_code, reported_at);

CALL close_functions();

-- What figures are counted from, and what a community makes of them.

-- The due time of a suspended case: its clock stands, so what was not due before is not due.
CREATE FUNCTION due_when_suspended(incident bigint, due_at timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN due_at <= (
        SELECT max(e.at) FROM incident_event AS e
        WHERE e.incident_id = incident AND e.to_state = 'suspended' AND e.from_state IS DISTINCT FROM 'suspended') THEN due_at END;

-- A case as figures count it. What is sensitive or sealed is not in it, for whoever reads: a figure is the same for all
-- who may see it. What was void or refused is, for it was reported; is_valid says so.
-- Its compound and grid are the building's today; a case out of doors keeps its own. Columns that ask elsewhere are asked
-- only where they are read.
CREATE VIEW counted_case WITH (security_invoker = true) AS
    SELECT
        i.id, i.community_id, i.category_code, k.parent_code, i.source, i.is_proactive, i.state, i.is_open, i.outcome, i.party_id,
        i.building_id,
        coalesce((
            SELECT g.grid_id FROM building_grid AS g
            WHERE g.building_id = i.building_id AND g.kind = 'community' AND g.period @> app_today()
            LIMIT 1), i.grid_id) AS grid_id,
        coalesce((SELECT b.compound_id FROM building AS b WHERE b.id = i.building_id), i.compound_id) AS compound_id,
        -- The grid worker's zone of today.
        (
            SELECT u.zone_id FROM zone_unit AS u JOIN zone_plan AS z ON z.id = u.plan_id
            WHERE u.building_id = i.building_id AND z.kind = 'grid_worker' AND z.state <> 'draft'
                AND daterange(z.valid_from, z.valid_to) @> app_today()
            LIMIT 1) AS zone_id,
        i.state NOT IN ('rejected', 'voided') AS is_valid,
        i.reported_at, i.first_response_at, i.original_due_at, i.due_at AS noted_due_at, i.handled_at AS noted_handled_at,
        CASE WHEN i.state = 'suspended' THEN due_when_suspended(i.id, i.due_at) ELSE i.due_at END AS due_at,
        -- A handling that was sent back was none, nor was a closing that was opened again: the case says so itself.
        coalesce(i.handled_at, i.closed_at) AS handled_at, i.closed_at,
        (SELECT min(e.at) FROM incident_event AS e WHERE e.incident_id = i.id AND e.kind = 'rework') AS reworked_at,
        (SELECT min(e.at) FROM incident_event AS e WHERE e.incident_id = i.id AND e.kind = 'extended') AS extended_at
    FROM incident AS i
    JOIN mapped_category AS k ON k.code = i.category_code
    WHERE i.sensitivity <> 'S3';
GRANT SELECT ON counted_case TO wangge_app;

-- By what decides in which period a case counts: of a million cases a month is counted in hundredths of the time.
-- What is open has its own by due time already, and what comes by the hundred thousand from elsewhere is mostly open.
CREATE INDEX incident_due ON incident (community_id, due_at) WHERE NOT is_open;
CREATE INDEX incident_first_due ON incident (community_id, original_due_at) WHERE original_due_at <> due_at;
CREATE INDEX incident_responded ON incident (community_id, first_response_at) WHERE first_response_at IS NOT NULL;
CREATE INDEX incident_handled ON incident (community_id, handled_at) WHERE handled_at IS NOT NULL;
CREATE INDEX incident_closed ON incident (community_id, closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incident_event_counted ON incident_event (community_id, at)
    WHERE to_state IN ('dispatched', 'returned', 'rated') OR kind IN ('called_back', 'whistled');
CREATE INDEX incident_event_judged ON incident_event (incident_id, kind, at) WHERE kind IN ('rework', 'extended');

-- Under which keys something counts at a level: at the community's under one for all, at the categories' under its own and
-- that of its group. PostgreSQL writes it into the query that asks, and so works out no key but the one asked for.
CREATE FUNCTION figure_keys(
    level text, grid_id bigint, zone_id bigint, compound_id bigint, party_id bigint, category_code text, parent_code text
) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE level
        WHEN 'community' THEN ARRAY['']
        WHEN 'grid' THEN ARRAY[CAST(grid_id AS text)]
        WHEN 'zone' THEN ARRAY[CAST(zone_id AS text)]
        WHEN 'compound' THEN ARRAY[CAST(compound_id AS text)]
        WHEN 'party' THEN ARRAY[CAST(party_id AS text)]
        WHEN 'category' THEN ARRAY[category_code, parent_code] END;

-- What a community's score is made of; without a row the usual score.
CREATE TABLE score_template (
    community_id bigint NOT NULL REFERENCES community ON DELETE CASCADE,
    indicator_id text NOT NULL CHECK (indicator_id ~ '^[a-z][a-z0-9_]*$'),
    weight double precision NOT NULL CHECK (weight > 0 AND weight <= 100),
    PRIMARY KEY (community_id, indicator_id)
);
ALTER TABLE score_template ENABLE ROW LEVEL SECURITY;
CREATE POLICY area ON score_template FOR SELECT TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'grid_worker', 'leader', 'administrator'));
CREATE POLICY keepers ON score_template TO wangge_app
    USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[]))
        AND (SELECT app_role()) IN ('secretary', 'administrator'));
GRANT SELECT, INSERT, UPDATE, DELETE ON score_template TO wangge_app;

CALL close_functions();

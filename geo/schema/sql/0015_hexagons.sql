-- Hexagons are derived for whoever asks for a tile first, who may neither write them nor see all that they count.

-- Derive the hexagons of the communities whose places have changed since: of one community, or of all.
CREATE FUNCTION refresh_hexagons(of_layer text, of_community bigint, coarsest integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    kept bigint[];
    stale bigint[];
    versions bigint[];
    anew bigint[];
    incomplete bigint[];
BEGIN
    -- One derives at a time; whoever waited finds the work done.
    PERFORM pg_advisory_xact_lock(hashtext('hexagons ' || of_layer));
    -- A community that is counted stays until that is done; one that is going is waited for, and then not there.
    kept := ARRAY(
        SELECT n.id FROM community AS n
        WHERE (of_community IS NULL OR n.id = of_community) AND EXISTS (
            SELECT FROM layer_version AS v
            LEFT JOIN hexagon_version AS h ON h.layer = v.layer AND h.community_id = v.community_id
            WHERE v.layer = of_layer AND v.community_id = n.id AND h.version IS DISTINCT FROM v.version)
        ORDER BY n.id FOR KEY SHARE);
    -- Read before the counting: what is committed in between makes the next tile look again.
    SELECT
        coalesce(array_agg(v.community_id), '{}'), coalesce(array_agg(v.version), '{}'),
        coalesce(array_agg(v.community_id) FILTER (WHERE h.version IS NULL), '{}')
    INTO stale, versions, anew
    FROM layer_version AS v
    LEFT JOIN hexagon_version AS h ON h.layer = v.layer AND h.community_id = v.community_id
    WHERE v.layer = of_layer AND h.version IS DISTINCT FROM v.version AND v.community_id = ANY (kept);
    IF of_layer = 'buildings' THEN
        PERFORM count_building_hexagons(stale, coarsest);
    ELSE
        incomplete := apply_incident_changes(
            ARRAY(SELECT s FROM unnest(stale) AS s WHERE s <> ALL (anew)), coarsest);
        PERFORM count_incident_hexagons(anew || incomplete, coarsest);
    END IF;
    INSERT INTO hexagon_version (layer, community_id, version)
    SELECT of_layer, s.community_id, s.version FROM unnest(stale, versions) AS s (community_id, version)
    ON CONFLICT (layer, community_id) DO UPDATE SET version = excluded.version;
END $$;

-- Coarser levels are counted from the finest, so that the totals of all levels agree.
CREATE FUNCTION count_building_hexagons(communities bigint[], coarsest integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF communities = '{}' THEN
        RETURN;
    END IF;
    DELETE FROM building_hexagon WHERE community_id = ANY (communities);
    WITH finest AS (
        SELECT b.community_id, h.up, h.across, count(*) AS buildings, sum(b.households) AS households
        FROM building AS b
        CROSS JOIN LATERAL finest_hexagon_of(b.anchor) AS h
        WHERE b.community_id = ANY (communities)
        GROUP BY b.community_id, h.up, h.across
    )
    INSERT INTO building_hexagon (level, up, across, community_id, buildings, households)
    SELECT level, h.up, h.across, f.community_id, sum(f.buildings), sum(f.households)
    FROM finest AS f
    CROSS JOIN generate_series(coarsest, finest_hexagon_level()) AS level
    CROSS JOIN LATERAL hexagon_above(f.up, f.across, level) AS h
    GROUP BY level, h.up, h.across, f.community_id;
END $$;

CREATE FUNCTION count_incident_hexagons(communities bigint[], coarsest integer) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    IF communities = '{}' THEN
        RETURN;
    END IF;
    DELETE FROM incident_hexagon WHERE community_id = ANY (communities);
    -- In one statement, so that a change is either counted or still noted, never both.
    WITH finest AS (
        SELECT
            i.community_id, h.up, h.across,
            count(*) AS incidents, count(*) FILTER (WHERE i.is_open) AS open_incidents
        FROM mapped_incident AS i
        CROSS JOIN LATERAL finest_hexagon_of(i.geom) AS h
        WHERE i.community_id = ANY (communities)
        GROUP BY i.community_id, h.up, h.across
    ), counted AS (
        DELETE FROM incident_change WHERE community_id = ANY (communities)
    )
    INSERT INTO incident_hexagon (level, up, across, community_id, incidents, open_incidents)
    SELECT level, h.up, h.across, f.community_id, sum(f.incidents), sum(f.open_incidents)
    FROM finest AS f
    CROSS JOIN generate_series(coarsest, finest_hexagon_level()) AS level
    CROSS JOIN LATERAL hexagon_above(f.up, f.across, level) AS h
    GROUP BY level, h.up, h.across, f.community_id;
END $$;

-- Add what has changed to the hexagons; return the communities of which not every change was noted.
CREATE FUNCTION apply_incident_changes(communities bigint[], coarsest integer) RETURNS bigint[]
    LANGUAGE plpgsql AS $$
DECLARE
    incomplete bigint[];
BEGIN
    IF communities = '{}' THEN
        RETURN communities;
    END IF;
    WITH taken AS (
        DELETE FROM incident_change WHERE community_id = ANY (communities) RETURNING *
    ), change AS (
        SELECT t.community_id, t.up, t.across, sum(t.incidents) AS incidents, sum(t.open_incidents) AS open_incidents
        FROM taken AS t
        JOIN mapped_category AS c ON c.code = t.category_code
        GROUP BY t.community_id, t.up, t.across
        HAVING sum(t.incidents) <> 0 OR sum(t.open_incidents) <> 0
    ), added AS (
        INSERT INTO incident_hexagon AS present (level, up, across, community_id, incidents, open_incidents)
        SELECT level, h.up, h.across, c.community_id, sum(c.incidents), sum(c.open_incidents)
        FROM change AS c
        CROSS JOIN generate_series(coarsest, finest_hexagon_level()) AS level
        CROSS JOIN LATERAL hexagon_above(c.up, c.across, level) AS h
        GROUP BY level, h.up, h.across, c.community_id
        ON CONFLICT (level, up, across, community_id) DO UPDATE SET
            incidents = present.incidents + excluded.incidents,
            open_incidents = present.open_incidents + excluded.open_incidents
    )
    SELECT coalesce(array_agg(DISTINCT community_id), '{}') INTO incomplete FROM taken WHERE category_code IS NULL;
    DELETE FROM incident_hexagon WHERE community_id = ANY (communities) AND incidents = 0;
    RETURN incomplete;
END $$;

-- Counts of one's own area only; and a property company's cases are not to be told from everybody's.
DO $$
DECLARE
    counted text;
BEGIN
    FOREACH counted IN ARRAY ARRAY['building_hexagon', 'incident_hexagon'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', counted);
        EXECUTE format(
            'CREATE POLICY area ON %I FOR SELECT TO wangge_app '
            'USING (community_id = ANY (CAST((SELECT app_communities()) AS bigint[])) '
            'AND (SELECT app_role()) <> ''property_company'')', counted);
    END LOOP;
END $$;

CALL close_functions();

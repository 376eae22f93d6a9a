-- Every query returns one GeoJSON FeatureCollection as text, in EPSG:4490 degrees; :most bounds it.
-- A column of the inner SELECT is a property that anybody can read: nothing personal belongs here.
-- ST_AsGeoJSON would name EPSG:4490 in each geometry; as 4326 it stays silent, as GeoJSON wants it.

-- name: find_ground(most, community_id)$
-- Areas first, so that roads are drawn over water, and narrow over wide.
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT id, 'ground' AS layer, CAST(NULL AS text) AS code, name, kind, width_m, ST_SetSRID(geom, 4326) AS geom
    FROM ground_feature
    WHERE CAST(:community_id AS bigint) IS NULL OR community_id = :community_id
    ORDER BY array_position(ARRAY['green', 'square', 'water', 'road', 'rail'], kind), width_m DESC, id
    LIMIT :most + 1
) AS f;

-- name: find_communities(most, community_id)$
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT id, 'communities' AS layer, code, name, ST_SetSRID(geom, 4326) AS geom
    FROM community
    WHERE CAST(:community_id AS bigint) IS NULL OR id = :community_id
    ORDER BY id
    LIMIT :most + 1
) AS f;

-- name: find_grids(most, community_id, on_day)$
-- Those in force; micro grids come after the grids they divide.
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT id, 'grids' AS layer, code, name, kind, ST_SetSRID(geom, 4326) AS geom
    FROM grid
    WHERE (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
        AND period @> CAST(:on_day AS date)
    ORDER BY kind, id
    LIMIT :most + 1
) AS f;

-- name: find_compounds(most, community_id)$
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT id, 'compounds' AS layer, code, name, type, is_three_no, ST_SetSRID(geom, 4326) AS geom
    FROM compound
    WHERE CAST(:community_id AS bigint) IS NULL OR community_id = :community_id
    ORDER BY id
    LIMIT :most + 1
) AS f;

-- name: find_buildings(most, on_day, community_id)$
-- The holder is the zone of the grid workers' plan in force, if its lead is in office.
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT
        b.id, 'buildings' AS layer, b.code, b.name, b.kind, b.floors, b.households,
        c.name AS compound, z.code AS holder, z.colour AS holder_colour,
        ST_SetSRID(b.geom, 4326) AS geom
    FROM building AS b
    LEFT JOIN compound AS c ON c.id = b.compound_id
    LEFT JOIN building_holder(CAST(:on_day AS date)) AS h ON h.building_id = b.id AND h.kind = 'grid_worker'
    LEFT JOIN zone AS z ON z.id = h.zone_id
    WHERE CAST(:community_id AS bigint) IS NULL OR b.community_id = :community_id
    ORDER BY b.id
    LIMIT :most + 1
) AS f;

-- name: find_merchants(most, community_id)$
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT id, 'merchants' AS layer, code, name, category, is_partner, ST_SetSRID(geom, 4326) AS geom
    FROM merchant
    WHERE (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id) AND geom IS NOT NULL
    ORDER BY id
    LIMIT :most + 1
) AS f;

-- name: find_incidents(most, community_id, is_open, since, until, categories)$
-- The newest ones; reported from :since on and before :until; a category includes those below it.
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT
        id, 'incidents' AS layer, CAST(NULL AS text) AS code, category_name AS name,
        category_code AS category, category_name, state, is_open, reported_at, due_at,
        ST_SetSRID(geom, 4326) AS geom
    FROM shown_incident
    WHERE (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
        AND (CAST(:is_open AS boolean) IS NULL OR is_open = :is_open)
        AND (CAST(:since AS timestamptz) IS NULL OR reported_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR reported_at < :until)
        AND (
            CAST(:categories AS text[]) IS NULL
            OR category_code = ANY (CAST(:categories AS text[]))
            OR parent_code = ANY (CAST(:categories AS text[])))
    ORDER BY reported_at DESC, id DESC
    LIMIT :most + 1
) AS f;

-- name: find_zones(most, on_day, community_id, kind)$
-- Those of the plan in force. A zone is its buildings with the gaps between near ones closed, in whole metres
-- of the community's own projection: buildings are what is held, the ground between them only joins them.
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT
        z.id, 'zones' AS layer, z.code, z.name, p.kind, z.colour,
        EXISTS (
            SELECT FROM building_holder(CAST(:on_day AS date)) AS h WHERE h.zone_id = z.id) AS is_held,
        shape.geom
    FROM zone_plan AS p
    JOIN zone AS z ON z.plan_id = p.id
    JOIN community AS n ON n.id = p.community_id
    CROSS JOIN LATERAL (
        SELECT ST_Transform(
            ST_Buffer(
                ST_Buffer(ST_Collect(ST_Transform(b.geom, n.metric_epsg)), 16, 'quad_segs=2'), -13, 'quad_segs=2'),
            4326) AS geom
        FROM zone_unit AS u
        JOIN building AS b ON b.id = u.building_id
        WHERE u.zone_id = z.id
    ) AS shape
    WHERE (CAST(:community_id AS bigint) IS NULL OR p.community_id = :community_id)
        AND p.kind = :kind AND p.state <> 'draft' AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date)
        AND shape.geom IS NOT NULL
    ORDER BY z.id
    LIMIT :most + 1
) AS f;

-- name: find_labels(most, on_day, community_id)$
-- Where to write names, the most important first; of all communities together only their own. A building says its
-- short name, for it stands in its compound.
SELECT feature_collection(array_agg(ST_AsGeoJSON(f, 'geom', 7)), :most) FROM (
    SELECT id, 'labels' AS layer, code, name, rank, is_three_no, ST_SetSRID(geom, 4326) AS geom FROM (
        SELECT id, code, name, 3 AS rank, false AS is_three_no, ST_PointOnSurface(geom) AS geom
        FROM community
        WHERE CAST(:community_id AS bigint) IS NULL
        UNION ALL
        SELECT id, code, name, 2, is_three_no, ST_PointOnSurface(geom)
        FROM compound
        WHERE community_id = :community_id
        UNION ALL
        SELECT id, code, name, 1, false, ST_PointOnSurface(geom)
        FROM grid
        WHERE community_id = :community_id AND kind <> 'micro' AND period @> CAST(:on_day AS date)
        UNION ALL
        SELECT b.id, b.code, CASE WHEN starts_with(b.name, c.name) THEN substr(b.name, length(c.name) + 1) ELSE b.name END,
            0, false, b.anchor
        FROM building AS b
        LEFT JOIN compound AS c ON c.id = b.compound_id
        WHERE b.community_id = :community_id
    ) AS place
    ORDER BY rank DESC, id
    LIMIT :most + 1
) AS f;

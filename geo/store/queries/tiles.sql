-- Every draw_ query returns one Mapbox vector tile. A column of the inner SELECT is a property that anybody can read:
-- nothing personal belongs here. ST_AsMVT leaves out what ST_AsMVTGeom found too small or outside: to ask for that
-- in a WHERE would compute each shape twice.

-- name: prepare_for_tiles()!
-- For this transaction: a tile takes milliseconds, starting a second process or compiling takes longer. And what lies
-- in it is found by place alone: to look up beside it all that lies in the reader's area takes longer too.
SELECT
    set_config('max_parallel_workers_per_gather', '0', true), set_config('jit', 'off', true),
    set_config('enable_bitmapscan', 'off', true);

-- name: draw_ground(z, x, y, community_id)$
SELECT ST_AsMVT(t, 'ground', 4096, 'geom', 'id') FROM (
    SELECT id, name, kind, width_m, tile_shape(geom, :z, :x, :y) AS geom
    FROM ground_feature
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
    ORDER BY array_position(ARRAY['green', 'square', 'water', 'road', 'rail'], kind), width_m DESC, id
) AS t;

-- name: draw_communities(z, x, y, community_id)$
SELECT ST_AsMVT(t, 'communities', 4096, 'geom', 'id') FROM (
    SELECT id, code, name, tile_shape(geom, :z, :x, :y) AS geom
    FROM community
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR id = :community_id)
) AS t;

-- name: draw_grids(z, x, y, community_id, on_day)$
SELECT ST_AsMVT(t, 'grids', 4096, 'geom', 'id') FROM (
    SELECT id, code, name, kind, tile_shape(geom, :z, :x, :y) AS geom
    FROM grid
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
        AND period @> CAST(:on_day AS date)
) AS t;

-- name: draw_compounds(z, x, y, community_id)$
SELECT ST_AsMVT(t, 'compounds', 4096, 'geom', 'id') FROM (
    SELECT id, code, name, type, is_three_no, tile_shape(geom, :z, :x, :y) AS geom
    FROM compound
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
) AS t;

-- name: draw_buildings(z, x, y, community_id)$
SELECT ST_AsMVT(t, 'buildings', 4096, 'geom', 'id') FROM (
    SELECT id, code, name, kind, floors, households, tile_shape(geom, :z, :x, :y) AS geom
    FROM building
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
) AS t;

-- name: draw_merchants(z, x, y, community_id)$
SELECT ST_AsMVT(t, 'merchants', 4096, 'geom', 'id') FROM (
    SELECT id, code, name, category, is_partner, tile_shape(geom, :z, :x, :y) AS geom
    FROM merchant
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
) AS t;

-- name: draw_incidents(z, x, y, community_id)$
SELECT ST_AsMVT(t, 'incidents', 4096, 'geom', 'id') FROM (
    SELECT id, category_code AS category, category_name, state, is_open, tile_shape(geom, :z, :x, :y) AS geom
    FROM shown_incident
    WHERE geom && tile_box(:z, :x, :y, 64.0 / 4096) AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
) AS t;

-- name: draw_zones(z, x, y, community_id, on_day)$
-- Each building in the colour of its zone, in the grid workers' plan in force.
SELECT ST_AsMVT(t, 'zones', 4096, 'geom', 'id') FROM (
    SELECT b.id, z.code, z.name, z.colour, tile_shape(b.geom, :z, :x, :y) AS geom
    FROM building AS b
    JOIN zone_unit AS u ON u.building_id = b.id
    JOIN zone_plan AS p ON p.id = u.plan_id
    JOIN zone AS z ON z.id = u.zone_id
    WHERE b.geom && tile_box(:z, :x, :y, 64.0 / 4096)
        AND (CAST(:community_id AS bigint) IS NULL OR b.community_id = :community_id)
        AND p.kind = 'grid_worker' AND p.state <> 'draft'
        AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date)
) AS t;

-- name: count_buildings(level, first_up, last_up, first_across, last_across, community_id)$
-- About how many lie in a tile: those in the hexagons that touch it.
SELECT coalesce(sum(buildings), 0)
FROM building_hexagon
WHERE level = CAST(:level AS smallint)
    AND up BETWEEN :first_up AND :last_up AND across BETWEEN :first_across AND :last_across
    AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id);

-- name: count_incidents(level, first_up, last_up, first_across, last_across, community_id)$
SELECT coalesce(sum(incidents), 0)
FROM incident_hexagon
WHERE level = CAST(:level AS smallint)
    AND up BETWEEN :first_up AND :last_up AND across BETWEEN :first_across AND :last_across
    AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id);

-- name: draw_building_hexagons(level, z, x, y, first_up, last_up, first_across, last_across, community_id)$
-- A hexagon on the border of communities is the sum of its parts.
SELECT ST_AsMVT(t, 'building_hexagons', 4096, 'geom') FROM (
    SELECT
        sum(buildings) AS buildings, sum(households) AS households,
        hexagon_shape(up, across, :level, :z, :x, :y) AS geom
    FROM building_hexagon
    WHERE level = CAST(:level AS smallint)
        AND up BETWEEN :first_up AND :last_up AND across BETWEEN :first_across AND :last_across
        AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
    GROUP BY up, across
) AS t;

-- name: draw_incident_hexagons(level, z, x, y, first_up, last_up, first_across, last_across, community_id)$
SELECT ST_AsMVT(t, 'incident_hexagons', 4096, 'geom') FROM (
    SELECT
        sum(incidents) AS incidents, sum(open_incidents) AS open_incidents,
        hexagon_shape(up, across, :level, :z, :x, :y) AS geom
    FROM incident_hexagon
    WHERE level = CAST(:level AS smallint)
        AND up BETWEEN :first_up AND :last_up AND across BETWEEN :first_across AND :last_across
        AND (CAST(:community_id AS bigint) IS NULL OR community_id = :community_id)
    GROUP BY up, across
) AS t;

-- name: has_stale_hexagons(layer, community_id)$
-- Whether the layer has moved since the hexagons of some community were derived.
SELECT EXISTS (
    SELECT FROM layer_version AS v
    JOIN community AS n ON n.id = v.community_id
    LEFT JOIN hexagon_version AS h ON h.layer = v.layer AND h.community_id = v.community_id
    WHERE v.layer = :layer AND h.version IS DISTINCT FROM v.version
        AND (CAST(:community_id AS bigint) IS NULL OR v.community_id = :community_id));

-- name: refresh_hexagons(layer, community_id, coarsest)!
SELECT refresh_hexagons(:layer, CAST(:community_id AS bigint), CAST(:coarsest AS integer));

-- What `wangge check coverage` asks: is every place somebody's?
-- Each query is named for its check and answers with
-- community, place, code, name, longitude, latitude, area_m2, value, details.
-- Areas and distances are geodesic; what `value` counts is said at each query.

-- name: grids_missing(community_ids, on_day)
-- Communities in which no community or exclusive grid is in force; the value is the number of their buildings.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL,
    (SELECT count(*) FROM building AS b WHERE b.community_id = c.id), jsonb_build_object()
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
WHERE c.id = ANY(:community_ids)
    AND NOT EXISTS (
        SELECT FROM grid AS g
        WHERE g.community_id = c.id AND g.kind IN ('community', 'exclusive') AND g.period @> CAST(:on_day AS date))
ORDER BY c.code;

-- name: plan_missing(community_ids, on_day)
-- Communities in which no plan for grid workers is in force; the value is the number of their buildings.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL,
    (SELECT count(*) FROM building AS b WHERE b.community_id = c.id), jsonb_build_object()
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
WHERE c.id = ANY(:community_ids)
    AND NOT EXISTS (
        SELECT FROM zone_plan AS p
        WHERE p.community_id = c.id AND p.kind = 'grid_worker' AND p.state <> 'draft'
            AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date))
ORDER BY c.code;

-- name: building_without_grid(community_ids, on_day)
-- Buildings in no community or exclusive grid in force, with the nearest one; the value is how far it is in metres.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL,
    ST_Distance(CAST(b.anchor AS geography), CAST(nearest.geom AS geography)),
    jsonb_build_object('compound', compound.name, 'nearest', nearest.code)
FROM building AS b
JOIN community AS c ON c.id = b.community_id
LEFT JOIN compound ON compound.id = b.compound_id
CROSS JOIN LATERAL (
    SELECT g.code, g.geom FROM grid AS g
    WHERE g.community_id = b.community_id AND g.kind IN ('community', 'exclusive')
        AND g.period @> CAST(:on_day AS date)
    ORDER BY g.geom <-> b.anchor
    LIMIT 1
) AS nearest
WHERE b.community_id = ANY(:community_ids)
    AND NOT EXISTS (
        SELECT FROM building_grid AS bg
        WHERE bg.building_id = b.id AND bg.kind IN ('community', 'exclusive')
            AND bg.period @> CAST(:on_day AS date))
ORDER BY c.code, b.code;

-- name: building_in_two_grids(community_ids, on_day)
-- Buildings whose anchor lies inside two grids of one kind in force; on a shared edge it is inside neither.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL, NULL,
    jsonb_build_object('grids', twice.codes)
FROM (
    SELECT inside.building_id, array_agg(g.code ORDER BY g.code) AS codes
    FROM grid AS g
    CROSS JOIN LATERAL (
        SELECT id AS building_id FROM building AS b
        WHERE b.community_id = g.community_id AND b.geom && g.geom AND ST_Contains(g.geom, b.anchor)
        OFFSET 0
    ) AS inside
    WHERE g.community_id = ANY(:community_ids) AND g.period @> CAST(:on_day AS date) AND is_sound(g.geom)
    GROUP BY inside.building_id, g.kind
    HAVING count(*) > 1
) AS twice
JOIN building AS b ON b.id = twice.building_id
JOIN community AS c ON c.id = b.community_id
ORDER BY c.code, b.code;

-- name: building_without_holder(community_ids, on_day)
-- Buildings that no grid worker holds although a plan is in force and does not say why not, with the zone they lie in,
-- if any.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL, NULL,
    jsonb_build_object('compound', compound.name, 'zone', zone.code)
FROM zone_plan AS p
JOIN community AS c ON c.id = p.community_id
JOIN building AS b ON b.community_id = c.id
LEFT JOIN compound ON compound.id = b.compound_id
LEFT JOIN zone_unit AS unit ON unit.plan_id = p.id AND unit.building_id = b.id
LEFT JOIN zone ON zone.id = unit.zone_id
WHERE p.community_id = ANY(:community_ids) AND p.kind = 'grid_worker' AND p.state <> 'draft'
    AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date)
    -- NOT IN is hashed; the planner takes the holders for a handful and would loop over them.
    AND b.id NOT IN (
        SELECT holder.building_id FROM building_holder(CAST(:on_day AS date)) AS holder
        WHERE holder.kind = 'grid_worker')
    AND NOT EXISTS (SELECT FROM zone_gap AS gap WHERE gap.plan_id = p.id AND gap.building_id = b.id)
ORDER BY c.code, b.code;

-- name: grid_without_person(community_ids, on_day)
-- Community and exclusive grids in force of whose buildings no grid worker holds a single one, where a plan is in
-- force; the value is the number of buildings.
SELECT c.code, 'grid', g.code, g.name, ST_X(at.point), ST_Y(at.point), NULL, count(*), jsonb_build_object()
FROM grid AS g
JOIN community AS c ON c.id = g.community_id
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(g.geom) AS point) AS at
JOIN building_grid AS bg ON bg.grid_id = g.id
WHERE g.community_id = ANY(:community_ids) AND g.kind IN ('community', 'exclusive')
    AND g.period @> CAST(:on_day AS date)
    AND EXISTS (
        SELECT FROM zone_plan AS p
        WHERE p.community_id = c.id AND p.kind = 'grid_worker' AND p.state <> 'draft'
            AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date))
GROUP BY c.code, g.code, g.name, at.point
HAVING NOT bool_or(bg.building_id IN (
    SELECT holder.building_id FROM building_holder(CAST(:on_day AS date)) AS holder
    WHERE holder.kind = 'grid_worker'))
ORDER BY c.code, g.code;

-- name: grid_without_buildings(community_ids, on_day)
-- Grids in force in which no building stands.
SELECT c.code, 'grid', g.code, g.name, ST_X(at.point), ST_Y(at.point), ST_Area(CAST(g.geom AS geography)), NULL,
    jsonb_build_object()
FROM grid AS g
JOIN community AS c ON c.id = g.community_id
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(g.geom) AS point) AS at
WHERE g.community_id = ANY(:community_ids) AND g.period @> CAST(:on_day AS date)
    AND NOT EXISTS (SELECT FROM building_grid AS bg WHERE bg.grid_id = g.id)
ORDER BY c.code, g.code;

-- name: grid_households(community_ids, on_day, least_households, most_households)
-- Community grids in force with buildings whose households are outside the advisory range.
SELECT c.code, 'grid', g.code, g.name, ST_X(at.point), ST_Y(at.point), NULL, sum(b.households), jsonb_build_object()
FROM grid AS g
JOIN community AS c ON c.id = g.community_id
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(g.geom) AS point) AS at
JOIN building_grid AS bg ON bg.grid_id = g.id
JOIN building AS b ON b.id = bg.building_id
WHERE g.community_id = ANY(:community_ids) AND g.kind = 'community' AND g.period @> CAST(:on_day AS date)
GROUP BY c.code, g.code, g.name, at.point
HAVING sum(b.households) NOT BETWEEN :least_households AND :most_households
ORDER BY c.code, g.code;

-- name: worker_load(community_ids, on_day, most_residents_per_worker)
-- Grid workers who hold more residents than advised; the anchor is the middle of their buildings.
SELECT c.code, 'party', p.code, p.name, ST_X(middle.point), ST_Y(middle.point), NULL, middle.residents,
    jsonb_build_object('buildings', middle.buildings)
FROM (
    SELECT holder.party_id, sum(b.residents) AS residents, count(*) AS buildings,
        ST_Centroid(ST_Collect(b.anchor)) AS point
    FROM building_holder(CAST(:on_day AS date)) AS holder
    JOIN building AS b ON b.id = holder.building_id
    WHERE holder.kind = 'grid_worker' AND holder.community_id = ANY(:community_ids)
    GROUP BY holder.party_id
    HAVING sum(b.residents) > :most_residents_per_worker
) AS middle
JOIN party AS p ON p.id = middle.party_id
JOIN community AS c ON c.id = p.community_id
ORDER BY c.code, p.code;

-- name: records_missing(community_ids, silent_since, day_end)
-- Communities with buildings in which neither an incident nor a visit is recorded in the window.
SELECT c.code, 'community', c.code, c.name, ST_X(at.point), ST_Y(at.point), NULL, standing.buildings,
    jsonb_build_object()
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
CROSS JOIN LATERAL (SELECT count(*) AS buildings FROM building AS b WHERE b.community_id = c.id) AS standing
WHERE c.id = ANY(:community_ids) AND standing.buildings > 0
    AND NOT EXISTS (
        SELECT FROM incident AS i
        WHERE i.community_id = c.id AND i.reported_at >= :silent_since AND i.reported_at < :day_end)
    AND NOT EXISTS (
        SELECT FROM visit AS v WHERE v.community_id = c.id AND v.at >= :silent_since AND v.at < :day_end)
ORDER BY c.code;

-- name: building_silent(community_ids, silent_since, day_end)
-- Buildings without an incident, a visit, or a visit to one of their merchants in the window, in communities that
-- recorded something. What is sealed or sensitive is no word of a building: else its absence here would tell of it.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), NULL, b.households,
    jsonb_build_object('compound', compound.name)
FROM building AS b
JOIN community AS c ON c.id = b.community_id
LEFT JOIN compound ON compound.id = b.compound_id
WHERE b.community_id = ANY(:community_ids)
    AND (
        EXISTS (
            SELECT FROM incident AS i
            WHERE i.community_id = c.id AND i.reported_at >= :silent_since AND i.reported_at < :day_end)
        OR EXISTS (
            SELECT FROM visit AS v WHERE v.community_id = c.id AND v.at >= :silent_since AND v.at < :day_end))
    AND NOT EXISTS (
        SELECT FROM incident AS i
        WHERE i.building_id = b.id AND i.reported_at >= :silent_since AND i.reported_at < :day_end
            AND i.sensitivity <> 'S3' AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[])))
    AND NOT EXISTS (
        SELECT FROM visit AS v WHERE v.building_id = b.id AND v.at >= :silent_since AND v.at < :day_end)
    AND NOT EXISTS (
        SELECT FROM merchant AS m JOIN visit AS v ON v.merchant_id = m.id
        WHERE m.building_id = b.id AND v.at >= :silent_since AND v.at < :day_end)
ORDER BY c.code, b.code;

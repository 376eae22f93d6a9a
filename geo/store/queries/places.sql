-- name: list_communities()
-- Communities with the box their map opens on.
SELECT
    id, code, name, is_demo,
    ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
FROM community
ORDER BY code;

-- name: count_places(community_id, on_day)^
-- What lies in one community, or in all. Incidents are counted only where they are open and in one community.
SELECT
    (SELECT count(*) FROM grid AS g
     WHERE (CAST(:community_id AS bigint) IS NULL OR g.community_id = :community_id)
        AND g.kind = 'community' AND g.period @> CAST(:on_day AS date)),
    c.compounds, c.three_no, b.buildings, b.households, b.residents, m.merchants, m.partners,
    (SELECT count(*) FROM shown_incident AS i WHERE i.community_id = :community_id AND i.is_open),
    (SELECT count(*) FROM incident AS i JOIN mapped_category AS c ON c.code = i.category_code
     WHERE i.community_id = :community_id AND i.geom IS NULL AND i.is_open AND i.sensitivity <> 'S3')
FROM (
    SELECT count(*) AS compounds, count(*) FILTER (WHERE is_three_no) AS three_no
    FROM compound WHERE CAST(:community_id AS bigint) IS NULL OR community_id = :community_id
) AS c
CROSS JOIN (
    SELECT count(*) AS buildings, coalesce(sum(households), 0) AS households, coalesce(sum(residents), 0) AS residents
    FROM building WHERE CAST(:community_id AS bigint) IS NULL OR community_id = :community_id
) AS b
CROSS JOIN (
    SELECT count(*) AS merchants, count(*) FILTER (WHERE is_partner) AS partners
    FROM merchant WHERE CAST(:community_id AS bigint) IS NULL OR community_id = :community_id
) AS m;

-- name: list_three_no(community_id, most)
-- The three-no compounds of one community, or of all, the most households first.
SELECT c.id, c.name, b.buildings, b.households
FROM compound AS c
CROSS JOIN LATERAL (
    SELECT count(*) AS buildings, coalesce(sum(households), 0) AS households FROM building WHERE compound_id = c.id
) AS b
WHERE c.is_three_no AND (CAST(:community_id AS bigint) IS NULL OR c.community_id = :community_id)
ORDER BY b.households DESC, c.code
LIMIT :most;

-- name: search_places(pattern, on_day, community_id, most)
-- Compounds, buildings, merchants and grids whose name or address contains the words, the closest name first.
-- A building is found by its compound's name and its own together, as people say it.
WITH found AS (
    SELECT 'compounds' AS layer, c.id, c.name, c.address, c.community_id, c.name AS spoken
    FROM compound AS c
    WHERE c.name ILIKE :pattern OR c.address ILIKE :pattern OR array_to_string(c.aliases, ' ') ILIKE :pattern
    UNION ALL
    SELECT 'buildings', b.id, whole.name, b.address, b.community_id, whole.name
    FROM building AS b
    LEFT JOIN compound AS c ON c.id = b.compound_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END AS name
    ) AS whole
    WHERE whole.name ILIKE :pattern OR b.address ILIKE :pattern
    UNION ALL
    SELECT 'merchants', m.id, m.name, m.address, m.community_id, m.name
    FROM merchant AS m
    WHERE m.geom IS NOT NULL AND (m.name ILIKE :pattern OR m.address ILIKE :pattern)
    UNION ALL
    SELECT 'grids', g.id, g.name, NULL, g.community_id, concat(g.name, ' ', g.code)
    FROM grid AS g
    WHERE g.period @> CAST(:on_day AS date) AND concat(g.name, ' ', g.code) ILIKE :pattern
)
SELECT f.layer, f.id, f.name, f.address, n.code, n.name
FROM found AS f
JOIN community AS n ON n.id = f.community_id
WHERE CAST(:community_id AS bigint) IS NULL OR f.community_id = :community_id
ORDER BY f.spoken ILIKE :pattern DESC, length(f.spoken), f.layer = 'compounds' DESC, f.spoken, f.id
LIMIT :most;

-- name: get_community(id)^
SELECT n.code, n.code, n.name, ST_X(p), ST_Y(p), ST_AsGeoJSON(n.geom, 7), jsonb_build_object('subdistrict', n.subdistrict)
FROM community AS n, ST_PointOnSurface(n.geom) AS p
WHERE n.id = :id;

-- name: get_grid(id)^
SELECT n.code, g.code, g.name, ST_X(p), ST_Y(p), ST_AsGeoJSON(g.geom, 7), jsonb_build_object(
    'kind', g.kind,
    'buildings', b.buildings, 'households', b.households, 'residents', b.residents,
    'area_m2', ST_Area(CAST(g.geom AS geography)))
FROM grid AS g
JOIN community AS n ON n.id = g.community_id
CROSS JOIN LATERAL ST_PointOnSurface(g.geom) AS p
CROSS JOIN LATERAL (
    SELECT count(*) AS buildings, coalesce(sum(households), 0) AS households, coalesce(sum(residents), 0) AS residents
    FROM building_grid JOIN building ON building.id = building_id WHERE grid_id = g.id
) AS b
WHERE g.id = :id;

-- name: get_compound(id)^
SELECT n.code, c.code, c.name, ST_X(p), ST_Y(p), ST_AsGeoJSON(c.geom, 7), jsonb_build_object(
    'type', c.type, 'management', c.management, 'property_company', company.name, 'address', c.address,
    'is_three_no', c.is_three_no, 'three_no_reviewed_on', c.three_no_reviewed_on,
    'three_no_definition', c.three_no_definition,
    'buildings', b.buildings, 'households', b.households, 'residents', b.residents)
FROM compound AS c
JOIN community AS n ON n.id = c.community_id
LEFT JOIN party AS company ON company.id = c.property_company_id
CROSS JOIN LATERAL ST_PointOnSurface(c.geom) AS p
CROSS JOIN LATERAL (
    SELECT count(*) AS buildings, coalesce(sum(households), 0) AS households, coalesce(sum(residents), 0) AS residents
    FROM building WHERE compound_id = c.id
) AS b
WHERE c.id = :id;

-- name: get_building(on_day, id)^
SELECT n.code, b.code, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
    ST_X(b.anchor), ST_Y(b.anchor), ST_AsGeoJSON(b.geom, 7),
    jsonb_build_object(
        'kind', b.kind, 'address', b.address, 'compound', c.name, 'is_three_no', coalesce(c.is_three_no, false),
        'floors', b.floors, 'entrances', b.entrances,
        'households', b.households, 'residents', b.residents, 'elderly', b.elderly, 'built_year', b.built_year,
        'grid', g.name)
FROM building AS b
JOIN community AS n ON n.id = b.community_id
LEFT JOIN compound AS c ON c.id = b.compound_id
LEFT JOIN building_grid AS bg
    ON bg.building_id = b.id AND bg.kind = 'community' AND bg.period @> CAST(:on_day AS date)
LEFT JOIN grid AS g ON g.id = bg.grid_id
WHERE b.id = :id;

-- name: get_merchant(id)^
SELECT n.code, m.code, m.name, ST_X(m.geom), ST_Y(m.geom), ST_AsGeoJSON(m.geom, 7), jsonb_build_object(
    'category', m.category, 'address', m.address, 'building', CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
    'is_partner', m.is_partner, 'partner_since', m.partner_since,
    'offers', coalesce((SELECT jsonb_agg(o.title ORDER BY o.id) FROM merchant_offer AS o WHERE o.merchant_id = m.id), '[]'))
FROM merchant AS m
JOIN community AS n ON n.id = m.community_id
LEFT JOIN building AS b ON b.id = m.building_id
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE m.id = :id AND m.geom IS NOT NULL;

-- name: get_incident(id)^
SELECT n.code, coalesce(i.external_id, CAST(i.id AS text)), m.category_name, ST_X(m.geom), ST_Y(m.geom),
    ST_AsGeoJSON(m.geom, 7),
    jsonb_build_object(
        'category', m.category_name, 'category_en', k.name_en, 'state', m.state, 'source', i.source,
        'building', CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
        'reported_at', m.reported_at, 'due_at', m.due_at, 'closed_at', i.closed_at, 'party', p.name)
FROM shown_incident AS m
JOIN incident AS i ON i.id = m.id
JOIN community AS n ON n.id = m.community_id
JOIN category AS k ON k.code = m.category_code
LEFT JOIN building AS b ON b.id = m.building_id
LEFT JOIN compound AS c ON c.id = coalesce(b.compound_id, m.compound_id)
LEFT JOIN party AS p ON p.id = m.party_id
WHERE m.id = :id;

-- name: list_holders(layer, id, on_day)
-- Who holds the buildings of a place that day by the plans in force, kind by kind, the most buildings first; a NULL
-- holder stands for the buildings that nobody holds, with the reason if it is on purpose. Of a whole community only the
-- buildings that no grid worker holds. What stands in no building, or has none, is the business of whoever holds the nearest.
WITH here AS (
    SELECT id FROM building
    WHERE :layer = 'communities' AND community_id = :id AND NOT EXISTS (
        SELECT FROM building_holder(CAST(:on_day AS date)) AS h
        WHERE h.kind = 'grid_worker' AND h.building_id = building.id)
    UNION ALL
    SELECT id FROM building WHERE :layer = 'buildings' AND id = :id
    UNION ALL
    SELECT id FROM building WHERE :layer = 'compounds' AND compound_id = :id
    UNION ALL
    SELECT building_id FROM building_grid WHERE :layer = 'grids' AND grid_id = :id
    UNION ALL
    SELECT (SELECT b.id FROM building AS b WHERE b.community_id = empty.community_id ORDER BY b.geom <-> empty.geom LIMIT 1)
    FROM (
        SELECT community_id, geom FROM compound AS c
        WHERE :layer = 'compounds' AND id = :id AND NOT EXISTS (SELECT FROM building AS b WHERE b.compound_id = c.id)
        UNION ALL
        SELECT community_id, geom FROM grid AS g
        WHERE :layer = 'grids' AND id = :id AND NOT EXISTS (SELECT FROM building_grid AS b WHERE b.grid_id = g.id)
    ) AS empty
    UNION ALL
    SELECT coalesce(spot.building_id, (
        SELECT b.id FROM building AS b WHERE b.community_id = spot.community_id ORDER BY b.geom <-> spot.geom LIMIT 1))
    FROM (
        SELECT community_id, building_id, geom FROM merchant WHERE :layer = 'merchants' AND id = :id AND geom IS NOT NULL
        UNION ALL
        SELECT community_id, building_id, geom FROM shown_incident WHERE :layer = 'incidents' AND id = :id
    ) AS spot
)
SELECT p.name, z.name, count(*), asked.kind, CASE WHEN d.lead_party_id <> d.party_id THEN lead.name END, g.reason,
    plan.id IS NOT NULL
FROM here
JOIN building AS b ON b.id = here.id
JOIN (VALUES (1, 'grid_worker'), (2, 'party_branch'), (3, 'property'), (4, 'volunteer'), (5, 'inspection'))
    AS asked (nth, kind) ON :layer <> 'communities' OR asked.kind = 'grid_worker'
LEFT JOIN zone_plan AS plan ON plan.community_id = b.community_id AND plan.kind = asked.kind AND plan.state <> 'draft'
    AND daterange(plan.valid_from, plan.valid_to) @> CAST(:on_day AS date)
LEFT JOIN building_duty(CAST(:on_day AS date)) AS d ON d.building_id = here.id AND d.kind = asked.kind
LEFT JOIN party AS p ON p.id = d.party_id
LEFT JOIN party AS lead ON lead.id = d.lead_party_id
LEFT JOIN zone AS z ON z.id = d.zone_id
LEFT JOIN zone_gap AS g ON g.plan_id = plan.id AND g.building_id = here.id
GROUP BY asked.nth, asked.kind, p.id, p.name, z.id, z.name, 5, g.reason, plan.id
ORDER BY asked.nth, count(*) DESC, p.name, z.name;

-- name: count_coverage(community_id, on_day)
-- Kind by kind whether there is a plan, all buildings, those that somebody holds who is there, and those left on purpose.
SELECT asked.kind, bool_or(plan.id IS NOT NULL), count(*), count(d.party_id), count(g.building_id) FILTER (WHERE d.party_id IS NULL)
FROM building AS b
CROSS JOIN (VALUES (1, 'grid_worker'), (2, 'party_branch'), (3, 'property'), (4, 'volunteer'), (5, 'inspection'))
    AS asked (nth, kind)
LEFT JOIN zone_plan AS plan ON plan.community_id = b.community_id AND plan.kind = asked.kind AND plan.state <> 'draft'
    AND daterange(plan.valid_from, plan.valid_to) @> CAST(:on_day AS date)
LEFT JOIN building_duty(CAST(:on_day AS date)) AS d ON d.building_id = b.id AND d.kind = asked.kind
LEFT JOIN zone_gap AS g ON g.plan_id = plan.id AND g.building_id = b.id
WHERE b.community_id = :community_id
GROUP BY asked.nth, asked.kind
ORDER BY asked.nth;

-- name: find_nearest_building(community_id, longitude, latitude)$
SELECT b.id
FROM building AS b, ST_SetSRID(ST_MakePoint(:longitude, :latitude), 4490) AS spot
JOIN community AS n ON n.id = :community_id AND ST_Covers(n.geom, spot)
WHERE b.community_id = n.id
ORDER BY b.geom <-> spot
LIMIT 1;

-- name: list_open_incidents(layer, id, most)
-- What is open at a place and may be shown, the most urgent first, with the number of all.
SELECT i.id, i.category_name, k.name_en, i.state, i.reported_at, i.due_at, count(*) OVER ()
FROM shown_incident AS i
JOIN category AS k ON k.code = i.category_code
WHERE i.is_open AND (
    (:layer = 'communities' AND i.community_id = :id)
    OR (:layer = 'grids' AND i.grid_id = :id)
    OR (:layer = 'compounds' AND i.compound_id = :id)
    OR (:layer = 'buildings' AND i.building_id = :id)
    OR (:layer = 'merchants' AND i.merchant_id = :id))
ORDER BY i.due_at NULLS LAST, i.reported_at, i.id
LIMIT :most;

-- name: measure_area(polygon, community_id)^
-- A drawn polygon: whether it is one, its area, and the buildings that stand in it by their anchor.
WITH drawn AS (
    SELECT ST_SetSRID(ST_GeomFromGeoJSON(:polygon), 4490) AS geom
)
SELECT d.is_sound, d.area_m2, count(b.id), coalesce(sum(b.households), 0), coalesce(sum(b.residents), 0)
FROM (
    SELECT geom, is_sound(geom) AS is_sound, ST_Area(CAST(geom AS geography)) AS area_m2 FROM drawn
) AS d
LEFT JOIN building AS b ON d.is_sound AND b.community_id = :community_id AND ST_Intersects(d.geom, b.anchor)
GROUP BY d.is_sound, d.area_m2;

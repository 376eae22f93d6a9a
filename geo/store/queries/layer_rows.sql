-- Whole layers, to be taken out. A column is called as the field of an import that it comes back as; "shape" is the
-- outline or the place as WKB in EPSG:4490. Moments are told by China's clocks.

-- name: read_grids(community_id, on_day)
-- Those in force and those to come; micro grids come after the grids they divide.
SELECT
    g.code, g.name, g.kind, above.code AS parent, g.official_code, g.external_id, CAST(g.valid_from AS text) AS valid_from,
    CAST(g.valid_to AS text) AS valid_to, ST_AsBinary(g.geom) AS shape
FROM grid AS g
LEFT JOIN grid AS above ON above.id = g.parent_id
WHERE g.community_id = :community_id AND (g.valid_to IS NULL OR g.valid_to > CAST(:on_day AS date))
ORDER BY g.kind, g.code, g.id;

-- name: read_compounds(community_id)
SELECT
    code, name, array_to_string(aliases, '、') AS aliases, external_id, type, management, address, has_property_management,
    has_responsible_unit, has_security, is_three_no AS three_no, three_no_definition,
    CAST(three_no_reviewed_on AS text) AS three_no_reviewed_on, has_owners_committee,
    CAST(owners_committee_until AS text) AS owners_committee_until, ST_AsBinary(geom) AS shape
FROM compound
WHERE community_id = :community_id
ORDER BY code, id;

-- name: read_buildings(community_id)
SELECT
    b.code, b.name, c.code AS compound, c.name AS compound_name, b.external_id, b.kind, b.address, b.floors, b.entrances,
    b.households, b.residents, b.elderly, b.built_year, CAST(b.verified_on AS text) AS verified_on,
    ST_AsBinary(b.geom) AS shape
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id
ORDER BY b.code, b.id;

-- name: read_merchants(community_id)
SELECT
    code, name, external_id, category, address, CAST(partner_since AS text) AS partner_since, ST_AsBinary(geom) AS shape
FROM merchant
WHERE community_id = :community_id
ORDER BY code, id;

-- name: read_incidents(community_id)
-- All of them with their words as they are: for the database's owner. A case of our own has no number elsewhere, and goes
-- by one that an import finds it by.
SELECT
    coalesce(i.external_id, concat('W', i.id, to_char(i.reported_at AT TIME ZONE 'Asia/Shanghai', '-YYYYMMDDHH24MISS'))) AS external_id,
    i.source_system, i.source, i.request_kind, i.category_code AS category, c.name AS category_name, i.severity, i.state, i.title, i.description, i.address,
    CAST(i.reported_at AT TIME ZONE 'Asia/Shanghai' AS text) AS reported_at,
    CAST(i.due_at AT TIME ZONE 'Asia/Shanghai' AS text) AS due_at,
    CAST(i.handled_at AT TIME ZONE 'Asia/Shanghai' AS text) AS handled_at,
    CAST(i.closed_at AT TIME ZONE 'Asia/Shanghai' AS text) AS closed_at,
    ST_AsBinary(i.geom) AS shape
FROM incident AS i
JOIN category AS c ON c.code = i.category_code
WHERE i.community_id = :community_id
ORDER BY i.reported_at, i.id;

-- name: read_shown_incidents(community_id)
-- What a reader may take away: nothing sealed or sensitive, and of the words what case_words shows of them. Masked words
-- are called otherwise than those they stand for, or an import would put them in their place.
SELECT
    coalesce(i.external_id, concat('W', i.id, to_char(i.reported_at AT TIME ZONE 'Asia/Shanghai', '-YYYYMMDDHH24MISS'))) AS external_id,
    i.source_system, i.source, i.request_kind, i.category_code AS category, c.name AS category_name, i.severity, i.state, words.title AS masked_title,
    words.description AS masked_description, words.address AS masked_address,
    CAST(i.reported_at AT TIME ZONE 'Asia/Shanghai' AS text) AS reported_at,
    CAST(i.due_at AT TIME ZONE 'Asia/Shanghai' AS text) AS due_at,
    CAST(i.handled_at AT TIME ZONE 'Asia/Shanghai' AS text) AS handled_at,
    CAST(i.closed_at AT TIME ZONE 'Asia/Shanghai' AS text) AS closed_at,
    ST_AsBinary(i.geom) AS shape
FROM incident AS i
JOIN mapped_category AS c ON c.code = i.category_code
-- Each by its key: the view is a barrier, and joined it would be read as a whole. OFFSET keeps this from being a join.
LEFT JOIN LATERAL (
    SELECT k.title, k.description, k.address FROM case_words AS k WHERE k.incident_id = i.id OFFSET 0) AS words ON true
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3'
ORDER BY i.reported_at, i.id;

-- name: read_zones(community_id, on_day, kind)
-- Those of the plan in force, each as its buildings with the gaps between near ones closed, as the map draws them.
SELECT
    z.code, z.name, p.kind, z.colour, shape.buildings, shape.households, ST_AsBinary(ST_Multi(shape.geom)) AS shape
FROM zone_plan AS p
JOIN zone AS z ON z.plan_id = p.id
JOIN community AS n ON n.id = p.community_id
CROSS JOIN LATERAL (
    SELECT
        count(*) AS buildings, sum(b.households) AS households,
        ST_Transform(ST_SetSRID(
            ST_Buffer(
                ST_Buffer(ST_Collect(ST_Transform(b.geom, n.metric_epsg)), 16, 'quad_segs=2'), -13, 'quad_segs=2'),
            n.metric_epsg), 4490) AS geom
    FROM zone_unit AS u
    JOIN building AS b ON b.id = u.building_id
    WHERE u.zone_id = z.id
) AS shape
WHERE p.community_id = :community_id AND p.kind = :kind AND p.state <> 'draft'
    AND daterange(p.valid_from, p.valid_to) @> CAST(:on_day AS date) AND shape.geom IS NOT NULL
ORDER BY z.code, z.id;

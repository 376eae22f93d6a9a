-- What is inspected: templates, places with the buildings whose holders answer for them, and who was where.

-- name: list_templates(community_id)
SELECT name, cadence, subject, zone_kind, items, weight, is_on
FROM inspection_template WHERE community_id = :community_id ORDER BY position;

-- name: lock_templates(community_id)!
-- Two who change them wait for each other.
SELECT pg_advisory_xact_lock(hashtextextended('inspections', :community_id));

-- name: clear_templates(community_id)!
DELETE FROM inspection_template WHERE community_id = :community_id;

-- name: add_template(community_id, position, name, cadence, subject, zone_kind, items, weight, is_on)!
INSERT INTO inspection_template (community_id, position, name, cadence, subject, zone_kind, items, weight, is_on)
VALUES (
    :community_id, :position, :name, :cadence, :subject, :zone_kind, CAST(:items AS text[]), :weight, :is_on);

-- name: list_three_no(community_id)
SELECT
    c.id, c.name, ST_X(at.point), ST_Y(at.point),
    (SELECT array_agg(b.id ORDER BY b.id) FROM building AS b WHERE b.compound_id = c.id),
    (SELECT array_agg(b.households ORDER BY b.id) FROM building AS b WHERE b.compound_id = c.id)
FROM compound AS c
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(c.geom) AS point) AS at
WHERE c.community_id = :community_id AND c.is_three_no
ORDER BY c.id;

-- name: list_buildings(community_id, least_households)
SELECT
    b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
    ST_X(b.anchor), ST_Y(b.anchor), ARRAY[b.id], ARRAY[b.households]
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id AND b.households >= :least_households
ORDER BY b.id;

-- name: list_merchants(community_id)
-- Those that are on the map; whoever holds the building nearest to a shop in the street looks in there too.
SELECT
    m.id, concat_ws(' ', m.name, coalesce(m.address, b.name)),
    coalesce(ST_X(m.geom), ST_X(b.anchor)), coalesce(ST_Y(m.geom), ST_Y(b.anchor)),
    ARRAY[coalesce(b.id, near.id)], ARRAY[0]
FROM merchant AS m
LEFT JOIN building AS b ON b.id = m.building_id
LEFT JOIN LATERAL (
    SELECT other.id FROM building AS other
    WHERE m.building_id IS NULL AND other.community_id = m.community_id
    ORDER BY other.geom <-> m.geom
    LIMIT 1
) AS near ON true
WHERE m.community_id = :community_id AND coalesce(m.geom, b.anchor) IS NOT NULL AND coalesce(b.id, near.id) IS NOT NULL
ORDER BY m.id;

-- name: list_looks(community_id, since, until)
-- Who looked does not matter here: a place a colleague was at need not be visited again.
SELECT DISTINCT v.kind, v.compound_id, v.building_id, v.merchant_id, CAST(v.at AT TIME ZONE 'Asia/Shanghai' AS date)
FROM visit AS v
WHERE v.community_id = :community_id AND v.kind IN ('patrol', 'home_visit', 'merchant_check')
    AND v.at >= CAST(:since AS timestamptz) AND v.at < CAST(:until AS timestamptz);

-- name: list_holders(community_id, days)
SELECT d.day, h.kind, h.building_id, h.party_id
FROM unnest(CAST(:days AS date[])) AS d (day)
CROSS JOIN LATERAL building_holder(d.day) AS h
WHERE h.community_id = :community_id;

-- name: list_names(community_id, ids)
SELECT id, name FROM party WHERE community_id = :community_id AND id = ANY (CAST(:ids AS bigint[])) ORDER BY code;

-- name: add_visit(community_id, kind, party_id, building_id, merchant_id, compound_id, outcome)!
INSERT INTO visit (community_id, kind, at, party_id, building_id, merchant_id, compound_id, outcome)
VALUES (:community_id, :kind, now(), :party_id, :building_id, :merchant_id, :compound_id, :outcome);

-- name: list_place_names(community_id)
-- The compounds of a community, then its buildings, with what an address may call them; one row a place.
SELECT 'compound', id, NULL, name, address, aliases, code
FROM compound WHERE community_id = :community_id
UNION ALL
SELECT 'building', id, compound_id, name, address, '{}', code
FROM building WHERE community_id = :community_id
ORDER BY 1 DESC, 7, 2;

-- name: list_anchors(building_ids, compound_ids)
-- A point in each place, EPSG:4490.
SELECT id AS building_id, NULL AS compound_id, ST_X(anchor), ST_Y(anchor)
FROM building WHERE id = ANY(CAST(:building_ids AS bigint []))
UNION ALL
SELECT NULL, c.id, ST_X(p), ST_Y(p)
FROM compound AS c, ST_PointOnSurface(c.geom) AS p
WHERE c.id = ANY(CAST(:compound_ids AS bigint []));

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

-- name: list_aliases(community_id)
-- What else places are called, as somebody has confirmed.
SELECT words, building_id, compound_id, ST_X(geom), ST_Y(geom), is_elsewhere
FROM place_alias WHERE community_id = :community_id ORDER BY words;

-- name: list_waiting(community_id, most)
SELECT kind, address, compound_id, waiting, still_open, latest FROM list_waiting(:community_id, CAST(:most AS integer));

-- name: count_waiting(community_id)^
SELECT
    count(*), count(*) FILTER (
        WHERE sensitivity = 'S3' OR category_code = ANY (CAST((SELECT sealed_categories()) AS text []))),
    (SELECT count(*) FROM merchant WHERE community_id = :community_id AND geom IS NULL)
FROM incident WHERE community_id = :community_id AND geom IS NULL;

-- name: place_waiting(community_id, addresses, qualities, building_id, compound_id, longitude, latitude)$
SELECT place_waiting(
    :community_id, CAST(:addresses AS text []), CAST(:qualities AS text []), CAST(:building_id AS bigint),
    CAST(:compound_id AS bigint), CAST(:longitude AS float), CAST(:latitude AS float));

-- name: insert_alias(community_id, words, building_id, compound_id, longitude, latitude, is_elsewhere)!
INSERT INTO place_alias (community_id, words, building_id, compound_id, geom, is_elsewhere, made_by)
VALUES (
    :community_id, :words, :building_id, :compound_id,
    CASE
        WHEN CAST(:longitude AS float) IS NOT NULL
            THEN ST_SetSRID(ST_MakePoint(CAST(:longitude AS float), CAST(:latitude AS float)), 4490)
    END, :is_elsewhere, app_account());

-- name: list_kept_aliases(community_id)
SELECT a.id, a.words, coalesce(b.name, k.name), a.is_elsewhere, w.display_name, a.made_at
FROM place_alias AS a
LEFT JOIN building AS b ON b.id = a.building_id
LEFT JOIN compound AS k ON k.id = a.compound_id
LEFT JOIN account AS w ON w.id = a.made_by
WHERE a.community_id = :community_id
ORDER BY a.made_at DESC, a.id DESC;

-- name: delete_alias(alias_id)!
DELETE FROM place_alias WHERE id = :alias_id;

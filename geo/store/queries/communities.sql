-- name: add_community(code, name, subdistrict, metric_epsg, geom)$
-- The new community's id; nothing where the code is taken. The boundary is WKB in EPSG:4490.
INSERT INTO community (code, name, subdistrict, metric_epsg, geom)
VALUES (:code, :name, :subdistrict, :metric_epsg, ST_Multi(ST_GeomFromWKB(:geom, 4490)))
ON CONFLICT (code) DO NOTHING
RETURNING id;

-- name: measure_community(id)$
-- Area of the boundary in m².
SELECT ST_Area(CAST(geom AS geography)) FROM community WHERE id = :id;

-- name: lock_community(code)^
-- A community that nothing can be brought into until the transaction ends: id, buildings, cases, and how many of
-- those were reported or moved here.
WITH found AS MATERIALIZED (SELECT id FROM community WHERE code = :code FOR UPDATE)
SELECT
    f.id,
    (SELECT count(*) FROM building WHERE community_id = f.id),
    (SELECT count(*) FROM incident WHERE community_id = f.id),
    (SELECT count(DISTINCT incident_id) FROM incident_event WHERE community_id = f.id AND move IS NOT NULL)
FROM found AS f;

-- name: remove_community(id)!
-- Everything that belongs to it goes with it.
DELETE FROM community WHERE id = :id;

-- name: get_supervision_phone(id)$
SELECT supervision_phone FROM community WHERE id = :id;

-- name: set_supervision_phone(id, phone)!
UPDATE community SET supervision_phone = :phone WHERE id = :id;

-- name: locate_communities(community_ids)
-- Communities with the middle of their map.
SELECT c.id, c.code, c.name, ST_X(at.point), ST_Y(at.point)
FROM community AS c
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(c.geom)) AS point) AS at
WHERE c.id = ANY(:community_ids)
ORDER BY c.code;

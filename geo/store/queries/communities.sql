-- name: add_community(code, name, subdistrict, metric_epsg, geom)$
-- The new community's id; nothing where the code is taken. The boundary is WKB in EPSG:4490.
INSERT INTO community (code, name, subdistrict, metric_epsg, geom)
VALUES (:code, :name, :subdistrict, :metric_epsg, ST_Multi(ST_GeomFromWKB(:geom, 4490)))
ON CONFLICT (code) DO NOTHING
RETURNING id;

-- name: measure_community(id)$
-- Area of the boundary in m².
SELECT ST_Area(CAST(geom AS geography)) FROM community WHERE id = :id;

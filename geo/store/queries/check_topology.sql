-- What `wangge check topology` asks: do the shapes fit together?
-- Each query is named for its check and answers with
-- community, place, code, name, longitude, latitude, area_m2, value, details.
-- Areas and distances are geodesic; what `value` counts is said at each query.
-- A point to go to lies in the largest part: along straight borders slivers thinner than paper may come with it.
-- Shapes that are not sound are left to shape_unsound: no overlay can be trusted with them.

-- name: grid_overlap(community_ids, on_day, overlap_m2)
-- Pairs of grids of one kind in force that share land.
SELECT c.code, 'grid', a.code, a.name, ST_X(at.point), ST_Y(at.point), shared.area_m2, NULL,
    jsonb_build_object('other', b.code)
FROM grid AS a
JOIN community AS c ON c.id = a.community_id
JOIN grid AS b ON b.community_id = a.community_id AND b.kind = a.kind AND (a.code, a.id) < (b.code, b.id)
    AND b.geom && a.geom AND b.period @> CAST(:on_day AS date) AND is_sound(b.geom)
CROSS JOIN LATERAL (
    SELECT ST_CollectionExtract(ST_Intersection(a.geom, b.geom), 3) AS geom OFFSET 0
) AS overlap
CROSS JOIN LATERAL (SELECT ST_Area(CAST(overlap.geom AS geography)) AS area_m2 OFFSET 0) AS shared
CROSS JOIN LATERAL (
    SELECT ST_PointOnSurface(part.geom) AS point FROM ST_Dump(overlap.geom) AS part ORDER BY ST_Area(part.geom) DESC LIMIT 1
) AS at
WHERE a.community_id = ANY(:community_ids) AND a.period @> CAST(:on_day AS date) AND is_sound(a.geom)
    AND shared.area_m2 > :overlap_m2
ORDER BY c.code, shared.area_m2 DESC;

-- name: grid_gap(community_ids, on_day, gap_m2)
-- Land of a community that no community or exclusive grid in force takes, with the buildings that stand on it.
WITH bare AS MATERIALIZED (
    SELECT c.id, c.code, c.name, ST_Difference(c.geom, ST_Union(g.geom)) AS geom
    FROM community AS c
    JOIN grid AS g ON g.community_id = c.id AND g.kind IN ('community', 'exclusive')
        AND g.period @> CAST(:on_day AS date) AND is_sound(g.geom)
    WHERE c.id = ANY(:community_ids) AND is_sound(c.geom)
    GROUP BY c.id
)
SELECT bare.code, 'community', bare.code, bare.name, ST_X(at.point), ST_Y(at.point), measured.area_m2,
    standing.buildings, jsonb_build_object()
FROM bare
CROSS JOIN LATERAL ST_Dump(bare.geom) AS gap
CROSS JOIN LATERAL (SELECT ST_Area(CAST(gap.geom AS geography)) AS area_m2 OFFSET 0) AS measured
CROSS JOIN LATERAL (SELECT ST_PointOnSurface(gap.geom) AS point) AS at
CROSS JOIN LATERAL (
    SELECT count(*) AS buildings FROM building AS b
    WHERE b.community_id = bare.id AND b.geom && gap.geom AND ST_Intersects(gap.geom, b.anchor)
) AS standing
WHERE measured.area_m2 > :gap_m2
ORDER BY bare.code, measured.area_m2 DESC;

-- name: grid_outside(community_ids, on_day, outside_m2)
-- Grids in force that reach over the border of their community.
SELECT c.code, 'grid', g.code, g.name, ST_X(at.point), ST_Y(at.point), measured.area_m2, NULL,
    jsonb_build_object()
FROM grid AS g
JOIN community AS c ON c.id = g.community_id
CROSS JOIN LATERAL (SELECT ST_CollectionExtract(ST_Difference(g.geom, c.geom), 3) AS geom OFFSET 0) AS beyond
CROSS JOIN LATERAL (SELECT ST_Area(CAST(beyond.geom AS geography)) AS area_m2 OFFSET 0) AS measured
CROSS JOIN LATERAL (
    SELECT ST_PointOnSurface(part.geom) AS point FROM ST_Dump(beyond.geom) AS part ORDER BY ST_Area(part.geom) DESC LIMIT 1
) AS at
WHERE g.community_id = ANY(:community_ids) AND g.period @> CAST(:on_day AS date)
    AND is_sound(g.geom) AND is_sound(c.geom) AND measured.area_m2 > :outside_m2
ORDER BY c.code, g.code;

-- name: shape_unsound(community_ids)
-- Shapes that the database would refuse today: empty, crossing themselves, or nowhere in China.
WITH shape AS (
    SELECT id AS community_id, 'community' AS place, code, name, geom FROM community
    UNION ALL SELECT community_id, 'ground_feature', CAST(id AS text), coalesce(name, kind), geom FROM ground_feature
    UNION ALL SELECT community_id, 'grid', code, name, geom FROM grid
    UNION ALL SELECT community_id, 'compound', code, name, geom FROM compound
    UNION ALL SELECT community_id, 'building', code, name, geom FROM building
    UNION ALL SELECT community_id, 'merchant', code, name, geom FROM merchant
    UNION ALL SELECT community_id, 'campaign', code, name, geom FROM campaign
)
SELECT c.code, s.place, s.code, s.name, ST_X(at.point), ST_Y(at.point), NULL, NULL,
    jsonb_build_object('reason', CASE
        WHEN ST_IsEmpty(s.geom) THEN 'it is empty'
        WHEN NOT ST_IsValid(s.geom) THEN lower((ST_IsValidDetail(s.geom)).reason)
        ELSE 'it lies outside China'
    END)
FROM shape AS s
JOIN community AS c ON c.id = s.community_id
CROSS JOIN LATERAL (SELECT ST_Centroid(ST_Envelope(s.geom)) AS point) AS at
WHERE s.community_id = ANY(:community_ids) AND NOT is_sound(s.geom)
ORDER BY c.code, s.place, s.code;

-- name: building_straddles(community_ids, on_day, straddle_m2)
-- Buildings of which two grids of one kind in force hold a part; the area is that of the second largest part.
SELECT c.code, 'building', b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), cut.second_m2, NULL,
    jsonb_build_object('grids', cut.codes)
FROM (
    SELECT part.building_id,
        array_agg(g.code ORDER BY part.area_m2 DESC) AS codes,
        (array_agg(part.area_m2 ORDER BY part.area_m2 DESC))[2] AS second_m2
    FROM grid AS g
    -- Driven from the grid, whose shape is then prepared once for all its buildings.
    CROSS JOIN LATERAL (
        SELECT crossing.id AS building_id, ST_Area(CAST(ST_CollectionExtract(
            CASE WHEN ST_Covers(g.geom, crossing.geom) THEN crossing.geom
                ELSE ST_Intersection(g.geom, crossing.geom) END, 3) AS geography)) AS area_m2
        FROM building AS crossing
        WHERE crossing.community_id = g.community_id AND crossing.geom && g.geom AND is_sound(crossing.geom)
            AND ST_Intersects(g.geom, crossing.geom)
        OFFSET 0
    ) AS part
    WHERE g.community_id = ANY(:community_ids) AND g.period @> CAST(:on_day AS date) AND is_sound(g.geom)
        AND part.area_m2 > :straddle_m2
    GROUP BY part.building_id, g.kind
    HAVING count(*) > 1
) AS cut
JOIN building AS b ON b.id = cut.building_id
JOIN community AS c ON c.id = b.community_id
ORDER BY c.code, b.code;

-- name: compound_overlap(community_ids, overlap_m2)
-- Pairs of compounds that share land.
SELECT c.code, 'compound', a.code, a.name, ST_X(at.point), ST_Y(at.point), shared.area_m2, NULL,
    jsonb_build_object('other', b.name)
FROM compound AS a
JOIN community AS c ON c.id = a.community_id
JOIN compound AS b ON b.community_id = a.community_id AND a.code < b.code AND b.geom && a.geom AND is_sound(b.geom)
CROSS JOIN LATERAL (
    SELECT ST_CollectionExtract(ST_Intersection(a.geom, b.geom), 3) AS geom OFFSET 0
) AS overlap
CROSS JOIN LATERAL (SELECT ST_Area(CAST(overlap.geom AS geography)) AS area_m2 OFFSET 0) AS shared
CROSS JOIN LATERAL (
    SELECT ST_PointOnSurface(part.geom) AS point FROM ST_Dump(overlap.geom) AS part ORDER BY ST_Area(part.geom) DESC LIMIT 1
) AS at
WHERE a.community_id = ANY(:community_ids) AND is_sound(a.geom) AND shared.area_m2 > :overlap_m2
ORDER BY c.code, shared.area_m2 DESC;

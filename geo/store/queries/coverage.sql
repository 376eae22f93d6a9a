-- What is to be said of places that are not covered, beside what `check_coverage.sql` finds.

-- name: describe_buildings(community_id, on_day, codes)
-- Some buildings: where they are, who could see to them, and since when what may be missing has been. Whoever holds a
-- building comes first, for it is none apart from itself.
WITH held AS MATERIALIZED (
    SELECT h.building_id, h.party_id, other.anchor
    FROM building_holder(CAST(:on_day AS date)) AS h
    JOIN building AS other ON other.id = h.building_id
    WHERE h.community_id = :community_id AND h.kind = 'grid_worker'
)
SELECT
    b.code, b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, b.households,
    ST_X(b.anchor), ST_Y(b.anchor), g.grid_id, who.party_id, who.name,
    (SELECT max(upper(bg.period)) FROM building_grid AS bg
     WHERE bg.building_id = b.id AND bg.kind <> 'micro' AND upper(bg.period) <= CAST(:on_day AS date)) AS left_grid_on,
    nullif(
        (SELECT max(least(
            coalesce(post.valid_to, 'infinity'), coalesce(lead.active_to, 'infinity'),
            coalesce(away.valid_from, 'infinity')))
         FROM zone_plan AS plan
         JOIN zone_unit AS unit ON unit.plan_id = plan.id AND unit.building_id = b.id
         JOIN zone_party AS post ON post.zone_id = unit.zone_id AND post.valid_from <= CAST(:on_day AS date)
         JOIN party AS lead ON lead.id = post.party_id
         LEFT JOIN absence AS away ON away.party_id = post.party_id
            AND daterange(away.valid_from, away.valid_to) @> CAST(:on_day AS date)
         WHERE plan.community_id = b.community_id AND plan.kind = 'grid_worker' AND plan.state <> 'draft'
            AND daterange(plan.valid_from, plan.valid_to) @> CAST(:on_day AS date)),
        'infinity') AS left_alone_on,
    CAST(greatest(
        (SELECT max(v.at) FROM visit AS v WHERE v.building_id = b.id),
        (SELECT max(v.at) FROM merchant AS m JOIN visit AS v ON v.merchant_id = m.id WHERE m.building_id = b.id),
        (SELECT i.reported_at FROM incident AS i
         WHERE i.building_id = b.id AND i.sensitivity <> 'S3'
            AND i.category_code <> ALL (CAST((SELECT sealed_categories()) AS text[]))
         ORDER BY i.reported_at DESC LIMIT 1)
    ) AT TIME ZONE 'Asia/Shanghai' AS date) AS heard_of_on
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
LEFT JOIN building_grid AS g
    ON g.building_id = b.id AND g.kind = 'community' AND g.period @> CAST(:on_day AS date)
LEFT JOIN LATERAL (
    SELECT held.party_id, p.name
    FROM held
    JOIN party AS p ON p.id = held.party_id
    ORDER BY held.anchor <-> b.anchor, held.building_id <> b.id, held.building_id
    LIMIT 1
) AS who ON true
WHERE b.community_id = :community_id AND b.code = ANY (CAST(:codes AS text[]))
ORDER BY b.households DESC, b.code;

-- name: list_codes(community_id)
SELECT code FROM building WHERE community_id = :community_id ORDER BY code;

-- name: find_grids(community_id, on_day, codes)
-- The grids of some codes in force; a community has one of a code and kind.
SELECT code, id FROM grid
WHERE community_id = :community_id AND kind IN ('community', 'exclusive') AND code = ANY (CAST(:codes AS text[]))
    AND period @> CAST(:on_day AS date);

-- name: count_excused(community_id, on_day)$
-- Buildings that the plan in force leaves to nobody and says why, and that nobody holds.
SELECT count(*)
FROM zone_plan AS plan
JOIN zone_gap AS gap ON gap.plan_id = plan.id
WHERE plan.community_id = :community_id AND plan.kind = 'grid_worker' AND plan.state <> 'draft'
    AND daterange(plan.valid_from, plan.valid_to) @> CAST(:on_day AS date)
    AND gap.building_id NOT IN (
        SELECT h.building_id FROM building_holder(CAST(:on_day AS date)) AS h
        WHERE h.community_id = :community_id AND h.kind = 'grid_worker');

-- name: find_bare_land(community_id, on_day, gap_m2)^
-- The land of a community in no grid as GeoJSON, slivers left out, and its area; all of it where there is no grid.
SELECT ST_AsGeoJSON(ST_SetSRID(ST_Collect(part.geom), 4326), 7), coalesce(sum(ST_Area(CAST(part.geom AS geography))), 0)
FROM community AS c
CROSS JOIN LATERAL (
    SELECT ST_Union(g.geom) AS geom FROM grid AS g
    WHERE g.community_id = c.id AND g.kind IN ('community', 'exclusive') AND g.period @> CAST(:on_day AS date)
        AND is_sound(g.geom)
) AS covered
CROSS JOIN LATERAL ST_Dump(coalesce(ST_Difference(c.geom, covered.geom), c.geom)) AS part
WHERE c.id = :community_id AND ST_Area(CAST(part.geom AS geography)) > :gap_m2;

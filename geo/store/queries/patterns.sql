-- What is needed to look for patterns in a community: every place, and every case as one row of fixed width.
-- Only what is neither personal nor sensitive comes out of here, for it is kept and shared by all who may see it.

-- name: list_pattern_categories()
-- The categories whose cases may be counted on a map: neither they nor those above them are personal or sensitive.
SELECT c.code, coalesce(c.parent_code, c.code)
FROM category AS c
JOIN mapped_category AS m ON m.code = c.code
LEFT JOIN category AS above ON above.code = c.parent_code
WHERE c.sensitivity = 'S1' AND coalesce(above.sensitivity, 'S1') = 'S1'
ORDER BY c.code;

-- name: list_pattern_buildings(community_id, on_day)
-- With the grid of the kind community that each lies in on the day.
SELECT
    b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
    ST_X(b.anchor), ST_Y(b.anchor), coalesce(b.compound_id, 0), coalesce(g.grid_id, 0),
    b.households, b.residents, coalesce(m.merchants, 0)
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
LEFT JOIN building_grid AS g
    ON g.building_id = b.id AND g.kind = 'community' AND g.period @> CAST(:on_day AS date)
LEFT JOIN (
    SELECT building_id, count(*) AS merchants
    FROM merchant WHERE community_id = :community_id AND building_id IS NOT NULL
    GROUP BY building_id
) AS m ON m.building_id = b.id
WHERE b.community_id = :community_id
ORDER BY b.id;

-- name: list_pattern_compounds(community_id)
SELECT id, name, ST_AsBinary(geom) FROM compound WHERE community_id = :community_id ORDER BY id;

-- name: list_pattern_grids(community_id, on_day)
SELECT id, name, ST_AsBinary(geom)
FROM grid
WHERE community_id = :community_id AND kind = 'community' AND period @> CAST(:on_day AS date)
ORDER BY id;

-- name: find_pattern_outline(community_id)^
SELECT ST_AsBinary(geom), metric_epsg FROM community WHERE id = :community_id;

-- name: list_pattern_looks(community_id)
-- On which days somebody looked at a building, or at a shop in it.
SELECT DISTINCT coalesce(v.building_id, m.building_id), CAST(v.at AT TIME ZONE 'Asia/Shanghai' AS date) - DATE '2000-01-01'
FROM visit AS v
LEFT JOIN merchant AS m ON m.id = v.merchant_id
WHERE v.community_id = :community_id AND coalesce(v.building_id, m.building_id) IS NOT NULL;

-- name: use_indexes(is_on)!
-- In the order of an index, all rows of a community are read to and fro through the table; a bitmap has them in its own.
SELECT set_config('enable_indexscan', :is_on, true);

-- name: list_pattern_kinds(categories, sources)
-- Category, source and whether it was rejected or voided, as one number for each case: it is told from this list.
SELECT
    hashtextextended(s.source, hashtextextended(c.code, CAST(v.is_void AS int))), c.code, s.source, v.is_void
FROM unnest(CAST(:categories AS text[])) AS c (code)
CROSS JOIN unnest(CAST(:sources AS text[])) AS s (source)
CROSS JOIN (VALUES (false), (true)) AS v (is_void);

-- name: copy_pattern_cases(community_id, categories)
-- Without a null: PostgreSQL then writes rows of one width, which need no reading one by one. What is in a building is
-- in its compound; of what is not, compound and grid come as one negative number. No index is to be looked through for so many categories.
COPY (
    SELECT
        i.id,
        coalesce(i.geom, 'SRID=4490;POINT EMPTY'),
        coalesce(i.building_id, -((coalesce(i.compound_id, 0) << 32) + coalesce(i.grid_id, 0))),
        hashtextextended(i.source, hashtextextended(i.category_code, CAST(i.state IN ('rejected', 'voided') AS int))),
        coalesce(i.party_id, 0),
        i.reported_at, coalesce(i.closed_at, 'infinity')
    FROM incident AS i
    WHERE i.community_id = :community_id AND i.sensitivity = 'S1'
        AND (i.category_code = ANY (CAST(:categories AS text[]))) IS TRUE
) TO STDOUT (FORMAT binary);

-- name: copy_pattern_bonds(community_id, categories)
-- The few that a campaign found or that were linked by hand.
COPY (
    SELECT i.id, coalesce(i.campaign_id, 0), coalesce(i.parent_id, 0)
    FROM incident AS i
    WHERE i.community_id = :community_id AND i.sensitivity = 'S1'
        AND (i.category_code = ANY (CAST(:categories AS text[]))) IS TRUE
        AND (i.campaign_id IS NOT NULL OR i.parent_id IS NOT NULL)
) TO STDOUT (FORMAT binary);

-- What is needed to tell what came back: every case as one row of fixed width, places, campaigns, parties.
-- Only what is neither personal nor sensitive, of those rows that whoever acts may see.

-- name: copy_relapse_cases(community_id)
-- Without a null, so that PostgreSQL writes rows of one width. Of what people come and ask for the category is -1.
COPY (
    SELECT
        i.id,
        coalesce(ST_X(i.geom), 'NaN'), coalesce(ST_Y(i.geom), 'NaN'),
        coalesce(i.building_id, 0),
        CASE WHEN k.parent_code NOT IN ('E10', 'E12') THEN CAST(substr(k.code, 2) AS smallint) ELSE CAST(-1 AS smallint) END,
        coalesce(i.party_id, 0), coalesce(i.campaign_id, 0), coalesce(i.parent_id, 0),
        i.reported_at, coalesce(i.closed_at, 'infinity')
    FROM incident AS i
    JOIN category AS k ON k.code = i.category_code AND k.sensitivity = 'S1'
    JOIN mapped_category AS m ON m.code = k.code
    LEFT JOIN category AS above ON above.code = k.parent_code
    WHERE i.community_id = :community_id AND i.sensitivity = 'S1' AND coalesce(above.sensitivity, 'S1') = 'S1'
    ORDER BY i.reported_at, i.id
) TO STDOUT (FORMAT binary);

-- name: find_relapse_system(community_id)$
-- The Gauss-Krüger system of the community.
SELECT metric_epsg FROM community WHERE id = :community_id;

-- name: list_relapse_buildings(community_id)
SELECT
    b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
    ST_X(b.anchor), ST_Y(b.anchor), b.households, coalesce(b.compound_id, 0), coalesce(c.type, '')
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id
ORDER BY b.id;

-- name: list_relapse_campaigns(community_id)
-- The latest first, with the buildings each went to.
SELECT
    z.id, z.name, z.category_codes, z.starts_on, z.ends_on,
    ARRAY(SELECT b.id FROM building AS b
          WHERE b.community_id = z.community_id AND ST_Intersects(z.geom, b.anchor) ORDER BY b.id)
FROM campaign AS z
WHERE z.community_id = :community_id
ORDER BY z.starts_on DESC, z.id DESC;

-- name: list_relapse_parties(community_id)
SELECT id, name FROM party WHERE community_id = :community_id;

-- What is needed beside the cases to tell what came back: places, campaigns, parties that whoever acts may see.

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

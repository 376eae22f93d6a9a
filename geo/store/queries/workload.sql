-- What the buildings of a community ask of whoever holds them.

-- name: list_counts(community_id)
-- Each building with where it is, what lives and trades in it, and its share of the chat groups.
WITH trade AS (
    SELECT building_id, count(*) AS merchants
    FROM merchant WHERE community_id = :community_id AND building_id IS NOT NULL
    GROUP BY building_id
), own_groups AS (
    SELECT building_id, count(*) AS groups
    FROM chat_group WHERE community_id = :community_id AND building_id IS NOT NULL
    GROUP BY building_id
), compound_groups AS (
    SELECT compound_id, count(*) AS groups
    FROM chat_group WHERE community_id = :community_id AND compound_id IS NOT NULL
    GROUP BY compound_id
)
SELECT
    b.id, b.code, b.name, ST_X(b.anchor), ST_Y(b.anchor), b.compound_id, coalesce(c.is_three_no, false),
    b.households, b.residents, b.elderly, coalesce(t.merchants, 0),
    coalesce(o.groups, 0) + coalesce(g.groups, 0) * CASE
        WHEN sum(b.households) OVER compound_mates > 0
            THEN CAST(b.households AS double precision) / sum(b.households) OVER compound_mates
        ELSE 1.0 / count(*) OVER compound_mates
    END
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
LEFT JOIN trade AS t ON t.building_id = b.id
LEFT JOIN own_groups AS o ON o.building_id = b.id
LEFT JOIN compound_groups AS g ON g.compound_id = b.compound_id
WHERE b.community_id = :community_id
WINDOW compound_mates AS (PARTITION BY b.compound_id)
ORDER BY b.id;

-- name: list_incidents(community_id, since, until)
-- How many incidents each building had, by category; those that were none are left out.
SELECT building_id, category_code, count(*)
FROM incident
WHERE community_id = :community_id AND reported_at >= :since AND reported_at < :until
    AND building_id IS NOT NULL AND state NOT IN ('rejected', 'voided')
GROUP BY building_id, category_code;

-- name: list_stray_incidents(community_id, since, until)
-- The incidents in no building, with where they were.
SELECT category_code, ST_X(geom), ST_Y(geom)
FROM incident
WHERE community_id = :community_id AND reported_at >= :since AND reported_at < :until
    AND building_id IS NULL AND geom IS NOT NULL AND state NOT IN ('rejected', 'voided');

-- name: list_stray_merchants(community_id)
-- The merchants in no building, with where they are.
SELECT ST_X(geom), ST_Y(geom)
FROM merchant WHERE community_id = :community_id AND building_id IS NULL AND geom IS NOT NULL;

-- name: list_categories()
SELECT code, parent_code FROM category;


-- name: list_weights(community_id)
SELECT item, weight FROM workload_weight WHERE community_id = :community_id;

-- name: list_category_weights(community_id)
SELECT category_code, weight FROM category_weight WHERE community_id = :community_id;

-- name: lock_weights(community_id)$
-- One who changes the weights of a community after the other.
SELECT 1 FROM pg_advisory_xact_lock(hashtextextended('workload_weight', :community_id));

-- name: clear_weights(community_id)!
DELETE FROM workload_weight WHERE community_id = :community_id;

-- name: clear_category_weights(community_id)!
DELETE FROM category_weight WHERE community_id = :community_id;

-- name: put_weight(community_id, item, weight)!
INSERT INTO workload_weight (community_id, item, weight) VALUES (:community_id, :item, :weight);

-- name: put_category_weight(community_id, category_code, weight)!
INSERT INTO category_weight (community_id, category_code, weight) VALUES (:community_id, :category_code, :weight);

-- name: list_ground(community_id)
-- What parts neighbours, and the community itself, in degrees; 'community' is one row.
SELECT 'community', ST_AsBinary(geom) FROM community WHERE id = :community_id
UNION ALL
SELECT 'water', ST_AsBinary(geom) FROM ground_feature WHERE community_id = :community_id AND kind = 'water';

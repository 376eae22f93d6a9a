-- What a screen on a wall tells of single cases and people: as much as visitors may know.

-- name: list_longest_open(community_id, categories, since, least, most)
-- What has been open longest, and whether there were enough like it in its grid since, the case itself included: of its
-- category, of its group.
SELECT
    g.name, i.reported_at, i.due_at, c.name, c.name_en, above.name, above.name_en,
    (SELECT count(*) FROM (
        SELECT FROM incident AS a
        WHERE a.grid_id = i.grid_id AND a.reported_at >= :since AND a.category_code = i.category_code AND a.sensitivity = 'S1'
        LIMIT :least) AS alike) >= :least,
    (SELECT count(*) FROM (
        SELECT FROM incident AS a
        JOIN category AS k ON k.code = a.category_code
        WHERE a.grid_id = i.grid_id AND a.reported_at >= :since AND a.sensitivity = 'S1'
            AND a.category_code = ANY (CAST(:categories AS text[]))
            AND coalesce(k.parent_code, k.code) = coalesce(c.parent_code, c.code)
        LIMIT :least) AS alike) >= :least
FROM (
    SELECT o.grid_id, o.category_code, o.reported_at, o.due_at, o.id
    FROM incident AS o
    WHERE o.community_id = :community_id AND o.is_open AND o.sensitivity = 'S1'
        AND o.category_code = ANY (CAST(:categories AS text[]))
    ORDER BY o.reported_at, o.id
    LIMIT :most
) AS i
JOIN category AS c ON c.code = i.category_code
LEFT JOIN category AS above ON above.code = c.parent_code
LEFT JOIN grid AS g ON g.id = i.grid_id
ORDER BY i.reported_at, i.id;

-- name: list_three_no_compounds(community_id, categories)
SELECT c.id, c.name, b.households, (
    SELECT count(*) FROM incident AS i
    WHERE i.compound_id = c.id AND i.community_id = c.community_id AND i.is_open AND i.sensitivity = 'S1'
        AND i.category_code = ANY (CAST(:categories AS text[])))
FROM compound AS c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(households), 0) AS households FROM building WHERE compound_id = c.id
) AS b
WHERE c.community_id = :community_id AND c.is_three_no
ORDER BY b.households DESC, c.code;

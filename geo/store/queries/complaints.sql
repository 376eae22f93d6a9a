-- What was reported in a month and in those it is compared with. What the reader may not see, row-level security leaves
-- out; what is sensitive nobody is told of here, so that one number is the same for everybody who reads it.

-- name: find_first_report(community_id)$
SELECT reported_at FROM incident WHERE community_id = :community_id ORDER BY reported_at LIMIT 1;

-- name: count_cases(community_id, starts, ends)
-- Cases of each period, numbered from 1, by category, grid and compound. What was no case is not counted.
SELECT
    p.number, k.parent_code, i.category_code, i.grid_id, coalesce(b.compound_id, i.compound_id) AS compound_id,
    count(*)
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN incident AS i
    ON i.community_id = :community_id AND i.reported_at >= p.starts_at AND i.reported_at < p.ends_at
JOIN mapped_category AS k ON k.code = i.category_code AND k.parent_code IS NOT NULL
LEFT JOIN building AS b ON b.id = i.building_id
WHERE i.sensitivity <> 'S3' AND i.state NOT IN ('voided', 'rejected')
GROUP BY 1, 2, 3, 4, 5;

-- name: list_placed_cases(community_id, since, until)
-- What may come from the same place again. Errands and enquiries do, and nobody calls that a repeat.
SELECT
    i.id, i.category_code, i.building_id, ST_X(i.geom), ST_Y(i.geom), CAST(extract(epoch FROM i.reported_at) AS float)
FROM incident AS i
JOIN mapped_category AS k ON k.code = i.category_code AND k.parent_code NOT IN ('E10', 'E12')
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3' AND i.state NOT IN ('voided', 'rejected')
    AND i.reported_at >= CAST(:since AS timestamptz) AND i.reported_at < CAST(:until AS timestamptz);

-- name: count_unsettled(community_id, before, at)
-- Cases that were open at a moment and had been reported before another, by category.
SELECT i.category_code, count(*)
FROM incident AS i
JOIN mapped_category AS k ON k.code = i.category_code AND k.parent_code IS NOT NULL
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3' AND i.reported_at < CAST(:before AS timestamptz)
    AND (i.is_open OR i.closed_at >= CAST(:at AS timestamptz))
GROUP BY i.category_code;

-- name: list_grid_names(community_id, ids)
SELECT id, name FROM grid WHERE community_id = :community_id AND id = ANY (CAST(:ids AS bigint[])) ORDER BY code, id;

-- name: list_compound_names(community_id, ids)
SELECT id, name FROM compound WHERE community_id = :community_id AND id = ANY (CAST(:ids AS bigint[])) ORDER BY code, id;

-- name: list_building_names(community_id, ids)
SELECT b.id, CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END
FROM building AS b
LEFT JOIN compound AS c ON c.id = b.compound_id
WHERE b.community_id = :community_id AND b.id = ANY (CAST(:ids AS bigint[]));

-- name: list_case_spots(community_id, ids)
-- What a case out of doors is told to be at: its compound, else its grid.
SELECT i.id, coalesce(c.name, g.name)
FROM incident AS i
LEFT JOIN compound AS c ON c.id = i.compound_id
LEFT JOIN grid AS g ON g.id = i.grid_id
WHERE i.community_id = :community_id AND i.id = ANY (CAST(:ids AS bigint[]));

-- name: list_texts(community_id, since, until, most)
-- What people wrote, as the reader may read it, without people; of more than may be read, some chosen by their number.
SELECT asked.id, asked.category_code, mask_people(concat_ws('。', words.title, words.description))
FROM (
    SELECT i.id, i.category_code
    FROM incident AS i
    JOIN mapped_category AS k ON k.code = i.category_code
    WHERE i.community_id = :community_id AND i.sensitivity <> 'S3' AND i.state NOT IN ('voided', 'rejected')
        AND i.reported_at >= CAST(:since AS timestamptz) AND i.reported_at < CAST(:until AS timestamptz)
    ORDER BY hashint8(i.id), i.id
    LIMIT :most
) AS asked
-- Each by its key: the view is a barrier, and joined it would be read as a whole. OFFSET keeps this from being a join.
CROSS JOIN LATERAL (
    SELECT w.title, w.description FROM case_words AS w WHERE w.incident_id = asked.id OFFSET 0) AS words
ORDER BY asked.id;

-- name: list_place_names(community_id)
-- Names of compounds and grids: what stands out in texts is told by words, where it is by the tables.
SELECT name FROM compound WHERE community_id = :community_id
UNION
SELECT name FROM grid WHERE community_id = :community_id;

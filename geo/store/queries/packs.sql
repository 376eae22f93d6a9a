-- What a property company is told of its compounds for a quarter: cases by category, what is still open. Nothing
-- sensitive, and nobody's words: who complained is not asked for here.

-- name: list_pack_companies(community_id)
-- The companies that manage a compound, each with its compounds; what the reader may not see, he is not told of.
SELECT p.id, p.code, p.name, array_agg(c.id ORDER BY c.code, c.id), array_agg(c.name ORDER BY c.code, c.id)
FROM party AS p
JOIN compound AS c ON c.property_company_id = p.id AND c.community_id = p.community_id
WHERE p.community_id = :community_id AND p.kind = 'property_company'
GROUP BY p.id
ORDER BY p.code, p.id;

-- name: count_pack_cases(community_id, starts, ends)
-- Cases reported in each period, numbered from 1, by company and category; how many of them the company has itself.
SELECT
    p.number, c.property_company_id, i.category_code, count(*),
    count(*) FILTER (WHERE i.party_id = c.property_company_id)
FROM unnest(CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[])) WITH ORDINALITY AS p (starts_at, ends_at, number)
JOIN incident AS i
    ON i.community_id = :community_id AND i.reported_at >= p.starts_at AND i.reported_at < p.ends_at
JOIN mapped_category AS k ON k.code = i.category_code AND k.parent_code IS NOT NULL
LEFT JOIN building AS b ON b.id = i.building_id
JOIN compound AS c ON c.id = coalesce(b.compound_id, i.compound_id) AND c.property_company_id IS NOT NULL
WHERE i.sensitivity <> 'S3' AND i.state NOT IN ('voided', 'rejected')
GROUP BY 1, 2, 3;

-- name: list_pack_open(community_id, until)
-- What was reported before a moment in a company's compounds and is open now, the oldest first.
SELECT
    c.property_company_id, i.id, i.category_code,
    CASE WHEN b.id IS NULL THEN c.name WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END,
    i.state, i.reported_at, i.due_at, coalesce(i.party_id = c.property_company_id, false)
FROM incident AS i
JOIN mapped_category AS k ON k.code = i.category_code
LEFT JOIN building AS b ON b.id = i.building_id
JOIN compound AS c ON c.id = coalesce(b.compound_id, i.compound_id) AND c.property_company_id IS NOT NULL
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3' AND i.is_open
    AND i.reported_at < CAST(:until AS timestamptz)
ORDER BY i.reported_at, i.id;

-- name: list_pack_repeats(community_id, starts_at, ends_at, least)
-- Buildings at which a company had the same matter again and again in a period; only what it handled itself is counted.
SELECT
    c.property_company_id, i.category_code,
    CASE WHEN starts_with(b.name, c.name) THEN b.name ELSE concat(c.name, b.name) END, count(*)
FROM incident AS i
JOIN mapped_category AS k ON k.code = i.category_code AND k.parent_code NOT IN ('E10', 'E12')
JOIN building AS b ON b.id = i.building_id
JOIN compound AS c ON c.id = b.compound_id AND c.property_company_id = i.party_id
WHERE i.community_id = :community_id AND i.sensitivity <> 'S3' AND i.state NOT IN ('voided', 'rejected')
    AND i.reported_at >= CAST(:starts_at AS timestamptz) AND i.reported_at < CAST(:ends_at AS timestamptz)
GROUP BY 1, 2, b.id, b.name, c.name
HAVING count(*) >= CAST(:least AS bigint)
ORDER BY count(*) DESC, 3, 2;

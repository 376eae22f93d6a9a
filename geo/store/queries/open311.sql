-- name: list_services()
-- What may be reported and shown to anybody: leaf categories neither sealed nor sensitive, with the names that
-- national standards give them.
SELECT
    c.code, c.name, k.name_en, above.name, above.name_en, k.call_first,
    ARRAY(
        SELECT DISTINCT n.name FROM category_national_code AS l
        JOIN national_code AS n USING (code_system, kind, code)
        WHERE l.category_code = c.code AND n.name IS NOT NULL AND n.name <> c.name
        ORDER BY n.name)
FROM mapped_category AS c
JOIN category AS k ON k.code = c.code
JOIN category AS above ON above.code = c.parent_code
ORDER BY length(above.code), above.code, c.code;

-- name: find_requests(community_id, ids, codes, since, until, is_open, most, skipped)
-- Cases the acting role sees, none sealed or sensitive, the newest first. The words come masked, and none where the
-- role may not read them.
SELECT
    i.id, i.category_code, c.name, c.name_en, i.state, i.is_open, i.outcome, i.reported_at,
    CASE WHEN i.is_open THEN i.changed_at ELSE coalesce(i.closed_at, i.changed_at) END, i.due_at,
    p.name, coalesce(w.address, nullif(concat_ws(' ', m.name, nullif(b.name, m.name)), '')), b.code,
    ST_X(i.geom), ST_Y(i.geom), w.description
FROM (
    SELECT
        id, category_code, state, is_open, outcome, reported_at, changed_at, closed_at, due_at, geom, building_id,
        compound_id, party_id
    FROM incident
    WHERE community_id = :community_id AND sensitivity <> 'S3'
        AND category_code IN (
            SELECT k.code FROM mapped_category AS k
            WHERE CAST(:codes AS text[]) IS NULL OR k.code = ANY (CAST(:codes AS text[]))
                OR k.parent_code = ANY (CAST(:codes AS text[])))
        AND (CAST(:ids AS bigint[]) IS NULL OR id = ANY (CAST(:ids AS bigint[])))
        AND (CAST(:since AS timestamptz) IS NULL OR reported_at >= :since)
        AND (CAST(:until AS timestamptz) IS NULL OR reported_at <= :until)
        AND (CAST(:is_open AS boolean) IS NULL OR is_open = :is_open)
    ORDER BY reported_at DESC, id DESC
    LIMIT :most OFFSET :skipped
) AS i
JOIN category AS c ON c.code = i.category_code
LEFT JOIN building AS b ON b.id = i.building_id
LEFT JOIN compound AS m ON m.id = coalesce(i.compound_id, b.compound_id)
LEFT JOIN party AS p ON p.id = i.party_id
-- Each by its key: the view is a barrier, and joined it would be read as a whole. OFFSET keeps this from being a join.
LEFT JOIN LATERAL (
    SELECT k.address, k.description FROM case_words AS k WHERE k.incident_id = i.id OFFSET 0) AS w ON true
ORDER BY i.reported_at DESC, i.id DESC;

-- name: find_building(community_id, code)$
SELECT id FROM building WHERE community_id = :community_id AND code = :code;
